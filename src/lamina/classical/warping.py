r"""Distances between series that may run faster or slower in places: dynamic time warping.

    D[i, j] = |x_i - y_j|^2 + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])        |i - j| <= band
    distance = D[last, last]                                                         a square, like |x - y|^2

The channels of a step warp together. A band of 0 allows no warping: the squared Euclidean distance.

Sources: Sakoe and Chiba (1978), doi:10.1109/TASSP.1978.1163055. All pairs of rows walk one table at a time, diagonal
by diagonal: cells of a diagonal do not wait for each other. No step depends on which other rows are asked.
"""

from __future__ import annotations

import numpy as np

from lamina.classical.learnt import Array

PAIRS_AT_ONCE = 2**11  # pairs times cells of a diagonal have to stay in a core's cache


def warped(asked: Array, known: Array, band: int) -> Array:
    """Squared distances of every asked series from every known one.

    **Shape**: float32 ``(asked, channel, step)`` and ``(known, channel, step)`` in, float32 ``(asked, known)`` out.

    >>> early, late = np.zeros((1, 1, 6), np.float32), np.zeros((1, 1, 6), np.float32)
    >>> early[0, 0, 2], late[0, 0, 3] = 1, 1
    >>> warped(early, late, 0).tolist(), warped(early, late, 1).tolist()
    ([[2.0]], [[0.0]])
    """
    table = np.empty((len(asked), len(known)), np.float32)
    step = max(1, PAIRS_AT_ONCE // max(1, len(known)))
    # steps first, and the known ones backwards, so that a diagonal is a slice of both
    forwards = np.ascontiguousarray(asked.transpose(2, 1, 0))[..., None]
    backwards = np.ascontiguousarray(known.transpose(2, 1, 0)[::-1])[:, :, None, :]
    for start in range(0, len(asked), step):
        table[start : start + step] = _walk(forwards[:, :, start : start + step], backwards, band)
    return table


def _walk(asked: Array, known: Array, band: int) -> Array:
    """**Shape**: ``(step, channel, asked, 1)`` and, backwards, ``(step, channel, 1, known)`` in; the last cell out."""
    steps = len(asked)
    shape = (steps + 1, asked.shape[2], known.shape[3])  # place i + 1 holds the cell of asked step i
    before, last, now = (np.full(shape, np.inf, np.float32) for _ in range(3))
    for diagonal in range(2 * steps - 1):
        low = max(0, diagonal - steps + 1, -(-(diagonal - band) // 2))
        high = min(diagonal, steps - 1, (diagonal + band) // 2) + 1
        now[low : low + 1] = np.inf  # an earlier diagonal may have filled it; none ever reached beyond this one's end
        if low < high:
            cost = _cost(asked, known, diagonal, low, high)
            if diagonal:
                nearest = np.minimum(last[low:high], last[low + 1 : high + 1])
                cost += np.minimum(nearest, before[low:high], out=nearest)
            now[low + 1 : high + 1] = cost
        before, last, now = last, now, before
    corner: Array = last[steps]
    return corner


def _cost(asked: Array, known: Array, diagonal: int, low: int, high: int) -> Array:
    """|x_i - y_j|^2 for i in ``low..high - 1`` and j = diagonal - i: a slice of what lies backwards."""
    first = len(known) - 1 - diagonal + low
    cost: Array = np.zeros((), np.float32)
    for channel in range(asked.shape[1]):
        off = asked[low:high, channel] - known[first : first + high - low, channel]
        cost = off * off if not channel else cost + off * off
    return cost
