"""From decisions to probabilities: the two numbers that logistic regression finds, and never an endless slope."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from lamina.classical.platt import MOST_SLOPE, fit_slope


def test_slope_and_offset_are_those_of_platt() -> None:
    """Logistic regression with weights for the unsure truth finds the same two numbers."""
    decisions = np.random.default_rng(1).normal(size=(60, 1))
    truth = (decisions[:, 0] + np.random.default_rng(2).normal(size=60) > 0.3).astype(int)
    loss, slope, offset = fit_slope(decisions, truth)
    rows = np.bincount(truth)
    sure = ((rows + 1) / (rows + 2))[truth]
    oracle = LogisticRegression(C=1e9, tol=1e-9).fit(
        np.vstack((decisions, decisions)), np.append(truth, 1 - truth), sample_weight=np.append(sure, 1 - sure)
    )
    assert slope == pytest.approx(oracle.coef_[0, 0], abs=1e-3)
    assert offset == pytest.approx(oracle.intercept_[0], abs=1e-3)
    assert loss < np.log(2)


def test_three_classes_share_a_slope() -> None:
    """The slope is the best one on a fine grid, and there is no offset."""
    stream = np.random.default_rng(3)
    truth = stream.integers(0, 3, 3000)
    decisions = np.eye(3)[truth] + stream.normal(size=(3000, 3))

    def loss(slope: float) -> float:
        odds = np.exp(slope * decisions)
        return float(-np.log(odds[np.arange(3000), truth] / odds.sum(axis=1)).mean())

    found, slope, offset = fit_slope(decisions, truth)
    assert offset == 0
    assert slope == pytest.approx(min(np.arange(0.5, 2, 0.01), key=loss), abs=0.03)
    assert found == pytest.approx(loss(slope))


def test_decisions_that_mislead_keep_a_slope_above_zero() -> None:
    """More decision never means less of a class: the slope is bounded on both sides."""
    decisions = np.repeat([[1.0], [-1.0]], 50, axis=0)
    assert 0 < fit_slope(decisions, np.repeat([0, 1], 50))[1] < 0.1
    assert fit_slope(decisions * 1e-9, np.repeat([1, 0], 50))[1] <= MOST_SLOPE
