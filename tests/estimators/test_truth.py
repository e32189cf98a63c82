"""Every loss learns the kind of target that it is made for, and refuses the others in words."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.estimators import NetworkClassifier, NetworkRegressor
from lamina.foundation.errors import SpecError
from lamina.networks import (
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

STREAM = np.random.default_rng(0)
X = STREAM.normal(0, 1, (120, 2))


def training(loss: object) -> Training:
    """A short training with this loss."""
    return Training(epochs=60, batch=32, loss=loss, optimiser=AdamW(learning_rate=0.02), device="cpu")


@pytest.mark.parametrize("loss", [CrossEntropy(), Focal(), Hinge(), BinaryCrossEntropy()], ids=repr)
def test_losses_for_classes_learn_two_classes(loss):
    """A line between two classes is found with every loss for classes, and chances add up to 1."""
    y = np.where(X[:, 0] + X[:, 1] > 0, "up", "down")
    network = NetworkClassifier("8 tanh", training(loss)).fit(X, y)
    assert network.score(X, y) > 0.9
    np.testing.assert_allclose(network.predict_proba(X).sum(axis=1), 1.0)


@pytest.mark.parametrize(
    "loss", [MeanSquaredError(), RootMeanSquaredError(), Euclidean(), MeanAbsoluteError(), Huber(), Quantile()], ids=repr
)
def test_losses_for_numbers_learn_numbers(loss):
    """A plane is found with every loss for numbers, in the units of the target."""
    y = 100.0 + 30.0 * X[:, 0]
    assert NetworkRegressor("8 tanh", training(loss)).fit(X, y).score(X, y) > 0.8


def test_poisson_learns_rates_of_counts():
    """The mean of counts follows the exponential law that made them."""
    rate = np.exp(1.0 + 0.7 * X[:, 0])
    y = STREAM.poisson(rate).astype(float)
    answers = NetworkRegressor("8 tanh", training(Poisson())).fit(X, y).predict(X)
    assert (answers > 0).all()
    assert np.corrcoef(answers, rate)[0, 1] > 0.85


def test_losses_refuse_other_targets():
    """A loss for numbers refuses classes, one for two classes refuses three, one for counts refuses the negative."""
    three = np.arange(120) % 3
    with pytest.raises(SpecError, match=r"MeanSquaredError was given 3 classes"):
        NetworkClassifier("4", training(MeanSquaredError())).fit(X, three)
    with pytest.raises(SpecError, match=r"BinaryCrossEntropy was given 3 classes"):
        NetworkClassifier("4", training(BinaryCrossEntropy())).fit(X, three)
    with pytest.raises(SpecError, match=r"CrossEntropy was given numbers"):
        NetworkRegressor("4", training(CrossEntropy())).fit(X, X[:, 0])
    with pytest.raises(SpecError, match=r"Poisson was given numbers below zero"):
        NetworkRegressor("4", training(Poisson())).fit(X, X[:, 0])
