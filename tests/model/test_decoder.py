"""The decoder: chances that add up to 1, numbers in their own unit, the members' mean in both."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lamina.data import NumberTarget
from lamina.model.decoder import numbers, probabilities

PLAIN = NumberTarget(mean=0.0, scale=1.0, low=0.0, high=9.0)
scores_of_fleets = arrays(
    np.float32, array_shapes(min_dims=3, max_dims=3, max_side=4), elements=st.floats(-(2.0**120), 2.0**120, width=32)
)


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
@given(scores=scores_of_fleets)
def test_chances_are_chances(link: str, scores: np.ndarray) -> None:
    """Whatever finite scores come, the chances lie in [0, 1] and add up to 1."""
    if link == "sigmoid":
        scores = scores[..., :1]
    chances = probabilities(scores, link)  # type: ignore[arg-type]
    assert chances.dtype == np.float64
    assert (chances >= 0).all()
    np.testing.assert_allclose(chances.sum(axis=-1), 1, atol=1e-12)


def test_softmax_is_that_of_torch() -> None:
    """The chances are the mean over members of an independent softmax."""
    scores = torch.randn(5, 7, 3, generator=torch.Generator().manual_seed(0))
    wanted = torch.softmax(scores.double(), -1).mean(0).numpy()
    np.testing.assert_allclose(probabilities(scores.numpy(), "softmax"), wanted, rtol=1e-12)


def test_sigmoid_is_that_of_torch() -> None:
    """One score gives two chances: of the second class the mean of an independent sigmoid, of the first the rest."""
    scores = torch.randn(5, 7, 1, generator=torch.Generator().manual_seed(0))
    yes = torch.sigmoid(scores.double()).mean(0).numpy()
    np.testing.assert_allclose(probabilities(scores.numpy(), "sigmoid"), np.hstack([1 - yes, yes]), rtol=1e-12)


def test_chances_are_averaged_not_scores() -> None:
    """Two members that are sure of opposite answers leave an even chance; the mean of uneven scores would not."""
    scores = np.array([[[30.0, 0.0]], [[0.0, 5.0]]], np.float32)
    np.testing.assert_allclose(probabilities(scores, "softmax"), [[0.5033464, 0.4966536]], atol=1e-6)


def test_numbers_come_in_their_own_unit() -> None:
    """Identity undoes the standardisation and averages; exp averages rates, by hand."""
    scores = np.array([[[1.0], [0.0]], [[3.0], [0.0]]], np.float32)
    target = NumberTarget(mean=10.0, scale=2.0, low=0.0, high=9.0)
    assert numbers(scores, "identity", target).tolist() == [[14.0], [10.0]]
    rates = numbers(scores, "exp", PLAIN)
    np.testing.assert_allclose(rates, [[(math.e + math.e**3) / 2], [1.0]], rtol=1e-12)


def test_a_rate_stays_finite() -> None:
    """A score beyond what exp can hold gives the largest rate that is still a number."""
    assert np.isfinite(numbers(np.full((1, 1, 1), 1e9, np.float32), "exp", PLAIN)).all()


def test_quantiles_come_out_in_order() -> None:
    """Several scores are quantiles: their answers rise, although nothing kept the scores in order."""
    assert numbers(np.array([[[3.0, 1.0, 2.0]]], np.float32), "identity", PLAIN).tolist() == [[1.0, 2.0, 3.0]]


def test_no_rows_give_no_answers() -> None:
    """Nothing asked, nothing answered, and no error."""
    assert probabilities(np.zeros((2, 0, 3), np.float32), "softmax").shape == (0, 3)
    assert numbers(np.zeros((2, 0, 1), np.float32), "identity", PLAIN).shape == (0, 1)
