"""What a study ends with, and what it writes."""

from __future__ import annotations

import html
import json
import math
import os

import numpy as np
import pytest

import lamina
from lamina.evaluation import Protocol, check_folder
from lamina.evaluation.score import Score, scores_of
from lamina.foundation.errors import DataError
from quick import mixed_columns, quick_fit

WRITTEN = ["model.lamina", "report.html", "report.json", "result.json"]  # where the network itself is kept


def test_result_json_holds_every_score_of_every_fold(tmp_path) -> None:
    """``result.json`` is plain JSON and equals what the study says."""
    study = quick_fit(mixed_columns(), "grade", protocol=Protocol(folds=3, repeats=1))
    *_, result = study.save(tmp_path / "deep" / "run")

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    facts = json.loads(result.read_text(), parse_constant=refuse)
    assert facts == json.loads(json.dumps(study.facts()))
    assert [one["name"] for one in facts["contenders"]] == [tally.contender.name for tally in study.tallies]
    for one in facts["contenders"]:
        scores = study.contender(one["name"]).scores
        assert list(one["scores"]) == list(facts["metrics"]) == [score.name for score in scores]
        for score in scores:
            assert one["scores"][score.name]["folds"] == [v if math.isfinite(v) else None for v in score.folds]
            assert len(score.folds) == 3
    assert facts["splits"] == [{"train": train, "test": test} for train, test in study.judged]
    assert facts["model"]["fingerprint"] == study.model.card.fingerprint
    assert facts["notes"] == [note.sentence for note in study.notes]
    assert [len(history["epochs"]) for history in facts["histories"]] == [3]


def test_a_score_tells_mean_and_spread() -> None:
    """The mean, the standard deviation over the folds, and both in words."""
    score = Score(name="accuracy", folds=(0.9, 0.8))
    assert score.mean == pytest.approx(0.85)
    assert score.spread == pytest.approx(math.sqrt(0.005))
    assert score.words() == "85.0 % ± 7.1 %"
    assert Score(name="accuracy", folds=(0.9,)).words() == "90.0 %"


def test_scores_keep_the_order_of_the_metrics() -> None:
    """The first metric measured is the headline."""
    first, second = scores_of([{"accuracy": 0.5, "log_loss": 1.0}, {"accuracy": 0.7, "log_loss": 0.8}])
    assert (first.name, first.folds, second.name) == ("accuracy", (0.5, 0.7), "log_loss")


def test_saving_over_an_old_run_replaces_it(tmp_path) -> None:
    """A folder that is there already is used, and nothing but the four files is left in it."""
    for seed in (0, 1):
        quick_fit(mixed_columns(), "grade", protocol=Protocol(folds=2, repeats=1), seed=seed).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == WRITTEN
    assert json.loads((tmp_path / "result.json").read_text())["model"]["seeds"] == [1]


def test_another_choice_keeps_the_network_beside_it(tmp_path) -> None:
    """Where another contender is kept, the network has a file of its own, and both answer."""
    study = quick_fit(mixed_columns(), "grade", contenders=["linear"], choose="linear")
    written = study.save(tmp_path)
    assert [path.name for path in written] == ["model.lamina", "network.lamina", "report.html", "result.json"]
    assert all(path.exists() for path in written)
    answers = [lamina.load(path).predict_proba(mixed_columns(seed=3)) for path in written[:2]]
    np.testing.assert_array_equal(answers[0], study.model.predict_proba(mixed_columns(seed=3)))
    np.testing.assert_array_equal(answers[1], study.network.predict_proba(mixed_columns(seed=3)))
    assert np.abs(answers[0] - answers[1]).max() > 0


def test_an_old_network_does_not_stay_beside_a_new_model(tmp_path) -> None:
    """What a run does not write is not left over from an earlier one, where it would be taken for its own."""
    quick_fit(mixed_columns(), "grade", choose="constant").save(tmp_path)
    quick_fit(mixed_columns(), "grade", choose="network").save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == WRITTEN


def test_the_report_is_one_page_with_the_verdict(tmp_path) -> None:
    """The report opens with the verdict, and what comes from the data is escaped."""
    data = mixed_columns()
    data["<b>size</b>"] = data.pop("size")
    study = quick_fit(data, "grade", explain=True)
    page = study.report(tmp_path / "page.html").read_text()
    assert html.escape(study.verdict.sentence, quote=False) in page.replace("&#39;", "'")
    assert "<b>size</b>" not in page
    assert "&lt;b&gt;size&lt;/b&gt;" in page


def test_what_is_not_there_is_a_key_error() -> None:
    """A contender is asked for by its name."""
    study = quick_fit(mixed_columns(), "grade")
    assert study.contender("constant").contender.title == "Always the same answer"
    with pytest.raises(KeyError):
        study.contender("forest")


def test_a_file_in_the_way_is_said(tmp_path) -> None:
    """A path through a file can be no folder."""
    (tmp_path / "run").write_text("mine")
    for place in (tmp_path / "run", tmp_path / "run" / "deeper"):
        with pytest.raises(DataError, match="is a file") as caught:
            check_folder(place)
        assert "--out" in caught.value.remedy
    assert (tmp_path / "run").read_text() == "mine"


def test_a_folder_without_the_right_to_write_is_said(tmp_path, monkeypatch) -> None:
    """A folder that this user may not write to is refused before anything is trained."""
    monkeypatch.setattr(os, "access", lambda place, mode: False)  # the superuser may write everywhere
    with pytest.raises(DataError, match="may not be written to"):
        check_folder(tmp_path / "run")


def test_checking_a_folder_makes_nothing(tmp_path) -> None:
    """Looking leaves no trace."""
    check_folder(tmp_path / "a" / "b")
    check_folder("relative")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="name too long"):
        check_folder(tmp_path / ("x" * 300))
