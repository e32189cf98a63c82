"""How close predicted numbers come to the true ones.

Every function takes truth and scores as float ``(row,)`` in the unit of the target and weights as float ``(row,)``. NaN
means that nothing can be said: no row counts, or a number is not finite. A sum too large for float64 gives infinity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lamina.metrics.rows import Floats, number_rows, weighted_mean

SMALLEST_TRUTH = float(np.finfo(np.float64).eps)  # what mape divides by if the truth is nearer to 0


def rmse(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The root of the mean squared error, in the unit of the target.

    >>> rmse([1.0, 2.0], [1.0, 4.0], weights=[3.0, 1.0])
    1.0
    """
    truth, scores, weights = number_rows(truth, scores, weights)
    return float(np.sqrt(_mean_square(truth, scores, weights)))


def mae(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean absolute error, in the unit of the target.

    >>> mae([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    truth, scores, weights = number_rows(truth, scores, weights)
    return weighted_mean(np.abs(_errors(truth, scores)), weights)


def r2(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The share of the variance that is explained: 1 is perfect, 0 as good as the mean, and it can be far below.

    NaN if the truth is constant: there is nothing to explain (scikit-learn: 1 for perfect scores, else 0).

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """
    truth, scores, weights = number_rows(truth, scores, weights)
    # the rounded mean of equal numbers may miss them by a bit, so the spread is asked and not the variance
    if not truth.size or truth.min() == truth.max():
        return float("nan")
    spread = _mean_square(truth, np.full_like(truth, weighted_mean(truth, weights)), weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(1 - np.float64(_mean_square(truth, scores, weights)) / spread)


def mape(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean absolute error as a share of the true number: 0.1 is 10 %.

    Only for targets that stay away from 0: there the truth is replaced by 2.2e-16, as in scikit-learn, and the value
    becomes huge.

    >>> mape([1.0, 2.0], [1.5, 2.0])
    0.25
    """
    truth, scores, weights = number_rows(truth, scores, weights)
    with np.errstate(over="ignore"):
        shares = np.abs(_errors(truth, scores)) / np.maximum(np.abs(truth), SMALLEST_TRUTH)
    return weighted_mean(shares, weights)


def pinball(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None, *, quantile: float = 0.5) -> float:
    """The mean error of a predicted quantile, in the unit of the target; least for the true quantile.

    A row costs ``quantile`` times the error if the truth is above, ``1 - quantile`` times if it is below. At the
    median, the default, this is half the mean absolute error.

    Source: Koenker and Bassett (1978), doi:10.2307/1913643.

    >>> pinball([1.0, 2.0], [0.0, 4.0], quantile=0.9)
    0.55
    """
    truth, scores, weights = number_rows(truth, scores, weights)
    error = _errors(truth, scores)
    return weighted_mean(np.maximum(quantile * error, (quantile - 1) * error), weights)


def _errors(truth: Floats, scores: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return truth - scores


def _mean_square(truth: Floats, scores: Floats, weights: Floats) -> float:
    with np.errstate(over="ignore"):
        return weighted_mean(_errors(truth, scores) ** 2, weights)
