r"""Whether one contender is better than another, from the scores of the same folds.

The folds of a cross-validation share their training rows, so J differences d_1 .. d_J between two contenders are not J
independent witnesses, and the usual t test calls equal contenders different in every second study of ten times five
folds. Nadeau and Bengio widen the error of the mean by the rows that are shared:

    error = s sqrt(1 / J + test_rows / train_rows)        t = mean(d) / error, Student with J - 1 degrees

Corani and Benavoli read the same Student distribution as what is known of the true difference, and so give chances:
that it lies beyond a region of practical equivalence on either side, or inside.

Sources: Nadeau and Bengio (2003), doi:10.1023/A:1024068626366; Corani and Benavoli (2015),
doi:10.1007/s10994-015-5486-z.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.foundation.errors import DataError

Better = Literal["higher", "lower"]
Word = Literal["better", "equivalent", "worse", "undecided"]

LEVEL = 0.05  # of every test; its complement is the chance from which contenders count as equivalent
FARTHEST = 100  # times the rows: a guess beyond is no help to anybody
NIL = 1e-12  # of the size of the scores: differences that differ by less are rounding


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is known of the difference between contender a and contender b, in the unit of the metric.

    ``difference`` is positive where a is better, whichever way the metric points; infinite where one of them diverged.
    The chances are those of a true difference above ``region``, within it, and below its negative.

    >>> a, b = [0.9, 0.92, 0.91], [0.7, 0.7, 0.72]
    >>> found = compare_folds(a, b, better="higher", region=0.01, test_share=0.5, rows=90)
    >>> found.word, round(found.difference, 3), round(found.p_value, 4)
    ('better', 0.203, 0.0047)
    """

    difference: float
    interval: tuple[float, float]  # 95 %
    error: float  # standard error of the difference, corrected
    chance_better: float
    chance_equivalent: float
    chance_worse: float
    p_value: float  # of no difference, two-sided
    region: float
    method: str
    splits: int
    rows: int

    @property
    def word(self) -> Word:
        """One of four words, whose meaning was fixed before any data was seen."""
        if self.p_value < LEVEL and self.difference > self.region:
            return "better"
        if self.p_value < LEVEL and self.difference < -self.region:
            return "worse"
        return "equivalent" if self.chance_equivalent > 1 - LEVEL else "undecided"

    @property
    def doubt(self) -> float:
        """The chance that a is not better at all, be it by little: the one-sided p value."""
        return self.p_value / 2 if self.difference > 0 else 1 - self.p_value / 2

    @property
    def rows_to_decide(self) -> int | None:
        """About how many rows would decide, if the difference stays what it is; None if that is no help.

        The error shrinks like the root of the rows. It must become small enough for the difference to leave 0 behind,
        or, where the difference lies within the region, for 95 % of what is likely to lie there too, by
        Student's quantiles for so many splits. Never fewer than a tenth more than now: the rows of today did not
        decide.
        """
        distance = abs(self.difference)
        if self.word != "undecided" or not math.isfinite(distance) or not math.isfinite(self.error):
            return None
        inside = distance < self.region
        reach = _quantile(1 - LEVEL if inside else 1 - LEVEL / 2, self.splits)
        needed = (self.region - distance) / reach if inside else distance / reach
        if needed <= 0:
            return None
        times = max(1.1, (self.error / needed) ** 2)
        return math.ceil(self.rows * times) if times <= FARTHEST else None


def compare_folds(
    a: ArrayLike, b: ArrayLike, *, better: Better, region: float, test_share: float, rows: int, share: bool = False
) -> Comparison:
    """Compare two contenders by their scores on the same splits.

    A fold that says nothing about either (both scores are not finite) is passed over. A contender with another score
    that is not finite has diverged and counts as infinitely bad; if both have, they are equal. From a single split
    nothing follows.

    If all differences are the same, baycomp takes them for the truth. So do we for errors in a unit of their own; here
    we differ where scores are shares of rows: equal shares of a few rows are no certainty, and the error is never taken
    for smaller than ``sqrt(2) / rows``, that of about one row of the table on which the two disagree.

    **Shape**: float ``(split,)`` each.

    Args:
        better: which scores are better.
        region: differences up to this size do not matter, in the unit of the metric.
        test_share: test rows over training rows of a split; 0.25 for five folds.
        rows: rows of the whole table.
        share: the scores are shares of rows, as an accuracy is.

    Raises:
        DataError: other folds of a than of b, or a region or share that cannot be.
    """
    first, second = _paired(a, b)
    _check(region, test_share)
    known = np.isfinite(first) | np.isfinite(second)
    first, second = first[known], second[known]
    splits, lost = len(first), (not np.isfinite(first).all(), not np.isfinite(second).all())
    if any(lost) or not splits:
        return compare_diverged(*lost, region=region, method="corrected t", splits=splits, rows=rows)
    differences = _differences(first, second, better)
    difference = float(differences.mean())
    error = max(corrected_error(differences, test_share), math.sqrt(2) / rows if share else 0.0)
    degrees = max(splits - 1, 1)
    chances = _chances(difference, error, degrees, region)
    return Comparison(
        difference=difference,
        interval=_interval(difference, error, degrees),
        error=error,
        chance_better=chances[0],
        chance_equivalent=chances[1],
        chance_worse=chances[2],
        p_value=_p_value(difference, error, degrees),
        region=region,
        method="corrected t",
        splits=splits,
        rows=rows,
    )


def compare_diverged(a: bool, b: bool, *, region: float, method: str, splits: int, rows: int) -> Comparison:
    """The comparison where ``a`` or ``b`` (or neither, or both) has no finite score: infinitely bad, hence certain."""
    difference = 0.0 if a == b else (-math.inf if a else math.inf)
    return Comparison(
        difference=difference,
        interval=(difference, difference),
        error=0.0,
        chance_better=float(difference > 0),
        chance_equivalent=float(difference == 0),
        chance_worse=float(difference < 0),
        p_value=float(difference == 0),
        region=region,
        method=method,
        splits=splits,
        rows=rows,
    )


def compare_single(difference: float, *, region: float, method: str, rows: int) -> Comparison:
    """The comparison where chance is not known, for there is one group of rows alone: nothing follows."""
    return Comparison(
        difference=difference,
        interval=(-math.inf, math.inf),
        error=math.inf,
        chance_better=0.5,
        chance_equivalent=0.0,
        chance_worse=0.5,
        p_value=1.0,
        region=region,
        method=method,
        splits=1,
        rows=rows,
    )


def corrected_error(values: ArrayLike, test_share: float) -> float:
    """The standard error of the mean over folds that share training rows; infinite for a single fold.

    **Shape**: float ``(split,)``, all finite.

    >>> round(corrected_error([1.0, 2.0, 3.0], test_share=0.5), 4)  # 1 * sqrt(1/3 + 1/2)
    0.9129
    """
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) < 2:
        return math.inf
    if np.ptp(numbers) == 0:
        return 0.0  # the rounded mean of equal numbers may miss them by a bit
    with np.errstate(over="ignore"):  # errors of 1e200 have no finite square
        return float(numbers.std(ddof=1) * math.sqrt(1 / len(numbers) + test_share))


def mean_interval(
    folds: ArrayLike, test_share: float, *, share: bool = False, rows: int | None = None
) -> tuple[float, float]:
    """The 95 % interval of one contender's mean score, with the corrected error.

    ``share`` says that the score is a share of rows and cannot leave 0 to 1. If such a score is the same in every fold,
    and the ``rows`` of the table are given, the interval is Wilson's for a share of so many rows: equal folds are no
    certainty. Endless where nothing is known: a single fold, or a score that is not finite.

    Source: Wilson (1927), doi:10.1080/01621459.1927.10502953.

    >>> [round(end, 3) for end in mean_interval([0.9, 0.95, 1.0], 0.5, share=True)]
    [0.754, 1.0]
    >>> [round(end, 3) for end in mean_interval([1.0, 1.0, 1.0], 0.5, share=True, rows=30)]
    [0.886, 1.0]
    """
    numbers = np.asarray(folds, dtype=np.float64)
    low, high = -math.inf, math.inf
    if len(numbers) and np.isfinite(numbers).all():
        mean, error = float(numbers.mean()), corrected_error(numbers, test_share)
        low, high = _interval(mean, error, max(len(numbers) - 1, 1))
        if error == 0 and share and rows:
            low, high = _wilson(mean, rows)
    return (max(low, 0.0), min(high, 1.0)) if share else (low, high)


def naive_t(a: ArrayLike, b: ArrayLike) -> float:
    """The two-sided p value of the usual paired t test: kept as the example of what not to do with folds.

    It takes folds that share rows for independent; of two equal contenders under ten times five folds it calls every
    second pair different (``benchmarks/verdict.py``).

    >>> round(naive_t([0.9, 0.8, 0.9], [0.8, 0.8, 0.7]), 4)
    0.2254
    """
    differences = _differences(*_paired(a, b), "higher")
    return _p_value(float(differences.mean()), corrected_error(differences, 0.0), max(len(differences) - 1, 1))


def power(gap: float, region: float, error: float, degrees: int) -> float:
    """The chance that contenders a true ``gap`` apart get the word *better*.

    The mean difference is taken for normal round the gap with the standard ``error``, and the square of the measured
    error for chi-squared with so many ``degrees`` of freedom: exact but for a quadrature in 2,000 steps.

    >>> round(power(0.0, 0.0, 0.01, 49), 3), round(power(0.04, 0.01, 0.01, 49), 2)
    (0.025, 0.98)
    """
    if error == 0:
        return float(gap > region)
    from scipy.special import chdtri, ndtr, stdtrit

    steps = (np.arange(2000) + 0.5) / 2000
    measured = error * np.sqrt(chdtri(degrees, steps) / degrees)
    reached = np.maximum(region, stdtrit(degrees, 1 - LEVEL / 2) * measured)
    return float(ndtr((gap - reached) / error).mean())


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P values raised for their number: those below the level are all right together, but for one study in twenty.

    Source: Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    raised, highest = [0.0] * len(p_values), 0.0
    for done, i in enumerate(order):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - done)))
        raised[i] = highest
    return tuple(raised)


def _differences(a: NDArray[np.float64], b: NDArray[np.float64], better: Better) -> NDArray[np.float64]:
    differences = a - b if better == "higher" else b - a
    smallest = NIL * max(np.abs(a).max(), np.abs(b).max())
    if np.ptp(differences) <= smallest:  # 0.9 - 0.8 and 0.8 - 0.7 are the same difference
        mean = float(differences.mean())
        return np.full_like(differences, mean if abs(mean) > smallest else 0.0)
    return differences


def _chances(difference: float, error: float, degrees: int, region: float) -> tuple[float, float, float]:
    if error == 0:
        above, below = float(difference > region), float(difference < -region)
    else:
        from scipy.special import stdtr

        above = float(stdtr(degrees, (difference - region) / error))
        below = float(stdtr(degrees, (-region - difference) / error))
    return above, max(0.0, 1 - above - below), below


def _p_value(difference: float, error: float, degrees: int) -> float:
    if error == 0:
        return float(difference == 0)
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(difference) / error))


def _interval(mean: float, error: float, degrees: int) -> tuple[float, float]:
    if error == 0:
        return mean, mean
    from scipy.special import stdtrit

    reach = float(stdtrit(degrees, 1 - LEVEL / 2)) * error
    return mean - reach, mean + reach


def _wilson(share: float, rows: int) -> tuple[float, float]:
    z = _quantile(1 - LEVEL / 2, 1)
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    reach = z * math.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2) / (1 + z * z / rows)
    return middle - reach, middle + reach


def _quantile(chance: float, splits: int) -> float:
    """Student's for several splits, the normal one for a test set."""
    from scipy.special import ndtri, stdtrit

    return float(stdtrit(splits - 1, chance) if splits > 1 else ndtri(chance))


def _paired(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim == 1 and first.shape == second.shape:
        return first, second
    raise DataError(
        wrong=f"the scores to compare have the shapes {first.shape} and {second.shape}.",
        expected="one score a split, of the same splits for both contenders.",
        remedy="give every contender the same folds.",
    )


def _check(region: float, test_share: float) -> None:
    if not (0 <= region < math.inf and 0 < test_share < math.inf):
        raise DataError(
            wrong=f"a comparison was asked for with region={region} and test_share={test_share}.",
            expected="a finite region of at least 0 and a share of test rows over training rows above 0.",
            remedy="for accuracy under five folds use region=0.01 and test_share=0.25.",
        )
