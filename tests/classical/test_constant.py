"""Always the same answer: class shares, or the mean."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor

from lamina.classical import Constant, LearntConstant

FEATURES = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_get_their_shares(classes: int) -> None:
    """Probabilities are those of scikit-learn's prior."""
    truth = np.arange(30) ** 2 % classes
    oracle = DummyClassifier(strategy="prior").fit(FEATURES, truth).predict_proba(FEATURES)
    scores = Constant().fit(FEATURES, truth, classes=classes, seed=0).scores(FEATURES)
    np.testing.assert_allclose(np.exp(scores)[:, np.unique(truth)], oracle, atol=1e-6)


def test_numbers_get_the_mean() -> None:
    """The answer is that of scikit-learn's mean."""
    truth = FEATURES[:, 0].astype(np.float64)
    oracle = DummyRegressor().fit(FEATURES, truth).predict(FEATURES)
    np.testing.assert_allclose(Constant().fit(FEATURES, truth, classes=0, seed=0).scores(FEATURES)[:, 0], oracle)


def test_answers_are_judged_when_read_back() -> None:
    """Logs of what does not add up to 1 are refused."""
    with pytest.raises(ValueError, match="add up to 1"):
        LearntConstant.from_arrays({"answer": np.log([0.5, 0.4])}, features=2, scores=2)
    with pytest.raises(ValueError, match="add up to 1"):
        LearntConstant.from_arrays({"answer": np.array([0.0, -1e9])}, features=2, scores=2)
