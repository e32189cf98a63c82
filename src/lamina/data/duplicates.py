"""Rows that stand twice: in the table, or in both sides of a split, where they make the test too easy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.alike import check_alike
from lamina.data.cells import array_of, is_tensor
from lamina.data.dealing import Rows, codes_of
from lamina.data.findings import Finding, first_rows
from lamina.data.schema import Schema

_CHUNK_ROWS = 1024  # whose arrays are keyed at a time
FEW = 0.01  # a smaller share of repeated rows happens by chance in most tables

Keys = npt.NDArray[np.uint64]


def row_keys(table: pa.Table, names: Sequence[str]) -> Keys:
    """A 64-bit key a row, equal for rows that are equal in these columns, missing values included.

    Rows that differ share a key with a chance of about rows**2 / 2**65: one in thirty million for a million rows. Keys
    compare only within one call, as strings count by their place in the table.

    **Shape**: uint64 ``(row,)``.

    >>> keys = row_keys(pa.table({"a": [1.0, 1.0, None, None], "b": ["x", "y", "x", "x"]}), ["a", "b"])
    >>> [int((keys == key).sum()) for key in keys]
    [1, 1, 2, 2]
    """
    keys = np.zeros(table.num_rows, np.uint64)
    for name in names:
        keys = _mixed(keys + cell_keys(table.column(name)))
    return keys


def check_duplicates(table: pa.Table, schema: Schema, rows: Rows) -> list[Finding]:
    """Whether some of these rows repeat an earlier one in every feature and in the target."""
    names = [column.name for column in schema.inputs]
    keys = row_keys(table, [*names, schema.target] if schema.target else names)[rows]
    again = np.ones(len(keys), np.bool_)
    again[np.unique(keys, return_index=True)[1]] = False
    again &= _held(table, names)[rows]
    if not again.any():
        return []
    share = again.mean()
    words = (
        f"{again.sum():,} of {len(rows):,} rows ({share:.1%}) repeat an earlier row exactly. If they are copies, drop "
        "them; if they belong together (the same patient, the same machine), split by group."
    )
    return [_finding("duplicates", share, rows[again], words)]


def check_split(table: pa.Table, schema: Schema, train_rows: Rows, test_rows: Rows) -> tuple[Finding, ...]:
    """Whether test rows have a twin among the training rows: the same values in every feature, or one nearly like it.

    Args:
        table: conformed to the schema; both arrays of rows index into it.

    >>> from lamina.data.columns import Number
    >>> table = pa.table({"mass": [1.0, 2.0, 3.0, 1.0]})
    >>> schema = Schema(columns=(Number(name="mass"),))
    >>> print(check_split(table, schema, np.array([0, 1]), np.array([2, 3]))[0].sentence)
    1 of 2 test rows (50.0%) stands in the training rows too, with the same value in every input column: ...
    """
    names = [column.name for column in schema.inputs]
    keys = row_keys(table, names)
    twins = np.isin(keys[test_rows], keys[train_rows]) & _held(table, names)[test_rows]
    alike = check_alike(table, schema, train_rows, test_rows[~twins])
    if not twins.any():
        return alike
    share, count = twins.mean(), int(twins.sum())
    words = (
        f"{count:,} of {len(test_rows):,} test rows ({share:.1%}) {'stands' if count == 1 else 'stand'} in the "
        "training rows too, with the same value in every input column: the test is easier than new data will be. "
        "Drop copies, or split by group."
    )
    return (_finding("split", share, test_rows[twins], words), *alike)


def _held(table: pa.Table, names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which rows hold anything: two images that could not be read are no copies of each other."""
    held = np.zeros(table.num_rows, np.bool_)
    for name in names:
        held |= np.asarray(pc.is_valid(table.column(name)))
    return held


def _finding(kind: str, share: float, rows: Rows, sentence: str) -> Finding:
    return Finding(
        kind=kind,
        severity="info" if share < FEW else "warning",
        rows=first_rows(rows),
        count=len(rows),
        sentence=sentence,
    )


def cell_keys(column: pa.ChunkedArray) -> Keys:
    """64 bits a cell, equal for equal values."""
    if is_tensor(column.type):
        return _array_keys(column)
    if pa.types.is_floating(column.type):
        values = np.asarray(column, dtype=np.float64) + 0.0  # -0.0 becomes 0.0
        return np.where(np.isnan(values), np.nan, values).view(np.uint64)  # one of the many NaNs
    if pa.types.is_timestamp(column.type):
        none = np.iinfo(np.int64).min
        return np.asarray(pc.fill_null(pc.cast(column, pa.int64()), none)).astype(np.int64).view(np.uint64)
    return codes_of(column).astype(np.uint64)


def _array_keys(column: pa.ChunkedArray) -> Keys:
    """The bytes of each array as words of 64 bits, summed with an odd factor for each place."""
    values, gone = array_of(column)
    width = values[:0].itemsize * math.prod(values.shape[1:])
    factors = _mixed(np.arange(-(-width // 8), dtype=np.uint64)) | np.uint64(1)
    keys = np.empty(len(values), np.uint64)
    for start in range(0, len(values), _CHUNK_ROWS):
        rows = np.ascontiguousarray(values[start : start + _CHUNK_ROWS]).reshape(-1, math.prod(values.shape[1:]))
        words = np.zeros((len(rows), len(factors) * 8), np.uint8)
        words[:, :width] = rows.view(np.uint8)
        keys[start : start + len(rows)] = _mixed(words.view(np.uint64)) @ factors
    keys[gone] = 0
    return keys


def _mixed(keys: Keys) -> Keys:
    """Every bit of the key spread over all 64 (the finaliser of splitmix64; Steele, Lea and Flood, 2014)."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
