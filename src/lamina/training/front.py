r"""What stands in front of the first affine layer, with its backward pass written out: columns of categories, ramps.

    row = (numbers, column_1(code_1), ..., column_k(code_k), e(numbers))

A number lies on one ramp only: those before it are full and those after it empty. With b its bin and f how far it has
come there, e is read from two tables instead of being summed over all ramps, and its gradient is written to two rows:

    e(x) = C_b + f W_b        C_b = W_1 + ... + W_{b-1}
    dloss/dW_t = sum over values with b > t of g + sum over values with b = t of f g        g = dloss/de

That is exact, and the work no longer grows with the number of ramps: on 256 rows of 8 numbers with 96 ramps of width 8
both passes take 0.3 ms where autograd through `lamina.networks.piecewise.Ramps` takes 1.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from lamina.networks.layers import Embedding, OneHot
from lamina.networks.piecewise import Ramps
from lamina.networks.table import TableNetwork

Named = Mapping[str, Tensor]  # tensors (member, *shape) by name


class Part(Protocol):
    """Some units of the joined rows."""

    learns: bool

    def __call__(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """The units ``(member, batch, unit)``; what `backward` needs is remembered."""

    def backward(self, slope: Tensor) -> None:
        """Fill the gradient of the part's own weights from that of its units ``(member, batch, unit)``."""


class Front:
    """The joined rows that a chain of affine layers takes, and the gradients of what was learnt to join them."""

    def __init__(self, template: nn.Module, parameters: Named, gradient: Named, buffers: Named) -> None:
        self.parts = _parts(template, parameters, gradient, buffers)
        self.widths: list[int] = []

    def __call__(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """The rows ``(member, batch, unit)``, numbers first."""
        if not self.parts:
            return inputs[0]
        made = [inputs[0], *(part(inputs) for part in self.parts)]
        self.widths = [one.shape[-1] for one in made]
        return torch.cat(made, dim=-1)

    @property
    def learns(self) -> bool:
        """Whether any part has weights: if none does, nobody needs the gradient of the rows."""
        return any(part.learns for part in self.parts)

    def backward(self, slope: Tensor, weight: Tensor) -> None:
        """Fill all parts' gradients.

        Args:
            slope: of the loss by what the first affine layer gives, ``(member, out, batch)``.
            weight: that layer's, ``(member, out, unit)``.
        """
        numbers = self.widths[0]  # they are given: their gradient is nobody's
        units = torch.bmm(slope.mT, weight[..., numbers:])
        for part, own in zip(self.parts, torch.split(units, self.widths[1:], dim=-1), strict=True):
            if part.learns:
                part.backward(own)


class _Places:
    """One category as a 1 among zeros."""

    learns = False

    def __init__(self, place: int, layer: OneHot) -> None:
        self.place, self.layer = place, layer

    def __call__(self, inputs: tuple[Tensor, ...]) -> Tensor:
        return self.layer(inputs[1][..., self.place]).to(inputs[0].dtype)  # type: ignore[no-any-return]  # a module's

    def backward(self, slope: Tensor) -> None:
        raise AssertionError("a one-hot column has no weights")


@dataclass
class _Embedded:
    """One category as a learnt row of numbers."""

    place: int
    weight: Tensor  # (member, size, width)
    gradient: Tensor
    learns = True

    def __call__(self, inputs: tuple[Tensor, ...]) -> Tensor:
        codes = inputs[1][..., self.place]
        self._rows = _in_one_table(codes, self.weight.shape[1])
        return self.weight.flatten(0, 1).index_select(0, self._rows).view(*codes.shape, -1)

    def backward(self, slope: Tensor) -> None:
        self.gradient.copy_(_summed(self._rows, slope.flatten(0, 1), self.weight.shape))


@dataclass
class _Bent:
    """Numbers through ramps."""

    start: Tensor  # (member, feature, bin)
    slope: Tensor
    weight: Tensor  # (member, feature, bin, width)
    gradient: Tensor
    learns = True

    def __call__(self, inputs: tuple[Tensor, ...]) -> Tensor:
        features, bins, width = self.weight.shape[1:]
        numbers = inputs[0][..., :features]
        members, batch = numbers.shape[:2]
        self._rows = _in_one_table(self._bins(numbers), features * bins)
        start, slope = (table.flatten().index_select(0, self._rows) for table in (self.start, self.slope))
        self._shares = ((numbers.flatten() - start) * slope).clamp_(0, 1).unsqueeze(-1)
        full = self.weight.cumsum(-2).sub_(self.weight).view(-1, width)
        here = self.weight.reshape(-1, width).index_select(0, self._rows)
        learnt = torch.addcmul(full.index_select(0, self._rows), here, self._shares)
        return learnt.view(members, batch, features * width)

    def backward(self, slope: Tensor) -> None:
        slope = slope.reshape(-1, self.weight.shape[-1])
        reached = _summed(self._rows, slope, self.weight.shape)
        passed = _summed(self._rows, slope * self._shares, self.weight.shape)
        # values in any later bin, summed from the last one: a ramp that none of them passed gets exactly nothing
        passed[..., :-1, :] += reached.flip(-2).cumsum(-2).flip(-2)[..., 1:, :]
        self.gradient.copy_(passed)

    def _bins(self, numbers: Tensor) -> Tensor:
        """Rows ``(member, batch, feature)`` of a member's table ``(feature * bin, ...)``."""
        features, bins = self.start.shape[1:]
        edges = self.start.masked_fill(self.slope == 0, torch.inf)  # nothing reaches a ramp that is not in use
        # an edge belongs to the ramp that ends there: edges are rows, and so both forms agree on them to the last bit
        found = torch.searchsorted(edges, numbers.mT.contiguous()).sub_(1).clamp_(0)
        return found.mT + torch.arange(0, features * bins, bins, device=numbers.device)


def chain_of(network: nn.Module) -> tuple[str, nn.Sequential] | None:
    """The chain of layers behind a front and the prefix of its parameters' names; None if there is no such chain.

    The chain still begins with its ramps where it has some.
    """
    if type(network) is TableNetwork:
        known = all(type(column) in (OneHot, Embedding) for column in network.columns)
        return ("trunk.", network.trunk) if known and type(network.trunk) is nn.Sequential else None
    return ("", network) if type(network) is nn.Sequential else None


def has_front(network: nn.Module) -> bool:
    """Whether anything is to be done before the first affine layer."""
    return any(isinstance(module, (TableNetwork, Ramps)) for module in network.modules())


def _parts(template: nn.Module, parameters: Named, gradient: Named, buffers: Named) -> list[Part]:
    parts: list[Part] = []
    if isinstance(template, TableNetwork):
        for place, column in enumerate(template.columns):
            name = f"columns.{place}.weight"
            embedded = isinstance(column, Embedding)
            parts.append(_Embedded(place, parameters[name], gradient[name]) if embedded else _Places(place, column))  # type: ignore[arg-type]  # nn.ModuleList is untyped
    found = chain_of(template)
    if found is not None and len(found[1]) and isinstance(found[1][0], Ramps):
        name = f"{found[0]}0."
        tables = buffers[f"{name}start"], buffers[f"{name}slope"]
        parts.append(_Bent(*tables, parameters[f"{name}weight"], gradient[f"{name}weight"]))
    return parts


def _in_one_table(rows: Tensor, size: int) -> Tensor:
    """Row numbers ``(member, ...)`` of each member's table of ``size`` rows, all tables stacked: ``(number,)``."""
    offsets = torch.arange(0, len(rows) * size, size, device=rows.device)
    return (rows + offsets.view(-1, *[1] * (rows.dim() - 1))).flatten()


def _summed(rows: Tensor, values: Tensor, shape: torch.Size) -> Tensor:
    """Values ``(number, width)`` added up in the rows they belong to, in tables of this shape."""
    table = values.new_zeros(shape.numel() // shape[-1], shape[-1])
    return table.index_add_(0, rows, values).view(shape)
