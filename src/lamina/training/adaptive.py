r"""Optimisers that give each parameter its own step: AdaGrad, RMSProp, Adam, AdamW.

With g the gradient, all operations elementwise and eps outside the root:

    AdaGrad    s_t = s_{t-1} + g^2                        direction = g / (sqrt(s_t) + eps)
    RMSProp    s_t = a s_{t-1} + (1 - a) g^2              direction = g / (sqrt(s_t) + eps)
    Adam       m_t, s_t = unbiased means of g and g^2     direction = m_t / (sqrt(s_t) + eps)
    AdamW      the same direction, plus decay * p

Adam's bias correction is folded into the means. With ``seen_t = 1 + beta seen_{t-1}`` (how many gradients the mean
remembers, from 1 up to 1 / (1 - beta)) the step ``mean += (g - mean) / seen_t`` gives Adam's corrected mean itself,
m_t / (1 - beta^t), because seen_t = (1 - beta^t) / (1 - beta). No powers, no step counter, right for each member.

Sources: Duchi, Hazan and Singer (2011), jmlr.org/papers/v12/duchi11a.html; Tieleman and Hinton (2012), lecture 6.5;
Kingma and Ba (2015), arXiv:1412.6980; Loshchilov and Hutter (2019), arXiv:1711.05101. The formulas are those of
``torch.optim`` (TensorFlow's RMSProp has eps inside the root: another algorithm). We differ: biases are never decayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lamina.foundation.specs import check, setting
from lamina.training.layout import Layout
from lamina.training.rules import Knobs, Link, Rule, State, by_decay, descend, placed


@dataclass(frozen=True, kw_only=True)
class AdaGrad:
    """Steps that shrink as squared gradients add up: on a steady gradient like learning_rate / sqrt(step)."""

    whole: ClassVar[bool] = False

    learning_rate: float = setting(0.01, "length of the first step", above=0, log=True)
    decay: float = setting(0.0, "L2 penalty of the matrices", low=0, log=True)
    eps: float = setting(1e-10, "added to the root so that nothing is divided by zero", above=0, log=True)

    def __post_init__(self) -> None:
        check(self)

    def rule(self, layout: Layout) -> Rule:
        """Decay (L2), then divide by the root of the sum of squares."""
        return descend(by_decay(layout), by_squares(keep=1.0, take=1.0, eps=self.eps))


@dataclass(frozen=True, kw_only=True)
class RMSProp:
    """Steps divided by the root of a running mean of squared gradients; that mean starts at 0, uncorrected."""

    whole: ClassVar[bool] = False

    learning_rate: float = setting(0.001, "length of a step", above=0, log=True)
    decay: float = setting(0.0, "L2 penalty of the matrices", low=0, log=True)
    memory: float = setting(0.99, "share of the mean square that is kept at a step", low=0, below=1)
    eps: float = setting(1e-8, "added to the root so that nothing is divided by zero", above=0, log=True)

    def __post_init__(self) -> None:
        check(self)

    def rule(self, layout: Layout) -> Rule:
        """Decay (L2), then divide by the root of the mean of squares."""
        return descend(by_decay(layout), by_squares(keep=self.memory, take=1 - self.memory, eps=self.eps))


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam; its decay is an L2 penalty, which the division by the root weakens where gradients are large."""

    whole: ClassVar[bool] = False

    learning_rate: float = setting(0.001, "length of a step", above=0, log=True)
    decay: float = setting(0.0, "L2 penalty of the matrices", low=0, log=True)
    betas: tuple[float, float] = setting((0.9, 0.999), "share of each mean that is kept at a step", low=0, below=1)
    eps: float = setting(1e-8, "added to the root so that nothing is divided by zero", above=0, log=True)

    def __post_init__(self) -> None:
        check(self)

    def rule(self, layout: Layout) -> Rule:
        """Decay (L2), then Adam's direction."""
        return descend(by_decay(layout), by_adam(*self.betas, eps=self.eps))


@dataclass(frozen=True, kw_only=True)
class AdamW:
    """Adam with decoupled decay: matrices shrink by ``1 - learning_rate * decay`` a step, whatever the gradients.

    >>> rule = AdamW().rule(Layout(names=("weight",), shapes=((1, 1),)))
    >>> parameters = torch.ones(1, 1)
    >>> state = rule.init(parameters)
    >>> knobs = Knobs(learning_rate=torch.full((1, 1), 0.1), decay=torch.zeros(1, 1))
    >>> rule.update(torch.full((1, 1), 7.0), state, parameters, knobs)
    >>> parameters
    tensor([[0.9000]])
    """

    whole: ClassVar[bool] = False

    learning_rate: float = setting(0.001, "length of a step", above=0, log=True)
    decay: float = setting(0.01, "decay of the matrices, as a share of the learning rate", low=0, log=True)
    betas: tuple[float, float] = setting((0.9, 0.999), "share of each mean that is kept at a step", low=0, below=1)
    eps: float = setting(1e-8, "added to the root so that nothing is divided by zero", above=0, log=True)

    def __post_init__(self) -> None:
        check(self)

    def rule(self, layout: Layout) -> Rule:
        """Adam's direction, then decay."""
        return descend(by_adam(*self.betas, eps=self.eps), by_decay(layout))


def by_adam(beta: float, beta_square: float, *, eps: float) -> Link:
    """The unbiased running mean of the direction over the root of that of its square."""
    one, keep = placed(1.0), placed(torch.tensor([beta, beta_square], dtype=torch.float64))

    def init(parameters: Tensor) -> State:
        return {
            "mean": torch.zeros_like(parameters),
            "square": torch.zeros_like(parameters),
            "seen": parameters.new_zeros(len(parameters), 2),  # by the mean, by the mean square
        }

    def update(direction: Tensor, state: State, parameters: Tensor, knobs: Knobs) -> Tensor:
        mean, square, seen = state["mean"], state["square"], state["seen"]
        # what the newest gradient weighs in its mean: 1, then 1 / (1 + keep), ... down to 1 - keep
        newest = torch.addcmul(one(parameters), seen, keep(parameters), out=seen).reciprocal()
        mean.lerp_(direction, newest[:, :1])
        ours = direction * direction  # the one new tensor of a step: first the square, then the root, then the quotient
        square.lerp_(ours, newest[:, 1:])
        torch.sqrt(square, out=ours).add_(eps)
        return torch.div(mean, ours, out=ours)

    return Link(init, update)


def by_squares(*, keep: float, take: float, eps: float) -> Link:
    """The direction over the root of ``square <- keep * square + take * direction^2``."""

    def init(parameters: Tensor) -> State:
        return {"square": torch.zeros_like(parameters)}

    def update(direction: Tensor, state: State, parameters: Tensor, knobs: Knobs) -> Tensor:
        square = state["square"]
        if keep != 1:
            square.mul_(keep)
        root = square.addcmul_(direction, direction, value=take).sqrt().add_(eps)
        return torch.div(direction, root, out=root)

    return Link(init, update)
