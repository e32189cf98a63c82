"""The learning curve: which splits it is drawn from, and what its points are the errors of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamina.data import MISSING_SPELLINGS
from lamina.evaluation import Protocol
from lamina.evaluation.contenders import contenders_of
from lamina.evaluation.curve import curve_plan, learning_curve, why_no_curve
from lamina.evaluation.learning import FEWEST_SIZES, SIZES
from lamina.evaluation.plan import Plan, make_plan
from lamina.evaluation.prepare import Prepared, prepare
from lamina.evaluation.race import Outcome
from lamina.evaluation.tally import tally, truth_of
from lamina.metrics import METRICS
from lamina.rivals import Attempt, Trial


def ready(rows: int = 300, classes: int = 2, **protocol: Any) -> tuple[Prepared, Plan]:
    """Prepared rows in the order of time, and their plan."""
    asked = Protocol(**protocol)
    data = {
        "a": np.random.default_rng(0).normal(0, 1, rows).tolist(),
        "day": [str(np.datetime64("2020-01-01T00:00") + np.timedelta64(i, "h")) for i in range(rows)],
        "kind": [f"k{i % classes}" for i in range(rows)],
    }
    found = prepare(data, "kind", task=None, protocol=asked, kinds={}, missing=MISSING_SPELLINGS)
    return found, make_plan(found, asked, seed=0)


def doubtful(prepared: Prepared, trials: tuple[Trial, ...]) -> Outcome:
    """Somebody who is often wrong and always sure."""
    stream = np.random.default_rng(1)
    attempts = []
    for trial in trials:
        truth = truth_of(prepared, trial)
        chance = np.where(truth ^ (stream.random(len(truth)) < 0.3), 0.001, 0.999)
        attempts.append(Attempt(answers=np.stack([chance, 1 - chance], axis=1)))
    return Outcome(contender=contenders_of(["linear"])[1], attempts=tuple(attempts))


def last_errors(prepared: Prepared, plan: Plan, metric: str, draws: int) -> tuple[list[float], list[float]]:
    """The errors of the largest size, and those of all splits as their answers were given."""
    judged, trials = doubtful(prepared, plan.trials), curve_plan(prepared, plan, draws=draws, seed=0)
    found = tally(prepared, plan, judged, metric=metric, seed=0)
    drawn = doubtful(prepared, trials)
    curve = learning_curve(prepared, plan, trials, {"linear": found}, [drawn], metric=metric, seed=0)
    raw = [
        METRICS[metric].function(truth_of(prepared, trial), attempt.answers)
        for trial, attempt in zip(plan.judged, judged.attempts, strict=False)
    ]
    assert curve is not None
    return curve["contenders"]["linear"]["points"][-1]["errors"], raw


def test_one_draw_is_drawn_from_several_folds() -> None:
    """A quick look too draws each size from three folds: one alone may be a lucky one."""
    prepared, plan = ready(folds=5, repeats=1)
    trials = curve_plan(prepared, plan, draws=1, seed=0)
    for size in {len(trial.train) for trial in trials}:
        tests = [trial.test for trial in trials if len(trial.train) == size]
        assert len({id(test) for test in tests}) == len(tests) == 3


@pytest.mark.parametrize(("draws", "splits"), [(1, 3), (4, 4), (9, 6)])
def test_the_largest_point_is_of_the_splits_that_were_drawn_from(draws, splits) -> None:
    """Its errors are those of the same splits, of answers as uncalibrated as those of the smaller sizes."""
    prepared, plan = ready(folds=3, repeats=2)
    found, raw = last_errors(prepared, plan, "log_loss", draws)
    assert found == pytest.approx(raw[:splits])


def test_early_folds_by_time_draw_no_curve() -> None:
    """By time the training sides grow; only the full ones are drawn from, and filed under what they have."""
    prepared, plan = ready(folds=4, time="day")
    largest = max(len(trial.train) for trial in plan.judged)
    trials = curve_plan(prepared, plan, draws=2, seed=0)
    assert all(trial.test is plan.judged[-1].test for trial in trials)
    assert max(len(trial.train) for trial in trials) > min(len(trial.train) for trial in plan.judged)
    found, raw = last_errors(prepared, plan, "accuracy", 2)
    assert found == pytest.approx([1 - raw[-1]])
    assert largest == len(plan.judged[-1].train)


def test_too_few_rows_are_told() -> None:
    """Where eight rows of each class are all there are, there is no curve, and words say why."""
    prepared, plan = ready(rows=300, classes=30, folds=2)
    assert curve_plan(prepared, plan, draws=1, seed=0) == ()
    assert why_no_curve(prepared, plan) == (
        "there is no learning curve: its smallest part would need 240 rows to learn from, 8 for each of 30 classes, "
        "and there are 150."
    )
    assert why_no_curve(*ready()) is None


def test_a_quick_look_measures_at_the_fewest_sizes() -> None:
    """Four sizes of six, the smallest and the largest the same: as many as a law needs, so that it can be told."""
    prepared, plan = ready(folds=2)
    usual, quick = (curve_plan(prepared, plan, draws=1, sizes=sizes, seed=0) for sizes in (SIZES, FEWEST_SIZES))
    few, many = ({len(trial.train) for trial in trials} for trials in (quick, usual))
    assert (len(few), len(many), min(few)) == (FEWEST_SIZES - 1, SIZES - 1, min(many))
