"""One flat row of numbers a member: how a network's named parameters lie in it.

A fleet's parameters, gradients and moments are tensors ``(member, parameter)``. An optimiser is then a few elementwise
operations for all layers and all members at once, clipping is a norm along one axis, and a stopped member is a row
that is taken out. Layers see the same storage through views ``(member, *shape)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The names and shapes of one member's parameters, in the order in which they lie in its row.

    >>> layout = Layout(names=("weight", "bias"), shapes=((2, 3), (2,)))
    >>> layout.size, layout.views(torch.zeros(5, 8))["weight"].shape
    (8, torch.Size([5, 2, 3]))
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, parameters: Mapping[str, Tensor]) -> Layout:
        """The layout of one member's named parameters."""
        return cls(names=tuple(parameters), shapes=tuple(tuple(p.shape) for p in parameters.values()))

    @property
    def size(self) -> int:
        """Parameters a member."""
        return sum(math.prod(shape) for shape in self.shapes)

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Start and end of each named parameter in the row."""
        return tuple(pairwise(accumulate((math.prod(shape) for shape in self.shapes), initial=0)))

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Each named parameter as a view ``(member, *shape)`` of ``flat`` ``(member, parameter)``."""
        members = flat.shape[0]
        return {
            name: flat[:, start:end].view(members, *shape)
            for name, shape, (start, end) in zip(self.names, self.shapes, self.spans, strict=True)
        }

    def flatten(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """A new ``(member, parameter)`` tensor from named ones ``(member, *shape)``."""
        return torch.cat([parameters[name].flatten(1) for name in self.names], dim=1)

    def where(self, chosen: tuple[bool, ...]) -> Tensor:
        """A bool mask ``(parameter,)``: which entries belong to the named parameters that are chosen."""
        sizes = torch.tensor([end - start for start, end in self.spans])
        return torch.repeat_interleave(torch.tensor(chosen, dtype=torch.bool), sizes)

    @property
    def matrices(self) -> tuple[bool, ...]:
        """For each named parameter, whether it is a matrix (or a stack of them): those are decayed, biases are not."""
        return tuple(len(shape) >= 2 for shape in self.shapes)
