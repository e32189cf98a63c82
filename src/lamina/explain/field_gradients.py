r"""Integrated gradients for texts and series: what each piece of a word, or each step, added along a straight way.

    contribution_i = sum over units of  e_i * integral over a from 0 to 1 of  dF/de_i (a e)

For a text e_i are the numbers that the network has learnt for a token, and the way starts where all of these are 0.
What a bag of words says grows in step with them, so that there the way of its sum is enough, and each token's share of
it (`lamina.networks.word_shares`). For a series e_i is the value itself, and the way starts at its mean in training. F
is the answer of all members together; completeness, sum of contributions = F(1) - F(0), is what the points are doubled
for: what is still missing at the last doubling is the gap.

Source: Sundararajan, Taly and Yan (2017), arXiv:1703.01365. Integrals by Gauss and Legendre, in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lamina.data import Batch
from lamina.explain.asking import Floats
from lamina.explain.gradients import answers_of
from lamina.explain.opened import Opened, not_offered, opened
from lamina.model import Model
from lamina.networks import Embedding
from lamina.networks.words import WordsNetwork

FIRST_STEPS, MOST_STEPS = 32, 512
TOLERANCE = 1e-3  # in chance, or in standard deviations of the target

Slopes = Callable[[Tensor], tuple[Tensor, Floats]]  # of points on the way: answers, slope times value at each of them


class Along(NamedTuple):
    """Contributions shaped as what they belong to, the answer at both ends, and what the sum misses."""

    values: Floats
    base: float
    explained: float
    gap: float


def token_gradients(model: Model, row: Batch, place: int, output: int) -> Along:
    """What each token of a text adds to an answer about one encoded row: ``(token,)`` up to its last one.

    Raises:
        LaminaError: the model is no network, or has no numbers for each token in its order.
    """
    inside = opened(model, row, place, what="integrated gradients")
    length = max(1, int(np.flatnonzero(row.fields[place][0])[-1:].sum()) + 1)
    codes = inside.inputs[inside.place][:, :length]
    if isinstance(inside.reader, WordsNetwork):
        return _integral(model, lambda points: _share_slopes(model, inside, codes, points, output))
    tables = [part for part in inside.reader.modules() if isinstance(part, Embedding)]
    if not tables or hasattr(inside.reader, "attended"):  # a hierarchy reads its text in pieces that overlap
        raise not_offered(model, "integrated gradients", inside.reader, "a network that reads a text in one piece.")
    return _integral(model, lambda points: _token_slopes(model, inside, tables, codes, points, output))


def step_gradients(model: Model, row: Batch, place: int, output: int) -> Along:
    """What each step of a series adds to an answer about one encoded row: ``(channel, step)``, 0 without a value.

    Raises:
        LaminaError: the model is no network.
    """
    inside = opened(model, row, place, what="integrated gradients")
    series = inside.inputs[inside.place].double()

    def slopes(points: Tensor) -> tuple[Tensor, Floats]:
        here = (series * points[:, None, None]).requires_grad_()
        answers = answers_of(model, inside.body.answers(*inside.with_field(here)))[:, output]
        (slope,) = torch.autograd.grad(answers.sum(), here)
        return answers.detach(), (slope * series).nan_to_num(0.0).numpy()

    return _integral(model, slopes)


def _token_slopes(
    model: Model, inside: Opened, tables: list[Any], codes: Tensor, points: Tensor, output: int
) -> tuple[Tensor, Floats]:
    """Along the rows that were looked up for the tokens."""
    answers, looked = _scaled(model, inside, tables, codes, points, output)
    found = sum((whole * slope).sum((0, -1)) for whole, slope in looked)  # (point, token)
    return answers, np.asarray(found)


def _share_slopes(model: Model, inside: Opened, codes: Tensor, points: Tensor, output: int) -> tuple[Tensor, Floats]:
    """Along what a bag of words says, which its tokens share."""
    shares: list[Tensor] = []

    def share(reader: nn.Module, inputs: Any, _said: Tensor) -> None:
        assert isinstance(reader, WordsNetwork)
        shares.append(reader.shares(inputs[0][..., :1, :]).detach())  # while it wears the members' weights

    hook = inside.reader.register_forward_hook(share)
    try:
        answers, ((_, slope),) = _scaled(model, inside, [inside.reader], codes, points, output)
    finally:
        hook.remove()
    return answers, torch.einsum("mtw,mpw->pt", shares[0][:, 0], slope.flatten(2)).numpy()


def _scaled(
    model: Model, inside: Opened, parts: list[Any], codes: Tensor, points: Tensor, output: int
) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Answers where these parts say so many times what they say, and of each what it says and the slope along it.

    **Shape**: ``(point,)``; ``(member, point, token, width)`` each, token is 1 for a part that says one thing a text.
    """
    looked: list[tuple[Tensor, Tensor]] = []

    def scale(_part: nn.Module, _inputs: Any, said: Tensor) -> Tensor:
        whole = said.detach().view(len(said), len(points), -1, said.shape[-1])
        scaled = (whole * points[:, None, None]).requires_grad_()
        looked.append((whole, scaled))
        return scaled.view(said.shape)

    hooks = [part.register_forward_hook(scale) for part in parts]
    try:
        scores = inside.body.answers(*inside.with_field(codes.expand(len(points), -1)))
    finally:
        for hook in hooks:
            hook.remove()
    answers = answers_of(model, scores)[:, output]
    slopes = torch.autograd.grad(answers.sum(), [scaled for _, scaled in looked])
    return answers.detach(), [(whole, slope) for (whole, _), slope in zip(looked, slopes, strict=True)]


def _integral(model: Model, slopes: Slopes) -> Along:
    steps, unit = FIRST_STEPS, float(getattr(model.target, "scale", 1.0))
    while True:
        found = _with_steps(slopes, steps)
        if abs(found.gap) <= TOLERANCE * unit or steps >= MOST_STEPS:
            return found
        steps *= 2


def _with_steps(slopes: Slopes, steps: int) -> Along:
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    points = torch.from_numpy(np.concatenate(([0.0, 1.0], (nodes + 1) / 2)))
    answers, found = slopes(points)
    values = np.tensordot(weights / 2, found[2:], axes=1)
    base, explained = float(answers[0]), float(answers[1])
    return Along(values, base, explained, explained - base - float(values.sum()))
