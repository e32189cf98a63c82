r"""A Transformer that reads a text: all tokens look at each other, and attention says what mattered.

    x_t = e_t + p_t        h = blocks over x        answer = attention over h

p_t are sinusoids as long as a new embedding e_t. Work grows with the square of the text's length: for tens of thousands
of tokens take `lamina.networks.hierarchical.Hierarchical`.

Source: Vaswani et al. (2017), arXiv:1706.03762. We differ: see `lamina.networks.transformer`; an additive attention
gathers the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.additive import AdditivePool, fill_pool
from lamina.networks.positions import sinusoids
from lamina.networks.tokens import Tokens, make_tokens, mask_of
from lamina.networks.transformer import Stack, Transformer


@dataclass(frozen=True, kw_only=True)
class TextTransformer:
    """A text through a Transformer, and the mean of what was understood, by attention.

    **Shape**: int32 ``(batch, token)`` in, ``(batch, units of the trunk)`` out.

    >>> field = Field(holds="text", shape=(20,), codes=50)
    >>> network = TextTransformer().build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.ones(5, 20, dtype=torch.int32)).shape, network.width
    (torch.Size([5, 64]), 64)
    """

    kind: ClassVar[Literal["text"]] = "text"

    trunk: Transformer = setting(
        Transformer(blocks=2, units=64, heads=4, attention_dropout=0.1, dropout=0.1),
        "the blocks in which tokens look at each other",
    )
    hidden: int = setting(64, "units that judge how much a token matters", low=1, high=4096, log=True)
    blanks: float = setting(0.2, "chance to read a token as unknown while training", low=0, below=1)
    dropout: float = setting(0.1, "chance to silence a unit of all tokens while training", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)

    def build(self, field: Field, *, stream: torch.Generator) -> TextTransformerNetwork:
        """The network for a field of texts, weights drawn from ``stream``."""
        units = self.trunk.units
        tokens = make_tokens(field, units, stream=stream, blanks=self.blanks, dropout=self.dropout)
        pool = AdditivePool(units, self.hidden)
        return TextTransformerNetwork(tokens, self.trunk.build(stream=stream), fill_pool(pool, stream=stream))


class TextTransformerNetwork(nn.Module):
    """Blocks over the tokens of a text, then attention (see `TextTransformer`).

    **Shape**: int32 ``(batch, token)`` in, ``(batch, width)`` out; for a fleet with ``member`` in front.
    """

    def __init__(self, tokens: Tokens, stack: Stack, pool: AdditivePool) -> None:
        super().__init__()
        self.tokens = tokens
        self.stack = stack
        self.pool = pool
        self.width = tokens.width

    def forward(self, tokens: Tensor) -> Tensor:
        """What was understood."""
        return self.with_weights(tokens)[0]

    def with_weights(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """What was understood, and how much each token counted: ``(..., batch, token)``."""
        # the dropouts inside draw for every token: cut to the longest text they would depend on its neighbours
        tokens = self.tokens.blanked(tokens) if self.training else self.tokens.read(tokens)
        present = mask_of(tokens)
        x = self.tokens.look_up(tokens)
        x = x + sinusoids(x.shape[-2], x.shape[-1], like=x)
        return self.pool.with_weights(self.stack(x, present=present), present)
