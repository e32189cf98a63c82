"""The last line: what it says where no rows were set aside."""

from __future__ import annotations

import pytest

from lamina.data import MISSING_SPELLINGS
from lamina.evaluation import Protocol
from lamina.evaluation.contenders import contenders_of
from lamina.evaluation.final import final_facts, flattery
from lamina.evaluation.plan import make_plan
from lamina.evaluation.prepare import prepare
from lamina.evaluation.race import NetworkRecipe, race
from lamina.evaluation.tally import tally
from lamina.evaluation.verdict import Corrected
from lamina.metrics import METRICS
from quick import SHORT, SMALL, mixed_columns


@pytest.mark.parametrize(("asked", "words"), [(None, "aside, for with 90 each one is needed"), (0.0, "aside.")])
def test_nobody_is_told_why_they_asked(asked, words) -> None:
    """Where the number of rows decided, that is the reason; where a person did, none is made up."""
    protocol = Protocol(folds=3, repeats=1)
    prepared = prepare(mixed_columns(90), "grade", task=None, protocol=protocol, kinds={}, missing=MISSING_SPELLINGS)
    plan = make_plan(prepared, protocol, seed=0)
    (outcome,) = race(
        prepared,
        contenders_of([])[:1],
        plan.trials,
        recipe=NetworkRecipe(network=SMALL, training=SHORT, seeds=(0,), choosing=False),
        protocol=protocol,
        seed=0,
        workers=0,
    )
    done = [tally(prepared, plan, outcome, metric="accuracy", seed=0)]
    told = final_facts(prepared, plan, done, None, metric="accuracy", seed=0, asked=asked)
    assert f"No rows were set {words}" in told["sentence"]


@pytest.mark.parametrize("optimism", [-0.01, 0.0, 0.0009])
def test_small_flattery_is_none(optimism) -> None:
    """Below a tenth of what counts as equal, and below zero, there is nothing to tell."""
    corrected = Corrected(chosen="linear", score=0.9, interval=(0.8, 1.0), optimism=optimism)
    assert flattery(METRICS["accuracy"], corrected) == "nothing measurable"
