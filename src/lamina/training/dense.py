r"""Backpropagation written out for chains of affine layers, elementwise activations and dropout.

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
from lamina.networks.layers import Activate, Affine, Dropout
from lamina.training.noise import Noise
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
    """Whether a network is such a chain: affine layers, each with at most one activation and one dropout."""
    if type(network) is not nn.Sequential:
        return False
    kinds = [type(layer) for layer in network.children()]
    return (
        bool(kinds)
        and kinds[0] is Affine
        and kinds[-1] is Affine
        and set(kinds) <= {Affine, Activate, Dropout}
        and all(tail in ([], [Activate], [Dropout], [Activate, Dropout]) for tail in _tails(kinds))
        and all(layer.bias is not None for layer in network.children() if isinstance(layer, Affine))
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
        self.layers = _layers(template, parameters, gradient, buffers)
        self.loss = loss
        self.noise = noise

    def __call__(self, rows: Rows) -> Tensor:
        """Losses ``(member,)``; fills the gradient."""
        inputs, outputs, masks = self._forward(rows.inputs[0].mT)
        losses, slope = self.loss.objective_and_gradient(outputs[-1][0].mT, rows.truth, rows.weights)
        self._backward(slope.mT, inputs, outputs, masks)
        return losses

    def scores(self, rows: Rows) -> Tensor:
        """Scores ``(member, batch, score)`` without dropout."""
        signal = rows.inputs[0].mT
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
        members, units, batch = like.shape
        # drawn as (member, batch, unit), like the layer does, so that both ways silence the same units
        draws = self.noise(torch.Size((members, batch, units)), like.device, like.dtype).mT
        return (draws >= chance).to(like.dtype) / (1 - chance)

    def _backward(
        self, slope: Tensor, inputs: list[Tensor], outputs: list[tuple[Tensor, Tensor]], masks: list[Tensor | None]
    ) -> None:
        for i in reversed(range(len(self.layers))):
            layer, (before, after), mask = self.layers[i], outputs[i], masks[i]
            if mask is not None:
                slope = slope * mask
            if layer.pull is not None:
                slope = layer.pull(slope, before, after)
            # a product straight into the strided view takes four times as long as product and copy
            layer.weight_gradient.copy_(torch.bmm(slope, inputs[i].mT))
            torch.sum(slope, dim=-1, out=layer.bias_gradient)
            if i:
                slope = torch.bmm(layer.weight.mT, slope)


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
    for name, module in template.named_children():
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
            layers[-1] |= {"function": activation.function, "pull": activation.backward}
        else:
            layers[-1]["chance"] = buffers[f"{name}.chance"][:, None, None]
    return [_Hidden(**layer) for layer in layers]  # type: ignore[arg-type]  # the keys are the fields
