r"""InceptionTime: at every layer long and short kernels look at a series side by side.

    narrow = V * x                                                 fewer channels, step by step
    branches = (W_1 * narrow, ..., W_k * narrow, U * highest(x))   kernels of several lengths; highest of three steps
    module(x) = relu(norm(branches))
    block(x) = relu(module(... module(x)) + norm(R * x))           a road past every three modules
    features = mean over steps of the last block

A field of one channel is narrow already.

Source: Ismail Fawaz et al. (2020), arXiv:1909.04939: 32 filters a branch, kernels of 40, 20 and 10 steps, six modules,
five networks that answer together. We differ: how many answer together is not the network's business but that of
whoever trains it (``members``); modules beyond the last full three have no road past them; steps that are not there
have no part (`lamina.networks.series_network`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.channel_norm import ChannelNorm
from lamina.networks.convolution import Convolve, Pool
from lamina.networks.series_network import SeriesNetwork, blanked, check_series, check_weights, convolve_steps

NEIGHBOURS = 3  # steps of which the branch beside the kernels takes the highest


@dataclass(frozen=True, kw_only=True)
class InceptionTime:
    """Modules of kernels of several lengths over the steps of a series, described but not yet built.

    **Shape**: float32 ``(batch, channel, step)``, NaN where there is no value, in; ``(batch, width)`` out, ``width``
    being ``filters`` times one more than there are ``sizes``.

    Raises:
        SpecError: a setting lies outside its bounds; on building, the field is no series, or there would be too many
            weights.

    >>> field = Field(holds="series", shape=(2, 30))
    >>> network = InceptionTime(filters=4, depth=2).build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.zeros(5, 2, 30)).shape, network.width
    (torch.Size([5, 16]), 16)
    """

    kind: ClassVar[Literal["series"]] = "series"

    filters: int = setting(32, "channels of each branch, and of what they look at", low=1, high=1024, log=True)
    sizes: tuple[int, ...] = setting((40, 20, 10), "steps that the kernel of each branch looks at", low=1, high=1023)
    depth: int = setting(6, "modules one after the other", low=1, high=100)
    shortcut: int = setting(3, "modules that a road leads past", low=1, high=100)

    def __post_init__(self) -> None:
        check(self)

    @property
    def width(self) -> int:
        """Channels that a module gives."""
        return self.filters * (len(self.sizes) + 1)

    def build(self, field: Field, *, stream: torch.Generator) -> SeriesNetwork:
        """The network for a field of series, weights drawn from ``stream``."""
        channels, steps = check_series(self, field)
        check_weights(self, self.depth * self.filters * (self.filters * sum(self.sizes) + 3 * self.width))
        blocks: list[nn.Module] = []
        for start in range(0, self.depth, self.shortcut):
            inputs, count = self.width if start else channels, min(self.shortcut, self.depth - start)
            modules = [self._module(self.width if i else inputs, steps, stream) for i in range(count)]
            full = count == self.shortcut
            road = convolve_steps(inputs, self.width, 1, steps, activation="identity", stream=stream) if full else None
            blocks.append(Block(modules, road))
        return SeriesNetwork(channels, blocks, self.width)

    def _module(self, inputs: int, steps: int, stream: torch.Generator) -> Inception:
        def convolve(inputs: int, size: int) -> Convolve:
            return convolve_steps(inputs, self.filters, size, steps, activation="identity", stream=stream)

        narrow = convolve(inputs, 1) if inputs > 1 else None
        seen = inputs if narrow is None else self.filters
        return Inception(narrow, [convolve(seen, size) for size in self.sizes], convolve(inputs, 1))


class Inception(nn.Module):
    """One module: kernels of several lengths side by side (see `InceptionTime`).

    **Shape**: ``(batch, inputs, 1, step)`` and ``there`` bool ``(batch, 1, step)`` in, ``(batch, width, 1, step)`` out.
    """

    def __init__(self, narrow: Convolve | None, branches: list[Convolve], highest: Convolve) -> None:
        super().__init__()
        self.narrow = narrow
        self.branches = nn.ModuleList(branches)
        self.pool = Pool(NEIGHBOURS, stride=1, padding=NEIGHBOURS // 2)
        self.highest = highest
        self.norm = ChannelNorm(sum(layer.weight.shape[0] for layer in (*branches, highest)))

    def forward(self, x: Tensor, there: Tensor | None = None) -> Tensor:
        """The bent channels of all branches."""
        narrow = x if self.narrow is None else self.narrow(x)
        found = [branch(narrow) for branch in self.branches]
        y = torch.cat((*found, self.highest(self._highest(x, there))), dim=-3)
        return blanked(functional.relu(self.norm(y, there)), there)

    def _highest(self, x: Tensor, there: Tensor | None) -> Tensor:
        """The highest of a step and its neighbours; what is not there is never the highest."""
        if there is None:
            highest: Tensor = self.pool(x)
            return highest
        lowest = torch.finfo(x.dtype).min
        return blanked(self.pool(x.masked_fill(~there.unsqueeze(-3), lowest)), there)


class Block(nn.Module):
    """Modules one after the other, and a road past them (see `InceptionTime`).

    **Shape**: as `Inception`.
    """

    def __init__(self, modules: list[Inception], road: Convolve | None) -> None:
        super().__init__()
        self.inner = nn.ModuleList(modules)
        self.road = road
        self.norm = None if road is None else ChannelNorm(road.weight.shape[0])

    def forward(self, x: Tensor, there: Tensor | None = None) -> Tensor:
        """What the last module gives, joined with what went past."""
        y = x
        for module in self.inner:
            y = module(y, there)
        if self.road is None or self.norm is None:
            return y
        return blanked(functional.relu(y + self.norm(self.road(x), there)), there)
