"""How far off held-out answers were, and how often intervals and sets made from that hold the truth.

The promise is kept by `lamina.model.calibration`: its `fit_conformity` keeps the scores that are made here, and its
`quantile_of` is the threshold. Here the promise is put to the test on rows that had no part in the threshold.

Sources: Vovk, Gammerman and Shafer (2005), doi:10.1007/b106715; Lei et al. (2018), arXiv:1604.04173, for the absolute
residual; Sadinle, Lei and Wasserman (2019), arXiv:1609.00451, for 1 - p; Vovk (2015), arXiv:1208.0806, for folds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lamina.evaluation.honesty.calibrate import each_fold
from lamina.metrics.rows import Floats, class_rows, number_rows
from lamina.model.calibration import quantile_of


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often the truth should lie inside, how often it did, and at what price.

    ``size`` is the mean number of classes in a set, or the mean width of an interval in the target's unit. It is
    infinite where a fold left too few rows to promise so much; both are NaN where an answer is not finite.
    """

    nominal: float
    measured: float
    size: float

    def to_json(self) -> dict[str, float | None]:
        """The ``coverage`` of a ``result.json``; what is not finite becomes None.

        >>> Coverage(nominal=0.9, measured=0.91, size=math.inf).to_json()
        {'nominal': 0.9, 'measured': 0.91, 'size': None}
        """
        figures = {"nominal": self.nominal, "measured": self.measured, "size": self.size}
        return {name: value if math.isfinite(value) else None for name, value in figures.items()}


def conformity_of_classes(probabilities: ArrayLike, truth: ArrayLike) -> Floats:
    """What the probability of the true class lacks: ``1 - p``.

    **Shape**: float ``(row, class)`` and int ``(row,)`` in, float64 ``(row,)`` out.

    >>> conformity_of_classes([[0.75, 0.25], [0.5, 0.5]], [0, 1])
    array([0.25, 0.5 ])
    """
    codes, given, _ = class_rows(truth, probabilities, None)
    return np.asarray(1 - given[np.arange(len(codes)), codes])


def conformity_of_numbers(answers: ArrayLike, truth: ArrayLike) -> Floats:
    """How far the answer lies from the truth: ``|y - answer|``, in the target's unit.

    **Shape**: float ``(row,)`` both in, float64 ``(row,)`` out.

    >>> conformity_of_numbers([1.0, 2.0], [1.5, 2.0])
    array([0.5, 0. ])
    """
    real, given, _ = number_rows(truth, answers, None)
    return np.asarray(np.abs(real - given))


def measured_coverage(answers: ArrayLike, truth: ArrayLike, folds: ArrayLike, *, nominal: float = 0.9) -> Coverage:
    """Sets or intervals for the rows of each fold by the threshold of all other folds, and how often they were right.

    Args:
        answers: to rows that the contender had not learnt from: probabilities ``(row, class)``, calibrated by
            `calibrate.cross_fitted` if the model will be, or numbers ``(row,)``.
        truth: codes of classes, or numbers, ``(row,)``.
        folds: the fold in which each row was held out, ``(row,)``. Rows that belong together (a group) share one.
        nominal: how often the truth should lie inside, above 0 and below 1.

    Raises:
        DataError: fewer than two folds.

    >>> measured_coverage([0.0] * 8, [1.0, -1.0] * 4, [0, 0, 0, 0, 1, 1, 1, 1], nominal=0.8)
    Coverage(nominal=0.8, measured=1.0, size=2.0)
    """
    given = np.asarray(answers, dtype=np.float64)
    if not np.isfinite(given).all():
        return Coverage(nominal=nominal, measured=math.nan, size=math.nan)
    classes = given.ndim == 2
    scores = conformity_of_classes(given, truth) if classes else conformity_of_numbers(given, truth)
    thresholds = np.empty(len(given))
    for inside in each_fold(folds, len(given)):
        thresholds[inside] = quantile_of(np.sort(scores[~inside]), nominal)
    right = scores <= thresholds
    if not classes:
        return Coverage(nominal=nominal, measured=float(right.mean()), size=float(2 * thresholds.mean()))
    members = 1 - given <= thresholds[:, None]
    best = given.argmax(axis=1)
    members[np.arange(len(best)), best] = True  # as in the Model, whose sets are never empty
    right = members[np.arange(len(best)), np.asarray(truth)]
    return Coverage(nominal=nominal, measured=float(right.mean()), size=float(members.sum(axis=1).mean()))
