r"""Where a convolutional network looks: Grad-CAM.

    a_k = mean over places of dS/dA_k        map = relu(sum_k a_k A_k)

A_k are the channels of the last layer that still has more than one place, S the score of the answer before it becomes a
chance. The map is drawn up to the size of the image by bilinear interpolation. For a number S is the number, and the
map keeps its sign. Members are averaged. It is coarse, and shows only what speaks for the answer, in no unit.

Source: Selvaraju et al. (2017), arXiv:1610.02391. Where the mean over places and a linear layer follow, it is the class
activation map of Zhou et al. (2016), arXiv:1512.04150, divided by the number of places.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lamina.data import Batch, ClassTarget
from lamina.explain.asking import Floats
from lamina.explain.opened import not_offered, opened
from lamina.model import Model


def grad_cam(model: Model, row: Batch, place: int, output: int) -> Floats:
    """How much each pixel's neighbourhood speaks for an answer about one encoded row.

    **Shape**: float64 ``(height, width)`` out.

    Raises:
        LaminaError: the model is no network, or what reads its images has no places.
    """
    inside = opened(model, row, place, what="Grad-CAM's maps")
    for name, _ in inside.body.module.named_parameters():
        inside.body.weights[name].requires_grad_()  # a copy of the model's: without it no channel has a slope
    seen: list[Tensor] = []
    hooks = [part.register_forward_hook(lambda _part, _inputs, y: seen.append(y)) for part in inside.reader.modules()]
    try:
        scores = inside.body.answers(*inside.inputs)
    finally:
        for hook in hooks:
            hook.remove()
    channels = next((y for y in reversed(seen) if y.dim() == 5 and y.shape[-1] * y.shape[-2] > 1), None)
    if channels is None or not channels.requires_grad:
        raise not_offered(model, "Grad-CAM's maps", inside.reader, "a convolutional network, such as ConvNet().")
    (slopes,) = torch.autograd.grad(_score(model, scores, output).sum(), channels)
    coarse = (slopes.mean((-1, -2), keepdim=True) * channels).sum(-3)[:, 0]  # (member, height, width)
    coarse = functional.relu(coarse) if isinstance(model.target, ClassTarget) else coarse
    size = list(row.fields[place].shape[-2:])
    fine = functional.interpolate(coarse.mean(0)[None, None].detach(), size=size, mode="bilinear", align_corners=False)
    found: Floats = fine[0, 0].double().numpy()
    return found


def _score(model: Model, scores: Tensor, output: int) -> Tensor:
    """The score of an answer, of ``(member, row, score)``: what becomes its chance, or the number."""
    if model.link == "sigmoid":
        return scores[..., 0] if output else -scores[..., 0]
    if isinstance(model.target, ClassTarget):
        return scores[..., output]
    if model.quantiles:
        middle = min(range(len(model.quantiles)), key=lambda i: abs(model.quantiles[i] - 0.5))
        return scores.sort(dim=-1).values[..., middle]
    return scores[..., 0]
