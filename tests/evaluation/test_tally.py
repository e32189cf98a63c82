"""What answers are worth: fair calibration, scores, costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamina.classical import FAMILIES
from lamina.data import MISSING_SPELLINGS
from lamina.evaluation import Protocol
from lamina.evaluation.contenders import contenders_of
from lamina.evaluation.cost import cost_of
from lamina.evaluation.facts import score_interval
from lamina.evaluation.plan import Plan, make_plan
from lamina.evaluation.prepare import Prepared, prepare
from lamina.evaluation.race import Outcome
from lamina.evaluation.tally import Tally, metrics_of, tally, truth_of, usual_metric
from lamina.metrics import METRICS
from lamina.model.calibration import calibrated
from lamina.rivals import Attempt
from lamina.rivals.attempt import NotKept
from quick import mixed_columns, two_clouds


def ready(target: str, rows: int = 90, **protocol: Any) -> tuple[Prepared, Plan]:
    """Prepared rows and their plan."""
    asked = Protocol(**{"folds": 3, "repeats": 2, **protocol})
    data = mixed_columns(rows)
    ready = prepare(data, target, task=None, protocol=asked, kinds={}, missing=MISSING_SPELLINGS)
    return ready, make_plan(ready, asked, seed=0)


def said(
    prepared: Prepared, plan: Plan, *, change: Callable[[int, Any], Any] = lambda place, answers: answers
) -> Outcome:
    """What a contender said that is mostly right and much too sure."""
    stream = np.random.default_rng(5)
    attempts = []
    for place, trial in enumerate(plan.trials):
        truth = truth_of(prepared, trial)
        if prepared.task == "classification":
            wrong = stream.random(len(truth)) < 0.25
            chance = np.where(truth ^ wrong, 0.001, 0.999)
            answers = np.stack([chance, 1 - chance], axis=1)
        else:
            answers = truth + stream.normal(0, 2, len(truth))
        learnt = FAMILIES["constant"]().fit(np.zeros((4, 1), np.float32), np.array([0, 1, 0, 1]), classes=2, seed=0)
        one = Attempt(answers=answers, cpu_seconds=1.0 + place, predict_seconds=0.5, learnt=learnt)
        attempts.append(dataclasses.replace(one, answers=change(place, answers)))
    return Outcome(contender=contenders_of(["linear"])[1], attempts=tuple(attempts))


def temperature_of(before: np.ndarray, after: np.ndarray) -> float:
    """By which temperature answers were calibrated."""
    return float(np.log(before[0, 0] / before[0, 1]) / np.log(after[0, 0] / after[0, 1]))


def test_a_folds_own_truth_never_calibrates_it() -> None:
    """Answers that are all wrong in one fold heat up the other folds of the same draw, no others, and not itself."""
    prepared, plan = ready("grade")

    def turned(place: int, answers: np.ndarray) -> np.ndarray:
        return answers[:, ::-1] if place == 1 else answers

    plain = tally(prepared, plan, said(prepared, plan), metric="accuracy", seed=0)
    poisoned = tally(prepared, plan, said(prepared, plan, change=turned), metric="accuracy", seed=0)
    before = [temperature_of(*pair) for pair in zip(raw(prepared, plan), plain.answers, strict=True)]
    after = [temperature_of(*pair) for pair in zip(raw(prepared, plan, change=turned), poisoned.answers, strict=True)]
    assert after[1] == pytest.approx(before[1], rel=1e-6)  # the fold whose answers are wrong
    assert after[0] > 1.2 * before[0]
    assert after[2] > 1.2 * before[2]
    assert after[3:] == pytest.approx(before[3:], rel=1e-6)  # the other draw of the folds
    assert poisoned.calibration.temperature > plain.calibration.temperature > 1


def raw(prepared: Prepared, plan: Plan, **changes: Any) -> list[np.ndarray]:
    """What was said, before calibration."""
    return [attempt.answers for attempt in said(prepared, plan, **changes).attempts[: len(plan.judged)]]


def test_one_part_held_out_calibrates_itself_in_parts() -> None:
    """Where there is a single test side, rows are calibrated by those of its other parts: more than one temperature."""
    prepared, plan = ready("grade", folds=1)
    found = tally(prepared, plan, said(prepared, plan), metric="accuracy", seed=0)
    (before,), (after,) = raw(prepared, plan), found.answers
    ratios = np.log(before[:, 0] / before[:, 1]) / np.log(after[:, 0] / after[:, 1])
    assert 2 <= len(np.unique(ratios.round(6))) <= 5


def test_a_constant_answer_ranks_no_rows() -> None:
    """It has an area of one half, and no interval around it, though its chances get a temperature in each part."""
    prepared, plan = ready("grade", folds=1)
    outcome = said(prepared, plan, change=lambda _, answers: np.broadcast_to([0.3, 0.7], answers.shape))
    found = tally(prepared, plan, outcome, metric="roc_auc", seed=0)
    assert len(np.unique(found.answers[0][:, 0].round(9))) > 1
    assert found.score("roc_auc").folds == (0.5,)
    assert score_interval(prepared, plan, found, "roc_auc", 0) == (0.5, 0.5)
    assert found.answers_to("log_loss") is found.answers


def test_scores_are_those_of_the_calibrated_answers() -> None:
    """Every metric of every split can be worked out again from the truth and the answers, the headline first."""
    prepared, plan = ready("grade")
    found = tally(prepared, plan, said(prepared, plan), metric="log_loss", seed=0)
    assert found.scores[0].name == "log_loss"
    assert [score.name for score in found.scores] == [metric.name for metric in metrics_of(prepared, "log_loss")]
    for score in found.scores:
        pairs = zip(plan.judged, found.answers, strict=True)
        again = [METRICS[score.name].function(truth_of(prepared, trial), answers) for trial, answers in pairs]
        np.testing.assert_allclose(score.folds, again)
    accuracy = [
        float((given.argmax(1) == truth_of(prepared, t)).mean())
        for t, given in zip(plan.judged, raw(prepared, plan), strict=True)
    ]
    assert list(found.score("accuracy").folds) == pytest.approx(accuracy)  # a temperature changes no answer


def test_calibration_makes_the_chances_honest() -> None:
    """Answers that are too sure lose less after calibration, on rows that did not choose the temperature."""
    prepared, plan = ready("grade")
    found = tally(prepared, plan, said(prepared, plan), metric="accuracy", seed=0)
    loss = METRICS["log_loss"].function
    before = np.mean([loss(truth_of(prepared, t), a) for t, a in zip(plan.judged, raw(prepared, plan), strict=True)])
    assert found.score("log_loss").mean < before / 2
    np.testing.assert_allclose(
        calibrated(raw(prepared, plan)[0], temperature_of(raw(prepared, plan)[0], found.answers[0])), found.answers[0]
    )


def test_numbers_are_left_as_they_are() -> None:
    """A regression has no temperature; how far off it was is kept for intervals, one number for each row."""
    prepared, plan = ready("cost")
    found = tally(prepared, plan, said(prepared, plan), metric="rmse", seed=0)
    for before, after in zip(raw(prepared, plan), found.answers, strict=True):
        np.testing.assert_array_equal(before, after)
    assert found.honesty is None
    assert found.calibration.temperature == 1
    assert found.calibration.rows == 90  # of the first draw: each row once
    assert found.coverage["measured"] == pytest.approx(0.9, abs=0.1)


def test_costs_are_of_the_splits_that_judge() -> None:
    """What is kept is paid for once more, but not counted; the size is that of what is kept."""
    prepared, plan = ready("grade")
    found = tally(prepared, plan, said(prepared, plan), metric="accuracy", seed=0)
    assert found.cost.fit_seconds == (1, 2, 3, 4, 5, 6)
    assert found.cost.mean_fit_seconds == 3.5
    assert found.cost.predict_seconds_a_row == pytest.approx(6 * 0.5 / 180)
    facts = found.cost.to_json()
    assert (facts["cpu_seconds"], facts["fit_seconds"]) == (21, 3.5)
    assert facts["rows_per_second"] == pytest.approx(60)
    assert facts["bytes"] == sum(array.nbytes for array in found.kept.learnt.arrays().values()) > 0


def test_what_cannot_be_held_has_no_size() -> None:
    """Of somebody else's estimator nobody knows the size: it is not told as zero."""
    learnt = NotKept(why="a rule by hand")
    facts = cost_of(Attempt(answers=np.empty(0), learnt=learnt), [Attempt(answers=np.empty(0))], rows=1).to_json()
    assert (facts["bytes"], facts["parameters"], facts["multiply_adds"]) == (None, None, None)


def test_answers_are_kept_as_they_were_given() -> None:
    """What was said before calibration stays beside it."""
    prepared, plan = ready("grade")
    found = tally(prepared, plan, said(prepared, plan), metric="accuracy", seed=0)
    for before, given in zip(raw(prepared, plan), found.given, strict=True):
        np.testing.assert_array_equal(before, given)


@pytest.mark.parametrize(("rare", "metric"), [(5, "roc_auc"), (30, "accuracy")])
def test_a_rare_class_changes_the_headline(rare, metric) -> None:
    """Where always saying one of two classes looks good, accuracy is no headline."""
    X, _ = two_clouds(100)
    data = {"a": X[:, 0].tolist(), "kind": ["rare"] * rare + ["usual"] * (100 - rare)}
    rows = prepare(data, "kind", task=None, protocol=Protocol(folds=2), kinds={}, missing=MISSING_SPELLINGS)
    assert usual_metric(rows) == metric


def test_a_tally_knows_its_scores_by_name() -> None:
    """Asked for a metric it has, it gives that one."""
    prepared, plan = ready("cost")
    found = tally(prepared, plan, said(prepared, plan), metric="mae", seed=0)
    assert isinstance(found, Tally)
    assert found.score("rmse").name == "rmse"
