"""Would more rows help? The contenders learn from ever larger parts of the rows, all parts together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lamina.evaluation.contenders import NETWORK, Contender
from lamina.evaluation.learning import Measure, Points, curve_sizes, meeting, read_curve, sentence, to_json
from lamina.evaluation.plan import Plan, curve_trials
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.race import Outcome
from lamina.evaluation.tally import Tally, classes_of, truth_of
from lamina.foundation.specs import Json
from lamina.metrics import METRICS, Metric
from lamina.rivals import Trial

DRAWS, DRAWS_OF_MANY = 5, 2  # of a size; of the larger ones in a large table, whose errors chance moves less
MANY = 2_500  # training rows from which a draw counts as one of many
FEWEST = 20  # training rows of the smallest size
A_CLASS = 8  # and rows for each class

Run = Callable[[Sequence[Contender], Sequence[Trial]], tuple[Outcome, ...]]


def curve_plan(prepared: Prepared, plan: Plan, *, draws: int, seed: int) -> tuple[Trial, ...]:
    """The trials of the learning curve: every size but the largest, which has been judged already."""
    rows = min(len(trial.train) for trial in plan.judged)
    sizes = curve_sizes(rows, least=max(FEWEST, A_CLASS * len(classes_of(prepared)), rows // 32))[:-1]
    small, large = ([size for size in sizes if (size < MANY) == few] for few in (True, False))
    return (
        *curve_trials(plan, small, draws=draws, seed=seed),
        *curve_trials(plan, large, draws=min(draws, DRAWS_OF_MANY), seed=seed),
    )


def learning_curve(
    prepared: Prepared,
    plan: Plan,
    trials: Sequence[Trial],
    tallies: Mapping[str, Tally],
    outcomes: Sequence[Outcome],
    *,
    metric: str,
    seed: int,
) -> dict[str, Json] | None:
    """The ``learning_curve`` of ``result.json``; None if no contender was done with all trials."""
    curves = {
        outcome.contender.name: read_curve(
            _points(prepared, plan, trials, tallies[outcome.contender.name], outcome, METRICS[metric]),
            seed=seed,
            rows=len(plan.known),
        )
        for outcome in outcomes
        if outcome.left_out is None
    }
    if not curves:
        return None
    titles = {name: tallies[name].contender.title for name in curves}
    first = NETWORK if NETWORK in curves else next(iter(curves))
    other = next((name for name in curves if name != first), None)
    crossed = None if other is None else meeting(curves, first, other, seed=seed)
    measure = _measure(METRICS[metric])
    words = sentence(
        curves,
        name=first,
        measure=measure,
        titles={**titles, NETWORK: "network"},
        crossed=None if other is None else (first, other, crossed),
    )
    return to_json(curves, measure=measure, crossing=crossed, sentence=words)


def _points(
    prepared: Prepared, plan: Plan, trials: Sequence[Trial], tally: Tally, outcome: Outcome, metric: Metric
) -> Points:
    errors: dict[int, list[float]] = {}
    for trial, attempt in zip(trials, outcome.attempts, strict=True):
        value = metric.function(truth_of(prepared, trial), attempt.answers)
        errors.setdefault(len(trial.train), []).append(_error(metric, value))
    largest = min(len(trial.train) for trial in plan.judged)
    errors[largest] = [_error(metric, value) for value in tally.score(metric.name).folds]
    return Points(rows=tuple(sorted(errors)), errors=tuple(tuple(errors[rows]) for rows in sorted(errors)))


def _error(metric: Metric, value: float) -> float:
    return value if metric.better == "lower" else 1 - value


def _measure(metric: Metric) -> Measure:
    if metric.name == "accuracy":
        return Measure()
    if metric.better == "lower":
        return Measure(metric=metric.name, label=metric.label, percent=metric.percent)
    return Measure(metric=f"1 - {metric.name}", label=f"1 − {metric.label}", percent=metric.percent)


def costs_of(tallies: Mapping[str, Tally], trials: Sequence[Trial], plan: Plan) -> float:
    """Processor seconds that the trials may take, from what the judged ones took."""
    largest = max(len(trial.train) for trial in plan.judged)
    share = sum(len(trial.train) for trial in trials) / largest
    return share * sum(tally.cost.mean_fit_seconds for tally in tallies.values())
