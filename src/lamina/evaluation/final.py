"""The last line of a study: the model that is kept, on rows that no choice ever saw, and how much choosing flatters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.score import article, drawn_interval
from lamina.evaluation.tally import Tally, first_draw, truth_of
from lamina.evaluation.verdict import Corrected, choice_optimism, practical_region
from lamina.foundation.errors import DataError
from lamina.foundation.specs import Json
from lamina.metrics import METRICS, Metric, finite_or_none, format_metric
from lamina.model import Model

UNMEASURABLE = 0.1  # of what counts as practically equal: less than that is nothing


def final_facts(
    prepared: Prepared,
    plan: Plan,
    tallies: Sequence[Tally],
    model: Model,
    *,
    metric: str,
    seed: int,
    asked: float | None = None,
) -> dict[str, Json] | None:
    """The last line: the kept model on rows that no choice ever saw, with the optimism of the choice.

    Where no rows were set aside, the score is that of the whole procedure: in draws of the rows, the best contender on
    those drawn is scored on those not drawn. None if the metric can say nothing of such draws. ``asked`` is the share
    that was to be set aside, None where the number of rows decided.
    """
    corrected = _corrected(prepared, plan, tallies, METRICS[metric], seed)
    if len(plan.test):
        return _opened(prepared, plan, model, METRICS[metric], corrected, seed)
    if corrected is None:
        return None
    needed = f", for with {prepared.table.num_rows:,} each one is needed to learn from" if asked is None else ""
    return _nested(len(tallies), METRICS[metric], corrected, needed)


def _corrected(prepared: Prepared, plan: Plan, tallies: Sequence[Tally], metric: Metric, seed: int) -> Corrected | None:
    truth = np.concatenate([truth_of(prepared, trial) for trial in plan.judged if trial.repeat == 0])
    answers = {tally.contender.name: first_draw(prepared, plan, tally)[1] for tally in tallies}
    rows = np.concatenate([trial.test for trial in plan.judged if trial.repeat == 0])
    groups = None if plan.groups is None else plan.groups[rows]
    try:
        return choice_optimism(
            truth, answers, metric=metric.function, better=metric.better, seed=seed, draws=500, groups=groups
        )
    except DataError:  # errors without a finite square, or too few rows of a class
        return None


def _nested(contenders: int, metric: Metric, corrected: Corrected, needed: str) -> dict[str, Json]:
    words = (
        f"On rows that the choice did not see, the best of {contenders} contenders reaches {article(metric.label)} of "
        f"{format_metric(metric, corrected.score)}: choosing flatters by {flattery(metric, corrected)}. "
        f"No rows were set aside{needed}."
    )
    interval = [finite_or_none(end) for end in corrected.interval]
    return {
        "rows": 0,
        "kind": "nested choice",
        "scores": {metric.name: {"mean": finite_or_none(corrected.score), "interval": interval}},
        "optimism": finite_or_none(corrected.optimism),
        "sentence": words,
    }


def _opened(
    prepared: Prepared, plan: Plan, model: Model, metric: Metric, corrected: Corrected | None, seed: int
) -> dict[str, Json]:
    table = prepared.table.take(pa.array(plan.test))
    values = model.evaluate_table(table)
    answers, chances = model.decide(table)
    given = chances if prepared.task == "classification" else np.asarray(answers, np.float64)
    truth = known_truth(prepared, model, table)
    groups = None if plan.groups is None else plan.groups[plan.test]
    ends = {name: drawn_interval(truth, given, name, seed, groups=groups) for name in values}
    low, high = (format_metric(metric, end) for end in ends[metric.name])
    gap = "" if corrected is None else f"; choosing among contenders flatters by {flattery(metric, corrected)}"
    words = (
        f"On {len(plan.test):,} rows that were opened once, after everything was chosen, the model reaches "
        f"{article(metric.label)} of {format_metric(metric, values[metric.name])} (95 % interval {low} to {high})"
        f"{gap}."
    )
    return {
        "rows": len(plan.test),
        "kind": "opened once",
        "scores": {
            name: {"mean": finite_or_none(value), "interval": [finite_or_none(end) for end in ends[name]]}
            for name, value in values.items()
        },
        "optimism": None if corrected is None else finite_or_none(corrected.optimism),
        "sentence": words,
    }


def known_truth(prepared: Prepared, model: Model, table: pa.Table) -> npt.NDArray[Any]:
    """The truth as the metrics want it."""
    column = table.column(prepared.schema.target)
    if prepared.task == "classification":
        return np.asarray(model.target.encode(column))
    return np.asarray(column, np.float64)


def flattery(metric: Metric, corrected: Corrected) -> str:
    """By how much the score of the best of several is better than it is on rows that did not choose it.

    >>> flattery(METRICS["accuracy"], Corrected(chosen="linear", score=0.9, interval=(0.8, 1.0), optimism=0.004))
    '0.4 points'
    >>> flattery(METRICS["rmse"], Corrected(chosen="linear", score=50.0, interval=(40.0, 60.0), optimism=-0.3))
    'nothing measurable'
    """
    if not corrected.optimism >= UNMEASURABLE * practical_region(metric, corrected.score):
        return "nothing measurable"
    return f"{100 * corrected.optimism:.1f} points" if metric.percent else format_metric(metric, corrected.optimism)
