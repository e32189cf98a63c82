r"""Shapley values: what each of several players brings to a game, in one fair way.

    phi_i = sum over sets S without i of  |S|! (n - |S| - 1)! / n!  (worth(S with i) - worth(S))

or, what is the same, the mean over all orders in which the players could come of what the worth grows by when i comes.
With few players all 2^n sets are asked about; with many, orders are drawn. Each order goes with its reverse: where the
worth is nearly a sum of pairs, their errors cancel. Any single order adds up to worth(all) - worth(none), and so does
the mean: the sum is exact however few orders were drawn, and only the shares have an error.

Sources: Shapley (1953); Strumbelj and Kononenko (2014), doi:10.1007/s10115-013-0679-x; Mitchell et al. (2022),
arXiv:2104.12199 (antithetic pairs).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Sets = npt.NDArray[np.bool_]  # (set, player): who is in
Floats = npt.NDArray[np.float64]
Worth = Callable[[Sets], Floats]  # the worth of each set, (set,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shares:
    """What each player brings, ``(player,)``, and the largest standard error among them: 0 if all sets were asked."""

    values: Floats
    error: float


def exact_shares(worth: Worth, players: int, *, none: float, everyone: float) -> Shares:
    """The shares from the worth of all sets; ``none`` and ``everyone`` are known and not asked for again.

    >>> exact_shares(lambda sets: sets @ np.array([1.0, 5.0]), 2, none=0.0, everyone=6.0).values
    array([1., 5.])
    """
    if not players:
        return Shares(values=np.zeros(0), error=0.0)
    number = np.arange(2**players)
    sets = (number[:, None] >> np.arange(players)) & 1 == 1
    values = np.empty(len(sets))
    values[0], values[-1] = none, everyone
    values[1:-1] = worth(sets[1:-1])
    sizes = sets.sum(axis=1)
    weight = np.array([1 / (players * math.comb(players - 1, size)) for size in range(players)])
    shares = np.empty(players)
    for player in range(players):
        without = number[~sets[:, player]]
        shares[player] = weight[sizes[without]] @ (values[without | 1 << player] - values[without])
    return Shares(values=shares, error=0.0)


def drawn_shares(
    worth: Worth, players: int, *, none: float, everyone: float, draws: int, stream: np.random.Generator
) -> Shares:
    """The shares from ``draws`` orders (an even number, at least 4), half of them the reverse of the others.

    >>> game = lambda sets: sets.sum(axis=1) ** 2.0
    >>> shares = drawn_shares(game, 3, none=0.0, everyone=9.0, draws=8, stream=np.random.default_rng(0))
    >>> shares.values
    array([3., 3., 3.])
    """
    pairs = np.empty((draws // 2, players))
    for pair in pairs:
        order = stream.permutation(players)
        pair[:] = (_of_order(worth, order, none, everyone) + _of_order(worth, order[::-1], none, everyone)) / 2
    error = pairs.std(axis=0, ddof=1).max() / math.sqrt(len(pairs))
    return Shares(values=pairs.mean(axis=0), error=float(error))


def _of_order(worth: Worth, order: npt.NDArray[np.int64], none: float, everyone: float) -> Floats:
    """What the worth grows by when each player comes, in this order."""
    comes = np.argsort(order)
    sets = comes[None, :] < np.arange(1, len(order))[:, None]
    values = np.concatenate(([none], worth(sets), [everyone]))
    return np.diff(values)[comes]
