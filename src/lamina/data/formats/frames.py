"""Frames: tables that live in memory already, whoever made them (pandas, polars, pyarrow, plain Python, numpy)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lamina.data.cells import from_values
from lamina.data.decoding import is_picture, picture_file
from lamina.data.formats.arrays import array_column
from lamina.data.formats.columnar import arrow_raw
from lamina.data.formats.names import settle_names
from lamina.data.raw import Raw
from lamina.foundation.errors import DataError


def read_frame(frame: Any, name: str) -> Raw:
    """Any frame that narwhals knows, lazy ones collected; its index is not a column.

    Raises:
        DataError: two columns have one name, or the object is no frame.
    """
    import narwhals as nw

    try:
        known = nw.from_native(frame)
        eager = known.collect() if isinstance(known, nw.LazyFrame) else known
        names = list(eager.columns)
    except TypeError as error:
        raise no_table(frame) from error
    except nw.exceptions.DuplicateError:
        names = list(frame.columns)
    settle_names(names, name)
    try:
        return arrow_raw(eager.to_arrow().select([str(n) for n in names]).rename_columns([str(n) for n in names]), name)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # a column of mixed Python objects
        columns = {str(n): cells_of(eager.get_column(n).to_list()) for n in names}
        return arrow_raw(pa.table(columns), name)


def read_columns(columns: Mapping[Any, Any]) -> Raw:
    """A mapping from names to lists, arrays or series of equal length.

    Raises:
        DataError: the columns differ in length, or two have one name.
    """
    names, _ = settle_names(list(columns), "the mapping")
    arrays = [_array(name, values) for name, values in zip(names, columns.values(), strict=True)]
    lengths = {name: len(array) for name, array in zip(names, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        (first, rows), (other, others) = next((a, b) for a in lengths.items() for b in lengths.items() if a[1] != b[1])
        raise DataError(
            wrong=f"column {first!r} has {rows:,} values, but {other!r} has {others:,}.",
            expected="columns of equal length.",
            remedy="fill the shorter one with None.",
        )
    return arrow_raw(pa.table(dict(zip(names, arrays, strict=True))), "columns")


def read_records(records: Iterable[Mapping[str, Any]], name: str) -> Raw:
    """A sequence of mappings, one a row; a key that a row lacks is a missing value."""
    rows = list(records)
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    columns: dict[str, list[Any]] = {key: [None] * len(rows) for key in names}
    for i, row in enumerate(rows):
        for key, value in row.items():
            columns[str(key)][i] = value
    return arrow_raw(pa.table({key: cells_of(values) for key, values in columns.items()}), name)


def read_matrix(matrix: np.ndarray) -> Raw:
    """A numpy array of two axes, **Shape** ``(row, feature)``; its columns are called x0, x1, and so on.

    Raises:
        DataError: the array does not have two axes.
    """
    if matrix.ndim != 2:
        raise DataError(
            wrong=f"the array has {matrix.ndim} axes, shape {matrix.shape}.",
            expected="two axes: rows and columns.",
            remedy="use array.reshape(-1, 1) for one column, array.reshape(1, -1) for one row.",
        )
    return read_columns({f"x{i}": matrix[:, i] for i in range(matrix.shape[1])})


def no_table(source: Any) -> DataError:
    """The error for an object that is no table."""
    module = type(source).__module__.partition(".")[0]
    whole = type(source).__qualname__ if module == "builtins" else f"{module}.{type(source).__qualname__}"
    return DataError(
        wrong=f"the data is of type {whole}, which is not a table.",
        expected="a path, the name of a built-in set, a pandas, polars or pyarrow table, or a dict of columns.",
        remedy="for a single column, write {'name': values}.",
    )


def _array(name: str, values: Any) -> pa.Array:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise DataError(
            wrong=f"column {name!r} is {values!r:.40}, not a list of values.",
            expected="a list, an array or a series for every column.",
            remedy=f"write {{{name!r}: [...]}} with one value a row.",
        )
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "biuf":
        return pa.array(values)
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 1:
        return _array(name, values[:, 0])
    if isinstance(values, np.ndarray) and values.ndim > 1 and values.dtype.kind in "biuf" and values.size:
        return array_column(name, values, "the mapping")
    return cells_of(list(values))


def cells_of(values: Sequence[Any]) -> pa.Array:
    """Python values as an array; Pillow images, and pixels of several sizes, as the bytes of their files."""
    pixels = [v for v in values if isinstance(v, np.ndarray) and v.dtype == np.uint8 and v.ndim in (2, 3)]
    opened = any(is_picture(value) for value in values)
    if not opened and (len({v.shape for v in pixels}) < 2 or len(pixels) < sum(v is not None for v in values)):
        return from_values(values)
    return from_values([picture_file(v) if is_picture(v) or isinstance(v, np.ndarray) else v for v in values])
