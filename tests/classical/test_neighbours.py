"""Nearest neighbours: scikit-learn's, plus shares; ties by the order of the rows."""

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from lamina.classical import LearntNeighbours, Neighbours
from lamina.classical import learnt as shared

STREAM = np.random.default_rng(0)
FEATURES = STREAM.normal(size=(120, 4)).astype(np.float32)
ASKED = STREAM.normal(size=(50, 4)).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("k", [1, 5])
def test_votes_are_those_of_scikit_learn(classes: int, k: int) -> None:
    """The probabilities are its votes and one neighbour more, shared out like the training rows."""
    truth = np.floor(3 * FEATURES[:, 0] ** 2).astype(int) % classes
    learnt = Neighbours(counts=(k,)).fit(FEATURES, truth, classes=classes, seed=0)
    votes = k * KNeighborsClassifier(k).fit(FEATURES, truth).predict_proba(ASKED)
    shares = np.bincount(truth) / 120
    np.testing.assert_allclose(np.exp(learnt.scores(ASKED)), (votes + shares) / (k + 1), atol=1e-6)


def test_numbers_are_those_of_scikit_learn() -> None:
    """The answer is the mean of the neighbours' truth."""
    truth = FEATURES @ [1.0, 2.0, 0.0, -1.0]
    learnt = Neighbours(counts=(5,)).fit(FEATURES, truth, classes=0, seed=0)
    oracle = KNeighborsRegressor(5).fit(FEATURES, truth).predict(ASKED)
    np.testing.assert_allclose(learnt.scores(ASKED)[:, 0], oracle, atol=1e-6)


def test_k_is_the_best_when_each_row_is_left_out() -> None:
    """The choice and its error are those of a loop over scikit-learn's leave-one-out."""
    truth = FEATURES[:, 0] + np.random.default_rng(1).normal(size=120)
    errors = {}
    for k in Neighbours().counts:
        answers = cross_val_predict(KNeighborsRegressor(k), FEATURES, truth, cv=LeaveOneOut())
        errors[k] = ((answers - truth) ** 2).mean()
    learnt = Neighbours().fit(FEATURES, truth, classes=0, seed=0)
    assert learnt.chosen["k"] == min(errors, key=lambda k: errors[k])
    assert learnt.remarks["left-out squared error"] == pytest.approx(min(errors.values()))


def test_ties_are_broken_by_the_order_of_the_rows() -> None:
    """Among equal rows the first ones answer, however many are asked at once."""
    rows = np.repeat(np.array([[0.1, 0.7], [0.3, 0.2]], np.float32), 20, axis=0)
    learnt = Neighbours(counts=(3,)).fit(rows, np.arange(40.0), classes=0, seed=0)
    asked = np.array([[0.1, 0.7], [0.3, 0.2], [9.0, -9.0]], np.float32)
    assert learnt.nearest(asked, 3).tolist() == [[0, 1, 2], [20, 21, 22], [20, 21, 22]]
    alone = np.vstack([learnt.nearest(asked[i : i + 1], 3) for i in range(3)])
    assert np.array_equal(alone, learnt.nearest(asked, 3))


def test_equal_rows_are_equally_close() -> None:
    """Distances to copies of a row are equal to the last bit, wherever the copies lie: the first of them answer."""
    base = np.random.default_rng(5).normal(size=(11, 31)).astype(np.float32)
    learnt = Neighbours(counts=(6,)).fit(np.tile(base, (23, 1)), np.arange(253.0), classes=0, seed=0)
    asked = np.random.default_rng(6).normal(size=(40, 31)).astype(np.float32)
    near = learnt.nearest(asked, 6)
    assert np.array_equal(near, near[:, :1] % 11 + 11 * np.arange(6))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers in blocks of one row are the answers in one block."""
    learnt = Neighbours().fit(FEATURES, FEATURES[:, 0].astype(float), classes=0, seed=0)
    whole = learnt.scores(ASKED)
    monkeypatch.setattr(shared, "NUMBERS_AT_ONCE", 1)
    assert np.array_equal(learnt.scores(ASKED), whole)


def test_many_rows_are_judged_by_a_sample() -> None:
    """Above the limit only that many rows choose k, and the remark says so."""
    learnt = Neighbours(most_judged=30).fit(FEATURES, FEATURES[:, 0].astype(float), classes=0, seed=0)
    assert learnt.remarks["rows judged"] == 30


def test_only_rows_that_can_answer_are_read_back() -> None:
    """More neighbours than rows, or codes that are no classes, are refused."""
    arrays = {"rows": FEATURES[:3], "truth": np.array([0, 1, 2]), "count": np.array([3])}
    assert LearntNeighbours.from_arrays(arrays, features=4, scores=3).count == 3
    with pytest.raises(ValueError, match="4 neighbours cannot be asked among 3 rows"):
        LearntNeighbours.from_arrays(arrays | {"count": np.array([4])}, features=4, scores=3)
    with pytest.raises(ValueError, match="code outside"):
        LearntNeighbours.from_arrays(arrays, features=4, scores=2)
