r"""Numbers as ramps: each one through a learnt function of straight pieces, bent where its training rows lie.

    r_t(x) = clip((x - b_t) / (b_{t+1} - b_t), 0, 1)        e(x) = sum_t r_t(x) W_t        out = (x, e(x))

A dense layer sees a number through one slope, and learns a step at 7,000 among values up to 100,000 late or never. With
ramps each stretch between two edges b_t has a slope of its own, from the first step on. Half of the edges are quantiles
of the rows, where most of them lie; the other half quantiles of the distinct values, so that a column of zeros with a
few large numbers is resolved among these too. A column of two values is a line as it is, and gets no ramps.

How many ramps the rows can fill: at most one for every `Piecewise.rows` rows and bent column. With fewer than two,
numbers stay as they are. So few rows of many columns are not learnt by heart, and many rows get as many as there are.

Source: Gorishniy, Rubachev and Babenko (2022), "On Embeddings for Numerical Features in Tabular Deep Learning",
arXiv:2203.05556, section 3.2 (piecewise linear encoding), and TabM's form of it, Gorishniy, Kotelnikov and Babenko
(2024), arXiv:2410.24210. We differ: edges from distinct values beside those from rows, fewer edges for fewer rows, x
itself is handed on, and the first weights are small instead of zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lamina.foundation.specs import check, setting

REACH = 3.0  # encoded numbers lie between -REACH and REACH: ramps are spread over this until rows have been seen
MOST_ROWS = 100_000  # rows that edges are taken from, evenly spread over all: more would change them by less than noise


@dataclass(frozen=True, kw_only=True)
class Piecewise:
    """Each number as itself and a learnt function of straight pieces.

    >>> ramps = Piecewise(bins=4, width=2).build(3, stream=torch.Generator().manual_seed(0))
    >>> ramps(torch.zeros(5, 3)).shape
    torch.Size([5, 9])
    """

    bins: int = setting(48, "straight pieces of a number at most", low=2, high=1024, log=True)
    width: int = setting(8, "what is learnt of each number beside itself", low=1, high=128, log=True)
    rows: int = setting(8, "training rows for each piece and number at least", low=1, high=100_000, log=True)
    most: int = setting(1024, "pieces of all numbers together at most, but two of each", low=2, high=100_000, log=True)

    def __post_init__(self) -> None:
        check(self)

    def build(self, features: int, *, stream: torch.Generator) -> Ramps:
        """The layer for so many numbers, weights drawn from ``stream``, edges spread evenly until it has seen rows."""
        bins = max(2, min(self.bins, self.most // max(features, 1)))
        layer = Ramps(features, bins, self.width, rows=self.rows)
        if not layer.weight.is_meta:
            with torch.no_grad():
                layer.weight.copy_(torch.randn(layer.weight.shape, generator=stream) / math.sqrt(bins))
        return layer


class Ramps(nn.Module):
    """The first ``features`` units through ramps, what is learnt of them appended to all units.

    **Shape**: ``(batch, unit)`` in, ``unit >= features``; ``(batch, unit + features * width)`` out. ``weight`` is
    ``(features, bins, width)``, the buffers ``start`` and ``slope`` are ``(features, bins)`` and ``settled`` is ``()``,
    each with ``member`` in front for a fleet. There is no bias: the affine layer that follows has one, and a number
    without ramps gives zeros.

    >>> layer = Ramps(1, 2, 1, rows=1)
    >>> layer.settle(torch.tensor([[0.0], [0.5], [2.5]]))
    >>> layer.start, layer.slope
    (tensor([[0.0000, 0.5000]]), tensor([[2.0000, 0.5000]]))
    """

    start: Tensor
    slope: Tensor
    settled: Tensor

    def __init__(self, features: int, bins: int, width: int, *, rows: int) -> None:
        super().__init__()
        self.features, self.width, self.rows = features, width, rows
        edges = torch.linspace(-REACH, REACH, bins + 1)
        self.register_buffer("start", edges[:-1].repeat(features, 1))
        # no arithmetic here: on torch's "meta" device, where shapes are looked up, it would load a compiler for seconds
        self.register_buffer("slope", torch.full((features, bins), bins / (2 * REACH)))
        self.register_buffer("settled", torch.tensor(0.0))  # 1 once it is; weights are numbers
        self.weight = nn.Parameter(torch.zeros(features, bins, width))

    def forward(self, x: Tensor) -> Tensor:
        """``(x, e(x))``."""
        numbers = x[..., : self.features].mT.unsqueeze(-1)  # (..., feature, batch, 1)
        ramps = ((numbers - self.start.unsqueeze(-2)) * self.slope.unsqueeze(-2)).clamp(0, 1)
        learnt = (ramps @ self.weight).movedim(-3, -2).flatten(-2)
        return torch.cat((x, learnt), dim=-1)

    def settle(self, numbers: Tensor) -> None:
        """Lay the edges where these training rows ``(row, feature)`` lie: once, before the first step.

        A layer that has settled stays as it is. A network that goes on from a saved one with new rows keeps the edges
        that its weights were learnt for.
        """
        if self.settled:
            return
        self.settled.fill_(1)
        seen = numbers[torch.arange(min(len(numbers), MOST_ROWS)) * len(numbers) // min(len(numbers), MOST_ROWS)]
        columns = [column.sort().values.double() for column in seen[:, : self.features].cpu().mT]
        bent = [i for i, column in enumerate(columns) if len(_distinct(column)) > 2]
        bins = min(self.weight.shape[-2], len(numbers) // (self.rows * max(len(bent), 1)))
        self.slope.zero_()  # a ramp without a slope is 0 everywhere
        self.start.zero_()
        for i in bent if bins >= 2 else []:
            edges = _edges(columns[i], bins)
            self.start[i, : len(edges) - 1] = edges[:-1]
            self.slope[i, : len(edges) - 1] = 1 / edges.diff()


def settle(network: nn.Module, numbers: Tensor, *fields: Tensor) -> nn.Module:
    """Let every layer that wants to look at its training rows do so, and return the network.

    What a layer sees goes into its buffers: a saved network needs no rows. Layers say so by a method ``settle``. Those
    inside an encoder of a field see rows of that field, all others the numbers ``(row, feature)``.
    """
    shown = {
        id(m): rows for encoder, rows in zip(encoders_of(network), fields, strict=False) for m in encoder.modules()
    }
    for module in network.modules():
        look = getattr(module, "settle", None)
        if look is not None:
            look(shown.get(id(module), numbers))
    return network


def encoders_of(network: nn.Module) -> list[nn.Module]:
    """What reads the fields of a network, in their order; nothing for a network without fields."""
    return [encoder for module in network.modules() for encoder in getattr(module, "encoders", ())]


def _edges(column: Tensor, bins: int) -> Tensor:
    """At most ``bins + 1`` rising edges from a sorted column; of those inside half by rows, half by distinct values."""
    distinct, by_rows = _distinct(column), bins // 2
    edges = torch.cat((distinct[[0, -1]], _inside(column, by_rows), _inside(distinct, bins - 1 - by_rows)))
    return _distinct(edges.sort().values)


def _distinct(column: Tensor) -> Tensor:
    """The different values of a sorted column."""
    return column[torch.cat((column.new_ones(min(len(column), 1)), column.diff())) > 0]


def _inside(values: Tensor, count: int) -> Tensor:
    """``count`` of the values, evenly between the first and the last."""
    return values[torch.linspace(0, len(values) - 1, count + 2, dtype=torch.float64)[1:-1].round().long()]
