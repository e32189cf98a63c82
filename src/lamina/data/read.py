"""Reading: any source of a table, as it is found."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lamina.data.builtin import BUILTIN, load_builtin
from lamina.data.formats import (
    holds_images,
    read_arrays,
    read_columns,
    read_delimited,
    read_feather,
    read_frame,
    read_image,
    read_images,
    read_json,
    read_matrix,
    read_parquet,
    read_records,
    read_spreadsheet,
    recognise,
)
from lamina.data.formats.columnar import arrow_raw
from lamina.data.formats.delimited import no_rows
from lamina.data.notes import Note
from lamina.data.raw import Raw
from lamina.data.schema import MISSING_SPELLINGS
from lamina.foundation.errors import DataError, nearest

_READERS: dict[str, Callable[[Path], Raw]] = {
    "arrays": read_arrays,
    "delimited": read_delimited,
    "feather": read_feather,
    "image": read_image,
    "json": read_json,
    "parquet": read_parquet,
    "spreadsheet": read_spreadsheet,
}


def read(source: Any, *, missing: Sequence[str] = MISSING_SPELLINGS) -> Raw:
    """A table from wherever it is, its cells as they were found.

    Args:
        source: the path of a CSV, TSV, Parquet, Feather, JSON lines, Excel or NPZ file, of an image, or of a folder
            of images; the name of a built-in set; any frame of pandas, polars or pyarrow; a dict of columns; a list of
            dicts, one a row; a numpy array, of shape ``(row, column)``; or what `read` gave before. Names of image
            files in a table are looked up from the folder of the table, in a frame from the working folder.
        missing: how the source spells a missing value, besides the empty cell.

    Raises:
        DataError: there is no such source, or it holds no table of at least one row and one column.

    >>> raw = read("penguins")
    >>> raw.table.num_rows, raw.table.column_names[:3]
    (344, ['species', 'island', 'bill_length_mm'])
    """
    raw = _read_any(source)
    if not raw.table.num_columns or not raw.rows:
        raise _nothing(raw)
    if isinstance(source, Raw) and tuple(missing) == MISSING_SPELLINGS:
        return raw
    return replace(raw, missing=tuple(dict.fromkeys(("", *missing))))


def _read_any(source: Any) -> Raw:
    if isinstance(source, Raw):
        return source
    if isinstance(source, str | os.PathLike):
        return _read_named(os.fspath(source))
    if isinstance(source, pa.Table):
        return arrow_raw(source, "pyarrow table")
    if isinstance(source, pa.RecordBatch):
        return arrow_raw(pa.Table.from_batches([source]), "pyarrow record batch")
    if isinstance(source, Mapping):
        return read_columns(source)
    if isinstance(source, np.ndarray):
        return read_matrix(source)
    if isinstance(source, list | tuple) and source and all(isinstance(row, Mapping) for row in source):
        return read_records(source, "records")
    return read_frame(source, f"{type(source).__module__.partition('.')[0]} frame")


def _read_named(name: str | bytes) -> Raw:
    text = os.fsdecode(name)
    if text in BUILTIN:
        notes = _hidden(text)
        return replace(arrow_raw(load_builtin(text), text), notes=notes)
    path = Path(text)
    if "://" in text:
        raise _unreadable(text, "it is an address; download the file first")
    if _check_path(path) == "folder":
        return read_images(path)
    try:
        return replace(_READERS[recognise(path)](path), folder=path.parent)
    except DataError:
        raise
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error


def _hidden(name: str) -> tuple[Note, ...]:
    """A note if a file in the working folder has the name of the built-in set that is read."""
    if not Path(name).exists():
        return ()
    sentence = f"{name!r} is the built-in set; to read the file of that name, write {f'./{name}'!r}."
    return (Note(kind="source", count=1, sentence=sentence),)


def _check_path(path: Path) -> str:
    """Whether it is a file or a folder of images; refused if it is neither."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise _no_such(path) from error
    except (OSError, ValueError) as error:  # no right to look, a name too long, a zero byte
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    if stat.S_ISDIR(mode):
        if holds_images(path):
            return "folder"
        raise DataError(
            wrong=f"{str(path)[:200]!r} is a folder without images.",
            expected="a file, or a folder of images; `lamina fit` and `lamina predict` take a folder of tables too.",
            remedy="name one file of it, or put its files together into one.",
        )
    if not stat.S_ISREG(mode):
        raise _unreadable(path, "it is a pipe or a device; write its content to a file first")
    return "file"


def _no_such(path: Path) -> DataError:
    try:
        beside = sorted(p.name for p in path.parent.iterdir() if p.is_file())
    except OSError:  # the folder is not there either
        beside = []
    return DataError(
        wrong=f"there is no file {str(path)!r}, and no built-in set of that name.",
        expected=f"a path to a table, or one of {', '.join(BUILTIN)}.",
        remedy=nearest(path.name, [*BUILTIN, *beside]),
    )


def _unreadable(path: Path | str, why: str) -> DataError:
    return DataError(
        wrong=f"{str(path)[:200]!r} cannot be read: {why}.",
        expected="a file that you may read: CSV, TSV, Parquet, Feather, JSON lines, Excel, NPZ, or a folder of images.",
        remedy="name another file, or change its permissions.",
    )


def _nothing(raw: Raw) -> DataError:
    if raw.table.num_columns:
        return no_rows(raw.name)
    return DataError(
        wrong=" ".join([f"{raw.name!r} has no columns that can be used.", *(note.sentence for note in raw.notes[:2])]),
        expected="at least one column of numbers, words or dates.",
        remedy="give a table with one value a cell.",
    )
