"""Predicted numbers against true ones: scikit-learn is the oracle."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import assume, given
from hypothesis import strategies as st

from lamina.foundation.errors import DataError
from lamina.metrics import mae, mape, pinball, r2, rmse
from strategies import Rows, number_rows

ORACLES = {
    rmse: sklearn.metrics.root_mean_squared_error,
    mae: sklearn.metrics.mean_absolute_error,
    mape: sklearn.metrics.mean_absolute_percentage_error,
    pinball: sklearn.metrics.mean_pinball_loss,
}


@pytest.mark.parametrize("ours", ORACLES)
def test_errors_equal_scikit_learn(ours) -> None:
    """To 1e-9, with and without weights."""

    @given(number_rows())
    def compare(rows: Rows) -> None:
        truth, scores, weights = rows
        weighted = ORACLES[ours](truth, scores, sample_weight=weights)
        assert ours(truth, scores, weights) == pytest.approx(weighted, rel=1e-9, abs=1e-9)
        assert ours(truth, scores) == pytest.approx(ORACLES[ours](truth, scores), rel=1e-9, abs=1e-9)

    compare()


@given(number_rows())
def test_r2_equals_scikit_learn(rows: Rows) -> None:
    """To 1e-9, with and without weights, wherever the truth varies."""
    truth, scores, weights = rows
    assume(np.ptp(truth) > 1e-3)
    assert r2(*rows) == pytest.approx(
        sklearn.metrics.r2_score(truth, scores, sample_weight=weights), rel=1e-9, abs=1e-9
    )
    assert r2(truth, scores) == pytest.approx(sklearn.metrics.r2_score(truth, scores), rel=1e-9, abs=1e-9)


@given(number_rows(), st.floats(0, 1))
def test_pinball_equals_scikit_learn_at_every_quantile(rows: Rows, quantile: float) -> None:
    """Errors above and below cost what the quantile says."""
    expected = sklearn.metrics.mean_pinball_loss(*rows[:2], sample_weight=rows.weights, alpha=quantile)
    assert pinball(*rows, quantile=quantile) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_pinball_is_least_at_the_quantile() -> None:
    """Among all constants, the empirical quantile costs least."""
    truth = np.arange(101.0)
    cost = [pinball(truth, np.full(101, guess), quantile=0.9) for guess in truth]
    assert int(np.argmin(cost)) == 90


@pytest.mark.parametrize("constant", [0.1, 0.0, -1e300])
def test_r2_of_a_constant_truth_is_undefined(constant: float) -> None:
    """There is nothing to explain, also where the rounded mean misses the constant."""
    assert np.isnan(r2(np.full(7, constant), np.arange(7.0), np.full(7, 0.3)))


def test_sums_that_overflow_are_infinite() -> None:
    """Enormous errors give infinity and no warning; what cannot be told is NaN."""
    truth, scores = [1e308, -1e308], [-1e308, 1e308]
    assert rmse(truth, scores) == np.inf
    assert mae(truth, scores) == np.inf
    assert pinball(truth, scores) == np.inf
    assert mape([1e-300, 1.0], scores) == np.inf
    assert np.isnan(r2(truth, scores))


def test_numbers_of_another_shape_are_refused() -> None:
    """A column of numbers is not silently spread over a row of them."""
    with pytest.raises(DataError, match=r"scores has the shape \(2, 1\)"):
        mae([1.0, 2.0], [[1.0], [2.0]])
