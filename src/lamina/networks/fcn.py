r"""The fully convolutional network of series: three convolutions over time, and the mean of what they found.

    x_i = relu(norm(W_i * x_{i-1}))        features = mean over steps of x_L

No pool stands between the layers, so any length will do, and what is found counts wherever it stands. Of very long
series the first convolution may look at every ``stride``-th step only, with a kernel that still meets all of them.

Source: Wang, Yan and Oates (2017), arXiv:1611.06455: 128, 256 and 128 channels, kernels of 8, 5 and 3 steps. We differ:
no bias before a norm; steps that are not there have no part (`lamina.networks.series_network`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import torch

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.convolution import places_left
from lamina.networks.series_network import SeriesConv, SeriesNetwork, check_series, check_weights, convolve_steps

MOST_LAYERS = 100


@dataclass(frozen=True, kw_only=True)
class FCN:
    """Convolutions over the steps of a series, described but not yet built.

    **Shape**: float32 ``(batch, channel, step)``, NaN where there is no value, in; ``(batch, width)`` out, ``width``
    being the last of ``widths``.

    Raises:
        SpecError: a setting lies outside its bounds, there are not as many widths as sizes, or the stride leaves steps
            out; on building, the field is no series, or there would be too many weights.

    >>> field = Field(holds="series", shape=(2, 30))
    >>> network = FCN(widths=(8, 4), sizes=(5, 3)).build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.zeros(5, 2, 30)).shape, network.width
    (torch.Size([5, 4]), 4)
    """

    kind: ClassVar[Literal["series"]] = "series"

    widths: tuple[int, ...] = setting((128, 256, 128), "channels that each convolution gives", low=1, high=4096)
    sizes: tuple[int, ...] = setting((8, 5, 3), "steps that the kernel of each looks at", low=1, high=1023)
    stride: int = setting(1, "steps from one place of the first convolution to the next", low=1, high=1023, log=True)

    def __post_init__(self) -> None:
        check(self)
        if len(self.widths) != len(self.sizes) or not 1 <= len(self.widths) <= MOST_LAYERS:
            raise SpecError(
                wrong=f"FCN has {len(self.widths)} widths and {len(self.sizes)} sizes.",
                expected=f"one of each for every layer, 1 to {MOST_LAYERS} layers.",
                remedy="try FCN(widths=(64, 64), sizes=(7, 3)).",
            )
        if self.stride > self.sizes[0]:
            raise SpecError(
                wrong=f"FCN has stride={self.stride} and a first kernel of {self.sizes[0]} steps.",
                expected="a stride no longer than the kernel: otherwise steps are never looked at.",
                remedy=f"try sizes={(2 * self.stride + 1, *self.sizes[1:])!r}.",
            )

    def build(self, field: Field, *, stream: torch.Generator) -> SeriesNetwork:
        """The network for a field of series, weights drawn from ``stream``."""
        channels, steps = check_series(self, field)
        layers = [(*ends, size) for ends, size in zip(pairwise((channels, *self.widths)), self.sizes, strict=True)]
        check_weights(self, sum(inputs * outputs * size for inputs, outputs, size in layers))
        left = places_left(steps, 1, self.stride, "same")
        blocks = [self._block(i, layer, left if i else steps, stream) for i, layer in enumerate(layers)]
        return SeriesNetwork(channels, blocks, self.widths[-1], stride=self.stride)

    def _block(self, place: int, layer: tuple[int, int, int], steps: int, stream: torch.Generator) -> SeriesConv:
        stride = 1 if place else self.stride
        return SeriesConv(convolve_steps(*layer, steps, activation="relu", stream=stream, stride=stride))
