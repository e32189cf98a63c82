r"""One level of a hierarchy: a text cut into chunks, what reads the items of a chunk, and attention to them.

    y_t = norm(relu(W (x_{t-r}, ..., x_{t+r}) + b))        what a word says among its neighbours
    chunk = attention over y

`Neighbours` reads a word with a few before and after it, and nothing further: attention to a word is attention to these
few. A recurrent layer in its place carries what it read along, and its attention may then lie anywhere behind.

The norm makes all words speak equally loud. Without it a network can learn to let a word shout instead of attending to
it, and its weights show little of what decided.

Source: Yang et al. (2016), "Hierarchical Attention Networks for Document Classification", doi:10.18653/v1/N16-1174. We
differ: chunks in place of sentences, words over the border.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.networks.additive import AdditivePool
from lamina.networks.attention import tokenwise
from lamina.networks.layers import Affine, LayerNorm
from lamina.networks.recurrent import Recurrence
from lamina.networks.tokens import PADDING


class Cut(NamedTuple):
    """Where a text is cut: words of a chunk, words over each border, chunks of a section."""

    chunk: int
    margin: int
    section: int


class Neighbours(nn.Module):
    """Each item with the few before and after it: y_t = relu(W (x_{t-r}, ..., x_{t+r}) + b).

    **Shape**: ``(batch, item, inputs)`` and ``present`` bool ``(batch, item)`` in, ``(batch, item, width)`` out.

    >>> Neighbours(3, 4, reach=2)(torch.zeros(5, 7, 3)).shape
    torch.Size([5, 7, 4])
    """

    def __init__(self, inputs: int, width: int, *, reach: int) -> None:
        super().__init__()
        self.reach, self.width = reach, width
        self.mix = Affine((2 * reach + 1) * inputs, width)

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """What each item says among its neighbours; what is missing counts as zeros."""
        if present is not None:
            x = x.masked_fill(~present.unsqueeze(-1), 0)
        padded = functional.pad(x, (0, 0, self.reach, self.reach))
        items = x.shape[-2]
        near = torch.cat([padded[..., i : i + items, :] for i in range(2 * self.reach + 1)], dim=-1)
        return functional.relu(tokenwise(self.mix, near))


class Level(nn.Module):
    """A two-way recurrent layer over the items of a row, and attention to them.

    **Shape**: ``(batch, item, inputs)``, ``present`` and ``own`` bool ``(batch, item)`` in: the items that are read and
    those that may be attended to. ``(batch, width)`` and weights ``(batch, item)`` out.
    """

    def __init__(self, layer: Neighbours | Recurrence, pool: AdditivePool) -> None:
        super().__init__()
        self.layer = layer
        self.norm = LayerNorm(layer.width)
        self.pool = pool

    def forward(self, x: Tensor, present: Tensor, own: Tensor) -> tuple[Tensor, Tensor]:
        """What the items say together, and how much each counted."""
        return self.pool.with_weights(tokenwise(self.norm, self.layer(x, present)), own)


def windows_of(tokens: Tensor, cut: Cut) -> tuple[Tensor, Tensor]:
    """Chunks with the words over their borders, and which words are a chunk's own and there.

    **Shape**: ``(..., token)`` in, both ``(..., chunk, margin + words + margin)`` out; chunks fill whole sections.

    >>> windows, own = windows_of(torch.tensor([[5, 6, 7]]), Cut(chunk=2, margin=1, section=2))
    >>> windows
    tensor([[[0, 5, 6, 7],
             [6, 7, 0, 0]]])
    >>> own.int()
    tensor([[[0, 1, 1, 0],
             [0, 1, 0, 0]]], dtype=torch.int32)
    """
    rest = -tokens.shape[-1] % (cut.chunk * cut.section)
    padded = functional.pad(tokens, (cut.margin, cut.margin + rest))
    windows = padded.unfold(-1, cut.chunk + 2 * cut.margin, cut.chunk)
    places = torch.arange(windows.shape[-1], device=tokens.device)
    inside = (places >= cut.margin) & (places < cut.margin + cut.chunk)
    return windows, inside & (windows != PADDING)
