"""Would more rows help? The contenders learn from ever larger parts of the rows, all parts together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamina.evaluation.contenders import NETWORK
from lamina.evaluation.learning import SIZES, Measure, Points, curve_sizes, meeting, read_curve, sentence, to_json
from lamina.evaluation.plan import Plan, curve_trials
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.race import Outcome
from lamina.evaluation.tally import Tally, classes_of, truth_of
from lamina.foundation.specs import Json
from lamina.metrics import METRICS, Metric
from lamina.rivals import Trial

DRAWS, DRAWS_OF_MANY = 5, 2  # of a size; of the larger ones in a large table, whose errors chance moves less
FEWEST_DRAWS = 3  # with folds, whose rows differ: one fold alone may be a lucky one
MANY = 2_500  # training rows from which a draw counts as one of many
FEWEST = 20  # training rows of the smallest size
A_CLASS = 8  # and rows for each class
FULL = 0.9  # of the largest training side: splits with fewer rows, as the early ones by time, draw no curve


def curve_plan(prepared: Prepared, plan: Plan, *, draws: int, seed: int, sizes: int = SIZES) -> tuple[Trial, ...]:
    """The trials of the learning curve: every size but the largest, which has been judged already.

    With folds every size is drawn equally often, from the same splits: the points then differ by their rows alone.
    """
    splits = _full_splits(plan)
    smaller = curve_sizes(_most_rows(plan), least=_least(prepared, plan), count=sizes)[:-1]
    if len(splits) > 1:
        return curve_trials(splits, smaller, draws=max(draws, FEWEST_DRAWS), seed=seed, groups=plan.groups)
    small, large = ([size for size in smaller if (size < MANY) == few] for few in (True, False))
    return (
        *curve_trials(splits, small, draws=draws, seed=seed, groups=plan.groups),
        *curve_trials(splits, large, draws=min(draws, DRAWS_OF_MANY), seed=seed, groups=plan.groups),
    )


def why_no_curve(prepared: Prepared, plan: Plan) -> str | None:
    """In words, why these rows are too few for a learning curve; None where they are enough."""
    rows, least = _most_rows(plan), _least(prepared, plan)
    if rows > least:
        return None
    classes = len(classes_of(prepared))
    each = f", {A_CLASS} for each of {classes} classes" if A_CLASS * classes > FEWEST else ""
    return (
        f"there is no learning curve: its smallest part would need {least:,} rows to learn from{each}, "
        f"and there are {rows:,}."
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
            most=_most_error(METRICS[metric]),
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
    """Errors by size, all of answers as they were given: those of the smaller sizes cannot be calibrated."""
    errors: dict[int, list[float]] = {}
    for trial, attempt in zip(trials, outcome.attempts, strict=True):
        value = metric.function(truth_of(prepared, trial), attempt.answers)
        errors.setdefault(len(trial.train), []).append(_error(metric, value))
    errors[_most_rows(plan)] = [
        _error(metric, metric.function(truth_of(prepared, trial), answers))
        for trial, answers in zip(plan.judged, tally.given, strict=True)
        if any(trial.test is drawn.test for drawn in trials)  # the splits that the smaller sizes were drawn from
    ]
    return Points(rows=tuple(sorted(errors)), errors=tuple(tuple(errors[rows]) for rows in sorted(errors)))


def _full_splits(plan: Plan) -> list[Trial]:
    """The splits with about as many training rows as any: by time the later ones, else all."""
    largest = max(len(trial.train) for trial in plan.judged)
    return [trial for trial in plan.judged if len(trial.train) >= FULL * largest]


def _most_rows(plan: Plan) -> int:
    return min(len(trial.train) for trial in _full_splits(plan))


def _least(prepared: Prepared, plan: Plan) -> int:
    return max(FEWEST, A_CLASS * len(classes_of(prepared)), _most_rows(plan) // 32)


def _error(metric: Metric, value: float) -> float:
    return value if metric.better == "lower" else 1 - value


def _most_error(metric: Metric) -> float:
    return metric.bounds[1] if metric.better == "lower" else 1 - metric.bounds[0]


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
