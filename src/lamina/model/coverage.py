"""Answers with a promise: intervals and sets that hold the truth as often as was asked for, or a clear refusal.

The promise is that of `lamina.model.calibration`: it holds on average over rows that come as the held-out ones came.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lamina.foundation.errors import LaminaError
from lamina.model.calibration import Calibration, Floats, rows_needed


def interval_around(answers: Floats, calibration: Calibration | None, coverage: float) -> Floats:
    """The interval of each number: its answer, and as much on either side as ``coverage`` takes.

    **Shape**: float64 ``(row,)`` in, ``(row, 2)`` out: low and high, in the unit of the answers.

    Raises:
        LaminaError: no calibration, too few rows in it, or a coverage that is none.

    >>> calibration = Calibration(conformity=(1.0, 2.0, 3.0), rows=3)
    >>> interval_around(np.array([10.0]), calibration, 0.5)
    array([[ 8., 12.]])
    """
    width = threshold_for(calibration, coverage)
    with np.errstate(over="ignore"):  # beyond the largest float64 lies only infinity, which holds everything
        return np.stack([answers - width, answers + width], axis=-1)


def likely_classes(chances: Floats, calibration: Calibration | None, coverage: float) -> list[npt.NDArray[np.intp]]:
    """The codes of each row's classes, the most likely first; so many that ``coverage`` holds, and at least one.

    **Shape**: calibrated chances float64 ``(row, class)`` in; for each row int ``(class of the set,)``.

    Raises:
        LaminaError: no calibration, too few rows in it, or a coverage that is none.

    >>> calibration = Calibration(conformity=(0.1, 0.3, 0.6), rows=3)
    >>> [codes.tolist() for codes in likely_classes(np.array([[0.1, 0.5, 0.4], [0.3, 0.3, 0.4]]), calibration, 0.75)]
    [[1, 2], [2]]
    """
    most = threshold_for(calibration, coverage)
    order = np.argsort(-chances, axis=-1, kind="stable")
    inside = 1 - np.take_along_axis(chances, order, axis=-1) <= most  # the form in which conformity was measured
    inside[:, 0] = True
    return [row[kept] for row, kept in zip(order, inside, strict=True)]


def threshold_for(calibration: Calibration | None, coverage: float) -> float:
    """The conformity that belongs to a coverage; always finite.

    Raises:
        LaminaError: no calibration, too few rows in it, or a coverage that is none.
    """
    number = isinstance(coverage, float | int | np.floating) and not isinstance(coverage, bool)
    if not number or not 0 < coverage < 1:
        raise LaminaError(
            wrong=f"coverage is {coverage!r}.",
            expected="how often the truth must lie inside: a number above 0 and below 1.",
            remedy="try coverage=0.9.",
        )
    if calibration is None or not calibration.rows:
        raise LaminaError(
            wrong="this model was not calibrated: nobody has measured how far off its answers are.",
            expected="a model with a calibration from rows that it had not seen.",
            remedy="make one with `lamina fit`, or use model.predict(data), which promises nothing.",
        )
    threshold = calibration.threshold(coverage)
    if not math.isfinite(threshold):
        raise _too_few(calibration, coverage)
    return threshold


def _too_few(calibration: Calibration, coverage: float) -> LaminaError:
    largest = math.floor(calibration.largest_coverage * 10_000) / 10_000
    return LaminaError(
        wrong=f"a coverage of {coverage:g} cannot be promised by {calibration.rows:,} held-out rows.",
        expected=f"at least {rows_needed(coverage):,} held-out rows, or a coverage of at most {largest:g}.",
        remedy=f"try coverage={largest:g}, or bring more rows.",
    )
