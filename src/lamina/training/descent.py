r"""Descent along the gradient itself: gradient descent, SGD, momentum, Nesterov.

    v_t = m v_{t-1} + g_t        p_t = p_{t-1} - learning_rate v_t                  (momentum m; m = 0 is plain SGD)
    v_t = m v_{t-1} + g_t        p_t = p_{t-1} - learning_rate (g_t + m v_t)        (Nesterov)

Here g is the gradient plus ``decay * p`` for matrices (an L2 penalty). A steady gradient is walked 1 / (1 - m) times
faster than the learning rate says. The formulas are those of ``torch.optim.SGD``.

Source: Robbins and Monro (1951), doi:10.1214/aoms/1177729586; for momentum see `lamina.training.rules.by_momentum`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import check, setting
from lamina.training.layout import Layout
from lamina.training.rules import Rule, by_decay, by_momentum, descend


@dataclass(frozen=True, kw_only=True)
class GradientDescent:
    """Gradient descent on the whole set: one exact step an epoch, whatever the batch size asked for."""

    whole: ClassVar[bool] = True  # the loop takes all rows as one batch

    learning_rate: float = setting(0.1, "length of a step", above=0, log=True)
    decay: float = setting(0.0, "L2 penalty of the matrices", low=0, log=True)

    def __post_init__(self) -> None:
        check(self)

    def rule(self, layout: Layout) -> Rule:
        """Step against the gradient."""
        return descend(by_decay(layout))


@dataclass(frozen=True, kw_only=True)
class SGD:
    """Stochastic gradient descent, with momentum and Nesterov's look ahead if asked for.

    >>> SGD(learning_rate=0.02, momentum=0.9, nesterov=True).learning_rate
    0.02

    Raises:
        SpecError: ``nesterov`` without momentum, or a value out of bounds.
    """

    whole: ClassVar[bool] = False

    learning_rate: float = setting(0.05, "length of a step", above=0, log=True)
    decay: float = setting(0.0, "L2 penalty of the matrices", low=0, log=True)
    momentum: float = setting(0.0, "share of the last step that is kept", low=0, below=1)
    nesterov: bool = setting(False, "look one step ahead along the momentum")

    def __post_init__(self) -> None:
        check(self)
        if self.nesterov and not self.momentum:
            raise SpecError(
                wrong="SGD has nesterov=True and momentum=0.",
                expected="momentum above 0: Nesterov's method looks ahead along the momentum.",
                remedy="try SGD(momentum=0.9, nesterov=True).",
            )

    def rule(self, layout: Layout) -> Rule:
        """Decay, then momentum; without momentum the plain gradient."""
        heavy = (by_momentum(self.momentum, nesterov=self.nesterov),) if self.momentum else ()
        return descend(by_decay(layout), *heavy)
