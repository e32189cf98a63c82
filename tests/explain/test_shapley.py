"""Shapley values: against every order of the players, one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from lamina.explain.shapley import drawn_shares, exact_shares


def every_order(worth, players: int) -> np.ndarray:
    """The definition: the mean over all orders of what the worth grows by when each player comes."""
    shares = np.zeros(players)
    for order in itertools.permutations(range(players)):
        inside = np.zeros((1, players), bool)
        before = worth(inside)[0]
        for player in order:
            inside[0, player] = True
            after = worth(inside)[0]
            shares[player] += after - before
            before = after
    return shares / math.factorial(players)


def game(players: int, seed: int):
    """A worth with main effects, pairs and triples, and its worth for nobody and for everyone."""
    stream = np.random.default_rng(seed)
    one, two, three = (stream.normal(0, 1, (players,) * order) for order in (1, 2, 3))

    def worth(sets):
        s = sets.astype(float)
        return s @ one + np.einsum("ri,rj,ij->r", s, s, two) + np.einsum("ri,rj,rk,ijk->r", s, s, s, three)

    return worth, 0.0, float(worth(np.ones((1, players), bool))[0])


@pytest.mark.parametrize("players", [1, 2, 3, 5, 6])
def test_all_sets_give_what_all_orders_give(players) -> None:
    """The two definitions are one, and the sum is the worth of everyone."""
    worth, none, everyone = game(players, seed=players)
    found = exact_shares(worth, players, none=none, everyone=everyone)
    np.testing.assert_allclose(found.values, every_order(worth, players), atol=1e-12)
    assert found.values.sum() == pytest.approx(everyone - none, abs=1e-12)
    assert found.error == 0


def test_drawn_orders_come_close_and_add_up_exactly() -> None:
    """However few orders, the sum holds; with many, each share lies within four of its errors."""
    worth, none, everyone = game(7, seed=0)
    exact = exact_shares(worth, 7, none=none, everyone=everyone).values
    for draws in (4, 400):
        stream = np.random.default_rng(1)
        found = drawn_shares(worth, 7, none=none, everyone=everyone, draws=draws, stream=stream)
        assert found.values.sum() == pytest.approx(everyone - none, abs=1e-9)
    assert np.abs(found.values - exact).max() < 4 * found.error


def test_an_order_and_its_reverse_are_exact_for_pairs() -> None:
    """Where worth is a sum of single players and pairs, two orders are enough: that is why they come in pairs."""
    stream = np.random.default_rng(0)
    two = stream.normal(0, 1, (12, 12))
    two = two + two.T

    def worth(sets):
        s = sets.astype(float)
        return np.einsum("ri,rj,ij->r", s, s, two)

    everyone = float(two.sum())
    found = drawn_shares(worth, 12, none=0.0, everyone=everyone, draws=4, stream=stream)
    np.testing.assert_allclose(found.values, two.sum(axis=1), atol=1e-9)
    assert found.error < 1e-9


def test_nobody_has_nothing() -> None:
    """A game without players has no shares."""
    assert exact_shares(lambda sets: np.zeros(len(sets)), 0, none=1.0, everyone=1.0).values.tolist() == []
