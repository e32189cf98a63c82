"""Rows with fields, as tests need them: what a batch is to this room, and small sets with a law in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class SomeRows:
    """Numbers and fields. **Shape**: float32 ``(row, feature)``, each field ``(row, ...)``."""

    numbers: Any
    fields: tuple[Any, ...] = ()

    def take(self, rows: Any) -> SomeRows:
        """These rows, in this order."""
        return SomeRows(self.numbers[rows], tuple(field[rows] for field in self.fields))


def only(*fields: Any) -> SomeRows:
    """Rows without numbers."""
    return SomeRows(np.zeros((len(fields[0]), 0), np.float32), fields)


def images(truth: Any, *, side: int = 8, channels: int = 1, seed: int = 0) -> Any:
    """Bars that lie for class 0 and stand for class 1 (a slope for others), in noise."""
    stream = np.random.default_rng(seed)
    values = stream.integers(0, 40, (len(truth), channels, side, side))
    for row, code in enumerate(truth):
        place = stream.integers(1, side - 1)
        if code == 0:
            values[row, :, place, :] += 150
        elif code == 1:
            values[row, :, :, place] += 150
        else:
            values[row, :, np.arange(side), np.arange(side)] += 150
    return values.astype(np.uint8)


def texts(truth: Any, *, tokens: int = 12, seed: int = 0) -> Any:
    """Ten words that all classes say, and one of their own; zeros behind the end."""
    stream = np.random.default_rng(seed)
    values = stream.integers(10, 20, (len(truth), tokens))
    values[np.arange(len(truth)), stream.integers(0, 4, len(truth))] = 2 + np.asarray(truth)
    lengths = stream.integers(5, tokens + 1, len(truth))
    return np.where(np.arange(tokens) < lengths[:, None], values, 0).astype(np.int32)


def series(truth: Any, *, steps: int = 40, channels: int = 2, seed: int = 0) -> Any:
    """A bump somewhere, wider with the class, in noise; the ends of some are missing."""
    stream = np.random.default_rng(seed)
    values = 0.2 * stream.normal(size=(len(truth), channels, steps))
    for row, code in enumerate(truth):
        start = stream.integers(2, steps // 3)
        values[row, 0, start : start + 3 + 6 * code] += 2
        values[row, :, steps - stream.integers(0, 5) :] = np.nan
    return values.astype(np.float32)
