r"""Recurrent networks that read a text: word after word, both ways, and attention to what mattered.

    x = rows of the tokens        h = recurrent layers over x, forwards and backwards        answer = attention over h

Between two layers, and after the last, a chosen unit is silenced in all steps at once (a locked dropout).

Sources: Yang et al. (2016), doi:10.18653/v1/N16-1174 (attention over a two-way recurrent layer); Gal and Ghahramani
(2016), arXiv:1512.05287 (locked dropout).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.additive import AdditivePool, fill_pool
from lamina.networks.layers import Dropout
from lamina.networks.recurrent import Cell, Recurrence, fill_recurrence
from lamina.networks.tokens import Tokens, make_tokens


@dataclass(frozen=True, kw_only=True)
class Recurrent:
    """A text read forwards and backwards, and the mean of what was understood, by attention.

    **Shape**: int32 ``(batch, token)`` in, ``(batch, 2 * units)`` out.

    >>> field = Field(holds="text", shape=(20,), codes=50)
    >>> network = Recurrent(units=8).build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.ones(5, 20, dtype=torch.int32)).shape, network.width
    (torch.Size([5, 16]), 16)
    """

    kind: ClassVar[Literal["text"]] = "text"

    cell: Cell = setting("lstm", "what remembers")
    embedding: int = setting(64, "numbers of a token", low=1, high=4096, log=True)
    units: int = setting(64, "units of each direction", low=1, high=4096, log=True)
    layers: int = setting(1, "recurrent layers one after the other", low=1, high=16)
    hidden: int = setting(64, "units that judge how much a step matters", low=1, high=4096, log=True)
    blanks: float = setting(0.2, "chance to read a token as unknown while training", low=0, below=1)
    dropout: float = setting(0.3, "chance to silence a unit while training", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)

    def build(self, field: Field, *, stream: torch.Generator) -> RecurrentNetwork:
        """The network for a field of texts, weights drawn from ``stream``."""
        tokens = make_tokens(field, self.embedding, stream=stream, blanks=self.blanks, dropout=self.dropout)
        layers = make_layers(self.embedding, self.units, self.layers, self.cell, both=True, stream=stream)
        pool = fill_pool(AdditivePool(2 * self.units, self.hidden), stream=stream)
        return RecurrentNetwork(tokens, layers, pool, dropout=self.dropout)


class RecurrentNetwork(nn.Module):
    """Recurrent layers over the tokens of a text, then attention (see `Recurrent`).

    **Shape**: int32 ``(batch, token)`` in, ``(batch, width)`` out; for a fleet with ``member`` in front.
    """

    def __init__(self, tokens: Tokens, layers: list[Recurrence], pool: AdditivePool, *, dropout: float) -> None:
        super().__init__()
        self.tokens = tokens
        self.layers = Layers(layers, dropout=dropout)
        self.pool = pool
        self.width = self.layers.width

    def forward(self, tokens: Tensor) -> Tensor:
        """What was understood."""
        return self.with_weights(tokens)[0]

    def with_weights(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """What was understood, and how much each token counted: ``(..., batch, longest text)``."""
        x, present = self.tokens(tokens)
        return self.pool.with_weights(self.layers(x, present), present)


class Layers(nn.Module):
    """Recurrent layers one after the other, each followed by a locked dropout.

    **Shape**: ``(batch, step, inputs)`` and ``present`` bool ``(batch, step)`` in, ``(batch, step, width)`` out.
    """

    def __init__(self, layers: list[Recurrence], *, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.drops = nn.ModuleList(Dropout(dropout) for _ in layers) if dropout > 0 else None
        self.width = layers[-1].width

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """What the last layer says at each step."""
        for place, layer in enumerate(self.layers):
            x = layer(x, present)
            if self.drops is not None:
                x = locked(self.drops[place], x)
        return x

    def last(self, y: Tensor, present: Tensor | None = None) -> Tensor:
        """Of what `forward` said, the last that each direction of the last layer said: ``(batch, width)``."""
        layer = self.layers[-1]
        assert isinstance(layer, Recurrence)
        return layer.last(y, present)


def make_layers(
    inputs: int, units: int, count: int, cell: Cell, *, both: bool, stream: torch.Generator
) -> list[Recurrence]:
    """Recurrent layers that fit one after the other, weights drawn from ``stream``."""
    width = 2 * units if both else units
    sizes = [inputs, *[width] * (count - 1)]
    return [fill_recurrence(Recurrence(size, units, cell, both=both), stream=stream) for size in sizes]


def locked(dropout: nn.Module, x: Tensor) -> Tensor:
    """A dropout that silences a unit of ``(..., batch, step, unit)`` at all steps of a row, or at none."""
    assert isinstance(dropout, Dropout)
    return x * dropout.factor(x[..., 0, :]).unsqueeze(-2) if dropout.training else x
