"""Honest probabilities: one temperature learnt from held-out answers, and pictures of how honest they are.

    p_T proportional to p^(1/T):  T above 1 makes answers less sure, below 1 surer, and never changes the answer

One temperature and no isotonic regression: over 200 splits each of 11 real tables (`benchmarks/coverage.py`) the
temperature had the lower log loss on all 11, by 1 to 52 %. Isotonic regression had the lower calibration error on 9.

Every function takes probabilities as float ``(row, class)`` whose rows add up to 1 and truth as int ``(row,)``: answers
to rows that the contender did not learn from.

Sources: Guo et al. (2017), arXiv:1706.04599, after Platt (1999), with one constant in place of two; Kull et al.
(2017), doi:10.1214/17-EJS1338SI; Nixon et al. (2019), arXiv:1904.01685, for bins of equal weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.foundation.errors import DataError
from lamina.foundation.randomness import numpy_stream
from lamina.metrics import calibration_error
from lamina.metrics.rows import Codes, Floats, class_rows
from lamina.model.calibration import calibrated

COLDEST, HOTTEST = 0.05, 20.0
_SMALLEST = 1e-12  # a probability of 0 has no logarithm


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Rows of about the same confidence: how sure the answers were, how many were right, and an interval of that."""

    confidence: float
    accuracy: float
    low: float
    high: float
    rows: int


def fit_temperature(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """The temperature at which the true classes surprise least; 1 where there are no rows to learn from.

    A weak belief that T is near 1 (``log T`` with standard deviation 1, worth a fraction of a row) decides where the
    rows do not: perfect answers would otherwise send T to 0, and each later mistake would cost everything. T stays
    between 0.05 and 20.

    >>> sure = [[0.99, 0.01]] * 4
    >>> fit_temperature(sure, [0, 0, 0, 1]) > 2
    True
    """
    from scipy.optimize import minimize_scalar

    codes, given, _ = class_rows(truth, probabilities, None)
    if not codes.size:
        return 1.0
    logs = np.log(np.clip(given, _SMALLEST, 1.0))
    logs -= logs[np.arange(len(codes)), codes][:, None]  # then the surprise is the log of the summed exponentials

    def surprise(log_temperature: float) -> float:
        scaled = logs * math.exp(-log_temperature)
        top = scaled.max(axis=1)
        total = (top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))).sum()
        return float(total) + log_temperature**2 / 2

    found = minimize_scalar(surprise, bounds=(math.log(COLDEST), math.log(HOTTEST)), method="bounded")
    return math.exp(found.x) if found.fun < surprise(0.0) else 1.0


def cross_fitted(probabilities: ArrayLike, truth: ArrayLike, folds: ArrayLike) -> Floats:
    """Probabilities of which each row is calibrated with the temperature of the other folds' rows.

    A temperature judged on the rows that it was fitted to flatters; these may be judged.

    **Shape**: folds is ``(row,)``, the fold in which a row was held out; float64 ``(row, class)`` out.

    Raises:
        DataError: fewer than two folds.
    """
    codes, given = np.asarray(truth), np.asarray(probabilities, dtype=np.float64)
    answers = np.empty_like(given)
    for inside in each_fold(folds, len(given)):
        answers[inside] = calibrated(given[inside], fit_temperature(given[~inside], codes[~inside]))
    return answers


def each_fold(folds: ArrayLike, rows: int) -> list[NDArray[np.bool_]]:
    """For each fold a mask of the rows it held out.

    Raises:
        DataError: fewer than two folds, or not one number a row.
    """
    number = np.asarray(folds)
    names = np.unique(number)
    if number.shape != (rows,) or len(names) < 2:
        raise DataError(
            wrong=f"folds has the shape {number.shape} and {len(names)} different values, for {rows} rows.",
            expected="the number of the fold of every row, and two folds or more.",
            remedy="give each row its fold; where one part was held out, number halves of it 0 and 1.",
        )
    return [number == name for name in names]


def reliability(probabilities: ArrayLike, truth: ArrayLike, *, bins: int = 10, level: float = 0.95) -> tuple[Bin, ...]:
    """The reliability diagram: confidence against accuracy in bins of equal weight, with Wilson's interval.

    The bins are those of `lamina.metrics.calibration_error`: rows of one confidence share a bin, empty ones are left
    out. Source of the interval: Wilson (1927), doi:10.1080/01621459.1927.10502953.

    >>> reliability([[0.9, 0.1]] * 4, [0, 1, 1, 0], bins=10)[0].accuracy
    0.5
    """
    codes, given, _ = class_rows(truth, probabilities, None)
    if not codes.size:
        return ()
    confidence, right = given.max(axis=1), given.argmax(axis=1) == codes
    bin_of_row = _bins(confidence, bins)
    return tuple(_bin(confidence[bin_of_row == one], right[bin_of_row == one], level) for one in np.unique(bin_of_row))


def ece_interval(
    probabilities: ArrayLike, truth: ArrayLike, *, seed: int, draws: int = 300, level: float = 0.9
) -> tuple[float, float]:
    """An interval of the expected calibration error, `lamina.metrics.calibration_error`; NaN of no rows.

    Its low end is 0 where perfect probabilities would, by chance, look as bad.
    """
    codes, given, _ = class_rows(truth, probabilities, None)
    if not codes.size:
        return math.nan, math.nan
    error, stream = calibration_error(codes, given), numpy_stream(seed, "calibration error")
    resampled = np.array([calibration_error(codes, given, _drawn_weights(stream, len(codes))) for _ in range(draws)])
    perfect = np.array([calibration_error(_drawn_truth(stream, given), given) for _ in range(draws)])
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    # An error that cannot be negative only grows by noise: a resample, noisy twice, lies above the measured error, as
    # that lies above the true one. The first excess is known and taken off both ends; the second is about as large,
    # and is taken off the low end only, so that the interval holds the number it is shown with.
    excess = resampled.mean() - error
    by_chance = (perfect >= error).mean() > (1 - level) / 2
    low = 0.0 if by_chance else max(0.0, low - 2 * excess)
    return float(min(low, error)), float(max(high - excess, error))


def wilson(right: int, rows: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share: it stays inside 0 to 1 and is not empty at either end.

    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, extra = right / rows, z * z / rows
    middle = (share + extra / 2) / (1 + extra)
    half = math.sqrt(extra * (share * (1 - share) + extra / 4)) / (1 + extra)
    return max(0.0, middle - half), min(1.0, middle + half)


def _bins(confidence: Floats, bins: int) -> Codes:
    _, level, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / len(confidence)
    return np.asarray(np.minimum((middle * bins).astype(np.int64), bins - 1)[level])


def _bin(confidence: Floats, right: NDArray[np.bool_], level: float) -> Bin:
    low, high = wilson(int(right.sum()), len(right), level)
    return Bin(confidence=float(confidence.mean()), accuracy=float(right.mean()), low=low, high=high, rows=len(right))


def _drawn_weights(stream: np.random.Generator, rows: int) -> Floats:
    """How often each row is drawn in a bootstrap sample."""
    return np.bincount(stream.integers(rows, size=rows), minlength=rows).astype(np.float64)


def _drawn_truth(stream: np.random.Generator, probabilities: Floats) -> Codes:
    """Classes drawn by the probabilities themselves, as if these were perfect."""
    below = probabilities.cumsum(axis=1) < stream.random((len(probabilities), 1))
    return np.asarray(np.minimum(below.sum(axis=1), probabilities.shape[1] - 1))
