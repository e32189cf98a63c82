"""Linear models: the minimum that scikit-learn finds, and settings chosen inside the training rows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV

from lamina.classical import LearntLinear, Linear
from lamina.classical.linear import PENALTIES, STRENGTHS

STREAM = np.random.default_rng(0)
FEATURES = (STREAM.normal(size=(150, 5)) * [1, 10, 0.1, 1, 1] + [0, 5, 0, 0, 1]).astype(np.float32)
EXACT = Linear(tolerance=1e-9)


def scaled() -> np.ndarray:
    """The features with mean 0 and variance 1."""
    wide = FEATURES.astype(np.float64)
    return np.asarray((wide - wide.mean(axis=0)) / wide.std(axis=0))


def classes_by_a_law(classes: int) -> np.ndarray:
    """Codes that follow the features with noise."""
    stream = np.random.default_rng(classes)
    return np.asarray((scaled() @ stream.normal(size=(5, classes)) + stream.gumbel(size=(150, classes))).argmax(axis=1))


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_are_those_of_logistic_regression(classes: int) -> None:
    """At the C that was chosen, scikit-learn's minimum on scaled columns gives the same probabilities."""
    truth = classes_by_a_law(classes)
    learnt = EXACT.fit(FEATURES, truth, classes=classes, seed=0)
    oracle = LogisticRegression(C=learnt.chosen["C"], tol=1e-9, max_iter=10_000).fit(scaled(), truth)
    np.testing.assert_allclose(np.exp(learnt.scores(FEATURES)), oracle.predict_proba(scaled()), atol=1e-6)
    assert learnt.remarks["converged"] == 1


def test_numbers_are_those_of_ridge_regression() -> None:
    """Alpha and answers are those of scikit-learn's leave-one-out on scaled columns."""
    truth = scaled() @ [1, -1, 0, 0, 0.5] + np.random.default_rng(1).normal(size=150)
    learnt = Linear().fit(FEATURES, truth, classes=0, seed=0)
    oracle = RidgeCV(alphas=PENALTIES).fit(scaled(), truth)
    assert learnt.chosen == {"alpha": oracle.alpha_}
    assert learnt.remarks["left-out squared error"] == pytest.approx(-oracle.best_score_)
    np.testing.assert_allclose(learnt.scores(FEATURES)[:, 0], oracle.predict(scaled()), atol=1e-6)


def test_more_columns_than_rows_are_no_hindrance() -> None:
    """With four rows and five columns the answers are still those of scikit-learn."""
    few = scaled()[:4]
    wide = (few - few.mean(axis=0)) / few.std(axis=0)
    truth = np.array([0.0, 1.0, 3.0, -1.0])
    learnt = Linear().fit(few.astype(np.float32), truth, classes=0, seed=0)
    oracle = Ridge(alpha=learnt.chosen["alpha"]).fit(wide, truth)
    np.testing.assert_allclose(learnt.scores(few)[:, 0], oracle.predict(wide), atol=1e-5)


def test_strength_follows_the_noise() -> None:
    """A plain law takes a large C, and labels without a law the smallest."""
    law = (scaled()[:, 0] > 0).astype(int)
    noise = np.random.default_rng(3).integers(0, 2, 150)
    assert Linear().fit(FEATURES, law, classes=2, seed=0).chosen["C"] == STRENGTHS[-1]
    assert Linear().fit(FEATURES, noise, classes=2, seed=0).chosen["C"] == STRENGTHS[0]


def test_the_unit_of_a_column_does_not_matter() -> None:
    """A column in thousandths gives the same answers."""
    truth = classes_by_a_law(3)
    other = FEATURES * np.array([1, 1000, 1, 1, 0.001], np.float32)
    a = EXACT.fit(FEATURES, truth, classes=3, seed=0).scores(FEATURES)
    np.testing.assert_allclose(EXACT.fit(other, truth, classes=3, seed=0).scores(other), a, atol=1e-5)


def test_a_constant_column_weighs_nothing() -> None:
    """A column that never varies, but for rounding, is passed over, and its weight is zero."""
    features = FEATURES.copy()
    features[:, 1] = 1e4
    learnt = Linear().fit(features, classes_by_a_law(3), classes=3, seed=0)
    np.testing.assert_allclose(learnt.weight[1], 0, atol=1e-12)


def test_running_out_of_steps_is_remarked() -> None:
    """No warning is raised: the remark says that the minimum was not reached."""
    learnt = Linear(most_steps=1).fit(FEATURES, classes_by_a_law(3), classes=3, seed=0)
    assert learnt.remarks["converged"] == 0


def test_codes_are_judged_when_read_back() -> None:
    """Codes that do not rise or are no classes are refused."""
    arrays = {"weight": np.zeros((5, 2)), "bias": np.zeros(2)}
    for codes in ([1, 0], [0, 3], [-1, 0]):
        with pytest.raises(ValueError, match="code"):
            LearntLinear.from_arrays(arrays | {"codes": np.array(codes)}, features=5, scores=3)
