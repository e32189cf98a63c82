"""NPZ: arrays with a name each, as numpy keeps them; the first axis of each is the row.

    one value a row                             a column of that name
    uint8, three axes or four                   images: (row, height, width[, channel]) or (row, channel, height, width)
    other numbers, three axes                   series: (row, channel, step); pixels if the name says image
    numbers, four axes                          images, of shades from 0 to 255 or from 0 to 1
    numbers, two axes                           a column for each place on the second axis

Names that begin or end with train, val or test (X_train, test_labels) are parts of one array each: they are put end to
end, and a column `split` says which rows were given as which part.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data.cells import pixels_first, tensor_column
from lamina.data.formats.columnar import arrow_raw, damaged
from lamina.data.notes import Note
from lamina.data.raw import Raw
from lamina.foundation.errors import DataError

PARTS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val"} | {
    "test": "test",
    "testing": "test",
}
SPLIT = "split"  # the column that names the part of each row
_ORDER = ("train", "val", "test")
_MOST_COLUMNS = 10_000  # that an array of two axes is taken apart into

Array = npt.NDArray[Any]


def read_arrays(path: Path) -> Raw:
    """An NPZ file.

    Raises:
        DataError: it is damaged, holds Python objects, or its arrays do not belong to the same rows.
    """
    found = _loaded(path)
    columns, notes = _joined(found, path.name)
    table, told = _table(columns, path.name)
    raw = arrow_raw(table, path.name)
    return Raw(table=raw.table, name=path.name, notes=(*notes, *told, *raw.notes))


def _loaded(path: Path) -> dict[str, Array]:
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:  # by itself it may leave it open
            return {name: file[name] for name in file.files}
    except ValueError as error:
        if "pickle" not in str(error):
            raise damaged(path, "NPZ", error) from error
        raise DataError(
            wrong=f"{str(path)!r} holds Python objects, which could run code when opened.",
            expected="arrays of numbers or of strings of a fixed length.",
            remedy="fill series of unequal length up with NaN, and save strings as np.array([...], dtype=str).",
        ) from error
    except (zipfile.BadZipFile, OSError, EOFError, KeyError, MemoryError) as error:
        raise damaged(path, "NPZ", error) from error


def _joined(found: Mapping[str, Array], place: str) -> tuple[dict[str, Array], list[Note]]:
    """The arrays by name, parts put end to end; a column that names the part if there are any."""
    parts: dict[str, dict[str, Array]] = {}
    for name, array in found.items():
        base, part = _base_and_part(name)
        parts.setdefault(part, {})[base] = array
    given = [part for part in _ORDER if part in parts]
    if len(given) < 2:
        return _of_equal_length(dict(found))
    first = parts[given[0]]
    for part in given[1:]:
        if set(parts[part]) != set(first):
            raise _other_parts(place, given[0], part, set(first) ^ set(parts[part]))
    joined = {base: _end_to_end([parts[part][base] for part in given], base, place) for base in first}
    rows = [_rows(parts[part], place) for part in given]
    joined[SPLIT if SPLIT not in joined else "given_split"] = np.repeat(given, rows)
    words = f"{place!r} gives its own split: {', '.join(f'{p} {n:,}' for p, n in zip(given, rows, strict=True))} rows."
    kept, notes = _of_equal_length(joined)
    return kept, [Note(kind="source", count=len(given), sentence=words), *notes, *_left_out(list(parts.get("", {})))]


def _other_parts(place: str, one: str, other: str, alone: set[str]) -> DataError:
    return DataError(
        wrong=f"in {place!r} the part {other!r} does not have the arrays of {one!r}: {sorted(alone)[0]!r} has no mate.",
        expected="the same arrays in each part, such as X_train, y_train, X_test, y_test.",
        remedy="name the arrays alike, or save the parts in files of their own.",
    )


def _base_and_part(name: str) -> tuple[str, str]:
    """A name without the word for its part, and that part: ("X", "train") for "X_train"."""
    words = re.split(r"[_.\- ]+", name.strip())
    for place in (len(words) - 1, 0):
        part = PARTS.get(words[place].lower(), "")
        if part and len(words) > 1:
            return "_".join(words[:place] + words[place + 1 :]), part
    joined = re.fullmatch(r"(?i)([xy])(train|val|valid|test)", name)  # Xtrain
    return (joined[1], PARTS[joined[2].lower()]) if joined else (name, "")


def _rows(arrays: Mapping[str, Array], place: str) -> int:
    lengths = {name: array.shape[0] if array.ndim else 0 for name, array in arrays.items()}
    if len(set(lengths.values())) == 1:
        return next(iter(lengths.values()))
    (one, rows), (other, others) = next((a, b) for a in lengths.items() for b in lengths.items() if a[1] != b[1])
    raise DataError(
        wrong=f"in {place!r} the array {one!r} has {rows:,} rows, but {other!r} has {others:,}.",
        expected="arrays of one part with equally many rows.",
        remedy="save them again from the same rows.",
    )


def _end_to_end(arrays: list[Array], name: str, place: str) -> Array:
    """Arrays with equal axes after the first; series may differ in their last one, and are filled up with NaN."""
    if len({array.shape[1:] for array in arrays}) == 1:
        return np.concatenate(arrays)
    if {array.ndim for array in arrays} == {3} and len({array.shape[1] for array in arrays}) == 1:
        steps = max(array.shape[2] for array in arrays)
        return np.concatenate([_filled_up(array, steps) for array in arrays])
    raise DataError(
        wrong=f"in {place!r} the parts of {name!r} have the shapes {', '.join(str(a.shape) for a in arrays)}.",
        expected="parts that differ in their number of rows only.",
        remedy="bring them to one shape, and save them again.",
    )


def _filled_up(series: Array, steps: int) -> Array:
    out = np.full((*series.shape[:2], steps), np.nan, np.float32)
    out[:, :, : series.shape[2]] = series
    return out


def _of_equal_length(arrays: dict[str, Array]) -> tuple[dict[str, Array], list[Note]]:
    """The arrays with as many rows as the one with the most axes; notes of the others."""
    with_rows = {name: array for name, array in arrays.items() if array.ndim}
    if not with_rows:
        return {}, _left_out(list(arrays))
    rows = max(with_rows.values(), key=lambda array: array.ndim).shape[0]
    kept = {name: array for name, array in with_rows.items() if array.shape[0] == rows}
    return kept, _left_out([name for name in arrays if name not in kept])


def _left_out(names: list[str]) -> list[Note]:
    if not names:
        return []
    words = f"{', '.join(repr(name) for name in names[:5])}: left out, for other lengths than the rows have."
    return [Note(kind="columns", count=len(names), sentence=words)]


def _table(arrays: Mapping[str, Array], place: str) -> tuple[pa.Table, list[Note]]:
    columns: dict[str, Any] = {}
    notes: list[Note] = []
    for name, array in arrays.items():
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim == 1:
            columns[name] = _values(array)
        elif array.ndim == 2 and array.dtype.kind in "biuf" and array.shape[1] <= _MOST_COLUMNS:
            columns.update({f"{name}{i}": pa.array(array[:, i]) for i in range(array.shape[1])})
            words = (
                f"{name!r} was read as {array.shape[1]:,} columns; give it the shape (row, 1, step) if it is a series."
            )
            notes.append(Note(kind="columns", column=name, count=array.shape[1], sentence=words))
        else:
            columns[name] = array_column(name, array, repr(place))
    return pa.table(columns), notes


def _values(array: Array) -> pa.Array:
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    return pa.array(array.tolist() if array.dtype.kind == "U" else array)


def array_column(name: str, array: Array, place: str) -> pa.Array:
    """An array with more than one value a row as images or series, by its axes, its type and its name.

    Raises:
        DataError: it is neither.
    """
    if array.dtype.kind in "biuf" and 0 not in array.shape[1:]:
        pictured = array.dtype == np.uint8 or array.ndim == 4 or re.search(r"(?i)image|img|pixel|photo", name)
        pixels = pixels_first(_shades(array)) if pictured else None
        if pixels is not None:
            return tensor_column(np.ascontiguousarray(pixels))
        if array.ndim in (2, 3):
            return tensor_column(array.astype(np.float32))
    raise DataError(
        wrong=f"in {place} the array {name!r} has the shape {array.shape} and holds {array.dtype}.",
        expected="uint8 images (row, height, width[, channel]), series (row, channel, step), or one value a row.",
        remedy="bring it to one of these shapes, or leave it out of the file.",
    )


def _shades(array: Array) -> npt.NDArray[np.uint8]:
    """Any numbers as shades from 0 to 255; those from 0 to 1 are stretched."""
    if array.dtype == np.uint8:
        return array
    known = np.nan_to_num(array.astype(np.float32))
    shades: npt.NDArray[np.uint8] = np.clip(np.rint(known * (255.0 if known.max() <= 1 else 1.0)), 0, 255).astype(
        np.uint8
    )
    return shades
