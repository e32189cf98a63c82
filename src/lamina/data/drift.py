r"""Drift: how far the rows that judge lie from those that teach, column by column.

    numbers       largest distance between the two distribution functions (Kolmogorov and Smirnov)
    images, texts and series    as numbers: the mean shade, the letters, the mean
    categories    half the sum of the differences between the two shares of each level (total variation)

Both lie between 0 (alike) and 1 (apart). Small samples differ by chance: only what chance would not do is told.

Source: Smirnov (1948), doi:10.1214/aoms/1177730256.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import array_of
from lamina.data.columns import Category, Column, Flag, Image, Series, Text
from lamina.data.dealing import Rows
from lamina.data.schema import Schema

LEAST = 0.1  # a distance below this is of no consequence, however sure
RARE_CHANCE = 0.001  # of a distance that is told although nothing has changed


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A column whose values in the rows that judge are not those of the rows that teach."""

    column: str
    distance: float  # 0 alike, 1 apart
    sentence: str


def column_drift(table: pa.Table, schema: Schema, train: Rows, test: Rows) -> tuple[Drift, ...]:
    """The columns that differ between two sides of a split by more than chance, the farthest first.

    >>> from lamina.data.columns import Number
    >>> rows = pa.table({"year": [float(i) for i in range(200)]})
    >>> schema = Schema(columns=(Number(name="year"),))
    >>> [(drift.column, drift.distance) for drift in column_drift(rows, schema, np.arange(100), np.arange(100, 200))]
    [('year', 1.0)]
    """
    found = []
    for column in schema.inputs:
        values, told = _as_values(column, table.column(column.name))
        ordered = not isinstance(column, Category | Flag)
        distance = _distance(_codes(values.take(pa.array(train))), _codes(values.take(pa.array(test))), ordered)
        if distance > max(LEAST, chance_distance(len(train), len(test))):
            words = (
                f"{told}{column.name!r} is not the same in the rows that judge as in those that teach: {distance:.0%} "
                "apart."
            )
            found.append(Drift(column=column.name, distance=distance, sentence=words))
    return tuple(sorted(found, key=lambda drift: -drift.distance))


def chance_distance(first: int, second: int) -> float:
    """The distance that two samples of so many rows of one source reach once in a thousand times.

    >>> round(chance_distance(100, 100), 3)
    0.276
    """
    if not (first and second):
        return math.inf
    return math.sqrt(-0.5 * math.log(RARE_CHANCE / 2) * (first + second) / (first * second))


def _as_values(column: Column, cells: pa.ChunkedArray) -> tuple[pa.ChunkedArray, str]:
    """The cells as values to be compared, and what they are of the column, if not its own."""
    if isinstance(column, Text):
        return pc.utf8_length(cells), "the length of "
    if not isinstance(column, Image | Series):
        return cells, ""
    values, gone = array_of(cells)
    flat = values.reshape(len(values), -1)
    known = ~np.isnan(flat) if flat.dtype.kind == "f" else np.ones(flat.shape, np.bool_)
    sums = np.where(known, flat, 0).sum(axis=1, dtype=np.float64)
    means = pa.array(sums / np.maximum(known.sum(axis=1), 1), mask=gone)
    return pa.chunked_array([means]), "the mean of "


def _codes(values: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    return np.array([value for value in values.to_pylist() if value is not None], dtype=object)


def _distance(first: npt.NDArray[np.object_], second: npt.NDArray[np.object_], ordered: bool) -> float:
    if not (len(first) and len(second)):
        return 0.0
    levels, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    shares = [
        np.bincount(side, minlength=len(levels)) / len(side) for side in (codes[: len(first)], codes[len(first) :])
    ]
    difference = shares[0] - shares[1]
    distance = np.abs(np.cumsum(difference)).max() if ordered else np.abs(difference).sum() / 2
    return min(1.0, float(distance))  # many rounded shares may add up to a bit more
