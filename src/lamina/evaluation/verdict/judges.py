"""Ways to compare two contenders: by the scores of their folds, or by their answers to the rows of one test set."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina.evaluation.verdict.comparison import Comparison
from lamina.evaluation.verdict.foldwise import compare_folds
from lamina.evaluation.verdict.rowwise import compare_rows
from lamina.evaluation.verdict.standing import Standing
from lamina.foundation.errors import SpecError
from lamina.metrics import Metric

Judge = Callable[[Standing, Standing, float], Comparison]  # two contenders and the region to their comparison


def by_folds(metric: Metric, *, test_share: float, rows: int) -> Judge:
    """Judge by the scores of the folds: see `compare_folds`."""

    def judge(a: Standing, b: Standing, region: float) -> Comparison:
        return compare_folds(
            a.folds,
            b.folds,
            better=metric.better,
            region=region,
            test_share=test_share,
            rows=rows,
            share=metric.percent and metric.needs != "numbers",
        )

    return judge


def by_rows(
    metric: Metric, truth: ArrayLike, *, seed: int, draws: int = 2000, groups: ArrayLike | None = None
) -> Judge:
    """Judge by the answers to the rows of one test set: see `compare_rows`."""

    def judge(a: Standing, b: Standing, region: float) -> Comparison:
        answers = _answers(a), _answers(b)
        return compare_rows(
            truth,
            *answers,
            metric=metric.function,
            better=metric.better,
            region=region,
            seed=seed,
            draws=draws,
            groups=groups,
        )

    return judge


def practical_region(metric: Metric, score: float) -> float:
    """Differences up to this size do not matter: one point of a share or a correlation, one per cent of an error.

    >>> from lamina.metrics import METRICS
    >>> practical_region(METRICS["accuracy"], 0.97), practical_region(METRICS["rmse"], 50.0)
    (0.01, 0.5)
    """
    if metric.percent or metric.better == "higher":
        return 0.01
    return 0.01 * abs(score) if math.isfinite(score) else 0.0


def _answers(contender: Standing) -> NDArray[Any]:
    if contender.answers is not None:
        return contender.answers
    raise SpecError(
        wrong=f"the contender {contender.name!r} has no answers to the test rows.",
        expected="its scores for every row of the test set.",
        remedy="give Standing(answers=...), or judge by folds.",
    )
