r"""The algebra of optimisers: small links, chained, turn a gradient into a step.

A `Link` maps a direction to a better direction and remembers what it needs in a `State`; `chain` joins links into one
link; `descend` makes a `Rule`, which walks against the direction:

    parameters <- parameters - learning_rate * link_n(... link_2(link_1(gradient)))

Everything is elementwise along the rows of ``(member, parameter)`` tensors, so a fleet takes the same few calls as one
network, no member sees another, and each has its own learning rate and decay. The order is the meaning: decay before
`by_adam` is Adam with an L2 penalty, after it is AdamW.

Source: the (init, update) transformations of Hessel et al., optax (2020). We differ: state is a flat dictionary of
tensors, and a rule writes its step into the parameters, because a fleet of tiny networks is bound by the number of
calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from lamina.training.layout import Layout

State = dict[str, Tensor]  # tensors (member, ...): a checkpoint can hold them, and `tensor[rows]` takes members out


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """What the loop may turn at every step, one value a member.

    **Shape**: ``(member, 1)``, dtype and device of the parameters. ``decay=None`` says that no member decays, which
    saves two calls a step.
    """

    learning_rate: Tensor
    decay: Tensor | None = None


@dataclass(frozen=True)
class Link:
    """A direction in, a better direction out.

    ``init(parameters)`` gives the state before the first step. ``update(direction, state, parameters, knobs)`` returns
    a direction and renews the state in place. It never writes into the direction it is given (that may be the gradient
    or another link's memory) nor into the parameters.

    **Shape**: directions and parameters ``(member, parameter)``, without ``requires_grad``.
    """

    init: Callable[[Tensor], State]
    update: Callable[[Tensor, State, Tensor, Knobs], Tensor]


@dataclass(frozen=True)
class Rule:
    """A whole optimiser: ``update(gradient, state, parameters, knobs)`` changes state and parameters IN PLACE.

    The gradient is left as it was. **Shape**: gradient and parameters ``(member, parameter)``; every tensor of the
    state has the member axis first.
    """

    init: Callable[[Tensor], State]
    update: Callable[[Tensor, State, Tensor, Knobs], None]


class Optimiser(Protocol):
    """The spec of an optimiser: what the loop and the search read of every one of them."""

    whole: ClassVar[bool]  # whether each step is made of all training rows

    @property
    def learning_rate(self) -> float:
        """Base learning rate, which a schedule multiplies."""

    @property
    def decay(self) -> float:
        """Weight decay of the matrices."""

    def rule(self, layout: Layout) -> Rule:
        """The rule for parameters that lie as ``layout`` says."""


def chain(*links: Link) -> Link:
    """Links one after the other, as one link; no two of them may use the same name in the state.

    >>> double = chain(by_scale(4.0), by_scale(0.5))
    >>> double.update(torch.ones(1, 2), {}, torch.zeros(1, 2), Knobs(learning_rate=torch.ones(1, 1)))
    tensor([[2., 2.]])
    """

    def init(parameters: Tensor) -> State:
        return joined(*(link.init(parameters) for link in links))

    def update(direction: Tensor, state: State, parameters: Tensor, knobs: Knobs) -> Tensor:
        for link in links:
            direction = link.update(direction, state, parameters, knobs)
        return direction

    return Link(init, update)


def descend(*links: Link) -> Rule:
    """The rule that walks against the chained direction, each member with its own learning rate.

    >>> parameters = torch.ones(2, 1)
    >>> rule = descend()
    >>> rule.update(torch.ones(2, 1), {}, parameters, Knobs(learning_rate=torch.tensor([[0.5], [0.25]])))
    >>> parameters.flatten()
    tensor([0.5000, 0.7500])
    """
    whole = chain(*links)

    def update(gradient: Tensor, state: State, parameters: Tensor, knobs: Knobs) -> None:
        direction = whole.update(gradient, state, parameters, knobs)
        parameters.addcmul_(direction, knobs.learning_rate, value=-1)

    return Rule(whole.init, update)


def by_decay(layout: Layout) -> Link:
    """Add ``decay * parameters`` for matrices; biases and gains are left to the data."""
    matrices = placed(layout.where(layout.matrices))

    def update(direction: Tensor, state: State, parameters: Tensor, knobs: Knobs) -> Tensor:
        if knobs.decay is None:
            return direction
        shares = knobs.decay * matrices(parameters)
        return torch.addcmul(direction, parameters, shares, out=shares)

    return Link(nothing, update)


def by_momentum(momentum: float, *, nesterov: bool = False) -> Link:
    """A heavy ball: ``velocity <- momentum * velocity + direction``; Nesterov looks one step ahead of it.

    Source: Polyak (1964), doi:10.1016/0041-5553(64)90137-5; Sutskever et al. (2013), whose form of Nesterov's method
    evaluates the gradient where the parameters already are.
    """

    def init(parameters: Tensor) -> State:
        return {"velocity": torch.zeros_like(parameters)}

    def update(direction: Tensor, state: State, parameters: Tensor, knobs: Knobs) -> Tensor:
        velocity = state["velocity"]
        torch.add(direction, velocity, alpha=momentum, out=velocity)
        return torch.add(direction, velocity, alpha=momentum) if nesterov else velocity

    return Link(init, update)


def by_scale(factor: float) -> Link:
    """The direction times a number."""

    def update(direction: Tensor, state: State, parameters: Tensor, knobs: Knobs) -> Tensor:
        return direction * factor

    return Link(nothing, update)


def nothing(parameters: Tensor) -> State:
    """The state of a link that remembers nothing."""
    return {}


def joined(*states: State) -> State:
    """The states of several links as one; a name may be used by one of them only."""
    names = [name for state in states for name in state]
    assert len(names) == len(set(names)), f"two links remember under one name: {names}"
    return {name: tensor for state in states for name, tensor in state.items()}


def placed(constant: Tensor | float) -> Callable[[Tensor], Tensor]:
    """A constant with the dtype and device of the parameters, moved once rather than at every step."""

    @lru_cache(maxsize=4)
    def move(device: torch.device, dtype: torch.dtype) -> Tensor:
        # by way of float64, so that 0.999 is not rounded twice; the dtype first, because not every device has float64
        return torch.as_tensor(constant, dtype=torch.float64).to(dtype).to(device)

    return lambda parameters: move(parameters.device, parameters.dtype)
