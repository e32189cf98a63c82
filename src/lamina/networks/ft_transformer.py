r"""The FT-Transformer: every column of a table is a token, and columns look at each other.

    token_j = x_j W_j + b_j  (number)     token_j = E_j[code_j] + b_j  (category)     token_0 = b_0  (the answer's)
    scores = V relu(norm(blocks(tokens)_0)) + c

With ``numbers`` (`lamina.networks.piecewise`, `lamina.networks.periodic`) the token of a number also has what is learnt
of it by itself, e(x_j) M_j: one slope bends as late in a token as in a dense layer.

Attention mixes columns row by row: which columns matter for a row depends on the row. The answer is read off token 0,
which carries nothing at first and collects what it needs; the last block works out this token only. The first block has
no norm before its attention, as in the paper's code.

The paper's own network is ``FTTransformer(trunk=Transformer(), numbers=None)``: 3 blocks, 192 units, 8 heads. The
default here is smaller and bends its numbers: it suits the usual training, and takes a sixth of the time an epoch. The
large one wants a learning rate of 0.001 or less. What was measured stands in ``docs/decisions/0011-ft-transformer.md``.

Source: Gorishniy, Rubachev, Khrulkov and Babenko (2021), "Revisiting Deep Learning Models for Tabular Data",
arXiv:2106.11959. We differ beyond that: normal instead of uniform first tokens, what a block adds starts smaller, the
scores start near "all alike", an unseen category starts at zero, and the rows of a category decay like every weight
matrix here (norms, biases and the tokens of numbers do not).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.foundation.randomness import torch_stream
from lamina.foundation.signature import Signature
from lamina.foundation.specs import check, setting
from lamina.networks.initialise import fill_affine, fill_embedding
from lamina.networks.layers import Activate, Affine, Embedding
from lamina.networks.periodic import Periodic
from lamina.networks.piecewise import Piecewise
from lamina.networks.refuse import refuse_fields
from lamina.networks.table import TableNetwork
from lamina.networks.transformer import Stack, Transformer

TOKENS_AT_ONCE = 1 << 13  # while answering: 1,000 to 30,000 take the same time a row, and more a quarter longer


@dataclass(frozen=True, kw_only=True)
class FTTransformer:
    """Every column a token, and attention between columns; many times slower than `Table`.

    **Shape**: float32 ``(batch, feature)`` and int64 ``(batch, category)`` in, scores ``(batch, score)`` out. Without
    category columns it takes the numbers alone.

    >>> network = FTTransformer().build(Signature(features=3, scores=2, categories=(4, 50)), seed=0)
    >>> network(torch.zeros(5, 3), torch.zeros(5, 2, dtype=torch.int64)).shape
    torch.Size([5, 2])
    """

    categories: ClassVar[Literal["onehot", "codes"]] = "codes"  # how an encoder should hand over categories
    by_gradient: ClassVar[bool] = True  # trained by following a gradient
    reads_fields: ClassVar[bool] = False  # images, texts and series

    trunk: Transformer = setting(
        Transformer(blocks=2, units=64, heads=4, attention_dropout=0.0),
        "the blocks in which columns look at each other",
    )
    numbers: Piecewise | Periodic | None = setting(
        Piecewise(width=4, rows=32), "what is learnt of each number by itself; None for nothing"
    )
    most_columns: int = setting(
        200, "encoded columns at most: work and memory grow with their square", low=1, high=10_000
    )

    def __post_init__(self) -> None:
        check(self)

    def build(self, signature: Signature, *, seed: int) -> nn.Module:
        """The network; equal seeds give equal weights, and no other draw is disturbed.

        Raises:
            SpecError: the table has more columns than ``most_columns``, or fields.
        """
        refuse_fields("FTTransformer", signature.fields)
        _refuse_wide(signature, self.most_columns)
        trunk = self._trunk(signature, seed)
        if self.numbers is not None and signature.features:
            front = self.numbers.build(signature.features, stream=torch_stream(seed, "initialise", "numbers"))
            trunk = nn.Sequential(front, trunk)
        if not signature.categories:
            return trunk
        stream = torch_stream(seed, "initialise", "embedding")
        columns = [fill_embedding(Embedding(size, self.trunk.units), stream=stream) for size in signature.categories]
        return TableNetwork(columns, trunk)

    def _trunk(self, signature: Signature, seed: int) -> nn.Module:
        """What follows a joined row: numbers, embedded categories, what is learnt of each number."""
        learnt = self.numbers.width if self.numbers is not None else 0
        tokens = Tokens(signature.features, len(signature.categories), self.trunk.units, learnt=learnt)
        fill_tokens(tokens, stream=torch_stream(seed, "initialise", "tokens"))
        stack = self.trunk.build(stream=torch_stream(seed, "initialise", "trunk"), first_norm=False)
        head, stream = Affine(self.trunk.units, signature.scores), torch_stream(seed, "initialise", "head")
        fill_affine(head, scheme="lecun", activation="identity", stream=stream, scale=0.1)
        return ColumnsNetwork(tokens, stack, head)


class Tokens(nn.Module):
    """A joined row as tokens: the answer's, one for each number, one for each category.

    **Shape**: ``(batch, features + categories * units + features * learnt)`` in: the numbers, the embedded categories,
    and what is learnt of each number; ``(batch, 1 + features + categories, units)`` out. ``rows`` holds a b_j for each
    token, then a W_j for each number, ``((1 + 2 features + categories) * units,)``, and ``mix`` the M_j, ``(features,
    learnt, units)``, each with ``member`` in front for a fleet.

    >>> Tokens(2, 1, 4)(torch.zeros(5, 6)).shape
    torch.Size([5, 4, 4])
    """

    def __init__(self, features: int, categories: int, units: int, *, learnt: int = 0) -> None:
        super().__init__()
        self.features, self.categories, self.units = features, categories, units
        # flat, because a decay takes matrices for weights, and a token that shrinks is a column that is overlooked
        self.rows = nn.Parameter(torch.zeros((self.count + features) * units))
        self.mix = nn.Parameter(torch.zeros(features, learnt, units)) if features * learnt else None

    @property
    def count(self) -> int:
        """Tokens of a row."""
        return 1 + self.features + self.categories

    def forward(self, x: Tensor) -> Tensor:
        """The tokens, the answer's first."""
        rows = self.rows.view(*self.rows.shape[:-1], 1, self.count + self.features, self.units)
        own, slopes = rows[..., : self.count, :], rows[..., self.count :, :]
        end = self.features + self.categories * self.units
        numbers = x[..., : self.features].unsqueeze(-1) * slopes
        if self.mix is not None:
            learnt = x[..., end:].reshape(*x.shape[:-1], self.features, self.mix.shape[-2])
            numbers = numbers + (learnt.transpose(-3, -2) @ self.mix).transpose(-3, -2)
        embedded = x[..., self.features : end].reshape(*x.shape[:-1], self.categories, self.units)
        answer = x.new_zeros(*x.shape[:-1], 1, self.units)
        return torch.cat((answer, numbers, embedded), dim=-2) + own


class ColumnsNetwork(nn.Module):
    """Tokens, blocks, and scores from the first token (see `FTTransformer`).

    **Shape**: a joined row ``(batch, unit)``, as `Tokens` takes it, in; ``(batch, score)`` out.
    """

    def __init__(self, tokens: Tokens, stack: Stack, head: Affine) -> None:
        super().__init__()
        self.tokens = tokens
        self.stack = stack
        self.relu = Activate("relu")
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """The scores; while answering, a few thousand tokens at a time, however many rows there are."""
        rows = max(1, TOKENS_AT_ONCE // (self.tokens.count * math.prod(x.shape[:-2])))
        if self.training or x.shape[-2] <= rows:
            return self._scores(x)
        return torch.cat([self._scores(part) for part in torch.split(x, rows, dim=-2)], dim=-2)

    def _scores(self, x: Tensor) -> Tensor:
        answer = self.stack(self.tokens(x), first=1).squeeze(-2)
        scores: Tensor = self.head(self.relu(answer))
        return scores


def fill_tokens(layer: Tokens, *, stream: torch.Generator) -> Tokens:
    """Draw the rows of the tokens in place, each of length 1 on average, and return the layer.

    A layer without memory is left as it is (see `fill_affine`).
    """
    if not layer.rows.is_meta:
        with torch.no_grad():
            layer.rows.copy_(torch.randn(layer.rows.shape, generator=stream) / math.sqrt(layer.units))
            if layer.mix is not None:
                spread = 1 / math.sqrt(layer.units * layer.mix.shape[-2])
                layer.mix.copy_(torch.randn(layer.mix.shape, generator=stream) * spread)
    return layer


def _refuse_wide(signature: Signature, most: int) -> None:
    columns = signature.features + len(signature.categories)
    if columns > most:
        raise SpecError(
            wrong=f"FTTransformer would make {columns:,} tokens of this table's encoded columns.",
            expected=f"at most {most:,}: work and memory grow with their square.",
            remedy=f"use Table(), which takes any number, or FTTransformer(most_columns={columns}).",
        )
