"""Series, stretch by stretch: what the answer loses when a few steps of a channel were never recorded.

Steps are taken away by NaN, which every model knows how to read. Stretches overlap by half; a step's contribution is
the mean over the stretches that cover it. What was not recorded anyway contributes 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lamina.explain.asking import Floats
from lamina.explain.erasing import Answer, losses
from lamina.model import Model

ALONG = 12  # stretches that lie side by side in a channel, without overlap
FEWEST = 4  # of them, however many channels there are
MOST_ANSWERS = 600  # that all stretches together cost, as far as `FEWEST` allows
MOST_WORK = 3 * 10**9  # multiplications of these answers, as far as it allows: about ten seconds of time warping
STRONG = 0.5  # share of the largest contribution down to which neighbours belong to the most telling stretch

Steps = npt.NDArray[np.float32]


class Stretch(NamedTuple):
    """Steps of one channel, from ``start`` to before ``stop``, and what they say for the answer at most."""

    channel: int
    start: int
    stop: int
    contribution: float


def affordable_answers(model: Model) -> int:
    """How many answers of a model all stretches may cost: fewer where one is dear, as with many series to warp to."""
    work = getattr(getattr(model.predictor, "learnt", None), "multiply_adds", 0)
    return int(min(MOST_ANSWERS, MOST_WORK // max(1, work)))


def series_contributions(series: Steps, *, whole: float, answers: Answer, most_answers: int = MOST_ANSWERS) -> Floats:
    """What each step of each channel says for the answer, for so many answers as far as `FEWEST` allows.

    **Shape**: ``series`` float32 ``(channel, step)``; float64 ``(channel, step)`` out.
    """
    there = np.isfinite(series)
    found = [piece for piece in stretches(there, most_answers) if there[piece[0], piece[1] : piece[2]].any()]
    lost = losses(whole, answers, [_erased(series, *piece) for piece in found])
    sums, counts = np.zeros(series.shape), np.zeros(series.shape)
    for (channel, start, stop), value in zip(found, lost.tolist(), strict=True):
        sums[channel, start:stop] += value
        counts[channel, start:stop] += 1
    return np.where(there, sums / np.maximum(counts, 1), 0.0)


def stretches(there: npt.NDArray[np.bool_], most_answers: int = MOST_ANSWERS) -> list[tuple[int, int, int]]:
    """Overlapping stretches (channel, start, stop) from the first value of any channel to the last.

    >>> stretches(np.ones((1, 24), bool))[:3]
    [(0, 0, 2), (0, 1, 3), (0, 2, 4)]
    """
    known = np.flatnonzero(there.any(axis=0))
    if not len(known):
        return []
    channels, first, steps = len(there), int(known[0]), int(known[-1] - known[0] + 1)
    along = max(FEWEST, min(ALONG, most_answers // (2 * channels)))
    size = max(1, round(steps / along))
    count = -(-(steps - size) // max(1, size // 2)) + 1
    starts = first + np.linspace(0, steps - size, count).round().astype(int)
    return [(channel, start, start + size) for channel in range(channels) for start in starts.tolist()]


def telling_stretch(values: Floats) -> Stretch | None:
    """The steps around the largest contribution that are at least half as strong; None if all are 0.

    **Shape**: ``values`` float64 ``(channel, step)``.

    >>> telling_stretch(np.array([[0.0, 0.3, 0.5, 0.1], [0.0, 0.0, 0.0, 0.0]]))
    Stretch(channel=0, start=1, stop=3, contribution=0.5)
    """
    if not np.any(values):
        return None
    channel, peak = (int(i) for i in np.unravel_index(np.abs(values).argmax(), values.shape))
    largest = float(values[channel, peak])
    strong = values[channel] * np.sign(largest) >= STRONG * abs(largest)
    start = peak - int(strong[: peak + 1][::-1].cumprod().sum()) + 1
    stop = peak + int(strong[peak:].cumprod().sum())
    return Stretch(channel, start, stop, largest)


def _erased(series: Steps, channel: int, start: int, stop: int) -> Steps:
    erased = series.copy()
    erased[channel, start:stop] = np.nan
    return erased
