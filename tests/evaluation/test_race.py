"""The race: the same trials for everybody, and words for whoever is too late."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

from lamina.data import MISSING_SPELLINGS, Encoder
from lamina.evaluation import Protocol
from lamina.evaluation.contenders import NETWORK, contenders_of
from lamina.evaluation.curve import costs_of, curve_plan
from lamina.evaluation.facts import by_name
from lamina.evaluation.plan import make_plan
from lamina.evaluation.prepare import prepare
from lamina.evaluation.race import NetworkRecipe, race, rival_jobs
from lamina.evaluation.tally import tally, truth_of
from lamina.model import Predictor
from quick import ENOUGH, SMALL, mixed_columns
from rival_ground import Refuser

PROTOCOL = Protocol(folds=3, repeats=1)
RECIPE = NetworkRecipe(network=SMALL, training=ENOUGH, seeds=(0,), choosing=False)


@pytest.fixture(scope="module")
def ready():
    """Prepared rows and their plan."""
    rows = prepare(mixed_columns(), "grade", task=None, protocol=PROTOCOL, kinds={}, missing=MISSING_SPELLINGS)
    return rows, make_plan(rows, PROTOCOL, seed=0)


def run(ready, asked, **changes):
    """The outcomes by name."""
    rows, plan = ready
    usual = {"recipe": RECIPE, "protocol": PROTOCOL, "seed": 0, "workers": 0}
    return {one.contender.name: one for one in race(rows, contenders_of(asked), plan.trials, **{**usual, **changes})}


def test_everybody_tries_the_same_trials(ready) -> None:
    """The network and its rivals answer about the same rows of every trial, and keep what they learnt of the last."""
    rows, plan = ready
    found = run(ready, ["linear"])
    assert list(found) == ["constant", "linear", NETWORK]
    for outcome in found.values():
        assert outcome.left_out is None
        assert [len(one.answers) for one in outcome.attempts] == [len(trial.test) for trial in plan.trials]
        assert outcome.attempts[-1].learnt is not None
    for outcome in (found["linear"], found[NETWORK]):
        for trial, one in zip(plan.judged, outcome.attempts, strict=False):
            assert (one.answers.argmax(axis=1) == truth_of(rows, trial)).mean() > 0.7


def test_seeds_are_told_by_contender_and_trial(ready) -> None:
    """No two jobs draw the same numbers, a run can be repeated, and who else takes part changes nothing."""
    trials = {str(place): trial for place, trial in enumerate(ready[1].trials)}
    few, many = (rival_jobs(contenders_of(asked), trials, seed=1) for asked in (["linear"], ["linear", "svm"]))
    assert len({job.seed for job in many}) == len(many) == 3 * len(trials)
    known = {job.key: job.seed for job in many}
    assert all(known[job.key] == job.seed for job in few)
    assert {job.trial for job in many if job.keep} == {"3"}  # the one whose model is kept


@pytest.mark.parametrize("workers", [0, 1])
def test_who_is_too_late_is_left_out_with_words(ready, workers) -> None:
    """When the time is up a rival has no result; the network stops with what it has."""
    found = run(ready, ["linear"], until=time.monotonic() - 1, workers=workers)
    assert {name: one.left_out for name, one in found.items()} == {
        "constant": "the budget was used up",
        "linear": "the budget was used up",
        NETWORK: None,
    }
    assert found["linear"].attempts == ()
    assert set(found[NETWORK].attempts[0].learnt.stopped) == {"seconds"}


def test_the_network_does_not_use_up_the_time_of_its_rivals(ready) -> None:
    """A network that would train for ever in the only process leaves time to the rivals that share it."""
    for_ever = NetworkRecipe(
        network=SMALL, training=ENOUGH.__class__(epochs=10**6, device="cpu"), seeds=(0,), choosing=False
    )
    found = run(ready, [], recipe=for_ever, until=time.monotonic() + 1)
    assert [one.left_out for one in found.values()] == [None, None]


def test_one_that_raises_does_not_stop_the_others(ready) -> None:
    """A guest's error is the reason why it is left out."""
    found = run(ready, ["linear", Refuser()])
    assert "Monday" in found["Refuser"].left_out
    assert found["linear"].left_out is found[NETWORK].left_out is None


def test_the_listener_hears_epochs_and_rivals(ready) -> None:
    """Epochs of the networks with the count of rivals' fits beside them, then the rest of the fits."""
    heard = []
    run(ready, ["linear"], on_step=lambda epoch, done, total: heard.append((epoch and epoch.epoch, done, total)))
    assert [epoch for epoch, _, _ in heard if epoch] == list(range(1, 31))
    assert {total for _, _, total in heard} == {8}
    assert heard[-1] == (None, 8, 8)


def test_networks_answer_the_same_beside_others(ready) -> None:
    """Rivals in other processes change no bit of what the network learns."""
    alone, beside = run(ready, []), run(ready, ["linear"], workers=1)
    for one, other in zip(alone[NETWORK].attempts, beside[NETWORK].attempts, strict=True):
        np.testing.assert_array_equal(one.answers, other.answers)


def test_the_curve_knows_its_sizes_and_its_price(ready) -> None:
    """Sizes grow from enough rows for every class to just below all of them; the price grows with the rows."""
    rows, plan = ready
    trials = curve_plan(rows, plan, draws=3, seed=0)
    sizes = sorted({len(trial.train) for trial in trials})
    assert len(trials) == 3 * len(sizes)
    assert sizes[0] == 20
    assert sizes[-1] < min(len(trial.train) for trial in plan.judged)
    assert {trial.purpose for trial in trials} == {"curve"}
    named = by_name([tally(rows, plan, one, metric="accuracy", seed=0) for one in run(ready, []).values()])
    few, many = costs_of(named, trials[:3], plan), costs_of(named, trials, plan)
    share = sum(len(trial.train) for trial in trials[:3]) / sum(len(trial.train) for trial in trials)
    assert few == pytest.approx(share * many)


def test_the_network_is_timed_on_encoded_rows(ready, monkeypatch) -> None:
    """While its clock runs nothing is encoded, as with its rivals."""
    room, encoded_at, asked_at = race.__globals__, [], []
    clock = iter(range(10**6))
    monkeypatch.setitem(room, "time", SimpleNamespace(process_time=lambda: next(clock), monotonic=time.monotonic))
    encode = Encoder.encode
    scores = Predictor.scores
    monkeypatch.setattr(Encoder, "encode", lambda *a: (encoded_at.append(next(clock)), encode(*a))[1])
    monkeypatch.setattr(Predictor, "scores", lambda *a, **k: (asked_at.append(next(clock)), scores(*a, **k))[1])
    (outcome,) = [one for one in run(ready, []).values() if one.contender.name == NETWORK]
    # the clock ticks at each look at it and at each call: two looks with one call between them
    assert {one.predict_seconds for one in outcome.attempts} == {2}
    assert encoded_at
