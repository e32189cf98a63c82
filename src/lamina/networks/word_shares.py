"""What each token of a bag of words adds to what the bag says: the shares of a sum, and of a maximum its winner's.

What stands several times counts once, and its places share alike. What a pair adds is halved between its two tokens.

Written for reading, not for learning: the rows of a whole text lie side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lamina.networks.tokens import PADDING


class Items(NamedTuple):
    """A table of learnt rows, the codes that look them up ``(batch, token)``, and how much each code counts."""

    rows: Tensor
    codes: Tensor
    rarity: Tensor


class _Looked(NamedTuple):
    rows: Tensor  # (batch, token, width)
    weights: Tensor  # (batch, token), 0 for padding
    twins: Tensor  # how often the code stands in its text (batch, token)


def token_shares(items: Sequence[Items]) -> Tensor:
    """The shares of the mean and of the maximum ``(batch, token, 2 * width)``; over a text these add up to both.

    The first items are the tokens; the second, if there are any, have a code for the pair of each token with the one
    before it.

    >>> rows = torch.tensor([[0.0], [1.0], [3.0]])
    >>> token_shares([Items(rows, torch.tensor([[1, 2, 1]]), torch.ones(3))])[..., 1]
    tensor([[0., 3., 0.]])
    """
    looked = [_look(one) for one in items]
    squares = sum((one.weights.square() / one.twins).sum(-1, keepdim=True) for one in looked)
    length = torch.as_tensor(squares).clamp(min=1e-12).sqrt()
    means = [one.rows * (one.weights / one.twins / length).unsqueeze(-1) for one in looked]
    each = [torch.cat(both, dim=-1) for both in zip(means, _winnings(looked), strict=True)]
    if len(each) == 1:
        return each[0]
    alone = functional.pad(items[0].codes[..., :-1], (1, 0)) == PADDING  # nothing stands before it
    given = each[1] * torch.where(alone, 0.0, 0.5).to(each[1].dtype).unsqueeze(-1)
    return each[0] + each[1] - given + functional.pad(given[..., 1:, :], (0, 0, 0, 1))


def _look(items: Items) -> _Looked:
    codes = items.codes.long()
    texts = torch.arange(len(codes), device=codes.device)[:, None] * len(items.rows)
    _, place, count = torch.unique(codes + texts, return_inverse=True, return_counts=True)
    present = codes != PADDING
    rows = items.rows[codes].masked_fill(~present.unsqueeze(-1), 0)
    return _Looked(rows, (items.rarity[codes] * present).to(rows.dtype), count[place])


def _winnings(looked: Sequence[_Looked]) -> list[Tensor]:
    """Of each unit its largest value, where that stands; several such places share it."""
    there = [one.weights.unsqueeze(-1) > 0 for one in looked]
    lowest = torch.finfo(looked[0].rows.dtype).min
    values = [one.rows.masked_fill(~here, lowest) for one, here in zip(looked, there, strict=True)]
    most = torch.cat(values, dim=-2).amax(-2, keepdim=True)
    won = [(value == most) & here for value, here in zip(values, there, strict=True)]
    places = torch.cat(won, dim=-2).sum(-2, keepdim=True).clamp(min=1)
    return [most * hit / places for hit in won]
