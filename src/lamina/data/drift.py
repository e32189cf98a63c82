r"""Drift: how far the rows that judge lie from those that teach, column by column.

    numbers       largest distance between the two distribution functions (Kolmogorov and Smirnov)
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

from lamina.data.columns import Moment, Number
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
    for column in schema.features:
        values = table.column(column.name)
        ordered = isinstance(column, Number | Moment)
        distance = _distance(_codes(values.take(pa.array(train))), _codes(values.take(pa.array(test))), ordered)
        if distance > max(LEAST, chance_distance(len(train), len(test))):
            words = (
                f"{column.name!r} is not the same in the rows that judge as in those that teach: {distance:.0%} apart."
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
