"""Three ways to the same gradients: written out by hand, by autograd on stacked layers, by autograd under vmap.

Each way turns a fleet's rows into one loss a member and fills the flat gradient ``(member, parameter)``. Losses are
summed over members before differentiating, so a member's gradient is what it would be alone.

* `lamina.training.dense.Dense`: chains of affine layers and elementwise activations; no graph is recorded.
* `Stacked`: every network built from `lamina.networks.layers`, which understand a leading member axis.
* `Mapped`: any other ``nn.Module``, through ``torch.func.vmap``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from lamina.networks import Loss
from lamina.training.dense import Dense, is_dense
from lamina.training.front import has_front
from lamina.training.layout import Layout
from lamina.training.noise import Noise
from lamina.training.rows import Rows


class Gradients(Protocol):
    """What the loop needs of a way to gradients."""

    def __call__(self, rows: Rows) -> Tensor:
        """Losses ``(member,)`` of rows ``(member, batch, ...)``; fills the gradient as it goes."""

    def scores(self, rows: Rows) -> Tensor:
        """Scores ``(member, batch, score)`` in evaluation mode, without gradients."""


class Stacked:
    """Autograd through one network whose layers carry a leading member axis."""

    def __init__(
        self,
        template: nn.Module,
        parameters: dict[str, Tensor],
        gradient: dict[str, Tensor],
        buffers: Mapping[str, Tensor],
        loss: Loss,
        noise: Noise,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self.leaves = _leaves(parameters)
        self.network = _wear(template, self.leaves, buffers)
        self.precision = precision
        self.gradient = gradient
        self.loss = loss
        give_noise(self.network, noise)
        self.counting = [module for module in self.network.modules() if hasattr(module, "present")]

    def __call__(self, rows: Rows) -> Tensor:
        """Losses ``(member,)``; fills the gradient."""
        self.network.train()
        for module in self.counting:  # statistics over a batch must pass over what only fills it up
            module.present = rows.present  # type: ignore[assignment]  # nn.Module's attributes are untyped
        with torch.enable_grad():
            losses = self.loss.objective(self._forward(rows), rows.truth, rows.weights)
            _fill(self.gradient, self.leaves, losses)
        return losses.detach()

    def scores(self, rows: Rows) -> Tensor:
        """Scores ``(member, batch, score)`` in evaluation mode."""
        self.network.eval()
        with torch.no_grad():
            return self._forward(rows)

    def _forward(self, rows: Rows) -> Tensor:
        half = self.precision is torch.bfloat16
        with torch.autocast(rows.truth.device.type, dtype=torch.bfloat16, enabled=half):
            scores: Tensor = self.network(*rows.inputs)
        return scores.float() if half else scores


class Mapped:
    """Autograd through ``vmap`` of one member's network: slower, but at home with any module."""

    def __init__(
        self,
        template: nn.Module,
        parameters: dict[str, Tensor],
        gradient: dict[str, Tensor],
        buffers: Mapping[str, Tensor],
        loss: Loss,
    ) -> None:
        self.network = copy.deepcopy(template)
        self.leaves = _leaves(parameters)
        self.gradient = gradient
        self.buffers = dict(buffers)
        self.loss = loss

    def __call__(self, rows: Rows) -> Tensor:
        """Losses ``(member,)``; fills the gradient."""
        self.network.train()
        with torch.enable_grad():
            losses = self.loss.objective(self._forward(rows), rows.truth, rows.weights)
            _fill(self.gradient, self.leaves, losses)
        return losses.detach()

    def scores(self, rows: Rows) -> Tensor:
        """Scores ``(member, batch, score)`` in evaluation mode."""
        self.network.eval()
        with torch.no_grad():
            return self._forward(rows)

    def _forward(self, rows: Rows) -> Tensor:
        def one(parameters: Mapping[str, Tensor], buffers: dict[str, Tensor], *inputs: Tensor) -> Tensor:
            answer: Tensor = functional_call(self.network, {**parameters, **buffers}, inputs)
            return answer

        # "different": members must not share one dropout mask
        answers: Tensor = vmap(one, randomness="different")(self.leaves, self.buffers, *rows.inputs)
        return answers


def has_member_axis(network: nn.Module) -> bool:
    """Whether every part of a network understands a leading member axis: lamina's layers, or ones that say so.

    A module says so by an attribute ``member_axis = True``.
    """
    containers = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    return all(
        type(module) in containers
        or type(module).__module__.startswith("lamina.networks.")
        or getattr(module, "member_axis", False)
        for module in network.modules()
    )


def give_noise(network: nn.Module, noise: Noise) -> None:
    """Let every layer that draws (it has an attribute ``noise``) draw from the fleet's streams."""
    for module in network.modules():
        if hasattr(module, "noise"):
            module.noise = noise  # type: ignore[assignment]  # nn.Module's attributes are untyped


def gradients_for(
    template: nn.Module,
    layout: Layout,
    parameters: Tensor,
    gradient: Tensor,
    buffers: Mapping[str, Tensor],
    loss: Loss,
    noise: Noise,
    precision: torch.dtype = torch.float32,
) -> Gradients:
    """The fastest of the three ways that fits this network.

    Args:
        template: one member's network; it stays as it is.
        parameters, gradient: flat, ``(member, parameter)``; read and filled in place.
        buffers: ``(member, *shape)``.
        precision: of the products; bfloat16 leaves parameters, gradients and losses in float32.
    """
    worn, filled = layout.views(parameters), layout.views(gradient)
    # sums into the rows of a table come in any order on a GPU: fronts go through autograd there, for runs that repeat
    fits = parameters.device.type == "cpu" or not has_front(template)
    if is_dense(template) and fits and precision is not torch.bfloat16:
        return Dense(template, worn, filled, buffers, loss, noise)
    if has_member_axis(template):
        return Stacked(template, worn, filled, buffers, loss, noise, precision)
    return Mapped(template, worn, filled, buffers, loss)


def _wear(template: nn.Module, leaves: Mapping[str, nn.Parameter], buffers: Mapping[str, Tensor]) -> nn.Module:
    network = copy.deepcopy(template)
    for name, leaf in leaves.items():
        owner, _, last = name.rpartition(".")
        network.get_submodule(owner)._parameters[last] = leaf
    for name, buffer in buffers.items():
        owner, _, last = name.rpartition(".")
        network.get_submodule(owner)._buffers[last] = buffer
    return network


def _leaves(parameters: Mapping[str, Tensor]) -> dict[str, nn.Parameter]:
    return {name: nn.Parameter(view) for name, view in parameters.items()}  # same storage as the flat parameters


def _fill(gradient: Mapping[str, Tensor], leaves: Mapping[str, nn.Parameter], losses: Tensor) -> None:
    found = torch.autograd.grad(losses.sum(), list(leaves.values()), allow_unused=True)
    for view, own in zip(gradient.values(), found, strict=True):
        if own is None:
            view.zero_()  # a parameter the scores do not depend on
        else:
            view.copy_(own)
