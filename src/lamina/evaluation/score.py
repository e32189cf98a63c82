"""One metric on held-out rows, fold by fold."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lamina.evaluation.verdict import bootstrap_interval
from lamina.metrics import METRICS, Metric, format_metric


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric on held-out rows: its value in every fold."""

    name: str
    folds: tuple[float, ...]

    @property
    def metric(self) -> Metric:
        """What is measured."""
        return METRICS[self.name]

    @property
    def mean(self) -> float:
        """The mean over the folds."""
        return statistics.fmean(self.folds)

    @property
    def spread(self) -> float | None:
        """The standard deviation over the folds; None if there is only one, or no finite one."""
        finite = len(self.folds) > 1 and all(map(math.isfinite, self.folds))
        return statistics.stdev(self.folds) if finite else None

    def words(self) -> str:
        """The mean and the spread, as a person reads them.

        >>> Score(name="accuracy", folds=(0.97, 0.99)).words()
        '98.0 % ± 1.4 %'
        """
        mean = format_metric(self.metric, self.mean)
        return mean if self.spread is None else f"{mean} ± {format_metric(self.metric, self.spread)}"


def scores_of(measured: Sequence[Mapping[str, float]]) -> tuple[Score, ...]:
    """The measurements of all folds, metric by metric, in their order."""
    return tuple(Score(name=name, folds=tuple(fold[name] for fold in measured)) for name in measured[0])


def drawn_interval(
    truth: npt.NDArray[Any],
    given: npt.NDArray[np.float64],
    name: str,
    seed: int,
    *,
    groups: npt.NDArray[np.int64] | None = None,
) -> tuple[float, float]:
    """95 % over draws of the rows, or of whole groups; NaN where the metric can say nothing (AUC of one class)."""
    metric = METRICS[name].function
    if not math.isfinite(metric(truth, given)):
        return math.nan, math.nan
    return bootstrap_interval(truth, given, metric, seed=seed, draws=300, groups=groups)


def article(noun: str) -> str:
    """A noun with its article.

    >>> article("accuracy"), article("root mean squared error"), article("R²")
    ('an accuracy', 'a root mean squared error', 'an R²')
    """
    return f"{'an' if noun[0] in 'aeioAEIOR' else 'a'} {noun}"
