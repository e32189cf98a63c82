"""Ridge as a classifier: scikit-learn's lines, and left-out answers that are those of refitting."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Oracle
from sklearn.linear_model import RidgeClassifier

from classical.damage import check_kept
from lamina.classical import Ridge
from lamina.classical.learnt import log_softmax
from lamina.classical.ridge import _Products

STREAM = np.random.default_rng(0)


def scaled(features: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and variance 1."""
    wide = features.astype(np.float64)
    return np.asarray((wide - wide.mean(axis=0)) / wide.std(axis=0))


@pytest.mark.parametrize("columns", [4, 200])
def test_left_out_answers_are_those_of_refitting(columns: int) -> None:
    """More columns than rows or fewer: what closed form gives is what a fit without the row answers."""
    features = scaled(STREAM.normal(size=(25, columns)))
    targets = STREAM.normal(size=(25, 2))
    ours = _Products.of(features).left_out(targets, 3.0)
    for row in range(25):
        others = np.arange(25) != row
        oracle = Oracle(alpha=3.0, solver="svd").fit(features[others], targets[others])
        np.testing.assert_allclose(ours[row], oracle.predict(features[row : row + 1])[0], atol=1e-8)


@pytest.mark.parametrize("columns", [4, 200])
@pytest.mark.parametrize("classes", [2, 3])
def test_decisions_are_those_of_scikit_learn(columns: int, classes: int) -> None:
    """At the alpha that was chosen the answers are its decisions, times a slope (and an offset for two classes)."""
    features = STREAM.normal(size=(60, columns)).astype(np.float32)
    truth = np.digitize(features[:, 0] + 0.5 * STREAM.normal(size=60), [-0.5, 0.5][: classes - 1])
    learnt = Ridge().fit(features, truth, classes=classes, seed=0)
    oracle = RidgeClassifier(alpha=learnt.chosen["alpha"], solver="svd").fit(scaled(features), truth)
    decision = oracle.decision_function(scaled(features)).reshape(60, -1)
    scores = learnt.scores(features)
    if classes == 2:
        slope, offset = np.polyfit(decision[:, 0], scores[:, 1] - scores[:, 0], 1)
        np.testing.assert_allclose(scores[:, 1] - scores[:, 0], slope * decision[:, 0] + offset, atol=1e-5)
    else:
        off = decision - decision[:, :1]
        slope = ((scores - scores[:, :1]) * off).sum() / (off**2).sum()
        np.testing.assert_allclose(scores, log_softmax(slope * decision), atol=1e-5)
    assert slope > 0


def test_numbers_are_those_of_scikit_learn() -> None:
    """Its ridge regression on scaled columns, with the alpha that was chosen."""
    features = STREAM.normal(size=(40, 90)).astype(np.float32)
    truth = features[:, 0] + 0.1 * STREAM.normal(size=40)
    learnt = Ridge().fit(features, truth, classes=0, seed=0)
    oracle = Oracle(alpha=learnt.chosen["alpha"], solver="svd").fit(scaled(features), truth)
    np.testing.assert_allclose(learnt.scores(features)[:, 0], oracle.predict(scaled(features)), atol=1e-6)


def test_noise_is_given_little_trust() -> None:
    """Where the columns say nothing, probabilities stay near the shares of the classes."""
    features, truth = STREAM.normal(size=(80, 500)).astype(np.float32), STREAM.integers(0, 2, 80)
    asked = STREAM.normal(size=(50, 500)).astype(np.float32)
    scores = Ridge().fit(features, truth, classes=2, seed=0).scores(asked)
    assert np.abs(np.exp(scores) - 0.5).mean() < 0.1


@pytest.mark.parametrize("classes", [2, 3, 4, 0])
def test_it_is_kept(classes: int) -> None:
    """Arrays say everything and damage is refused; class 3 may have no row."""
    features = STREAM.normal(size=(30, 5)).astype(np.float32)
    truth = np.arange(30) % min(classes, 3) if classes else features[:, 0].astype(np.float64)
    check_kept(Ridge().fit(features, truth, classes=classes, seed=0), features, classes or 1)


@pytest.mark.parametrize("truth", [[0], [1, 1, 1], [0, 2], [0, 0, 1]])
def test_few_rows_are_enough(truth: list[int]) -> None:
    """One row, one class, or a class with a single row: chances add up to 1."""
    features = STREAM.normal(size=(len(truth), 4)).astype(np.float32)
    scores = Ridge().fit(features, np.array(truth), classes=3, seed=0).scores(features)
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, atol=1e-9)
    assert np.isfinite(Ridge().fit(features, np.array(truth, float), classes=0, seed=0).scores(features)).all()
