"""Every loss, from the table to the answer."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.estimators import NetworkClassifier, NetworkRegressor
from lamina.foundation.errors import SpecError
from lamina.networks import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    Euclidean,
    Focal,
    Hinge,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
    RootMeanSquaredError,
)
from lamina.training import AdamW, Training
from quick import SMALL, two_clouds

X, Y = two_clouds()
FOR_CLASSES = [CrossEntropy(), BinaryCrossEntropy(), Hinge(), Focal()]
FOR_NUMBERS = [MeanSquaredError(), RootMeanSquaredError(), Euclidean(), MeanAbsoluteError(), Huber(), Quantile()]


def learning_by(loss) -> Training:
    """A short training that makes this loss small."""
    return Training(epochs=60, batch=32, optimiser=AdamW(learning_rate=0.03), loss=loss, device="cpu")


def test_every_loss_is_tried_here() -> None:
    """A new loss must be tried on a table too."""
    assert {type(loss) for loss in (*FOR_CLASSES, *FOR_NUMBERS, Poisson())} == set(LOSSES)


@pytest.mark.parametrize("loss", FOR_CLASSES, ids=lambda loss: type(loss).__name__)
def test_losses_for_classes_tell_classes_apart(loss) -> None:
    """Each gives the right class and chances that add up to 1."""
    taught = NetworkClassifier(SMALL, learning_by(loss)).fit(X, Y)
    chances = taught.predict_proba(X)
    assert taught.score(X, Y) > 0.95
    assert chances.shape == (60, 2)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("loss", FOR_NUMBERS, ids=lambda loss: type(loss).__name__)
def test_losses_for_numbers_predict_numbers(loss) -> None:
    """Each predicts in the unit of the target, far from zero though it is."""
    y = 1000 + 50 * X[:, 0]
    assert NetworkRegressor(SMALL, learning_by(loss)).fit(X, y).score(X, y) > 0.7


def test_counts_are_predicted_as_counts() -> None:
    """Poisson's loss sees counts as they are, and its answers are never below zero."""
    y = np.random.default_rng(0).poisson(np.exp(1 + X[:, 0]))
    taught = NetworkRegressor(SMALL, learning_by(Poisson())).fit(X, y)
    assert taught.score(X, y) > 0.5
    assert (taught.predict(X - 100) >= 0).all()


@pytest.mark.parametrize(
    ("network", "loss", "y", "words"),
    [
        (NetworkClassifier, MeanSquaredError(), Y, "MeanSquaredError was given 2 classes"),
        (NetworkClassifier, BinaryCrossEntropy(), np.arange(60) % 3, "BinaryCrossEntropy was given 3 classes"),
        (NetworkRegressor, CrossEntropy(), X[:, 0], "CrossEntropy was given numbers"),
        (NetworkRegressor, Poisson(), X[:, 0], "Poisson was given numbers below zero"),
    ],
)
def test_losses_for_other_targets_are_refused(network, loss, y, words) -> None:
    """A loss that cannot mean anything here is named, with what to do."""
    with pytest.raises(SpecError, match=words) as caught:
        network(SMALL, learning_by(loss)).fit(X, y)
    assert "leave the loss out" in caught.value.remedy
