r"""Transformers: blocks in which tokens look at each other, then each thinks by itself.

    u = x + drop(attention(norm(x)))        y = u + drop(narrow(drop(f(wide(norm(u))))))        answer = norm(y_last)

f is an activation, or a gate: with "reglu" the wide layer gives twice as many units, and one half, through a relu,
multiplies the other; "geglu" and "swiglu" are the same with gelu and silu. The norm stands before each part (pre-norm):
values and gradients pass a block unchanged on the road x, and deep stacks train without a long warm-up.

What a block adds starts smaller by sqrt(2 blocks), so that the sum over all blocks starts as large as one of them.

Sources: Vaswani et al. (2017), arXiv:1706.03762; Xiong et al. (2020), arXiv:2002.04745 (the norm before); Shazeer
(2020), arXiv:2002.05202 (gates); Radford et al. (2019), "Language Models are Unsupervised Multitask Learners" (the
smaller start). We differ from the first: no positions here; whoever makes the tokens adds them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import check, setting
from lamina.networks.activations import activation
from lamina.networks.attention import Attention, fill_attention, rowwise, tokenwise
from lamina.networks.initialise import fill_affine
from lamina.networks.layers import Affine, Dropout, LayerNorm

GATES = {"reglu": "relu", "geglu": "gelu", "swiglu": "silu"}  # the activation of the half that opens and shuts


@dataclass(frozen=True, kw_only=True)
class Transformer:
    """A stack of pre-norm blocks, described but not yet built; the part that networks of tokens share.

    **Shape**: tokens ``(batch, time, units)`` in, the same out.

    Raises:
        SpecError: a setting lies outside its bounds, or ``heads`` do not divide ``units``.

    >>> stack = Transformer(blocks=2, units=8, heads=2).build(stream=torch.Generator().manual_seed(0))
    >>> stack(torch.zeros(5, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    blocks: int = setting(3, "blocks, each attention and a feed-forward part", low=1, high=1000)
    units: int = setting(192, "numbers of a token", low=1, high=16_384, log=True)
    heads: int = setting(8, "parallel parts of an attention; they divide the units", low=1, high=1024, log=True)
    widening: float = setting(4 / 3, "hidden units of a feed-forward part a unit", above=0, high=16, log=True)
    activation: Literal["reglu", "geglu", "swiglu", "relu", "gelu", "silu"] = setting(
        "reglu", "what a feed-forward part does with its hidden units; the first three are gates"
    )
    attention_dropout: float = setting(0.2, "chance to overlook a token while training", low=0, below=1)
    dropout: float = setting(0.1, "chance to silence a hidden unit while training", low=0, below=1)
    residual_dropout: float = setting(0.0, "chance to silence a unit of what a part adds", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)
        if self.units % self.heads:
            raise SpecError(
                wrong=f"Transformer has heads={self.heads} for units={self.units}.",
                expected="heads that divide the units, so that all are equally wide.",
                remedy=f"try Transformer(units={self.heads * math.ceil(self.units / self.heads)}, heads={self.heads}).",
            )

    @property
    def hidden(self) -> int:
        """Hidden units of a feed-forward part.

        >>> Transformer().hidden
        256
        """
        return max(1, int(self.units * self.widening))

    def build(self, *, stream: torch.Generator, first_norm: bool = True) -> Stack:
        """The stack, weights drawn from ``stream``; without the first norm, the first tokens are taken as they are."""
        return Stack([self._block(stream, norm=first_norm or place > 0) for place in range(self.blocks)], self.units)

    def _block(self, stream: torch.Generator, *, norm: bool) -> Block:
        scale = 1 / math.sqrt(2 * self.blocks)
        look = fill_attention(
            Attention(self.units, self.heads, dropout=self.attention_dropout), stream=stream, scale=scale
        )
        think = FeedForward(self.units, self.hidden, self.activation, dropout=self.dropout)
        return Block(
            look, fill_feed_forward(think, stream=stream, scale=scale), norm=norm, dropout=self.residual_dropout
        )


class FeedForward(nn.Module):
    """Two affine layers around an activation or a gate, for each token by itself.

    **Shape**: ``(batch, time, units)`` in, the same out.

    >>> FeedForward(4, 6, "reglu")(torch.zeros(5, 3, 4)).shape
    torch.Size([5, 3, 4])
    """

    def __init__(self, units: int, hidden: int, name: str, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.name, self.gated = name, name in GATES
        # the function, not an `Activate`: such layers tell their units row by row, and these have several tokens a row
        self.function: Callable[[Tensor], Tensor] = activation(GATES.get(name, name)).function
        self.wide = Affine(units, 2 * hidden if self.gated else hidden)
        self.narrow = Affine(hidden, units)
        self.dropout = Dropout(dropout) if dropout > 0 else None

    def forward(self, x: Tensor) -> Tensor:
        """What each token makes of itself."""
        units = tokenwise(self.wide, x)
        if self.gated:
            units, gate = units.chunk(2, dim=-1)
            units = units * self.function(gate)
        else:
            units = self.function(units)
        return tokenwise(self.narrow, units if self.dropout is None else rowwise(self.dropout, units))

    def extra_repr(self) -> str:
        """The name of the activation or gate, for printing."""
        return self.name


class Block(nn.Module):
    """Attention, then a feed-forward part, each with a norm before it and a road past it.

    **Shape**: ``(batch, time, units)`` in, the same out.
    """

    def __init__(self, look: Attention, think: FeedForward, *, norm: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        units = look.out.weight.shape[-1]
        self.look_norm = LayerNorm(units) if norm else None
        self.look = look
        self.think_norm = LayerNorm(units)
        self.think = think
        self.dropout = Dropout(dropout) if dropout > 0 else None

    def forward(
        self, x: Tensor, *, present: Tensor | None = None, causal: bool = False, first: int | None = None
    ) -> Tensor:
        """The tokens after this block; with ``first``, only so many of them are worked out, looking at all."""
        seen = x if self.look_norm is None else tokenwise(self.look_norm, x)
        asking = seen if first is None else seen[..., :first, :]
        x = x[..., : asking.shape[-2], :]
        x = x + self._drop(self.look(asking, seen, present=present, causal=causal))
        return x + self._drop(self.think(tokenwise(self.think_norm, x)))

    def _drop(self, x: Tensor) -> Tensor:
        return x if self.dropout is None else rowwise(self.dropout, x)


class Stack(nn.Module):
    """Blocks one after the other, and a last norm.

    Padding is zero on the way in and on the way out: what stands there has no part in any answer or gradient.

    **Shape**: tokens ``(batch, time, units)`` and ``present`` bool ``(batch, time)`` in, ``(batch, time, units)`` out;
    for a fleet all with ``member`` in front.
    """

    def __init__(self, blocks: Sequence[Block], units: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.norm = LayerNorm(units)

    def forward(
        self, x: Tensor, *, present: Tensor | None = None, causal: bool = False, first: int | None = None
    ) -> Tensor:
        """The tokens after all blocks.

        Args:
            x: the tokens.
            present: False for padding; None if all are there.
            causal: whether a token may only look at itself and earlier ones.
            first: how many tokens, from the first on, are wanted; None for all. The last block spares the others.
        """
        assert not (causal and first is not None), "with a causal mask the first tokens need no others: hand in those"
        x = _cleared(x, present)
        for place, block in enumerate(self.blocks):
            last = place == len(self.blocks) - 1
            x = block(x, present=present, causal=causal, first=first if last else None)
        return _cleared(tokenwise(self.norm, x), present if first is None or present is None else present[..., :first])


def fill_feed_forward(layer: FeedForward, *, stream: torch.Generator, scale: float = 1.0) -> FeedForward:
    """Draw the weights in place (variance 1 / inputs, then gain^2 / inputs of the activation) and return the layer.

    Args:
        layer: the layer to fill.
        stream: where the draws come from.
        scale: an extra factor for what comes out.
    """
    fill_affine(layer.wide, scheme="lecun", activation="identity", stream=stream)
    narrow = GATES.get(layer.name, layer.name)  # a half of variance 1 does not change what a gate lets through
    fill_affine(layer.narrow, scheme="auto", activation=narrow, stream=stream, scale=scale)
    return layer


def _cleared(x: Tensor, present: Tensor | None) -> Tensor:
    return x if present is None else x.masked_fill(~present.unsqueeze(-1), 0)
