"""Gradient boosting: agreement with scikit-learn, the choice of rounds, and what is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from classical.damage import check_kept
from lamina.classical import rounds as rounds_module
from lamina.classical.asking import few_threads
from lamina.classical.boosting import Boosting, LearntBoosting
from lamina.classical.rounds import Lesson, baseline, choose_rounds, plant_rounds


def rows_and_truth(rows: int = 150, classes: int = 3, noise: float = 0.5) -> tuple[Any, Any]:
    """Features of which the first decides, and codes or numbers."""
    stream = np.random.default_rng(rows)
    features = stream.normal(size=(rows, 4)).astype(np.float32)
    law = features[:, 0] + noise * stream.normal(size=rows)
    return features, np.digitize(law, np.linspace(-0.6, 0.6, classes - 1)) if classes else law


def planted(booster: Any, classes: int) -> LearntBoosting:
    """What we hold of scikit-learn's fitted estimator."""
    trees, column = plant_rounds(booster, classes, 4)
    return LearntBoosting(trees=trees, column=column, baseline=baseline(booster, classes))


@pytest.mark.parametrize("codes", [[0, 1], [0, 2], [0, 1, 2], [1, 2, 4]])
def test_probabilities_are_those_of_scikit_learn(codes: list[int]) -> None:
    """Two classes or more, all there or one absent: the same trees give the same probabilities."""
    features, truth = rows_and_truth(classes=len(codes))
    with few_threads(1):
        booster = HistGradientBoostingClassifier(max_iter=15, early_stopping=False).fit(
            features, np.array(codes)[truth]
        )
        fresh = np.random.default_rng(9).normal(size=(500, 4)).astype(np.float32)
        wanted = np.zeros((500, 5))
        wanted[:, codes] = booster.predict_proba(fresh)
    np.testing.assert_allclose(np.exp(planted(booster, 5).scores(fresh)), wanted, atol=1e-9)


def test_numbers_are_those_of_scikit_learn() -> None:
    """The same trees give the same numbers, bit by bit."""
    features, truth = rows_and_truth(classes=0)
    with few_threads(1):
        booster = HistGradientBoostingRegressor(max_iter=15, early_stopping=False).fit(features, truth)
        fresh = np.random.default_rng(9).normal(size=(500, 4)).astype(np.float32)
        assert (planted(booster, 0).scores(fresh)[:, 0] == booster.predict(fresh)).all()


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_what_is_kept_answers_alike(classes: int) -> None:
    """Its arrays are enough, and damaged ones are refused."""
    features, truth = rows_and_truth(classes=classes)
    learnt = Boosting(rounds=50).fit(features, truth, classes=classes, seed=0)
    check_kept(learnt, features, max(1, classes))
    assert learnt.parameters > 10
    assert learnt.multiply_adds >= learnt.trees.count


def test_a_column_that_is_not_there_is_refused() -> None:
    """A tree adds to one of the scores."""
    features, truth = rows_and_truth(classes=2)
    arrays = Boosting(rounds=10).fit(features, truth, classes=2, seed=0).arrays()
    for column in (-1, 2):
        with pytest.raises(ValueError, match="'column' leaves"):
            LearntBoosting.from_arrays(
                arrays | {"column": np.full_like(arrays["column"], column)}, features=4, scores=2
            )


def test_noise_stops_early_and_a_law_goes_on() -> None:
    """Where there is nothing to learn few rounds are kept, where there is something many."""
    stream = np.random.default_rng(0)
    features, law = rows_and_truth(400, 0, noise=0.05)
    noise = Boosting().fit(features, stream.normal(size=400), classes=0, seed=0)
    found = Boosting().fit(features, law, classes=0, seed=0)
    assert int(noise.chosen["rounds"]) <= 10 < int(found.chosen["rounds"])
    assert found.remarks["inner squared error"] < 0.1 < noise.remarks["inner squared error"]


def test_above_a_thousand_rows_one_hold_out_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two shapes compete, and a walk ends long before the most rounds there may be."""
    monkeypatch.setattr(rounds_module, "SMALL", 300)
    features, truth = rows_and_truth(400, 2)
    taken = rounds_module._walk
    walks: list[int] = []

    def watched(*args: Any, **settings: Any) -> Any:
        for loss in taken(*args, **settings):
            walks[-1] += 1
            yield loss

    def start(*args: Any, **settings: Any) -> Any:
        walks.append(0)
        return watched(*args, **settings)

    monkeypatch.setattr(rounds_module, "_walk", start)
    with few_threads(1):
        choice = choose_rounds(Lesson(features, truth, 2, 0), 500)
    assert len(walks) == 2
    assert max(walks) < 200
    assert choice.rounds + rounds_module.PATIENCE in walks


def test_chunks_of_rounds_change_no_loss() -> None:
    """Growing a few rounds at a time gives the losses of growing them at once."""
    features, truth = rows_and_truth(200, 3)
    lesson, shape = Lesson(features, truth, 3, 0), rounds_module.Shape(0.1, 8, 5)
    halves = np.arange(200).reshape(2, 100)
    with few_threads(1):
        few, many = (list(rounds_module._walk(shape, lesson, *halves, most=12, chunk=chunk)) for chunk in (5, 12))
    assert len(few) == 12
    np.testing.assert_allclose(few, many, rtol=1e-12)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_few_rows_are_enough(rows: int, classes: int) -> None:
    """A row or two are learnt from without a warning."""
    features, truth = rows_and_truth(5, classes)
    learnt = Boosting().fit(features[:rows], truth[:rows], classes=classes, seed=0)
    assert np.isfinite(learnt.scores(features)).all()


def test_a_single_class_is_the_answer() -> None:
    """Where all rows have one class, it is sure, and the others are never impossible."""
    features, _ = rows_and_truth(20)
    learnt = Boosting().fit(features, np.full(20, 1), classes=3, seed=0)
    shares = np.exp(learnt.scores(features))
    assert shares[:, 1].min() > 0.999999
    assert shares.min() > 0
    check_kept(learnt, features, 3)


def test_a_class_that_a_fold_lacks_is_no_hindrance() -> None:
    """A class of one row, and a fold that holds all rows but one class out, are both learnt from."""
    features, _ = rows_and_truth(30)
    truth = np.zeros(30, np.int64)
    truth[[3, 9]] = 1
    truth[5] = 2
    learnt = Boosting(rounds=25).fit(features, truth, classes=3, seed=0)
    assert np.isfinite(learnt.scores(features)).all()


def test_seeds_and_neighbours_change_nothing_they_should_not() -> None:
    """Equal seeds give equal models, and a row's answer does not depend on its batch."""
    features, truth = rows_and_truth()
    one, two = (Boosting(rounds=50).fit(features, truth, classes=3, seed=5, jobs=jobs) for jobs in (1, 2))
    assert (one.scores(features) == two.scores(features)).all()
    assert (one.scores(features)[7:8] == one.scores(features[7:8])).all()
