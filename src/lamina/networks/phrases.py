r"""Texts by their phrases: a filter looks at a few words in a row, and the best match anywhere in the text counts.

    y_t = relu(W_k (x_t, ..., x_{t+k-1}) + b_k)   for each k        most_k = max_t y_t        answer = all most_k

One filter bank for each length k of a phrase. Where fewer than k words are left, zeros stand in for them.

Source: Kim (2014), "Convolutional Neural Networks for Sentence Classification", arXiv:1408.5882. We differ: fewer and
shorter phrases, every text has a phrase of each length, blanks, and the rows are learnt from the training texts alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.attention import tokenwise
from lamina.networks.initialise import fill_affine
from lamina.networks.layers import Affine, Dropout
from lamina.networks.tokens import Tokens, make_tokens


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """A text as the best match of learnt phrases.

    **Shape**: int32 ``(batch, token)`` in, ``(batch, filters * number of lengths)`` out.

    >>> field = Field(holds="text", shape=(20,), codes=50)
    >>> network = Phrases(filters=8).build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.ones(5, 20, dtype=torch.int32)).shape, network.width
    (torch.Size([5, 24]), 24)
    """

    kind: ClassVar[Literal["text"]] = "text"

    embedding: int = setting(64, "numbers of a token", low=1, high=4096, log=True)
    lengths: tuple[int, ...] = setting((1, 2, 3), "words of a phrase, one bank of filters for each", low=1, high=64)
    filters: int = setting(64, "filters of each length", low=1, high=4096, log=True)
    blanks: float = setting(0.2, "chance to read a token as unknown while training", low=0, below=1)
    dropout: float = setting(0.5, "chance to silence a unit while training", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)

    def build(self, field: Field, *, stream: torch.Generator) -> PhrasesNetwork:
        """The network for a field of texts, weights drawn from ``stream``."""
        tokens = make_tokens(field, self.embedding, stream=stream, blanks=self.blanks, dropout=self.dropout / 2)
        banks = [Affine(length * self.embedding, self.filters) for length in self.lengths]
        for bank in banks:
            fill_affine(bank, scheme="he", activation="relu", stream=stream)
        return PhrasesNetwork(tokens, banks, dropout=self.dropout)


class PhrasesNetwork(nn.Module):
    """Banks of filters over the tokens of a text, and the maximum of each filter (see `Phrases`).

    **Shape**: int32 ``(batch, token)`` in, ``(batch, width)`` out; for a fleet with ``member`` in front.
    """

    def __init__(self, tokens: Tokens, banks: list[Affine], *, dropout: float) -> None:
        super().__init__()
        self.tokens = tokens
        self.banks = nn.ModuleList(banks)
        self.dropout = Dropout(dropout) if dropout > 0 else None
        self.width = sum(bank.weight.shape[0] for bank in banks)

    def forward(self, tokens: Tensor) -> Tensor:
        """The best match of each filter; zeros for a text without words."""
        x, present = self.tokens(tokens)
        x = x.masked_fill(~present.unsqueeze(-1), 0)
        matches = torch.cat([self._match(bank, x) for bank in self.banks], dim=-1)
        # a relu is never below zero: what stands in for padding cannot win
        y = matches.masked_fill(~present.unsqueeze(-1), 0).amax(-2)
        return y if self.dropout is None else self.dropout(y)

    def _match(self, bank: nn.Module, x: Tensor) -> Tensor:
        """How well each filter fits the phrase that starts at each token."""
        weight = bank.weight
        assert isinstance(weight, Tensor)
        length = weight.shape[-1] // x.shape[-1]
        steps = x.shape[-2]
        padded = functional.pad(x, (0, 0, 0, length - 1))
        phrases = torch.cat([padded[..., i : i + steps, :] for i in range(length)], dim=-1)
        return functional.relu(tokenwise(bank, phrases))
