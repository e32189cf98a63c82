r"""MiniRocket: ten thousand fixed small kernels, and of each only how often it answers above a bias.

    (w * x)[t] = sum_j w_j x[t + (j - 4) d]         nine weights, three of them 2 and six -1: 84 kernels in all
    feature    = share of steps t with (w * x)[t] > b

Dilations d grow like powers of 2 up to the series' length. A bias b is a quantile of what its kernel answers to one
training series, picked at random. Every second pair of kernel and dilation is judged on all steps (zeros beyond the
ends), the others only where the kernel lies inside. A series of several channels is summed over a few of them, drawn
for each pair of kernel and dilation: 2^u of them, u even between 0 and log2(channels + 1), nine at most.

Source: Dempster, Schmidt and Webb (2021), arXiv:2012.08791, and the multivariate form that its authors gave with it. We
differ: series are standardised by channel first, and a series too short for a kernel to lie inside is judged on all
steps. Steps lie first in memory, so that shares of all rows are counted by sums of bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from lamina.classical.learnt import Array
from lamina.foundation.randomness import numpy_stream

LENGTH = 9
KERNELS = np.array(list(combinations(range(LENGTH), 3)))  # where the three twos of each kernel are
MOST_DILATIONS = 32
MOST_CHANNELS = 9
NUMBERS_AT_ONCE = 2**16  # of one convolution: it stays in a core's cache
COUNTED_AT_ONCE = 255  # steps that a byte can count


class Plan(NamedTuple):
    """Which convolutions there are and how many features each gives. **Shape**: int64 ``(dilation,)`` both."""

    dilations: Array
    features: Array  # of each kernel with this dilation


def plan(steps: int, features: int) -> Plan:
    """Dilations for series of a length, and about ``features`` features shared out between them.

    >>> [cells.tolist() for cells in plan(33, 84 * 5)]
    [[1, 2, 4], [2, 2, 1]]
    """
    each = max(1, features // len(KERNELS))
    tried = min(each, MOST_DILATIONS)
    largest = max(0.0, np.log2(max(1, steps - 1) / (LENGTH - 1)))
    # the same powers as in the paper: a tiny push keeps 2**3 from becoming 7
    powers = np.floor(np.logspace(0, largest, tried, base=2.0) + 1e-9).astype(np.int64)
    dilations, counts = np.unique(powers, return_counts=True)
    shares = counts * each // tried
    shares[: each - shares.sum()] += 1
    return Plan(dilations, shares.astype(np.int64))


def draw_channels(channels: int, pairs: int, seed: int) -> Array:
    """The channels of each pair of dilation and kernel. **Shape**: bool ``(pair, channel)``."""
    stream = numpy_stream(seed, "channels")
    most = min(channels, MOST_CHANNELS)
    counts = np.floor(2 ** stream.uniform(0, np.log2(most + 1), pairs)).astype(np.int64)
    ranks = stream.random((pairs, channels)).argsort(axis=1).argsort(axis=1)
    return np.asarray(ranks < np.minimum(counts, most)[:, None])


def draw_biases(series: Array, found: Plan, channels: Array, seed: int) -> Array:
    """Quantiles of answers to training series. **Shape**: ``(step, channel, row)`` in, float32 ``(feature,)`` out."""
    stream = numpy_stream(seed, "rows for biases")
    golden = (np.sqrt(5) + 1) / 2
    levels = (np.arange(1, len(KERNELS) * found.features.sum() + 1) * golden) % 1
    picked = stream.integers(series.shape[2], size=len(found.dilations) * len(KERNELS))
    biases: list[Array] = []
    start = 0
    for pair, dilation, count in _pairs(found):
        row = series[:, :, picked[pair] : picked[pair] + 1]
        answer = convolved(row, dilation, KERNELS[pair % len(KERNELS)], channels[pair])
        biases.append(np.quantile(answer[:, 0], levels[start : start + count]))
        start += count
    return np.concatenate(biases).astype(np.float32)


def shares_above(series: Array, found: Plan, channels: Array, biases: Array) -> Array:
    """The features. **Shape**: float32 ``(step, channel, row)`` in, float32 ``(row, feature)`` out."""
    steps, _, rows = series.shape
    answers = np.empty((len(biases), rows), np.float32)
    at_once = max(8, NUMBERS_AT_ONCE // steps)
    for first in range(0, rows, at_once):
        some = np.ascontiguousarray(series[:, :, first : first + at_once])
        _shares(some, found, channels, biases, answers[:, first : first + at_once])
    return np.ascontiguousarray(answers.T)


def _shares(series: Array, found: Plan, channels: Array, biases: Array, out: Array) -> None:
    start = 0
    alone = series.shape[1] == 1
    for pair, dilation, count in _pairs(found):
        kernel = pair % len(KERNELS)
        if kernel == 0 and alone:  # one channel: all kernels of a dilation share what is moved
            moved, whole = shifted(series[:, 0], dilation)
        elif not alone:
            moved, whole = shifted(summed(series, channels[pair]), dilation)
        answer = _answer(moved, whole, KERNELS[kernel])
        answer = inside(answer, dilation) if judged_inside(pair, len(series), dilation) else answer
        for feature in range(start, start + count):
            out[feature] = _share(answer > biases[feature])
        start += count


def convolved(series: Array, dilation: int, kernel: Array, channels: Array) -> Array:
    """One kernel's answers at all steps. **Shape**: ``(step, channel, row)`` in, ``(step, row)`` out."""
    return _answer(*shifted(summed(series, channels), dilation), kernel)


def summed(series: Array, channels: Array) -> Array:
    """The sum over chosen channels, one by one. **Shape**: ``(step, channel, row)`` in, ``(step, row)`` out."""
    first, *others = np.flatnonzero(channels)
    total = series[:, first]
    for channel in others:
        total = total + series[:, channel]
    return total


def shifted(series: Array, dilation: int) -> tuple[Array, Array]:
    """Nine views, each moved by one dilation more, and minus the sum of all. **Shape**: ``(step, row)`` in;
    ``(nine, step, row)`` and ``(step, row)`` out.
    """
    steps, reach = len(series), 4 * dilation
    padded = np.zeros((steps + 2 * reach, series.shape[1]), series.dtype)
    padded[reach : reach + steps] = series
    moved = np.lib.stride_tricks.as_strided(
        padded,
        (LENGTH, *series.shape),
        (dilation * padded.strides[0], *padded.strides),
        writeable=False,
    )
    total = -moved[0]
    for one in moved[1:]:
        total = total - one
    return moved, total


def _answer(moved: Array, whole: Array, kernel: Array) -> Array:
    one, two, three = kernel
    return np.asarray(whole + 3 * (moved[one] + moved[two] + moved[three]))


def judged_inside(pair: int, steps: int, dilation: int) -> bool:
    """Whether a pair of dilation and kernel is judged only where the kernel lies inside."""
    dilation_number, kernel = divmod(pair, len(KERNELS))
    return (dilation_number + kernel) % 2 == 1 and steps > 8 * dilation


def inside(answer: Array, dilation: int) -> Array:
    """The steps at which all of the kernel lies inside. **Shape**: ``(step, row)`` in and out."""
    return answer[4 * dilation : len(answer) - 4 * dilation]


def _share(above: Array) -> Array:
    """The share of steps that are true. **Shape**: bool ``(step, row)`` in, float32 ``(row,)`` out."""
    count = np.zeros(above.shape[1], np.float32)
    for start in range(0, len(above), COUNTED_AT_ONCE):
        some = above[start : start + COUNTED_AT_ONCE]
        count += np.add.reduce(some.view(np.uint8), axis=0, dtype=np.uint8)
    return np.asarray(count / np.float32(len(above)))


def _pairs(found: Plan) -> Iterator[tuple[int, int, int]]:
    """Number of the pair, its dilation, and how many features it gives."""
    pair = 0
    for dilation, count in zip(found.dilations.tolist(), found.features.tolist(), strict=True):
        for _ in range(len(KERNELS)):
            yield pair, dilation, count
            pair += 1
