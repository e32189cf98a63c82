"""Whoever is chosen is kept: in a file, with its calibration, as it answered."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

import lamina
from lamina.evaluation import Protocol
from lamina.evaluation.keep import not_kept_note
from quick import mixed_columns, quick_fit
from rival_ground import HERE, Unkept

FEW = ["constant", "linear", "neighbours", "svm", "forest", "boosting"]


@pytest.mark.parametrize("target", ["grade", "cost"])
@pytest.mark.parametrize("name", FEW)
def test_the_chosen_one_is_saved_and_answers_the_same(tmp_path, name, target) -> None:
    """For every family and task: the file answers bit for bit as the model, is calibrated, and says what it is."""
    study = quick_fit(mixed_columns(), target, contenders=[name], choose=name, protocol=Protocol(folds=2, repeats=1))
    model, new = study.model, mixed_columns(30, seed=4)
    kept = lamina.load(study.save(tmp_path)[0])
    assert study.chosen == study.verdict.chosen == name
    assert study.facts()["chosen"] == name
    assert kept.answer(new).equals(model.answer(new))
    assert kept.card == model.card
    assert kept.card.rows == 80
    assert kept.calibration == study.contender(name).calibration
    assert list(kept.card.metrics) == ["2 folds"]
    if target == "grade":
        assert all(kept.predict_set(new))
        np.testing.assert_allclose(kept.predict_proba(new).sum(axis=1), 1, atol=1e-9)
    else:
        ends = kept.predict_interval(new)
        assert (ends[:, 0] <= ends[:, 1]).all()


def test_what_is_kept_is_what_was_learnt_from_all_rows() -> None:
    """The kept model's answers are those of the last trial's learner, calibrated."""
    study = quick_fit(mixed_columns(), "cost", contenders=["linear"], choose="linear")
    assert study.model.predictor.learnt is study.contender("linear").kept.learnt
    assert study.network is not study.model
    assert study.network.calibration == study.contender("network").calibration


def test_a_forest_of_another_make_can_be_kept(tmp_path) -> None:
    """An estimator of a structure that we can hold is written without running code from it."""
    extra = ExtraTreesClassifier(n_estimators=5, random_state=0)
    study = quick_fit(mixed_columns(), "grade", contenders=["none", extra, "linear"], choose="ExtraTreesClassifier")
    assert study.chosen == "ExtraTreesClassifier"
    new = mixed_columns(30, seed=4)
    np.testing.assert_array_equal(
        lamina.load(study.save(tmp_path)[0]).predict_proba(new), study.model.predict_proba(new)
    )


@pytest.mark.parametrize("workers", [0, 1])
def test_one_that_cannot_be_kept_is_said(monkeypatch, workers) -> None:
    """Another contender is kept in its place, and a note and the table tell why, whoever fitted it."""
    monkeypatch.setattr(sys, "path", [*sys.path, HERE])
    asked = ["linear", "rival_ground:Unkept" if workers else Unkept()]
    study = quick_fit(mixed_columns(), "grade", contenders=asked, choose="Unkept", workers=workers)
    facts = study.facts()
    assert study.verdict.chosen == facts["chosen"] == study.chosen != "Unkept"
    assert "as asked" not in study.verdict.sentence
    assert any("'Unkept' was to be kept, but cannot be written to a file" in note for note in facts["notes"])
    (own,) = [one for one in facts["contenders"] if one["name"] == "Unkept"]
    assert "probabilities" in own["note"]
    assert own["cost"]["bytes"] is None
    assert facts["confusion"]["contender"] == study.chosen


def test_a_winner_that_cannot_be_kept_is_said() -> None:
    """The verdict may choose what nothing of ours can hold: the best of the others is kept, and a note says why."""
    winner = SimpleNamespace(
        contender=SimpleNamespace(title="Winner"), kept=SimpleNamespace(learnt=SimpleNamespace(why="it is code."))
    )
    note = not_kept_note(winner, "Linear model")
    assert note.kind == "kept"
    assert note.sentence == (
        "Winner was chosen but cannot be written to a file (it is code); Linear model is kept in its place."
    )
