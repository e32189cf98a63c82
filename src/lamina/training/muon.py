r"""Muon: momentum, made orthogonal, for the matrices of hidden layers; AdamW for everything else.

For the gradient G of one matrix W ``(out, in)``:

    B_t = m B_{t-1} + (1 - m) G          momentum
    O_t = orthogonal((1 - m) G + m B_t)  all singular values near 1, singular vectors kept (Nesterov)
    W_t = W_{t-1} (1 - learning_rate decay) - learning_rate sqrt(max(1, out / in)) O_t

``orthogonal`` is five steps of a Newton-Schulz iteration whose quintic a s + b s^3 + c s^5 is steep at 0 rather than
exact at 1: singular values land between about 0.7 and 1.2, which is good enough and cheap. Matrices of one shape, of
all layers and all members, go through it as one batch; members never mix.

Source: Jordan et al. (2024), kellerjordan.github.io/posts/muon. We differ from the reference: the iteration runs in
the dtype of the parameters, not in bfloat16, and the gradient is left as it was. The step is that of
``torch.optim.Muon`` with its default ``adjust_lr_fn="original"``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import ClassVar

import torch
from torch import Tensor

from lamina.foundation.specs import check, setting
from lamina.training.adaptive import by_adam
from lamina.training.layout import Layout
from lamina.training.rules import Knobs, Link, Rule, State, by_decay, by_scale, chain, descend, joined

EMBEDDINGS = ("embed", "columns.")  # words in the names of embeddings; Table's lie under "columns."
QUINTIC = (3.4445, -4.7750, 2.0315)  # a, b, c: Jordan's, chosen for the steepest slope at 0


@dataclass(frozen=True, kw_only=True)
class Muon:
    """Muon for `hidden` matrices, AdamW for embeddings, the last layer, biases and gains.

    A schedule, or a member's own learning rate, scales both learning rates alike. Decay is decoupled.

    >>> layout = Layout(names=("0.weight", "0.bias", "1.weight"), shapes=((8, 4), (8,), (3, 8)))
    >>> sorted(Muon().rule(layout).init(torch.zeros(2, layout.size)))
    ['mean', 'seen', 'square', 'velocity']
    """

    whole: ClassVar[bool] = False

    learning_rate: float = setting(0.02, "spectral length of a step of a hidden matrix", above=0, log=True)
    decay: float = setting(0.01, "decay of the matrices, as a share of the learning rate", low=0, log=True)
    momentum: float = setting(0.95, "share of the momentum that is kept at a step", low=0, below=1)
    nesterov: bool = setting(True, "look one step ahead along the momentum")
    iterations: int = setting(5, "Newton-Schulz steps", low=1, high=20)
    other_rate: float = setting(3e-4, "learning rate of AdamW for everything else", above=0, log=True)
    betas: tuple[float, float] = setting((0.9, 0.95), "share of each mean AdamW keeps at a step", low=0, below=1)
    eps: float = setting(1e-10, "added to AdamW's root so that nothing is divided by zero", above=0, log=True)

    def __post_init__(self) -> None:
        check(self)

    def rule(self, layout: Layout) -> Rule:
        """Two chains side by side, one for the hidden matrices and one for the rest."""
        inner, outer = hidden(layout), tuple(not h for h in hidden(layout))
        matrices, others = _part(layout, inner), _part(layout, outer)
        slow = chain(
            by_adam(*self.betas, eps=self.eps), by_decay(others), by_scale(self.other_rate / self.learning_rate)
        )
        if not any(inner):
            return descend(slow)
        muon = chain(by_orthogonal(matrices, self.momentum, self.nesterov, self.iterations), by_decay(matrices))
        return descend(side_by_side(layout.where(inner), muon, slow))


def hidden(layout: Layout) -> tuple[bool, ...]:
    """Which named parameters Muon takes: matrices, but no embedding, no first convolution and not the last matrix.

    Decided by shape, by place (rows pass from the first to the last) and, for embeddings, by name.

    >>> hidden(Layout(names=("0.weight", "0.bias", "1.weight"), shapes=((8, 4), (8,), (3, 8))))
    (True, False, False)
    """
    places = [i for i, matrix in enumerate(layout.matrices) if matrix]
    chosen = {i for i in places[:-1] if not any(word in layout.names[i] for word in EMBEDDINGS)}
    if places and len(layout.shapes[places[0]]) > 2:
        chosen.discard(places[0])
    return tuple(i in chosen for i in range(len(layout.names)))


def orthogonal(matrices: Tensor, iterations: int = 5) -> Tensor:
    """Each matrix with its singular values driven towards 1 and its singular vectors kept.

    **Shape**: ``(..., row, column)`` with one axis or more in front, in and out. A matrix of zeros stays as it is.

    >>> torch.linalg.svdvals(orthogonal(torch.tensor([[[3.0, 0.0, 0.0], [0.0, 0.1, 0.0]]]))).round(decimals=1)
    tensor([[1.1000, 0.7000]])
    """
    a, b, c = QUINTIC
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = (matrices.mT if tall else matrices).flatten(0, -3)  # wide, so that the Gram matrix is the small one
    # the Frobenius norm bounds the largest singular value, so all of them start in [0, 1], where the quintic behaves
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp(min=1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).reshape(matrices.shape)


def by_orthogonal(layout: Layout, momentum: float, nesterov: bool, iterations: int) -> Link:
    """Momentum, made orthogonal matrix by matrix; ``layout`` holds nothing but matrices."""

    def init(parameters: Tensor) -> State:
        return {"velocity": torch.zeros_like(parameters)}

    def update(direction: Tensor, state: State, parameters: Tensor, knobs: Knobs) -> Tensor:
        velocity = state["velocity"].lerp_(direction, 1 - momentum)
        wanted = layout.views(torch.lerp(direction, velocity, momentum) if nesterov else velocity)
        step = torch.empty_like(direction)
        places = layout.views(step)
        for names in _of_one_shape(layout):
            matrices = torch.stack([wanted[name].flatten(2) for name in names], dim=1)
            rows, columns = matrices.shape[-2:]
            flat = orthogonal(matrices, iterations) * math.sqrt(max(1.0, rows / columns))
            for i, name in enumerate(names):
                places[name].copy_(flat[:, i].view_as(places[name]))
        return step

    return Link(init, update)


def side_by_side(chosen: Tensor, first: Link, second: Link) -> Link:
    """One link for the chosen columns ``(parameter,)`` of every row, another for the rest."""
    inside, outside = _columns(chosen), _columns(~chosen)

    def init(parameters: Tensor) -> State:
        device = parameters.device
        return joined(first.init(parameters[:, inside(device)]), second.init(parameters[:, outside(device)]))

    def update(direction: Tensor, state: State, parameters: Tensor, knobs: Knobs) -> Tensor:
        step = torch.empty_like(direction)
        for link, columns in ((first, inside(step.device)), (second, outside(step.device))):
            part = direction.index_select(1, columns), state, parameters.index_select(1, columns), knobs
            step.index_copy_(1, columns, link.update(*part))
        return step

    return Link(init, update)


def _columns(chosen: Tensor) -> Callable[[torch.device], Tensor]:
    index = chosen.nonzero().flatten()
    return lru_cache(maxsize=4)(index.to)


def _of_one_shape(layout: Layout) -> Iterator[tuple[str, ...]]:
    shaped = sorted(zip(layout.shapes, layout.names, strict=True))
    for _, group in groupby(shaped, key=lambda pair: pair[0]):
        yield tuple(name for _, name in group)


def _part(layout: Layout, chosen: tuple[bool, ...]) -> Layout:
    kept = [i for i, yes in enumerate(chosen) if yes]
    return Layout(names=tuple(layout.names[i] for i in kept), shapes=tuple(layout.shapes[i] for i in kept))
