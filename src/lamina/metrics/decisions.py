"""How good the answers are: the class with the highest score against the true class.

Every function takes truth as int ``(row,)``, scores as float ``(row, class)`` and, if rows do not count alike, weights
as float ``(row,)``. The answer of a row is the class with its highest score, the first one of equals. NaN means that
nothing can be said: no row counts, or a score is not finite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lamina.metrics.rows import Floats, class_rows, weight_of_groups


def confusion_matrix(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """The weight of the rows of each true class that got each answer.

    **Shape**: float64 ``(class, class)`` out: true classes down, answers across.

    >>> confusion_matrix([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    array([[1., 0.],
           [1., 1.]])
    """
    truth, scores, weights = class_rows(truth, scores, weights)
    classes = scores.shape[1]
    cells = truth * classes + scores.argmax(axis=1)
    return weight_of_groups(cells, weights, classes**2).reshape(classes, classes)


def accuracy(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The share of rows with the right answer, 0 to 1.

    >>> accuracy([0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    0.75
    """
    matrix = confusion_matrix(truth, scores, weights)
    return _ratio(matrix.trace(), matrix.sum())


def balanced_accuracy(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean over classes of the share of their rows with the right answer, 0 to 1.

    Classes without rows are left out, as scikit-learn does.
    """
    matrix = confusion_matrix(truth, scores, weights)
    return _mean_ratio(matrix.diagonal(), matrix.sum(axis=1))


def f1(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The harmonic mean of precision and recall, ``2 TP / (2 TP + FP + FN)``, 0 to 1.

    Of two classes the second is the positive one. Of more, it is the plain mean over the classes that occur in truth
    or among the answers. NaN if no positive class occurs in either (scikit-learn: 0 and a warning).

    >>> f1([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    0.6666666666666666
    """
    matrix = confusion_matrix(truth, scores, weights)
    positive = slice(1, None) if len(matrix) == 2 else slice(None)
    met = matrix.sum(axis=0) + matrix.sum(axis=1)
    return _mean_ratio(2 * matrix.diagonal()[positive], met[positive])


def mcc(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The correlation between true classes and answers, from -1 to 1; 0 is no better than chance.

    It is 0 too, as in scikit-learn, if only one class is true or only one is ever answered.

    Source: Gorodkin (2004), doi:10.1016/j.compbiolchem.2004.09.006, who carried Matthews' coefficient to many classes.
    """
    matrix = confusion_matrix(truth, scores, weights)
    if not matrix.any():
        return float("nan")
    matrix = matrix / matrix.sum()
    true, answered = matrix.sum(axis=1), matrix.sum(axis=0)
    if min(np.count_nonzero(true), np.count_nonzero(answered)) < 2:
        return 0.0
    together = matrix.trace() - true @ answered
    return float(together / np.sqrt((1 - true @ true) * (1 - answered @ answered)))


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _mean_ratio(parts: Floats, wholes: Floats) -> float:
    ratios = [_ratio(part, whole) for part, whole in zip(parts, wholes, strict=True) if whole > 0]
    return float(np.mean(ratios)) if ratios else float("nan")
