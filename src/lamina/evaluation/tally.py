"""What a contender's answers are worth: scores in every split, and how honest its chances are.

Chances are calibrated before they are scored, as they are in the model that is kept: those of each fold with the
temperature of the other folds' rows, so that no row is judged by a temperature that it helped to choose. Metrics of
order look at the answers before that: several temperatures would put the rows of one test side in another order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data import ClassTarget
from lamina.evaluation.contenders import NETWORK, Contender
from lamina.evaluation.cost import Cost, cost_of
from lamina.evaluation.honesty import (
    conformity_of_classes,
    conformity_of_numbers,
    cross_fitted,
    ece_interval,
    fit_temperature,
    measured_coverage,
    reliability,
)
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.race import Outcome
from lamina.evaluation.score import Score, scores_of
from lamina.foundation.randomness import numpy_stream
from lamina.foundation.specs import Json, code
from lamina.metrics import METRICS, Metric, classification_metrics, finite_or_none, measure, regression_metrics
from lamina.model import Calibration, fit_conformity
from lamina.rivals import Answers, Attempt, Trial, target_of

CHUNKS = 5  # parts of a single test side that calibrate each other
RARE = 0.2  # share of the rarer of two classes below which always saying the other looks good


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """What a contender is worth; ``answers`` are calibrated, those of each split, and ``kept`` is what is kept of it.

    ``given`` are the answers of each split before any calibration; ``calibration`` is the one for the model that is
    kept, from every held-out answer.
    """

    contender: Contender
    scores: tuple[Score, ...]
    answers: tuple[Answers, ...]
    given: tuple[Answers, ...]
    kept: Attempt
    cost: Cost
    calibration: Calibration
    honesty: dict[str, Json] | None
    coverage: dict[str, Json] | None

    def score(self, metric: str) -> Score:
        """The score of that metric."""
        return next(score for score in self.scores if score.name == metric)

    def answers_to(self, metric: str) -> tuple[Answers, ...]:
        """The answers that this metric measures, those of each split."""
        return self.given if METRICS[metric].ranks else self.answers


def tally(prepared: Prepared, plan: Plan, outcome: Outcome, *, metric: str, seed: int) -> Tally:
    """Measure one contender; the headline metric comes first."""
    judged, attempts = plan.judged, outcome.attempts
    truths = [truth_of(prepared, trial) for trial in judged]
    said = [attempt.answers for attempt in attempts[: len(judged)]]
    groups = _fold_groups(judged, seed)
    fair = _calibrated(judged, said, truths, groups) if prepared.task == "classification" else said
    first, truth, chunks = _first_repeat(judged, fair, truths, groups)
    kept, metrics = attempts[-1], metrics_of(prepared, metric)
    return Tally(
        contender=outcome.contender,
        scores=scores_of([_measured(metrics, *one) for one in zip(truths, fair, said, strict=True)]),
        answers=tuple(fair),
        given=tuple(said),
        kept=kept,
        cost=cost_of(kept, attempts[: len(judged)], rows=sum(map(len, truths))),
        calibration=_calibration(said, truths, first, truth),
        honesty=_honesty(first, truth, seed) if prepared.task == "classification" else None,
        coverage=measured_coverage(first, truth, chunks).to_json(),
    )


def _measured(metrics: Sequence[Metric], truth: npt.NDArray[Any], fair: Answers, said: Answers) -> dict[str, float]:
    order, others = ([one for one in metrics if one.ranks is ranks] for ranks in (True, False))
    found = measure(others, truth, fair) | measure(order, truth, said)
    return {metric.name: found[metric.name] for metric in metrics}


def truth_of(prepared: Prepared, trial: Trial) -> npt.NDArray[Any]:
    """The truth about the rows that judge: codes of classes, or numbers in their own unit, ``(row,)``."""
    column = prepared.table.column(prepared.schema.target).take(pa.array(trial.test))
    target = target_of(prepared.table, prepared.schema, prepared.task, trial)
    return target.encode(column) if isinstance(target, ClassTarget) else np.asarray(column, np.float64)


def first_draw(prepared: Prepared, plan: Plan, tally: Tally) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    """Truth and answers of the first draw of the folds: each row once."""
    places = [place for place, trial in enumerate(plan.judged) if trial.repeat == 0]
    truths = [truth_of(prepared, plan.judged[place]) for place in places]
    return np.concatenate(truths), np.concatenate([tally.answers[place] for place in places])


def metrics_of(prepared: Prepared, first: str) -> tuple[Any, ...]:
    """The metrics of the task, the headline first."""
    if prepared.task == "classification":
        usual = classification_metrics(len(classes_of(prepared)))
    else:
        usual = regression_metrics()
    return (METRICS[first], *(metric for metric in usual if metric.name != first))


def usual_metric(prepared: Prepared) -> str:
    """The headline: accuracy, unless one of two classes is so rare that always saying the other looks good."""
    if prepared.task == "regression":
        return "rmse"
    counts = np.bincount(codes_of(prepared), minlength=2)
    return "roc_auc" if len(counts) == 2 and counts.min() < RARE * counts.sum() else "accuracy"


def classes_of(prepared: Prepared) -> tuple[str, ...]:
    """The classes in the order of their codes."""
    target = _whole_target(prepared)
    return target.classes if isinstance(target, ClassTarget) else ()


def codes_of(prepared: Prepared) -> npt.NDArray[np.int64]:
    """The code of every row's class."""
    target = _whole_target(prepared)
    assert isinstance(target, ClassTarget)
    return target.encode(prepared.table.column(prepared.schema.target))


def settings_of(tally: Tally) -> tuple[str, dict[str, Json], dict[str, Json]]:
    """What was asked for, what was chosen inside the training rows, and what was remarked on the way."""
    learnt = tally.kept.learnt
    if tally.contender.name == NETWORK:
        return code(learnt.predictor.spec), {"members": learnt.predictor.members}, {}
    asked = code(tally.contender.family) if dataclasses.is_dataclass(tally.contender.family) else tally.contender.title
    return asked, dict(getattr(learnt, "chosen", {})), dict(getattr(learnt, "remarks", {}))


def _whole_target(prepared: Prepared) -> Any:
    every = Trial(train=np.arange(prepared.table.num_rows), test=np.arange(0))
    return target_of(prepared.table, prepared.schema, prepared.task, every)


def _fold_groups(judged: Sequence[Trial], seed: int) -> list[npt.NDArray[np.int64]]:
    """For each row that judges, the part it belongs to; the others calibrate it. A single test side is cut up."""
    if len(judged) > 1:
        return [np.full(len(trial.test), place) for place, trial in enumerate(judged)]
    rows = len(judged[0].test)
    return [numpy_stream(seed, "chunks").permutation(rows) % min(CHUNKS, rows)]


def _calibrated(
    judged: Sequence[Trial],
    said: Sequence[Answers],
    truths: Sequence[npt.NDArray[Any]],
    groups: Sequence[npt.NDArray[np.int64]],
) -> list[Answers]:
    """The rows of a fold, calibrated by those of the other folds of the same draw: there each row comes once."""
    fair = list(said)
    for repeat in {trial.repeat for trial in judged}:
        places = [place for place, trial in enumerate(judged) if trial.repeat == repeat]
        pools = (np.concatenate([parts[place] for place in places]) for parts in (said, truths, groups))
        ends = np.cumsum([len(said[place]) for place in places])[:-1]
        for place, answers in zip(places, np.split(cross_fitted(*pools), ends), strict=True):
            fair[place] = answers
    return fair


def _first_repeat(
    judged: Sequence[Trial],
    answers: Sequence[Answers],
    truths: Sequence[npt.NDArray[Any]],
    groups: Sequence[npt.NDArray[np.int64]],
) -> tuple[Answers, npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Each row once: the answers, the truth and the folds of the first draw."""
    first = [place for place, trial in enumerate(judged) if trial.repeat == 0]
    said, known, folds = (np.concatenate([parts[place] for place in first]) for parts in (answers, truths, groups))
    return said, known, folds


def _calibration(
    said: Sequence[Answers], truths: Sequence[npt.NDArray[Any]], first: Answers, truth: npt.NDArray[Any]
) -> Calibration:
    """For the model that is kept: the temperature of all held-out answers, how far off those of the first draw were."""
    if first.ndim == 1:
        return fit_conformity(conformity_of_numbers(first, truth))
    temperature = fit_temperature(np.concatenate(said), np.concatenate(truths))
    return fit_conformity(conformity_of_classes(first, truth), temperature=temperature)


def _honesty(answers: Answers, truth: npt.NDArray[Any], seed: int) -> dict[str, Json]:
    """The calibration error with its interval, and the reliability diagram."""
    low, high = ece_interval(answers, truth, seed=seed)
    return {
        "ece": finite_or_none(METRICS["ece"].function(truth, answers)),
        "ece_interval": [finite_or_none(low), finite_or_none(high)],
        "bins": [dataclasses.asdict(one) for one in reliability(answers, truth)],
    }
