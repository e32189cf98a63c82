"""The parts of result.json: each number can be worked out again from others."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import lamina
from lamina.estimators import Mirrors
from lamina.evaluation import Protocol
from lamina.evaluation.contenders import THE_NETWORK
from lamina.evaluation.facts import mirror_notes, naive_facts
from lamina.evaluation.plan import Plan
from lamina.evaluation.race import Outcome
from lamina.evaluation.verdict import mean_interval
from lamina.metrics import METRICS
from lamina.rivals import Attempt, Trial
from quick import ENOUGH, mixed_columns, quick_fit

KEYS = {
    *("format", "name", "task", "target", "metric", "classes", "rows", "command", "seed", "created", "environment"),
    *("seconds", "fingerprint", "columns", "left_out", "verdict", "chosen", "metrics", "contenders", "splits"),
    *("protocol", "naive_split", "learning_curve", "test", "confusion", "residuals", "coverage", "importance"),
    *("effects", "network", "histories", "findings", "notes", "balance", "drift", "model", "stopped"),
    "fields",
}
CONTENDER = {"name", "title", "settings", "chosen_settings", "remarks", "left_out", "note", "scores", "cost"}
COST = {"fit_seconds", "cpu_seconds", "fit_seconds_folds", "predict_ms_a_row", "rows_per_second", "bytes"}


def facts_of(target: str, **changes: Any) -> dict[str, Any]:
    """The facts of a study with one rival, as a reader of the file gets them."""
    usual = {"contenders": ["linear"], "protocol": Protocol(folds=3, repeats=2), "training": ENOUGH}
    study = quick_fit(mixed_columns(), target, **{**usual, **changes})
    return json.loads(json.dumps(study.facts(), allow_nan=False))


@pytest.fixture(scope="module")
def classes() -> dict[str, Any]:
    """Of a classification, with everything that can be told."""
    return facts_of("grade", curve=True, explain=True, command="lamina fit x grade")


@pytest.fixture(scope="module")
def numbers() -> dict[str, Any]:
    """Of a regression, the linear model chosen."""
    return facts_of("cost", choose="linear")


@pytest.fixture(scope="module")
def held_out() -> dict[str, Any]:
    """Of one part held out, and another opened once."""
    return facts_of("grade", protocol=Protocol(folds=1, test=0.25))


@pytest.fixture(params=["classes", "numbers", "held_out"])
def facts(request) -> dict[str, Any]:
    """Each of them."""
    return request.getfixturevalue(request.param)


def test_every_part_is_there(facts) -> None:
    """The keys of the contract, in the file as in Python."""
    assert set(facts) >= KEYS
    assert facts["format"] == 2
    assert {one["name"] for one in facts["contenders"]} == {"constant", "linear", "network"}
    for one in facts["contenders"]:
        assert set(one) >= CONTENDER | {"calibration", "coverage"}
        assert set(one["cost"]) >= COST


def test_scores_are_means_of_their_folds(facts) -> None:
    """Every mean is that of its folds, in as many folds as there are splits, and inside its interval."""
    for one in facts["contenders"]:
        assert set(one["scores"]) == set(facts["metrics"])
        for name, score in one["scores"].items():
            assert len(score["folds"]) == len(facts["splits"])
            if None in score["folds"]:
                continue
            assert score["mean"] == pytest.approx(np.mean(score["folds"]))
            low, high = score["interval"]
            assert low - 1e-9 <= score["mean"] <= high + 1e-9, name
            if METRICS[name].percent:
                assert 0 <= low <= high <= 1


def test_intervals_follow_from_the_folds(classes) -> None:
    """With folds an interval is that of the corrected error: test over training rows of the splits."""
    share = np.mean([split["test"] / split["train"] for split in classes["splits"]])
    for one in classes["contenders"]:
        score = one["scores"]["accuracy"]
        assert score["interval"] == pytest.approx(mean_interval(score["folds"], share, share=True))


def test_the_best_comes_first(facts) -> None:
    """Contenders are ordered by the mean of the headline."""
    worth = [one["scores"][facts["metric"]]["mean"] for one in facts["contenders"]]
    better = facts["metrics"][facts["metric"]]["better"]
    assert worth == sorted(worth, reverse=better == "higher")


def test_costs_add_up(facts) -> None:
    """Seconds of all splits and of one, milliseconds and rows in a second are about the same thing."""
    for one in facts["contenders"]:
        cost = one["cost"]
        assert cost["cpu_seconds"] == pytest.approx(sum(cost["fit_seconds_folds"]))
        assert cost["fit_seconds"] == pytest.approx(np.mean(cost["fit_seconds_folds"]))
        if cost["rows_per_second"]:
            assert cost["rows_per_second"] * cost["predict_ms_a_row"] == pytest.approx(1000)
        assert cost["bytes"] > 0
        assert cost["parameters"] > 0


def test_the_verdict_compares_who_it_says(facts) -> None:
    """Its difference is that of the two means in the headline, in favour of the network; its interval holds it."""
    verdict, means = (
        facts["verdict"],
        {one["name"]: one["scores"][facts["metric"]]["mean"] for one in facts["contenders"]},
    )
    assert verdict["word"] in ("better", "equivalent", "worse", "undecided")
    sign = 1 if facts["metrics"][facts["metric"]]["better"] == "higher" else -1
    gap = sign * (means["network"] - means[verdict["rival"]])
    assert verdict["difference"] == pytest.approx(gap, abs=1e-9)
    low, high = verdict["interval"]
    assert low <= verdict["difference"] <= high
    chances = [verdict[f"chance_{word}"] for word in ("better", "equivalent", "worse")]
    assert sum(chances) == pytest.approx(1)


def test_confusion_counts_every_row_once(classes, held_out) -> None:
    """Counts add up to the rows that judged, their lines to the balance, their diagonal to the accuracy."""
    counts = np.array(classes["confusion"]["counts"])
    assert counts.sum() == classes["rows"] == 80
    assert counts.sum(axis=1).tolist() == [classes["balance"][name] for name in classes["classes"]]
    assert classes["confusion"]["contender"] == classes["chosen"]
    counts, chosen = np.array(held_out["confusion"]["counts"]), held_out["chosen"]
    assert counts.sum() == held_out["splits"][0]["test"]
    (one,) = [one for one in held_out["contenders"] if one["name"] == chosen]
    assert counts.trace() / counts.sum() == pytest.approx(one["scores"]["accuracy"]["mean"])


def test_residuals_are_of_the_chosen(numbers) -> None:
    """Truth and answer of every row, whose error in each fold is about the score."""
    found = numbers["residuals"]
    assert found["contender"] == numbers["chosen"] == "linear"
    assert len(found["truth"]) == len(found["predicted"]) == 80
    assert sorted(found["truth"]) == pytest.approx(sorted(mixed_columns()["cost"]), rel=1e-6)
    error = np.sqrt(np.mean((np.array(found["truth"]) - found["predicted"]) ** 2))
    (one,) = [one for one in numbers["contenders"] if one["name"] == "linear"]
    assert error == pytest.approx(one["scores"]["rmse"]["mean"], rel=0.2)
    assert numbers["confusion"] is numbers["balance"] is None


def test_bins_hold_every_row(classes) -> None:
    """The reliability diagram of each contender shares out the rows of one draw, each with an interval round it."""
    for one in classes["contenders"]:
        bins, honest = one["calibration"]["bins"], one["calibration"]
        assert sum(part["rows"] for part in bins) == 80
        assert all(part["low"] <= part["accuracy"] <= part["high"] for part in bins)
        low, high = honest["ece_interval"]
        assert low <= honest["ece"] <= high
        ece = sum(part["rows"] * abs(part["accuracy"] - part["confidence"]) for part in bins) / 80
        assert ece <= honest["ece"] + 0.2


def test_what_is_opened_once_is_measured_by_the_model_that_is_kept(held_out) -> None:
    """Twenty rows, every metric with its interval, and a sentence that has the score."""
    test = held_out["test"]
    assert (test["rows"], test["kind"]) == (20, "opened once")
    assert held_out["protocol"]["test_rows"] == 20
    assert held_out["splits"][0]["train"] + held_out["splits"][0]["test"] + 20 == held_out["rows"]
    score = test["scores"]["accuracy"]
    assert score["mean"] * 20 == pytest.approx(round(score["mean"] * 20))
    assert f"{100 * score['mean']:.1f} %" in test["sentence"]
    for one in test["scores"].values():
        if None not in one["interval"]:
            assert one["interval"][0] <= one["mean"] + 1e-9
            assert one["mean"] <= one["interval"][1] + 1e-9


def test_without_rows_set_aside_the_choice_is_judged(classes, numbers) -> None:
    """The score of the whole procedure, no better than that of the best one by more than chance."""
    for facts, metric in ((classes, "accuracy"), (numbers, "rmse")):
        test = facts["test"]
        assert (test["rows"], test["kind"]) == (0, "nested choice")
        assert list(test["scores"]) == [metric]
        low, high = test["scores"][metric]["interval"]
        assert low <= test["scores"][metric]["mean"] <= high
        assert "3 contenders" in test["sentence"]


def test_where_it_comes_from_is_told(classes) -> None:
    """Source, settings and machine, so that the study can be repeated."""
    assert classes["command"] == "lamina fit x grade"
    assert (classes["seed"], classes["task"], classes["target"]) == (0, "classification", "grade")
    assert len(classes["fingerprint"]) == 64
    assert classes["environment"]["lamina"] == lamina.__version__
    assert classes["protocol"] == {"folds": 3, "repeats": 2, "group": None, "time": None, "test_rows": 0}
    assert set(classes["columns"]) == {"size", "town", "fresh", "sold", "cost"}
    assert classes["network"]["code"].startswith("MLP(")
    assert classes["network"]["layers"]
    assert {one["column"] for one in classes["importance"]} == set(classes["columns"])
    assert classes["effects"]


def test_the_curve_ends_at_what_was_judged(classes) -> None:
    """Its last point is the score of the splits that the others were drawn from; its sentence speaks of more rows."""
    curve = classes["learning_curve"]
    assert "network" in curve["contenders"]
    for name, one in curve["contenders"].items():
        rows = [point["rows"] for point in one["points"]]
        assert rows == sorted(rows)
        assert rows[-1] == min(split["train"] for split in classes["splits"])
        (score,) = [c["scores"]["accuracy"]["folds"] for c in classes["contenders"] if c["name"] == name]
        drawn = len(one["points"][0]["errors"])  # five draws over six splits
        assert one["points"][-1]["errors"] == pytest.approx([1 - value for value in score[:drawn]])
    assert curve["sentence"]


def test_a_random_split_is_told_with_its_folds() -> None:
    """What random splits would have said stands there fold by fold, and as their mean."""
    told = naive_facts("accuracy", 0.9, 0.8, Protocol(group="farm"), folds=(0.85, 0.95))
    assert (told["naive"], told["right"], told["folds"]) == (0.9, 0.8, [0.85, 0.95])


def test_a_test_side_of_one_class_leaves_gaps_and_no_error() -> None:
    """Where the future holds one class only, what cannot be measured is null, and the study ends well."""
    data = {
        "size": np.random.default_rng(0).normal(0, 1, 80).tolist(),
        "day": [str(np.datetime64("2024-01-01") + i) for i in range(80)],
        "kind": [["a", "b"][i % 2] for i in range(50)] + ["a"] * 30,
    }
    facts = quick_fit(data, "kind", protocol=Protocol(folds=1, held_out=0.3, time="day")).facts()
    for one in facts["contenders"]:
        assert one["scores"]["roc_auc"]["mean"] is None
        assert one["scores"]["roc_auc"]["interval"] == [None, None]
        assert one["scores"]["accuracy"]["mean"] is not None
    json.dumps(facts, allow_nan=False)


@pytest.mark.parametrize(
    ("flips", "ends"),
    [
        ((True, True, True), "learnt from too."),
        ((None, True, True), "learnt from too. Of the 2 networks by which it was judged, 1 learnt without them, each"),
        ((True, True, False), "learnt from. Of the 2 networks by which it was judged, 2 learnt from them too, each"),
        ((False,), "so they are not learnt from."),
        ((None, None), None),
    ],
)
def test_folds_that_decide_otherwise_about_mirror_images_are_told(flips, ends) -> None:
    """Each part asks its own rows, or is too small to ask: the kept one's answer is told, and who did otherwise."""
    said = [None if flip is None else Mirrors(plain=1.0, mirrored=1.0, constant=2.0, flip=flip) for flip in flips]
    attempts = tuple(Attempt(answers=np.empty(0), learnt=SimpleNamespace(mirrors=one)) for one in said)
    trials = (Trial(train=np.arange(4), test=np.arange(2)),) * len(flips)
    plan = Plan(trials=trials, known=np.arange(4), test=np.arange(0))
    notes = mirror_notes([Outcome(contender=THE_NETWORK, attempts=attempts)], plan)
    assert [note.kind for note in notes] == ["mirrors"] * (ends is not None)
    assert ends is None or ends in notes[0].sentence
    assert mirror_notes([], plan) == ()
