r"""Would more data help? A law for the error as a function of the rows that teach.

    e(n) = a + b n^-c,    a >= 0, b >= 0, 0 < c <= 2

a is the error that no number of rows takes away, b how much there is to learn, c how fast it is learnt. For a given c
the best a and b follow in closed form; c itself is searched on a grid that zooms in, so there are no starting values
to be unlucky with, and three hundred resampled curves are fitted at once.

Sources: Viering and Loog (2022), arXiv:2103.10948; Hestness et al. (2017), arXiv:1712.00409; Figueroa et al. (2012),
doi:10.1186/1472-6947-12-8, for the weights and for trying the law on sizes that were hidden from it.
We differ: nothing is told beyond four times the largest size, and a curve that rises has no law.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lamina.foundation.errors import DataError

Floats = NDArray[np.float64]

FARTHEST = 4  # times the largest size: a law that held over a factor of 16 may be trusted a little further
FEWEST_SIZES, SIZES = 4, 6  # of a curve: one more than the law has constants, and as many as are usual
SPAN = 16  # the largest size over the smallest, where the rows allow it
_C = (0.02, 2.0)  # below, the law is a straight line in log rows as far as anybody can see
_ABSURD = 1e100  # an error whose square would overflow is as good as infinite
TRUST_IN_TREND = 4  # errors at a size that count as much as what the other sizes say about its spread


@dataclass(frozen=True, kw_only=True)
class Points:
    """Errors measured at several sizes, lower is better: ``errors[i][j]`` is the j-th resample with ``rows[i]`` rows.

    Raises:
        DataError: sizes that do not grow, or a size without errors.

    >>> Points(rows=(10, 20), errors=((0.4, 0.5), (0.3, 0.2))).rows
    (10, 20)
    """

    rows: tuple[int, ...]
    errors: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        grows = all(low < high for low, high in zip((0, *self.rows), self.rows, strict=False))
        if not grows or len(self.rows) != len(self.errors) or not all(self.errors):
            raise DataError(
                wrong=f"the sizes are {self.rows} and have {tuple(map(len, self.errors))} errors.",
                expected="sizes above 0, the smallest first, and at least one error for each.",
                remedy="try Points(rows=(10, 20), errors=((0.4, 0.5), (0.3, 0.2))).",
            )


@dataclass(frozen=True, kw_only=True)
class Law:
    """``e(n) = a + b n^-c``; b is 0 where more rows change nothing, and c then has no meaning."""

    a: float
    b: float
    c: float

    def at(self, rows: float) -> float:
        """The error with so many rows.

        >>> Law(a=0.25, b=2.0, c=0.5).at(64)
        0.5
        """
        return float(self.a + self.b * float(rows) ** -self.c)


def curve_sizes(rows: int, *, least: int, count: int = SIZES) -> tuple[int, ...]:
    """Sizes at which to measure: evenly spaced in log rows, from a 16th of the rows (but ``least``) to all of them.

    >>> curve_sizes(1600, least=20), curve_sizes(30, least=20), curve_sizes(15, least=20)
    ((100, 174, 303, 528, 919, 1600), (20, 22, 24, 26, 28, 30), (15,))
    """
    smallest = max(least, math.ceil(rows / SPAN))
    if smallest >= rows:
        return (rows,)
    return tuple(np.unique(np.geomspace(smallest, rows, count).round().astype(int)).tolist())


def fit_law(points: Points) -> Law | None:
    """The law that fits best, by weighted least squares; None where there is none (`why_no_law` says why).

    A size weighs by the error of its mean. A curve that is flat has ``b = 0``.

    >>> rows = (100, 200, 400, 800, 1600)
    >>> law = fit_law(Points(rows=rows, errors=tuple((0.1 + 2 * n**-0.5,) for n in rows)))
    >>> round(law.a, 3), round(law.b, 3), round(law.c, 3)
    (0.1, 2.0, 0.5)
    """
    if why_no_law(points) is not None:
        return None
    seen = see(points)
    a, b, c = (float(value[0]) for value in fit_constants(seen.rows, seen.means[None], seen.noise))
    return Law(a=a, b=b, c=c)


def why_no_law(points: Points) -> str | None:
    """In words, why no law fits these points; None where one does.

    Sizes at which an error is infinite or NaN do not count: there the training failed, and its mean says nothing.

    >>> why_no_law(Points(rows=(10, 20), errors=((0.4,), (0.3,))))
    'a law needs errors at 4 sizes or more, and there are 2'
    """
    seen = see(points)
    if len(seen.rows) < FEWEST_SIZES:
        passed_over = len(points.rows) - len(seen.rows)
        note = f" ({passed_over} more had errors that are not finite)" if passed_over else ""
        return f"a law needs errors at {FEWEST_SIZES} sizes or more, and there are {len(seen.rows)}{note}"
    if (seen.means < 0).any():
        return "an error below 0 is not an error: the law is for what is at best 0"
    if _rises(seen):
        return f"the error rises with more rows, from {seen.means[0]:.3g} to {seen.means[-1]:.3g}"
    return None


def law_of(points: Points) -> Law:
    """The law of these points.

    Raises:
        DataError: there is none; the message says why.
    """
    law = fit_law(points)
    if law is None:
        raise DataError(
            wrong=f"there is no law: {why_no_law(points)}.",
            expected="errors, finite and at least 0, at four sizes or more, that do not rise.",
            remedy="measure at more sizes, or ask `fit_law` first: it gives None.",
        )
    return law


def check_reach(points: Points, sizes: Sequence[float]) -> None:
    """Let pass only sizes of which the law may speak: above 0, up to four times the largest size that counts.

    Raises:
        DataError: another size.
    """
    largest = int(see(points).rows[-1])
    outside = [n for n in sizes if not 0 < n <= FARTHEST * largest]
    if outside:
        raise DataError(
            wrong=f"the error with {outside[0]:,} rows is asked for, and the largest size is {largest:,}.",
            expected=f"at most {FARTHEST * largest:,} rows, {FARTHEST} times as many: beyond, a law is a guess.",
            remedy="ask for fewer rows, or measure the curve at larger sizes.",
        )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The sizes that count: their rows, mean errors, the error of each mean, and what the resamples left over."""

    rows: Floats  # (size,)
    means: Floats  # (size,)
    noise: Floats  # (size,) standard error of each mean; all 1 where the resamples say nothing about it
    counts: NDArray[np.int64]  # (size,) resamples
    leftovers: Floats  # every error less the mean of its size, in units of its spread: all sizes in one, variance 1
    known: bool  # whether `noise` was measured


def see(points: Points) -> Seen:
    """The sizes at which all errors are finite, summed up."""
    pairs = [
        (n, np.array(errors, dtype=np.float64))
        for n, errors in zip(points.rows, points.errors, strict=True)
        if all(abs(error) < _ABSURD for error in errors)
    ]
    rows, means = np.array([n for n, _ in pairs], dtype=np.float64), np.array([e.mean() for _, e in pairs])
    counts = np.array([len(e) for _, e in pairs], dtype=np.int64)
    spread = _spread(rows, [e for _, e in pairs])
    if spread is None:
        nothing, equal = np.zeros(counts.sum()), np.ones(len(rows))
        return Seen(rows=rows, means=means, noise=equal, counts=counts, leftovers=nothing, known=False)
    left = np.concatenate([(e - m) / s for (_, e), m, s in zip(pairs, means, spread, strict=True)])
    noise = spread / np.sqrt(counts)
    return Seen(rows=rows, means=means, noise=noise, counts=counts, leftovers=left / left.std(), known=True)


def _spread(rows: Floats, errors: Sequence[Floats]) -> Floats | None:
    """The standard deviation of one error at each size; None where no size has two errors that differ.

    Five errors give a spread that is wrong by a third, and a weight that is wrong by two. The spread changes slowly
    with the rows, so that each size is drawn towards a straight line through all of them, log against log.
    """
    degrees = np.array([len(e) - 1 for e in errors], dtype=np.float64)
    variances = np.array([e.var(ddof=1) if len(e) > 1 else 0.0 for e in errors])
    usable = variances > 0
    if not usable.any():
        return None
    trend = np.full(len(rows), np.average(variances[usable], weights=degrees[usable]))
    if usable.sum() >= 3:
        few = degrees[usable]
        logs = np.log(variances[usable]) + 1 / few + 1 / (3 * few**2)  # the log of a variance of few lies too low
        slope, level = np.polyfit(np.log(rows[usable]), logs, 1, w=np.sqrt(few))
        trend = np.exp(level + slope * np.log(rows))
    drawn = (degrees * variances + TRUST_IN_TREND * trend) / (degrees + TRUST_IN_TREND)
    return np.asarray(np.sqrt(drawn))


def _rises(seen: Seen) -> bool:
    """Whether the error grows with the rows, by more than a twentieth and by four times what noise would do."""
    x, weights = np.log(seen.rows), seen.noise**-2
    x = x - np.average(x, weights=weights)
    slope = (weights * x * seen.means).sum() / (weights * x**2).sum()
    residual = seen.means - np.average(seen.means, weights=weights) - slope * x
    factor = misfit((weights * residual**2).sum(), len(x) - 2, known=seen.known)
    error = factor / math.sqrt((weights * x**2).sum())
    return bool(slope > 4 * error and slope * (x[-1] - x[0]) > 0.05 * seen.means.mean())


def misfit(chi_squared: float, degrees: int, *, known: bool) -> float:
    """By how much the points miss a law, over what their noise explains: the Birge ratio, at least 1."""
    ratio = math.sqrt(chi_squared / degrees)
    return max(1.0, ratio) if known else ratio


def fit_constants(rows: Floats, means: Floats, noise: Floats) -> tuple[Floats, Floats, Floats]:
    """The best a, b and c, ``(draw,)`` each, of curves with means ``(draw, size)``."""
    span = np.log(_C[1] / _C[0])
    scale = np.exp(np.log(rows).mean())  # b n^-c near n = 1 would be far outside the data and badly conditioned
    centre = np.full(len(means), math.sqrt(_C[0] * _C[1]))
    for count, width in ((61, span / 2), (13, span / 30), (13, span / 180), (13, span / 1080), (13, span / 6480)):
        factors = np.exp(np.linspace(-width, width, count))
        c = np.clip(centre[:, None] * factors, *_C)
        a, b, loss = _profile(rows / scale, means, noise, c)
        best = loss.argmin(axis=1)[:, None]
        a, b, centre = (np.take_along_axis(values, best, axis=1)[:, 0] for values in (a, b, c))
    c = np.where(b > 0, centre, 1.0)
    return a, b * scale**c, c


def _profile(rows: Floats, means: Floats, noise: Floats, c: Floats) -> tuple[Floats, Floats, Floats]:
    """For each c ``(draw, try)`` the best a >= 0 and b >= 0 and the weighted squares that they leave.

    With two unknowns non-negative least squares has a closed form: where one of them comes out below 0 it is 0.
    """
    weights = noise**-2 / (noise**-2).sum()
    x = rows ** -c[..., None]  # (draw, try, size)
    y = means[:, None, :]
    x_mean, y_mean = (x * weights).sum(-1), (y * weights).sum(-1)
    spread = ((x - x_mean[..., None]) ** 2 * weights).sum(-1)
    b = ((x - x_mean[..., None]) * y * weights).sum(-1) / spread
    through_zero = (x * y * weights).sum(-1) / (x**2 * weights).sum(-1)
    b = np.where(y_mean - b * x_mean < 0, through_zero, np.maximum(b, 0.0))
    a = np.maximum(y_mean - b * x_mean, 0.0)
    loss = ((y - a[..., None] - b[..., None] * x) ** 2 * weights).sum(-1)
    return a, b, loss
