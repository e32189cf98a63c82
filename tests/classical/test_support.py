"""Support vector machines: scikit-learn's decisions, from one table of vectors, as probabilities."""

import numpy as np
import pytest
from sklearn.svm import SVC, SVR

from lamina.classical import LearntSupport, SupportVectors
from lamina.classical.support import EPSILON

STREAM = np.random.default_rng(0)
FEATURES = STREAM.normal(size=(90, 3)).astype(np.float32)
ASKED = STREAM.normal(size=(40, 3)).astype(np.float32)


def test_two_classes_are_one_machine_of_scikit_learn() -> None:
    """The log odds are its decisions, with slope and offset."""
    truth = (FEATURES[:, 0] ** 2 + FEATURES[:, 1] > 0.7).astype(int)
    learnt = SupportVectors().fit(FEATURES, truth, classes=2, seed=0)
    oracle = SVC(C=learnt.chosen["C"], gamma="scale").fit(FEATURES.astype(float), truth).decision_function(ASKED)
    scores = learnt.scores(ASKED)
    wanted = learnt.remarks["slope"] * oracle + learnt.remarks["offset"]
    np.testing.assert_allclose(scores[:, 1] - scores[:, 0], wanted, atol=1e-6)


def test_three_classes_are_three_machines_of_scikit_learn() -> None:
    """Each class against the others; the probabilities are the softmax of slope times decision."""
    truth = np.digitize(FEATURES[:, 0] + FEATURES[:, 1] ** 2, [0, 1])
    learnt = SupportVectors().fit(FEATURES, truth, classes=3, seed=0)
    machines = [SVC(C=learnt.chosen["C"], gamma="scale").fit(FEATURES.astype(float), truth == c) for c in range(3)]
    odds = np.exp(learnt.remarks["slope"] * np.stack([m.decision_function(ASKED) for m in machines], axis=1))
    np.testing.assert_allclose(np.exp(learnt.scores(ASKED)), odds / odds.sum(axis=1, keepdims=True), atol=1e-6)


def test_numbers_are_those_of_scikit_learn() -> None:
    """Epsilon-insensitive regression on the truth as it is given."""
    truth = np.sin(FEATURES[:, 0].astype(float)) + FEATURES[:, 1]
    learnt = SupportVectors().fit(FEATURES, truth, classes=0, seed=0)
    oracle = SVR(C=learnt.chosen["C"], gamma="scale", epsilon=EPSILON).fit(FEATURES.astype(float), truth)
    np.testing.assert_allclose(learnt.scores(ASKED)[:, 0], oracle.predict(ASKED.astype(float)), atol=1e-6)
    assert learnt.vectors.shape[0] == len(oracle.support_)


def test_decisions_without_a_mistake_stay_finite() -> None:
    """Ten rows a class, wholly apart, are as sure as Platt's truth: eleven to one."""
    features = np.repeat(np.array([[-1.0], [1.0]], np.float32), 10, axis=0)
    learnt = SupportVectors().fit(features, np.repeat([0, 1], 10), classes=2, seed=0)
    assert learnt.scores(features)[0, 1] == pytest.approx(np.log(1 / 12), abs=0.02)


def test_many_rows_choose_by_a_sample() -> None:
    """Above the limit only that many rows choose C, and the remark says so; all rows are learnt from."""
    truth = np.random.default_rng(4).normal(size=90)
    learnt = SupportVectors(most_judged=30).fit(FEATURES, truth, classes=0, seed=0)
    assert learnt.remarks["rows judged"] == 30
    assert len(learnt.vectors) > 30


def test_a_class_that_the_sample_missed_is_learnt_all_the_same() -> None:
    """Its machine is fitted to all rows, though no inner fold saw it."""
    truth = np.append(np.arange(88) % 2, [2, 2])
    for seed in range(3):
        learnt = SupportVectors(most_judged=10).fit(FEATURES, truth, classes=3, seed=seed)
        assert learnt.weights[:, 2].any()
        assert np.isfinite(learnt.scores(ASKED)).all()


def test_gamma_is_judged_when_read_back() -> None:
    """A kernel that does not fall with the distance is refused."""
    arrays = {"vectors": FEATURES[:2], "weights": np.ones((2, 1)), "bias": np.zeros(1), "gamma": np.array([0.0])}
    with pytest.raises(ValueError, match="'gamma' is not above 0"):
        LearntSupport.from_arrays(arrays, features=3, scores=1)


@pytest.mark.parametrize("classes", [2, 3, 0])
def test_wide_rows_are_learnt_alike(classes: int) -> None:
    """From 256 columns on kernels are reckoned beforehand; the machines are still those of scikit-learn."""
    wide = STREAM.normal(size=(60, 300)).astype(np.float32)
    told = wide[:, 0] + wide[:, 1:30].mean(axis=1)
    truth = np.digitize(told, [-0.3, 0.5][: classes - 1]) if classes else told.astype(np.float64)
    learnt = SupportVectors().fit(wide, truth, classes=classes, seed=0)
    asked, strength = STREAM.normal(size=(20, 300)).astype(np.float32), learnt.chosen["C"]
    if not classes:
        oracle = SVR(C=strength, gamma="scale", epsilon=EPSILON).fit(wide.astype(float), truth)
        np.testing.assert_allclose(learnt.scores(asked)[:, 0], oracle.predict(asked.astype(float)), atol=1e-5)
        return
    machines = [SVC(C=strength, gamma="scale").fit(wide.astype(float), truth == c) for c in range(classes)]
    decisions = np.stack([machine.decision_function(asked) for machine in machines], axis=1) * learnt.remarks["slope"]
    wanted = decisions - decisions[:, :1] if classes == 3 else decisions[:, 1:] + learnt.remarks["offset"]
    scores = learnt.scores(asked)
    np.testing.assert_allclose((scores - scores[:, :1])[:, -wanted.shape[1] :], wanted, atol=1e-5)
