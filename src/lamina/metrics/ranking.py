"""How well the scores put rows in order: those of a class should score higher on it than the others.

Only the order of the scores matters, not their size. Every function takes truth as int ``(row,)``, scores as float
``(row, class)`` and weights as float ``(row,)``. Of two classes the second is the positive one; of more, each class in
turn stands against the rest and the plain mean is taken over the classes for which the value exists.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.metrics.rows import Codes, Floats, class_rows, weight_of_groups


def roc_auc(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The chance that a row of the class scores higher than one of the rest, ties counting half; 0.5 is guessing.

    NaN if only one class is there.

    Source: Hanley and McNeil (1982), doi:10.1148/radiology.143.1.7063747.

    >>> roc_auc([0, 1, 0, 1], [[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.2, 0.8]])
    0.875
    """
    return _mean_over_classes(_area, *class_rows(truth, scores, weights))


def average_precision(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean precision as a falling threshold lets in the class part by part; guessing gives its share.

    ``sum over levels n of (recall_n - recall_(n-1)) precision_n``, from the highest score down, without interpolation.
    NaN if no row of a positive class is there.

    >>> average_precision([0, 1, 0, 1], [[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.2, 0.8]])
    0.8333333333333333
    """
    return _mean_over_classes(_steps, *class_rows(truth, scores, weights))


def _mean_over_classes(
    value: Callable[[Floats, Floats], float], truth: Codes, scores: Floats, weights: Floats
) -> float:
    classes = (1,) if scores.shape[1] == 2 else range(scores.shape[1])
    values = [value(*_levels(truth == k, scores[:, k], weights)) for k in classes]
    known = [v for v in values if not np.isnan(v)]
    return float(np.mean(known)) if known else float("nan")


def _levels(positive: NDArray[np.bool_], score: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The weight of positive and of other rows at each distinct score, rising: both ``(level,)``."""
    names, level = np.unique(score, return_inverse=True)
    inside = weight_of_groups(level, weights * positive, len(names))
    outside = weight_of_groups(level, weights * ~positive, len(names))
    return inside, outside


def _area(inside: Floats, outside: Floats) -> float:
    if not (inside.any() and outside.any()):
        return float("nan")
    inside, outside = inside / inside.sum(), outside / outside.sum()
    below = np.cumsum(outside) - outside
    return float(inside @ (below + outside / 2))


def _steps(inside: Floats, outside: Floats) -> float:
    if not inside.any():
        return float("nan")
    caught, missed = np.cumsum(inside[::-1]), np.cumsum(outside[::-1])
    return float((inside[::-1] / inside.sum()) @ (caught / (caught + missed)))
