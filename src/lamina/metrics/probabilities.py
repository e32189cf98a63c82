"""How good the probabilities are, not only the answers that follow from them.

Every function takes truth as int ``(row,)``, probabilities as float ``(row, class)`` whose rows add up to 1, and
weights as float ``(row,)``. NaN means that nothing can be said: no row counts, or a probability is not finite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lamina.metrics.rows import class_rows, weight_of_groups, weighted_mean


def log_loss(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean surprise at the true class, ``-log p``, in nats.

    As in scikit-learn, p is kept off 0 and 1 by the machine epsilon of the dtype in which it comes, so that one
    certain mistake costs 36 nats in float64 (16 in float32) and not everything.

    >>> round(log_loss([0, 1], [[0.5, 0.5], [0.75, 0.25]]), 4)
    1.0397
    """
    given = np.asarray(scores).dtype
    smallest = float(np.finfo(given if given.kind == "f" else np.float64).eps)
    truth, scores, weights = class_rows(truth, scores, weights)
    true = scores[np.arange(len(truth)), truth]
    return weighted_mean(-np.log(np.clip(true, smallest, 1 - smallest)), weights)


def brier(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The squared distance between probabilities and truth: 0 is best.

    Two classes: ``(p - y)^2`` of the second class, from 0 to 1. More: the sum over classes, from 0 to 2. These are the
    conventions of scikit-learn 1.9 (``scale_by_half="auto"``).

    Source: Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.

    >>> brier([0, 1], [[0.5, 0.5], [0.5, 0.5]]), brier([0, 1], [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]])
    (0.25, 0.5)
    """
    truth, scores, weights = class_rows(truth, scores, weights)
    classes = scores.shape[1]
    distance = ((np.eye(classes)[truth] - scores) ** 2).sum(axis=1)
    return weighted_mean(distance / 2 if classes == 2 else distance, weights)


def calibration_error(
    truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None, *, bins: int = 15
) -> float:
    """How far confidence and accuracy lie apart, on average over bins of rows: the expected calibration error, 0 to 1.

    Rows are sorted by the probability of their answer and cut into ``bins`` of equal weight. Rows with the same
    probability share a bin, so that neither their order nor a row written twice at half the weight changes the
    result. Even perfect probabilities give about a third of ``sqrt(bins / rows)``: compare values from
    equally many rows only.

    Source: Guo et al. (2017), arXiv:1706.04599. We differ: bins of equal weight (Nguyen and O'Connor 2015,
    doi:10.18653/v1/D15-1182) in place of equal width, which leaves most bins of a good network almost empty.

    >>> round(calibration_error([0, 1, 1, 0], [[0.9, 0.1]] * 4, bins=1), 4)
    0.4
    """
    truth, scores, weights = class_rows(truth, scores, weights)
    if not weights.size:
        return float("nan")
    confidence = scores.max(axis=1)
    surplus = weights * (confidence - (scores.argmax(axis=1) == truth))
    levels, level = np.unique(confidence, return_inverse=True)
    mass = weight_of_groups(level, weights, len(levels)) / weights.sum()
    middle = np.cumsum(mass) - mass / 2
    bin_of_row = np.minimum((middle * bins).astype(np.int64), bins - 1)[level]
    return float(np.abs(weight_of_groups(bin_of_row, surplus, bins)).sum() / weights.sum())
