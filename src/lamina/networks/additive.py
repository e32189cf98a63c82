r"""Additive attention: many items become one, each counted by how much it matters.

    s_t = sqrt(k) q . tanh(W x_t + b)        a = softmax of s over the items there        answer = sum_t a_t x_t

q, of k numbers, is a learnt question, the same for all rows: "which of these words tells what is asked?". A row without
items answers with zeros and weighs nothing; what stands in the place of a missing item has no part in any answer or
gradient.

q starts at zero: the first answer is the mean of the items. A small step of q has to tell them apart soon, for once the
answers are right nothing pushes any more: without sqrt(k) a fifth of the attention stayed beside what decided
(``docs/decisions/0013-texts.md``).

Sources: Bahdanau, Cho and Bengio (2015), arXiv:1409.0473, section 3.1 (the score); Yang et al. (2016), "Hierarchical
Attention Networks for Document Classification", doi:10.18653/v1/N16-1174 (one learnt question). We differ: sqrt(k).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lamina.networks.attention import softmax_over, tokenwise
from lamina.networks.initialise import fill_affine
from lamina.networks.layers import Affine


class AdditivePool(nn.Module):
    """The weighted mean of the items of a row.

    **Shape**: ``(batch, item, units)`` and ``present`` bool ``(batch, item)`` in, ``(batch, units)`` out; for a fleet
    with ``member`` in front. ``question`` is ``(hidden,)``, for a fleet ``(member, hidden)``.

    >>> pool = AdditivePool(4, 3)
    >>> answer, weights = pool.with_weights(torch.ones(2, 3, 4), torch.tensor([[True, True, False], [False] * 3]))
    >>> weights
    tensor([[0.5000, 0.5000, 0.0000],
            [0.0000, 0.0000, 0.0000]], grad_fn=<MaskedFillBackward0>)
    """

    def __init__(self, units: int, hidden: int) -> None:
        super().__init__()
        self.key = Affine(units, hidden)
        self.question = nn.Parameter(torch.zeros(hidden))

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """The weighted mean ``(..., batch, units)``."""
        return self.with_weights(x, present)[0]

    def with_weights(self, x: Tensor, present: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The weighted mean, and the weights ``(..., batch, item)``, which add up to 1 in every row with an item."""
        if present is not None:  # zeros cannot spoil a sum as NaN can
            x = x.masked_fill(~present.unsqueeze(-1), 0)
        keys = torch.tanh(tokenwise(self.key, x))
        question = self.question * math.sqrt(self.question.shape[-1])
        scores = (keys * question[..., None, None, :]).sum(-1)
        weights = softmax_over(scores, present)
        return (weights.unsqueeze(-2) @ x.to(weights.dtype)).squeeze(-2), weights


def fill_pool(layer: AdditivePool, *, stream: torch.Generator) -> AdditivePool:
    """Draw the weights of the keys in place and return the layer; its question stays zero."""
    fill_affine(layer.key, scheme="glorot", activation="tanh", stream=stream)
    return layer
