r"""Texts as bags of words: what is said counts, in which order hardly.

    w_t = log((1 + n) / (1 + n_t)) + 1        mean = sum_t w_t e_t / sqrt(sum_t w_t^2)        most = max_t e_t

e_t are learnt rows of the tokens and of neighbouring pairs, n counts the training texts and n_t those with token t:
rare words say more. A linear layer on the mean is what TF-IDF and a linear model are, through a bottleneck; the largest
value of each unit says whether any word speaks for it, however long the text. Pairs share a fixed number of rows by a
hash of their codes.

Fast, and hard to beat on small sets: see ``docs/decisions/0013-texts.md``.

Source: Joulin et al. (2016), "Bag of Tricks for Efficient Text Classification", arXiv:1607.01759. We differ: weights by
rarity, the maximum beside the mean, pairs of subwords, dropout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.initialise import fill_embedding
from lamina.networks.layers import Dropout, Embedding
from lamina.networks.tokens import PADDING, Tokens, look_up, make_tokens

FIRST = 0.1  # length of a first row: what training never meets keeps it, and must hardly speak
MOST_ROWS = 100_000  # training texts that are counted, evenly spread over all


@dataclass(frozen=True, kw_only=True)
class Words:
    """A text as the mean and the maximum of its words.

    **Shape**: int32 ``(batch, token)`` in, ``(batch, 2 * units)`` out.

    >>> field = Field(holds="text", shape=(20,), codes=50)
    >>> network = Words(units=8).build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.ones(5, 20, dtype=torch.int32)).shape, network.width
    (torch.Size([5, 16]), 16)
    """

    kind: ClassVar[Literal["text"]] = "text"

    units: int = setting(64, "numbers of a token", low=1, high=4096, log=True)
    pairs: int = setting(1 << 14, "rows that neighbouring pairs share; 0 for none", low=0, high=1 << 24)
    blanks: float = setting(0.2, "chance to read a token as unknown while training", low=0, below=1)
    dropout: float = setting(0.5, "chance to silence a unit while training", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)

    def build(self, field: Field, *, stream: torch.Generator) -> WordsNetwork:
        """The network for a field of texts, weights drawn from ``stream``."""
        tokens = make_tokens(field, self.units, stream=stream, blanks=self.blanks)
        pairs = fill_embedding(Embedding(self.pairs + 1, self.units), stream=stream) if self.pairs else None
        network = WordsNetwork(tokens, pairs, dropout=self.dropout)
        with torch.no_grad():
            for rows in network.parameters():
                rows.mul_(FIRST)
        return network


class WordsNetwork(nn.Module):
    """Mean and maximum of the rows of words and pairs (see `Words`).

    **Shape**: int32 ``(batch, token)`` in, ``(batch, 2 * units)`` out; ``rarity`` is ``(codes,)`` and ``pair_rarity``
    ``(pairs + 1,)``, each with ``member`` in front for a fleet.
    """

    rarity: Tensor
    pair_rarity: Tensor
    settled: Tensor

    def __init__(self, tokens: Tokens, pairs: Embedding | None, *, dropout: float) -> None:
        super().__init__()
        self.tokens = tokens
        self.pairs = pairs
        self.dropout = Dropout(dropout) if dropout > 0 else None
        self.register_buffer("rarity", torch.ones(tokens.rows.weight.shape[0]))
        self.register_buffer("pair_rarity", torch.ones(0 if pairs is None else pairs.weight.shape[0]))
        self.register_buffer("settled", torch.tensor(0.0))  # 1 once it is; weights are numbers
        self.width = 2 * tokens.width

    def forward(self, tokens: Tensor) -> Tensor:
        """The mean and the maximum."""
        tokens = self.tokens.read(tokens)
        x, weights = self.tokens.look_up(tokens), _weights(self.rarity, tokens)
        if self.pairs is not None:
            codes = pair_codes(tokens, self.pairs.weight.shape[-2] - 1)
            x = torch.cat((x, look_up(self.pairs, codes)), dim=-2)
            weights = torch.cat((weights, _weights(self.pair_rarity, codes)), dim=-1)
        x = x.masked_fill((weights == 0).unsqueeze(-1), 0)  # zeros cannot spoil a sum as NaN can
        y = torch.cat((_mean(x, weights), _most(x, weights > 0)), dim=-1)
        return y if self.dropout is None else self.dropout(y)

    def settle(self, tokens: Tensor) -> None:
        """Learn from the training rows ``(row, token)`` how rare tokens and pairs are: once, before the first step."""
        if self.settled:
            return
        self.settled.fill_(1)
        self.rarity.copy_(_rarity(tokens, len(self.rarity)))
        if self.pairs is not None:
            self.pair_rarity.copy_(_rarity(pair_codes(tokens, len(self.pair_rarity) - 1), len(self.pair_rarity)))


def pair_codes(tokens: Tensor, rows: int) -> Tensor:
    """A code from 1 to ``rows`` for each neighbouring pair of tokens, 0 where one of them is missing.

    >>> pair_codes(torch.tensor([[5, 6, 5, 0]]), 1000)
    tensor([[942, 553,   0]])
    """
    left, right = tokens[..., :-1].long(), tokens[..., 1:].long()
    mixed = (left * 2_654_435_761 + right * 40_503) % 2_147_483_647 % rows  # far below 2^63 for any int32 code
    return (mixed + 1) * ((left != PADDING) & (right != PADDING))


def _weights(rarity: Tensor, codes: Tensor) -> Tensor:
    found = rarity.gather(-1, codes.flatten(-2).long()).view(codes.shape)
    return found * (codes != PADDING)


def _rarity(codes: Tensor, size: int) -> Tensor:
    """How rare each code is among rows of codes: log((1 + rows) / (1 + rows with it)) + 1."""
    seen = codes[torch.arange(min(len(codes), MOST_ROWS)) * len(codes) // min(len(codes), MOST_ROWS)]
    own = seen.long().sort(-1).values
    first = torch.cat((torch.ones_like(own[:, :1], dtype=torch.bool), own.diff(dim=-1) != 0), dim=-1)
    counts = torch.bincount(own[first], minlength=size)  # a text counts once for each of its codes
    return torch.log((1 + len(seen)) / (1 + counts.to(torch.float32))) + 1


def _mean(x: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum, scaled so that it does not grow with the length; zeros for a text without words."""
    length = weights.square().sum(-1, keepdim=True).clamp(min=1e-12).sqrt()
    return ((weights / length).unsqueeze(-2) @ x).squeeze(-2)


def _most(x: Tensor, present: Tensor) -> Tensor:
    """The largest value of each unit; zeros for a text without words."""
    lowest = torch.finfo(x.dtype).min
    most = x.masked_fill(~present.unsqueeze(-1), lowest).amax(-2)
    return most.masked_fill(~present.any(-1, keepdim=True), 0)
