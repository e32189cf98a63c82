"""scikit-learn's own checks, for every public estimator, strictly."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina.estimators import NetworkClassifier, NetworkRegressor
from lamina.networks import MLP
from lamina.training import AdamW, Training

SMALL = MLP(widths=(16,), activation="tanh")
QUICK = Training(epochs=30, optimiser=AdamW(learning_rate=0.04), device="cpu")

WEIGHTS_ARE_NOT_REPETITIONS = (
    "a row of weight 2 is one row in one batch, a row given twice is two rows, maybe in two batches: "
    "the gradient steps differ, as for every learner that trains on mini-batches"
)
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS_ARE_NOT_REPETITIONS,
}


def expected_failures(estimator: Any) -> dict[str, str]:
    """The checks that fail by design, with the reason."""
    return EXPECTED_FAILURES


@parametrize_with_checks(
    [NetworkClassifier(SMALL, QUICK), NetworkRegressor(SMALL, QUICK)],
    expected_failed_checks=expected_failures,
    xfail_strict=True,
)
@pytest.mark.filterwarnings("default")
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    """An estimator of ours is an estimator of theirs."""
    check(estimator)
