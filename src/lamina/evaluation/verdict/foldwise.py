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

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.evaluation.verdict.comparison import Better, Comparison, compare_diverged
from lamina.evaluation.verdict.statistics import chances, interval, p_value, wilson
from lamina.foundation.errors import DataError

NIL = 1e-12  # of the size of the scores: differences that differ by less are rounding


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
    better_by, equal, worse_by = chances(difference, error, degrees, region)
    return Comparison(
        difference=difference,
        interval=interval(difference, error, degrees),
        error=error,
        chance_better=better_by,
        chance_equivalent=equal,
        chance_worse=worse_by,
        p_value=p_value(difference, error, degrees),
        region=region,
        method="corrected t",
        splits=splits,
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
        low, high = interval(mean, error, max(len(numbers) - 1, 1))
        if error == 0 and share and rows:
            low, high = wilson(mean, rows)
    return (max(low, 0.0), min(high, 1.0)) if share else (low, high)


def naive_t(a: ArrayLike, b: ArrayLike) -> float:
    """The two-sided p value of the usual paired t test: kept as the example of what not to do with folds.

    It takes folds that share rows for independent; of two equal contenders under ten times five folds it calls every
    second pair different (``benchmarks/verdict.py``).

    >>> round(naive_t([0.9, 0.8, 0.9], [0.8, 0.8, 0.7]), 4)
    0.2254
    """
    differences = _differences(*_paired(a, b), "higher")
    return p_value(float(differences.mean()), corrected_error(differences, 0.0), max(len(differences) - 1, 1))


def _differences(a: NDArray[np.float64], b: NDArray[np.float64], better: Better) -> NDArray[np.float64]:
    differences = a - b if better == "higher" else b - a
    smallest = NIL * max(np.abs(a).max(), np.abs(b).max())
    if np.ptp(differences) <= smallest:  # 0.9 - 0.8 and 0.8 - 0.7 are the same difference
        mean = float(differences.mean())
        return np.full_like(differences, mean if abs(mean) > smallest else 0.0)
    return differences


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
