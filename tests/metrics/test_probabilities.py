"""Probabilities against truth: scikit-learn is the oracle, a hand and a simulation where it has none."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from lamina.metrics import brier, calibration_error, log_loss
from strategies import Rows, class_rows


@given(class_rows())
def test_log_loss_and_brier_equal_scikit_learn(rows: Rows) -> None:
    """Also where a probability is exactly 0 or 1, and with or without weights."""
    truth, scores, weights = rows
    labels = list(range(scores.shape[1]))
    for ours, oracle in ((log_loss, sklearn.metrics.log_loss), (brier, sklearn.metrics.brier_score_loss)):
        weighted = oracle(truth, scores, labels=labels, sample_weight=weights)
        assert ours(truth, scores, weights) == pytest.approx(weighted, rel=1e-9, abs=1e-9)
        assert ours(truth, scores) == pytest.approx(oracle(truth, scores, labels=labels), rel=1e-9, abs=1e-9)


def test_a_certain_mistake_costs_what_the_dtype_can_tell() -> None:
    """36 nats in float64, 16 in float32: the epsilon of scikit-learn, taken from the dtype that came in."""
    scores = np.array([[1.0, 0.0]])
    assert log_loss([1], scores) == pytest.approx(36.04, abs=0.01)
    assert log_loss([1], scores.astype(np.float32)) == pytest.approx(15.94, abs=0.01)


def test_brier_worked_out_by_hand() -> None:
    """Two classes count once, three classes all three."""
    assert brier([1], [[0.2, 0.8]]) == pytest.approx(0.04)
    assert brier([1], [[0.2, 0.7, 0.1]]) == pytest.approx(0.04 + 0.09 + 0.01)


@pytest.mark.parametrize("score", [log_loss, brier])
def test_the_true_probabilities_score_best(score) -> None:
    """A proper score, in expectation, is least at the truth: lies of either direction cost."""
    truth, share = [0, 1], np.array([0.3, 0.7])
    cost = {p: score(truth, [[1 - p, p]] * 2, share) for p in np.linspace(0.05, 0.95, 19).round(2)}
    assert min(cost, key=cost.get) == 0.7


def test_calibration_error_worked_out_by_hand() -> None:
    """Two bins: 0.6 said and 0.5 true, 0.9 said and 1.0 true, at the weights 2 and 2."""
    scores = [[0.6, 0.4], [0.4, 0.6], [0.9, 0.1], [0.1, 0.9]]
    assert calibration_error([0, 0, 0, 1], scores, bins=2) == pytest.approx(0.1)
    assert calibration_error([0, 0, 0, 1], scores, [1.0, 1.0, 3.0, 3.0], bins=1) == pytest.approx(0.875 - 0.825)


@given(class_rows(), st.integers(0, 100))
def test_calibration_error_is_free_of_the_order_of_rows(rows: Rows, seed: int) -> None:
    """Rows with one confidence share a bin, so shuffling and splitting rows change nothing."""
    assert calibration_error(*rows.shuffled(seed)) == pytest.approx(calibration_error(*rows), abs=1e-9)
    assert calibration_error(*rows.repeated(2)) == pytest.approx(calibration_error(*rows), abs=1e-9)


@pytest.mark.parametrize("rows", [2_000, 50_000])
def test_calibration_error_of_true_probabilities_shrinks_as_documented(rows: int) -> None:
    """What is left over for perfect probabilities is about a third of sqrt(bins / rows)."""
    stream = np.random.default_rng(0)
    positive = stream.uniform(size=rows)
    truth = (stream.uniform(size=rows) < positive).astype(int)
    rest = calibration_error(truth, np.stack([1 - positive, positive], axis=1))
    assert 0.15 < rest / np.sqrt(15 / rows) < 0.6


def test_calibration_error_sees_overconfidence() -> None:
    """Always certain and right in three of four rows: a quarter too sure."""
    assert calibration_error([0, 0, 0, 1], [[1.0, 0.0]] * 4) == pytest.approx(0.25)
