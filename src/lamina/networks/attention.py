r"""Attention: every token looks at all tokens of its row and takes what it needs.

    q_i = W_q x_i + b_q        k_j, v_j = W_m m_j + b_m        one head takes a part of each, w = units / heads wide
    a_ij = softmax over j of q_i . k_j / sqrt(w)               answer_i = W_o (sum_j a_ij v_j, heads side by side) + b_o

x are the tokens that ask, m the ones that are looked at: the same ones (self-attention) or others (a decoder that
looks at what an encoder read). A token is left out by ``present`` (padding) or because it comes later (``causal``).
What is left out has no part in any answer or gradient, whatever its numbers are, NaN included; a token that may look
at none gets b_o.

The softmax over tokens that may be looked at (`softmax_over`) does not know how their scores were made: additive
attention needs another formula for these and nothing else.

Source: Vaswani et al. (2017), arXiv:1706.03762, section 3.2. We differ: biases in every layer, as in torch; keys and
values come from one product.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.networks.initialise import fill_affine
from lamina.networks.layers import Affine, Dropout, LayerNorm


class Attention(nn.Module):
    """Scaled dot-product attention with several heads.

    **Shape**: tokens ``(batch, time, units)`` and, if others are looked at, memory ``(batch, key, memory_units)`` in;
    ``(batch, time, units)`` out. ``present`` is bool ``(batch, key)``, False for padding. For a fleet all have
    ``member`` in front, as have the parameters.

    Args:
        units: numbers of a token.
        heads: parallel parts, each with weights of its own; they divide ``units``.
        memory_units: numbers of a token that is looked at; None for as many.
        dropout: chance to overlook a token while training.

    >>> layer = Attention(8, 2)
    >>> layer(torch.zeros(5, 3, 8)).shape, layer(torch.zeros(5, 3, 8), torch.zeros(5, 7, 8)).shape
    (torch.Size([5, 3, 8]), torch.Size([5, 3, 8]))
    >>> answers, weights = layer.with_weights(torch.zeros(5, 3, 8), causal=True)
    >>> weights[0, 0]  # (time, key) of the first row and head
    tensor([[1.0000, 0.0000, 0.0000],
            [0.5000, 0.5000, 0.0000],
            [0.3333, 0.3333, 0.3333]], grad_fn=<SelectBackward0>)
    """

    def __init__(self, units: int, heads: int, *, memory_units: int | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        assert units % heads == 0, f"{heads} heads cannot share {units} units evenly"  # a spec says so to the user
        self.heads = heads
        self.query = Affine(units, units)
        self.memory = Affine(units if memory_units is None else memory_units, 2 * units)
        self.out = Affine(units, units)
        self.dropout = Dropout(dropout) if dropout > 0 else None

    def forward(
        self, x: Tensor, memory: Tensor | None = None, *, present: Tensor | None = None, causal: bool = False
    ) -> Tensor:
        """The answer to each token of ``x``."""
        if (self.training and self.dropout is not None) or _slow_kernel(x):
            return self.with_weights(x, memory, present=present, causal=causal)[0]
        queries, keys, values = self._parts(x, memory, present)
        return self._joined(attend(queries, keys, values, present=present, causal=causal))

    def with_weights(
        self, x: Tensor, memory: Tensor | None = None, *, present: Tensor | None = None, causal: bool = False
    ) -> tuple[Tensor, Tensor]:
        """The answers, and how much each token took of each one: ``(..., batch, head, time, key)``, sums 1 or 0.

        While training with dropout, some weights are 0 and the others larger, and they do not sum to 1.
        """
        queries, keys, values = self._parts(x, memory, present)
        weights = attention_weights(queries, keys, present=present, causal=causal)
        if self.dropout is not None:
            weights = rowwise(self.dropout, weights, axes=3)
        return self._joined(weights @ values), weights

    def _parts(self, x: Tensor, memory: Tensor | None, present: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries ``(..., batch, head, time, width)``, keys and values ``(..., batch, head, key, width)``."""
        memory = x if memory is None else memory
        if present is not None:  # zeros cannot spoil a product as NaN can, and pass no gradient back
            memory = memory.masked_fill(~present.unsqueeze(-1), 0)
        keys, values = tokenwise(self.memory, memory).chunk(2, dim=-1)
        return self._split(tokenwise(self.query, x)), self._split(keys), self._split(values)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], self.heads, x.shape[-1] // self.heads).transpose(-3, -2)

    def _joined(self, mixed: Tensor) -> Tensor:
        return tokenwise(self.out, mixed.transpose(-3, -2).flatten(-2))


def attend(
    queries: Tensor, keys: Tensor, values: Tensor, *, present: Tensor | None = None, causal: bool = False
) -> Tensor:
    """What each query took of the values, by torch's fused kernel: members are rows like others, no weights are kept.

    The kernel has first derivatives only; who needs second ones takes `attention_weights` times the values.

    **Shape**: queries ``(..., batch, head, time, width)``, keys and values ``(..., batch, head, key, width)``,
    ``present`` bool ``(..., batch, key)`` in; ``(..., batch, head, time, width)`` out.
    """
    times, all_keys = queries.shape[-2], keys.shape[-2]
    plain = causal and present is None and times == all_keys
    allowed = None if plain else allowed_keys(present, causal=causal, times=times, keys=all_keys, device=keys.device)
    q, k, v = (_as_rows(part) for part in (queries, keys, values))
    if allowed is not None:
        allowed = _as_rows(allowed.expand(*queries.shape[:-3], 1, times, all_keys))
    mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed, is_causal=plain)
    return mixed.view(queries.shape)


def attention_weights(queries: Tensor, keys: Tensor, *, present: Tensor | None = None, causal: bool = False) -> Tensor:
    """How much each query takes of each key.

    **Shape**: as `attend`; ``(..., batch, head, time, key)`` out.
    """
    scores = (queries / math.sqrt(queries.shape[-1])) @ keys.mT
    times, all_keys = scores.shape[-2:]
    return softmax_over(scores, allowed_keys(present, causal=causal, times=times, keys=all_keys, device=scores.device))


def softmax_over(scores: Tensor, allowed: Tensor | None) -> Tensor:
    """The softmax of each row of scores over its allowed places; 0 elsewhere, and everywhere if none is allowed.

    >>> softmax_over(torch.zeros(2, 3), torch.tensor([[True, True, False], [False, False, False]]))
    tensor([[0.5000, 0.5000, 0.0000],
            [0.0000, 0.0000, 0.0000]])
    """
    if allowed is None:
        if scores.dtype is not torch.bfloat16 or scores.device.type != "cpu":
            return scores.softmax(-1)
        with torch.autocast("cpu", enabled=False):  # it would widen them all; the kernel sums in float32 as it is
            return scores.softmax(-1)
    lowest = torch.finfo(scores.dtype).min  # not -inf: a row of it has no softmax, and its gradient is NaN
    return scores.masked_fill(~allowed, lowest).softmax(-1).masked_fill(~allowed, 0)


def allowed_keys(
    present: Tensor | None, *, causal: bool, times: int, keys: int, device: torch.device | None = None
) -> Tensor | None:
    """Which keys each query may look at, bool ``(..., batch, 1, 1 or time, key)``; None for all.

    With ``causal`` the last query stands at the last key: a few new tokens may look at all that came before them.

    >>> allowed_keys(None, causal=True, times=2, keys=3)
    tensor([[ True,  True, False],
            [ True,  True,  True]])
    """
    if causal:
        past = torch.ones(times, keys, dtype=torch.bool, device=device).tril(keys - times)
        return past if present is None else past & present[..., None, None, :]
    return None if present is None else present[..., None, None, :]


def tokenwise(layer: nn.Module, tokens: Tensor) -> Tensor:
    """A layer of ``(..., batch, unit)`` on each token by itself: of ``(..., batch, time, unit)``."""
    # a fleet of one: torch's own layers add the bias on the way, where a stack writes it down for every token first
    if isinstance(layer, Affine) and layer.weight.dim() == 3 and len(layer.weight) == 1:
        return functional.linear(tokens, layer.weight[0], layer.bias[0])
    if isinstance(layer, LayerNorm) and layer.gain.dim() == 2 and len(layer.gain) == 1:
        return functional.layer_norm(tokens, tokens.shape[-1:], layer.gain[0], layer.bias[0])
    answers: Tensor = layer(tokens.flatten(-3, -2))
    return answers.view(*tokens.shape[:-1], answers.shape[-1])


def rowwise(layer: nn.Module, x: Tensor, *, axes: int = 2) -> Tensor:
    """A layer of ``(..., batch, unit)`` on all numbers of a row: of ``(..., batch, *shape)`` with ``axes`` more axes.

    Dropout needs it: its noise comes row by row, so that rows that only fill a batch up draw nothing.
    """
    answers: Tensor = layer(x.flatten(-axes)).reshape(x.shape)
    return answers


def _slow_kernel(x: Tensor) -> bool:
    """Whether products are faster than torch's kernel: in bfloat16 on a CPU its way back is five times too slow."""
    return x.device.type == "cpu" and torch.is_grad_enabled() and torch.is_autocast_enabled("cpu")


def fill_attention(layer: Attention, *, stream: torch.Generator, scale: float = 1.0) -> Attention:
    """Draw the weights of an attention layer in place (variance 1 / inputs), and return it.

    Args:
        layer: the layer to fill.
        stream: where the draws come from.
        scale: an extra factor for the answers, for layers in a deep stack of shortcuts.
    """
    for part, factor in ((layer.query, 1.0), (layer.memory, 1.0), (layer.out, scale)):
        fill_affine(part, scheme="lecun", activation="identity", stream=stream, scale=factor)
    return layer


def _as_rows(part: Tensor) -> Tensor:
    """``(..., batch, head, time, width)`` with one axis in front of head; no -1, which no rows would leave open."""
    return part.reshape(math.prod(part.shape[:-3]), *part.shape[-3:])
