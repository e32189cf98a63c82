"""How sure a learning curve's law is: its band, what twice the rows would do, and where two laws meet.

Each curve is resampled some hundred times and the law fitted anew to each. What is drawn is the noise of the measured
errors (a bootstrap over the resamples) and, where the points miss the law by more than their noise, that too. In
simulations of 300 curves each, four to six sizes with two to ten resamples, the 90 % band held the true error at twice
the largest size in 88 to 95 % of them, on and off the law (`tests/evaluation/learning/test_band.py` keeps two of them).

Sources: Viering and Loog (2022), arXiv:2103.10948; Figueroa et al. (2012), doi:10.1186/1472-6947-12-8; Birge (1932),
doi:10.1103/PhysRev.40.207, for scaling errors by what a law leaves over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.evaluation.learning.law import (
    FARTHEST,
    TRUST_IN_TREND,
    Floats,
    Points,
    Seen,
    check_reach,
    fit_constants,
    fit_law,
    law_of,
    misfit,
    see,
)
from lamina.foundation.randomness import numpy_stream


@dataclass(frozen=True, kw_only=True)
class Band:
    """What the law says at one size, and the interval in which the expected error lies."""

    rows: int
    low: float
    middle: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Doubled:
    """The error now and with twice the rows; ``low`` to ``high`` is the interval of the latter.

    ``gain`` is the share of the error now that doubling would take away, ``least_gain`` to ``most_gain`` its interval.
    It is narrower than the two errors' own intervals suggest, because these go up and down together.
    """

    rows: int  # twice the rows there are
    now: float
    then: float
    low: float
    high: float
    gain: float
    least_gain: float
    most_gain: float


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Where two laws meet. ``first_wins``: with more rows the first of the two has the lower error."""

    rows: int
    low: int
    high: int
    first_wins: bool


def band(
    points: Points,
    sizes: Sequence[int],
    *,
    seed: int,
    draws: int = 300,
    level: float = 0.9,
    most: float = math.inf,
) -> tuple[Band, ...]:
    """The law at each of these sizes, with the interval of the expected error there.

    The curve is resampled ``draws`` times and the law fitted anew to each; no error is larger than ``most``.

    Raises:
        DataError: there is no law, or a size lies beyond four times the largest.
    """
    law = law_of(points)
    check_reach(points, sizes)
    low, high = _interval(np.minimum(_drawn(points, sizes, seed=seed, draws=draws), most), level)
    middle = [min(law.at(size), most) for size in sizes]
    return tuple(
        Band(rows=int(n), low=float(min(lo, m)), middle=m, high=float(max(hi, m)))
        for n, lo, m, hi in zip(sizes, low, middle, high, strict=True)
    )


def doubled(
    points: Points,
    *,
    seed: int,
    rows: int | None = None,
    draws: int = 300,
    level: float = 0.9,
    most: float = math.inf,
) -> Doubled:
    """What twice as many rows would do. ``rows`` is how many there are now: the largest size unless told otherwise.

    No error is larger than ``most``.

    Raises:
        DataError: there is no law, or twice the rows lies beyond four times the largest size.
    """
    law, now = law_of(points), points.rows[-1] if rows is None else rows
    check_reach(points, (now, 2 * now))
    errors = np.minimum(_drawn(points, (now, 2 * now), seed=seed, draws=draws), most)
    before, then = min(law.at(now), most), min(law.at(2 * now), most)
    gain = float(_gain(np.array(before), np.array(then)))
    low, high = _interval(errors[:, 1], level)
    smallest, largest = _interval(_gain(errors[:, 0], errors[:, 1]), level)
    return Doubled(
        rows=2 * now,
        now=before,
        then=then,
        low=float(min(low, then)),
        high=float(max(high, then)),
        gain=gain,
        least_gain=float(min(smallest, gain)),
        most_gain=float(max(largest, gain)),
    )


def crossing(first: Points, second: Points, *, seed: int, draws: int = 300, level: float = 0.9) -> Crossing | None:
    """Where two laws meet, between the smallest size of both and four times the largest.

    None if there is no law, or if fewer than ``level`` of the resampled pairs meet there in the same direction: two
    equal contenders would be said to cross in 68 of 100 simulations if most were enough, and are in 3. Laws that meet
    twice are said to meet where they do so last: that decides who wins with more rows. A resampled pair that does
    not meet has done so before the smallest size, or will beyond the largest, and counts there.
    """
    laws = fit_law(first), fit_law(second)
    if laws[0] is None or laws[1] is None:
        return None
    ends = np.array([see(points).rows[[0, -1]] for points in (first, second)])
    sizes = np.geomspace(ends[:, 0].max(), FARTHEST * ends[:, 1].min(), 200)
    best = np.array([[laws[0].at(n) - laws[1].at(n) for n in sizes]])
    pair = [_drawn(p, sizes, seed=seed, draws=draws, name=name) for p, name in ((first, "a"), (second, "b"))]
    (place,), (after,) = _last_meeting(best, sizes)
    places, afters = _last_meeting(pair[0] - pair[1], sizes)
    met = np.isfinite(places) & (afters == after)
    if not np.isfinite(place) or met.mean() < level:
        return None
    outside = np.where(afters == after, sizes[0], sizes[-1])
    low, high = _interval(np.where(met, places, outside), level)
    return Crossing(
        rows=round(place), low=round(min(low, place)), high=round(max(high, place)), first_wins=bool(after < 0)
    )


def _drawn(points: Points, sizes: Sequence[float] | Floats, *, seed: int, draws: int, name: str = "") -> Floats:
    """Errors at these sizes, float64 ``(draw, size)``, by the laws of resampled curves.

    Curves of the same shape share the draws of their noise, so that what two contenders owe to the same folds
    cancels in their difference; what a curve misses its law by is its own.
    """
    seen = see(points)
    steps = _noise(seen, draws, numpy_stream(seed, "curve", "noise"))
    steps += _beyond_noise(seen, draws, numpy_stream(seed, "curve", "misfit", name))
    a, b, c = (value[:, None] for value in fit_constants(seen.rows, np.maximum(seen.means + steps, 0.0), seen.noise))
    return np.asarray(a + b * np.asarray(sizes, dtype=np.float64) ** -c)


def _noise(seen: Seen, draws: int, stream: np.random.Generator) -> Floats:
    """A bootstrap of the mean at each size: float64 ``(draw, size)``.

    Leftovers of all sizes are drawn from together, because five errors alone look too much alike. How large the noise
    is at a size is itself known from few errors; dividing by a drawn spread makes the tails those of Student.
    """
    sums = [seen.leftovers[stream.integers(len(seen.leftovers), size=(draws, k))].sum(axis=1) for k in seen.counts]
    degrees = seen.counts - 1 + TRUST_IN_TREND
    spread = np.sqrt(stream.chisquare(degrees, size=(draws, len(degrees))) / degrees)
    return np.asarray(np.stack(sums, axis=1) / np.sqrt(seen.counts) * seen.noise / spread)


def _beyond_noise(seen: Seen, draws: int, stream: np.random.Generator) -> Floats:
    """What the points miss their law by beyond their noise: float64 ``(draw, size)``, 0 where noise explains all."""
    a, b, c = fit_constants(seen.rows, seen.means[None], seen.noise)
    missed = (seen.means - a - b * seen.rows**-c) / seen.noise
    free = max(len(seen.rows) - (3 if b[0] > 0 else 1), 1)
    factor = misfit((missed**2).sum(), free, known=seen.known)
    extra = math.sqrt(factor**2 - 1 if seen.known else factor**2)
    return np.asarray(stream.standard_t(free, size=(draws, len(missed))) * extra * seen.noise)


def _interval(values: Floats, level: float) -> Floats:
    """Percentiles that leave ``1 - level`` outside, half on each side: ``(2, ...)``."""
    return np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)


def _gain(now: Floats, then: Floats) -> Floats:
    return np.divide(now - then, now, out=np.zeros_like(now), where=now > 0)


def _last_meeting(difference: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Where each row of ``(draw, size)`` changes its sign for the last time (NaN: nowhere), and its sign after all."""
    changes = np.sign(difference[:, :-1]) * np.sign(difference[:, 1:]) < 0
    last = changes.shape[1] - 1 - changes[:, ::-1].argmax(axis=1)
    draw = np.arange(len(difference))
    left, right = difference[draw, last], difference[draw, last + 1]
    meets = changes.any(axis=1)
    share = np.divide(left, left - right, out=np.zeros(len(left)), where=meets)
    place = sizes[last] * (sizes[last + 1] / sizes[last]) ** share
    return np.where(meets, place, np.nan), np.sign(difference[:, -1])
