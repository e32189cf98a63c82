"""What a contender costs: processor seconds to train, seconds to answer a row, and its size."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lamina.classical import LEARNT
from lamina.estimators import Fitted
from lamina.foundation.specs import Json
from lamina.model.effort import multiply_adds
from lamina.rivals import Attempt


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a contender takes: processor seconds a training, seconds a row answered, and its size.

    The networks of all splits train together, as a fleet: the network's ``fit_seconds`` are its share of that, by its
    training rows. Rows are answered as they are encoded. What is not known of somebody else's estimator is None.
    """

    fit_seconds: tuple[float, ...]  # of each split
    predict_seconds_a_row: float
    parameters: int | None
    multiply_adds: int | None
    bytes: int | None

    @property
    def mean_fit_seconds(self) -> float:
        """Of one training, on average over the splits."""
        return statistics.fmean(self.fit_seconds)

    def to_json(self) -> dict[str, Json]:
        """As ``result.json`` has it. Energy is told for the whole run alone: contenders share the machine."""
        return {
            "fit_seconds": self.mean_fit_seconds,
            "cpu_seconds": sum(self.fit_seconds),
            "fit_seconds_folds": list(self.fit_seconds),
            "predict_ms_a_row": 1e3 * self.predict_seconds_a_row,
            "rows_per_second": 1 / self.predict_seconds_a_row if self.predict_seconds_a_row > 0 else None,
            "bytes": self.bytes,
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "joules": None,
        }


def cost_of(kept: Attempt, judged: Sequence[Attempt], *, rows: int) -> Cost:
    """What the trainings of the splits took, and how large what is kept is."""
    parameters, adds, size = _sizes(kept.learnt)
    return Cost(
        fit_seconds=tuple(attempt.cpu_seconds for attempt in judged),
        predict_seconds_a_row=sum(attempt.predict_seconds for attempt in judged) / max(1, rows),
        parameters=parameters,
        multiply_adds=adds,
        bytes=size,
    )


def _sizes(learnt: Any) -> tuple[int | None, int | None, int | None]:
    if isinstance(learnt, Fitted):
        weights = learnt.predictor.size * learnt.predictor.members
        return weights, multiply_adds(learnt.predictor), 4 * weights
    if learnt is None or learnt.kind not in LEARNT or not learnt.keepable:  # somebody else's: its size is not known
        return None, None, None
    return learnt.parameters, learnt.multiply_adds, sum(array.nbytes for array in learnt.arrays().values())
