"""Means of neighbouring values: how large images and long series are made small enough for simple families."""

from __future__ import annotations

import numpy as np

from lamina.classical.learnt import Array


def pooled(values: Array, axis: int, factor: int) -> Array:
    """The mean of each ``factor`` neighbours along an axis; the last mean may have fewer.

    **Shape**: any in; float32, the axis ``ceil(size / factor)`` long, out.

    >>> pooled(np.array([[1.0, 3.0, 8.0]]), 1, 2).tolist()
    [[2.0, 8.0]]
    """
    if factor <= 1:
        return np.asarray(values, np.float32)
    size = values.shape[axis]
    starts = np.arange(0, size, factor)
    sums = np.add.reduceat(np.asarray(values, np.float32), starts, axis=axis)
    counts = np.diff(np.append(starts, size)).astype(np.float32)
    shape = [1] * values.ndim
    shape[axis] = len(starts)
    return np.asarray(sums / counts.reshape(shape))


def factor_for(size: int, most: int) -> int:
    """By how much to pool so that no more than ``most`` values are left.

    >>> factor_for(96, 32), factor_for(97, 32), factor_for(8, 32)
    (3, 4, 1)
    """
    return -(-size // most)


def pooled_size(size: int, factor: int) -> int:
    """How many values are left."""
    return -(-size // factor)
