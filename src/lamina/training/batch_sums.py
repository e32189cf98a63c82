r"""Sums over the rows of a batch that several processes share, for layers such as batch normalisation.

    forward    y = sum over ranks of x_r
    backward   dL/dx_r = (S / S_r) sum over ranks of (S_r / S) dL_r/dy

L_r is the mean loss of the rows of rank r, which weigh S_r of S. Each rank differentiates its own L_r, and
`lamina.training.distributed.Ranks.combine` multiplies what comes out by S_r / S: the outer factor takes that back.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.training.distributed import Ranks


class Sums:
    """Sums over a batch's rows that become those over all ranks' rows, gradients included: for batch statistics.

    **Shape**: ``(member, unit)`` in and out. ``weight`` ``(member,)`` is S_r of the step.
    """

    def __init__(self, ranks: Ranks) -> None:
        self.ranks = ranks
        self.weight = torch.ones(1)

    def __call__(self, values: Tensor) -> Tensor:
        """The sums over all ranks."""
        total: Tensor = _Total.apply(values, self.weight[:, None], self.ranks)  # type: ignore[no-untyped-call]
        return total


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor, ranks: Ranks) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.ranks = ranks
        return ranks.sum(values.clone(memory_format=torch.contiguous_format))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        (weight,) = ctx.saved_tensors
        whole = ctx.ranks.sum((slope * weight).contiguous())
        return torch.where(weight > 0, whole / weight.masked_fill(weight == 0, 1), 0), None, None


def share_statistics(network: nn.Module | None, ranks: Ranks) -> Sums:
    """Let every layer that sums over a batch (it has an attribute ``total``) sum over all ranks' rows.

    Raises:
        SpecError: a layer takes statistics of a batch, but has no such attribute.
    """
    sums = Sums(ranks)
    for name, module in [] if network is None or not ranks.several else network.named_modules():
        if hasattr(module, "total"):
            module.total = sums
        elif hasattr(module, "present") or isinstance(module, nn.modules.batchnorm._BatchNorm):
            raise SpecError(
                wrong=f"layer {name!r} ({type(module).__name__}) takes statistics of a batch, which {ranks.place.size} "
                "processes share.",
                expected="layers that look at each row by itself, or lamina's own BatchNorm.",
                remedy='try MLP(norm="batch") or MLP(norm="layer"), or start a single process.',
            )
    return sums
