"""Temperatures, reliability, and intervals of the calibration error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.naive_bayes import GaussianNB

from lamina.evaluation.honesty.calibrate import cross_fitted, ece_interval, fit_temperature, reliability, wilson
from lamina.foundation.errors import DataError
from lamina.metrics import calibration_error, log_loss
from lamina.model.calibration import calibrated


def answers(rows: int, *, temperature: float, seed: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Truth drawn from honest probabilities, and these with every log times ``temperature``: too sure above 1."""
    draw = np.random.default_rng(seed)
    honest = calibrated(draw.dirichlet(np.ones(classes), rows), 1.0)
    truth = (honest.cumsum(axis=1) < draw.random((rows, 1))).sum(axis=1).clip(max=classes - 1)
    return calibrated(honest, 1 / temperature), truth


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found(temperature) -> None:
    """Honest logits times T get the temperature T back, to 5 %."""
    given, truth = answers(6000, temperature=temperature, seed=0)
    assert fit_temperature(given, truth) == pytest.approx(temperature, rel=0.05)


def test_the_temperature_is_the_best_one() -> None:
    """No other temperature on a fine grid has a lower log loss plus the weak belief."""
    given, truth = answers(300, temperature=2.0, seed=1)
    found = fit_temperature(given, truth)
    grid = np.geomspace(0.05, 20, 2000)
    costs = [300 * log_loss(truth, calibrated(given, t)) + math.log(t) ** 2 / 2 for t in grid]
    assert found == pytest.approx(grid[int(np.argmin(costs))], rel=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_the_answer_never_changes_and_the_loss_never_grows(seed) -> None:
    """Calibrated by its own rows, the log loss is at most what it was, and every most likely class stays."""
    given, truth = answers(40, temperature=1.5, seed=seed)
    after = calibrated(given, fit_temperature(given, truth))
    np.testing.assert_array_equal(after.argmax(axis=1), given.argmax(axis=1))
    assert log_loss(truth, after) <= log_loss(truth, given)


def test_perfect_answers_do_not_run_off() -> None:
    """Where every answer is right, T stays above its bound and falls the more slowly the fewer rows there are."""
    sure = np.array([[0.9, 0.1], [0.1, 0.9]])
    few, many = (fit_temperature(np.tile(sure, (n, 1)), np.tile([0, 1], n)) for n in (2, 200))
    assert 0.05 < many < few < 1


def test_hopeless_and_certain_answers_have_a_temperature() -> None:
    """Probabilities of 0 at the true class, all wrong, and no rows at all, give a number inside the bounds."""
    assert 1 < fit_temperature([[1.0, 0.0]] * 10, [1] * 10) <= 20
    assert fit_temperature(np.zeros((0, 3)), []) == 1
    assert fit_temperature([[0.5, 0.5]] * 10, [0, 1] * 5) == pytest.approx(1.0)


def test_each_row_is_calibrated_by_the_others() -> None:
    """A fold's probabilities follow from the other folds' rows only, whatever its own truth is."""
    given, truth = answers(90, temperature=3.0, seed=2)
    folds = np.arange(90) % 3
    once = cross_fitted(given, truth, folds)
    other = np.where(folds == 1, (truth + 1) % 3, truth)
    np.testing.assert_array_equal(cross_fitted(given, other, folds)[folds == 1], once[folds == 1])
    assert not np.allclose(cross_fitted(given, other, folds)[folds == 0], once[folds == 0])
    expected = calibrated(given[folds == 2], fit_temperature(given[folds != 2], truth[folds != 2]))
    np.testing.assert_array_equal(once[folds == 2], expected)


@pytest.mark.parametrize("folds", [[0] * 6, [0, 1], [[0, 1]] * 3])
def test_one_fold_cannot_judge_itself(folds) -> None:
    """Fewer than two folds, or not one number a row, is refused."""
    with pytest.raises(DataError, match="two folds or more"):
        cross_fitted([[0.5, 0.5]] * 6, [0, 1] * 3, folds)


def test_a_real_contender_that_is_too_sure_is_mended() -> None:
    """Naive Bayes on breast cancer: cross-fitted, both log loss and calibration error fall by a third or more."""
    X, y = load_breast_cancer(return_X_y=True)
    folds, given = np.arange(len(y)) % 5, np.empty((len(y), 2))
    for fold in range(5):
        given[folds == fold] = GaussianNB().fit(X[folds != fold], y[folds != fold]).predict_proba(X[folds == fold])
    after = cross_fitted(given, y, folds)
    assert log_loss(y, after) < 0.67 * log_loss(y, given)
    assert calibration_error(y, after) < 0.67 * calibration_error(y, given)


def test_the_diagram_is_the_calibration_error() -> None:
    """The bins are those of the metric: their weighted gaps add up to it, and their rows to all rows."""
    given, truth = answers(437, temperature=2.0, seed=3)
    given = given.round(2) / given.round(2).sum(axis=1, keepdims=True)  # with ties
    bins = reliability(given, truth, bins=10)
    gaps = sum(one.rows * abs(one.confidence - one.accuracy) for one in bins) / 437
    assert gaps == pytest.approx(calibration_error(truth, given, bins=10))
    assert sum(one.rows for one in bins) == 437
    assert [one.confidence for one in bins] == sorted(one.confidence for one in bins)
    assert all(0 <= one.low <= one.accuracy <= one.high <= 1 for one in bins)
    assert reliability(np.zeros((0, 2)), []) == ()


def test_wilson_agrees_with_scipy() -> None:
    """The interval of a share is scipy's."""
    from scipy.stats import binomtest

    for right, rows in ((0, 5), (3, 7), (18, 18), (40, 100)):
        expected = binomtest(right, rows).proportion_ci(0.95, method="wilson")
        assert wilson(right, rows) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("temperature", "least"), [(1.0, 0.85), (1.6, 0.75)])
def test_the_interval_holds_the_true_calibration_error(temperature, least) -> None:
    """Of 40 samples of 300 rows most intervals hold the error of 200,000 rows; honest answers keep 0 inside."""
    truth = 0.0 if temperature == 1 else calibration_error(*answers(200_000, temperature=temperature, seed=99)[::-1])
    held = 0
    for seed in range(40):
        given, codes = answers(300, temperature=temperature, seed=seed)
        low, high = ece_interval(given, codes, seed=seed, draws=100)
        assert low <= calibration_error(codes, given) <= high
        held += low <= truth <= high
    assert held / 40 >= least


def test_an_interval_of_no_rows_is_nothing() -> None:
    """Without rows neither end is a number; with one seed the interval is one."""
    assert np.isnan(ece_interval(np.zeros((0, 2)), [], seed=0)).all()
    given, truth = answers(60, temperature=1.0, seed=0)
    assert ece_interval(given, truth, seed=4, draws=50) == ece_interval(given, truth, seed=4, draws=50)
