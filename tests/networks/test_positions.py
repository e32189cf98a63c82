"""Positions: the formula, of length 1, and a shift that is the same turn everywhere."""

import math

import torch

from lamina.networks.positions import sinusoids


def test_it_is_the_formula() -> None:
    """Sines and cosines of the paper, scaled so that a position has length 1."""
    found = sinusoids(50, 6, like=torch.zeros(1, dtype=torch.float64))
    for t in (0, 7, 49):
        for i in range(3):
            angle = t / 10_000 ** (2 * i / 6)
            assert math.isclose(found[t, 2 * i], math.sin(angle) / math.sqrt(3), abs_tol=1e-5)
            assert math.isclose(found[t, 2 * i + 1], math.cos(angle) / math.sqrt(3), abs_tol=1e-5)
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(50, dtype=torch.float64), atol=1e-6, rtol=0)


def test_neighbours_look_alike_everywhere() -> None:
    """The product of two positions depends on their distance alone."""
    found = sinusoids(100, 16, like=torch.zeros(1))
    products = found @ found.mT
    torch.testing.assert_close(products.diagonal(5), products[0, 5].expand(95), atol=1e-5, rtol=0)
    assert products[0, 1] > products[0, 5]


def test_more_steps_change_none_before() -> None:
    """A longer text keeps the positions of a shorter one; an odd width works too."""
    like = torch.zeros(1)
    torch.testing.assert_close(sinusoids(30, 7, like=like)[:9], sinusoids(9, 7, like=like))
