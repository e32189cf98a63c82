r"""Backpropagation written out for chains of affine layers, elementwise activations and dropout.

What joins numbers and categories to the rows that such a chain takes is `lamina.training.front`.

    z_i = W_i h_{i-1} + b_i        h_i = m_i * f_i(z_i)        scores = z_L
    d_L = dloss/dz_L               d_{i-1} = f'_{i-1}(z_{i-1}) * m_{i-1} * (W_i^T d_i)
    dloss/dW_i = d_i h_{i-1}^T     dloss/db_i = sum over rows of d_i

Source: Rumelhart, Hinton and Williams (1986), doi:10.1038/323533a0. For small networks recording a graph costs more
than the arithmetic; here nothing is recorded and gradients land in the flat row. Everything is kept
``(member, unit, batch)``: the batch is then the long, last axis, along which sums and exponentials are fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lamina.networks import ACTIVATIONS, Loss
from lamina.networks.layers import Activate, Affine, Dropout, stay
from lamina.networks.piecewise import Ramps
from lamina.training.front import Front, chain_of
from lamina.training.noise import Noise
from lamina.training.objectives import objective_and_slope
from lamina.training.rows import Rows


@dataclass(frozen=True)
class _Hidden:
    """An affine layer, then its activation and its dropout where it has them; tensors have a leading member axis."""

    weight: Tensor  # (member, out, in)
    bias: Tensor  # (member, out, 1)
    weight_gradient: Tensor
    bias_gradient: Tensor  # (member, out)
    function: Callable[[Tensor], Tensor] | None = None
    pull: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None  # (gradient, z, a) -> gradient * f'(z)
    chance: Tensor | None = None  # (member, 1, 1)


def is_dense(network: nn.Module) -> bool:
    """Whether a network is such a chain: affine layers, each with at most one activation and one dropout.

    In front of it may stand ramps, and categories beside the numbers (`lamina.networks.Table`).
    """
    found = chain_of(network)
    if found is None:
        return False
    layers = [*found[1]]
    layers = layers[1:] if layers and type(layers[0]) is Ramps else layers
    kinds = [type(layer) for layer in layers]
    return (
        bool(kinds)
        and kinds[0] is Affine
        and kinds[-1] is Affine
        and set(kinds) <= {Affine, Activate, Dropout}
        and all(tail in ([], [Activate], [Dropout], [Activate, Dropout]) for tail in _tails(kinds))
        and all(layer.bias is not None for layer in layers if isinstance(layer, Affine))
        and all(ACTIVATIONS[layer.name].pull is not None for layer in layers if isinstance(layer, Activate))
    )


class Dense:
    """Losses and gradients of a fleet of dense chains (see the module's text for the formulas)."""

    def __init__(
        self,
        template: nn.Module,
        parameters: dict[str, Tensor],
        gradient: dict[str, Tensor],
        buffers: Mapping[str, Tensor],
        loss: Loss,
        noise: Noise,
    ) -> None:
        self.front = Front(template, parameters, gradient, buffers)
        self.layers = _layers(template, parameters, gradient, buffers)
        self.loss = loss
        self.noise = noise

    def __call__(self, rows: Rows) -> Tensor:
        """Losses ``(member,)``; fills the gradient."""
        inputs, outputs, masks = self._forward(self.front(rows.inputs).mT)
        losses, slope = objective_and_slope(self.loss, outputs[-1][0], rows)
        self._backward(slope, inputs, outputs, masks)
        return losses

    def scores(self, rows: Rows) -> Tensor:
        """Scores ``(member, batch, score)`` without dropout."""
        signal = self.front(rows.inputs).mT
        for layer in self.layers:
            signal = torch.baddbmm(layer.bias, layer.weight, signal)
            signal = signal if layer.function is None else layer.function(signal)
        return signal.mT

    def _forward(self, signal: Tensor) -> tuple[list[Tensor], list[tuple[Tensor, Tensor]], list[Tensor | None]]:
        inputs, outputs, masks = [], [], []
        for layer in self.layers:
            inputs.append(signal)
            before = torch.baddbmm(layer.bias, layer.weight, signal)
            after = before if layer.function is None else layer.function(before)
            mask = self._mask(layer.chance, after)
            signal = after if mask is None else after * mask
            outputs.append((before, after))
            masks.append(mask)
        return inputs, outputs, masks

    def _mask(self, chance: Tensor | None, like: Tensor) -> Tensor | None:
        if chance is None:
            return None
        return stay(self.noise(like.shape, like.device, like.dtype), chance)

    def _backward(
        self, slope: Tensor, inputs: list[Tensor], outputs: list[tuple[Tensor, Tensor]], masks: list[Tensor | None]
    ) -> None:
        for i in reversed(range(len(self.layers))):
            layer, (before, after), mask = self.layers[i], outputs[i], masks[i]
            if mask is not None:
                slope.mul_(mask)  # the product of the layer above: nobody else holds it
            if layer.pull is not None:
                slope = layer.pull(slope, before, after)
            # a product straight into the strided view takes four times as long as product and copy
            layer.weight_gradient.copy_(torch.bmm(slope, inputs[i].mT))
            torch.sum(slope, dim=-1, out=layer.bias_gradient)
            if i:
                slope = torch.bmm(layer.weight.mT, slope)
        if self.front.learns:
            self.front.backward(slope, self.layers[0].weight)


def _tails(kinds: list[type]) -> list[list[type]]:
    tails: list[list[type]] = []
    for kind in kinds:
        if kind is Affine:
            tails.append([])
        elif tails:
            tails[-1].append(kind)
    return tails


def _layers(
    template: nn.Module, parameters: dict[str, Tensor], gradient: dict[str, Tensor], buffers: Mapping[str, Tensor]
) -> list[_Hidden]:
    layers: list[dict[str, object]] = []
    found = chain_of(template)
    assert found is not None, "only chains are written out"
    prefix, chain = found
    for place, module in enumerate(chain):
        name = f"{prefix}{place}"
        if isinstance(module, Affine):
            layers.append(
                {
                    "weight": parameters[f"{name}.weight"],
                    "bias": parameters[f"{name}.bias"].unsqueeze(-1),
                    "weight_gradient": gradient[f"{name}.weight"],
                    "bias_gradient": gradient[f"{name}.bias"],
                }
            )
        elif isinstance(module, Activate):
            activation = ACTIVATIONS[module.name]
            layers[-1] |= {"function": activation.function, "pull": activation.pull}
        elif isinstance(module, Dropout):
            layers[-1]["chance"] = buffers[f"{name}.chance"][:, None, None]
    return [_Hidden(**layer) for layer in layers]  # type: ignore[arg-type]  # the keys are the fields
