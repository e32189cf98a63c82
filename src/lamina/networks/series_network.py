r"""What convolutional encoders of series share: standardised channels, steps that are not there, a mean over time.

    x_0 = standardised series      x_i = there * block_i(x_{i-1})      features = sum over t of x_L / number of steps

A step without a value in any channel (padding at either end, a gap) is not there: it is zero in the input of every
convolution, as what lies beyond the ends is, it has no part in the statistics of a norm, and it is not counted in the
mean. So a series answers alike however much padding stands behind it or before it, while it learns too. A gap keeps
its length: convolutions look across it. A single missing value at a step that is there reads as its channel's mean.
Where a first block takes ``stride`` steps at a time, such a group is there if any of its steps is; padding behind still
changes nothing, and padding before nothing if it is a whole number of groups.

Inside, a series is an image of height 1, channels last in memory: the same convolutions as for images, and on a CPU one
to three times as fast as torch's own for one axis.

Source: Lin, Chen and Yan (2014), arXiv:1312.4400 (the mean over places).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.networks.channel_norm import ChannelNorm
from lamina.networks.convolution import Convolve, fill_convolve
from lamina.networks.mlp import MOST_WEIGHTS
from lamina.networks.standardise import Standardise

STEPS_AT_ONCE = 1 << 16  # while answering: 400 series of 150 steps


class SeriesNetwork(nn.Module):
    """Series to features: standardised, through every block, then the mean over the steps that are there.

    **Shape**: float32 ``(batch, channel, step)``, NaN where there is no value, in; ``(batch, width)`` out; with
    ``member`` in front of both for a fleet. A series without any value gives zeros.

    Args:
        channels: of the series.
        blocks: each maps ``(..., batch, inputs, 1, step)`` and the steps that are there to the same with its outputs.
        width: channels that the last block gives.
        stride: steps of the series for each that the first block gives.
    """

    def __init__(self, channels: int, blocks: Sequence[nn.Module], width: int, *, stride: int = 1) -> None:
        super().__init__()
        self.width, self.stride = width, stride
        self.standardise = Standardise(channels)
        self.blocks = nn.ModuleList(blocks)

    def forward(self, series: Tensor) -> Tensor:
        """The features ``(..., batch, width)``; while answering, a few series at a time, however many there are."""
        rows = max(1, STEPS_AT_ONCE // max(1, series.shape[-1] * math.prod(series.shape[:-3])))
        if self.training or series.shape[-3] <= rows:
            return self._features(series)
        return torch.cat([self._features(part) for part in torch.split(series, rows, dim=-3)], dim=-2)

    def _features(self, series: Tensor) -> Tensor:
        x, steps = self.standardise(series)
        groups = None if steps is None else any_of(steps, self.stride)
        x, there = x.mT.contiguous().mT.unsqueeze(-2), None if groups is None else groups.unsqueeze(-2)
        for block in self.blocks:
            x = block(x, there)
        return mean_over_steps(x.squeeze(-2), groups)


class SeriesConv(nn.Module):
    """A convolution over steps, a norm, a relu; zero where no step is.

    **Shape**: ``(batch, inputs, 1, step)`` in, ``(batch, outputs, 1, fewer)`` out, as many as the stride leaves;
    ``there`` is bool ``(batch, 1, fewer)``.
    """

    def __init__(self, convolve: Convolve) -> None:
        super().__init__()
        self.convolve = convolve
        self.norm = ChannelNorm(convolve.weight.shape[0])

    def forward(self, x: Tensor, there: Tensor | None = None) -> Tensor:
        """The bent channels."""
        return blanked(functional.relu(self.norm(self.convolve(x), there)), there)


def convolve_steps(
    inputs: int, outputs: int, size: int, steps: int, *, activation: str, stream: torch.Generator, stride: int = 1
) -> Convolve:
    """A convolution over ``size`` neighbouring steps that leaves out none but by its stride.

    It has no bias: a norm follows.

    In a series of so many ``steps`` no two are further apart than ``steps - 1``: what of a kernel reaches further would
    only meet padding, and is left out.

    >>> stream = torch.Generator().manual_seed(0)
    >>> convolve_steps(2, 4, 40, 3, activation="relu", stream=stream).size
    (1, 5)
    """
    layer = Convolve(inputs, outputs, (1, min(size, 2 * steps - 1)), stride=stride, padding="same", bias=False)
    return fill_convolve(layer, activation=activation, stream=stream)


def blanked(x: Tensor, there: Tensor | None) -> Tensor:
    """``x`` ``(..., batch, channel, 1, step)`` with zeros where there is no step ``(..., batch, 1, step)``."""
    return x if there is None else x.masked_fill(~there.unsqueeze(-3), 0)


def any_of(steps: Tensor, stride: int) -> Tensor:
    """Whether any of each ``stride`` steps ``(..., batch, step)`` is there.

    >>> any_of(torch.tensor([[True, True, True, False, False]]), 2)
    tensor([[ True,  True, False]])
    """
    if stride == 1:
        return steps
    return functional.max_pool1d(steps.float(), stride, ceil_mode=True) > 0


def mean_over_steps(x: Tensor, there: Tensor | None) -> Tensor:
    """The mean of ``(..., batch, channel, step)``, zero where there is no step, over those that are there."""
    if there is None:
        return x.mean(-1)
    return x.sum(-1) / there.sum(-1, keepdim=True).clamp(min=1).to(x.dtype)


def check_series(spec: object, field: Field) -> tuple[int, int]:
    """Channels and steps of a field of series.

    Raises:
        SpecError: the field holds something else.
    """
    if field.holds != "series":
        raise SpecError(
            wrong=f"{type(spec).__name__} was asked to read {field!r}.",
            expected='a field of kind "series".',
            remedy='try ConvNet() for images, Words() for texts, or Field(holds="series", shape=(1, 100)).',
        )
    channels, steps = field.shape
    return channels, steps


def check_weights(spec: object, weights: int) -> None:
    """Refuse a network that no memory holds, before any of it is taken.

    Raises:
        SpecError: there would be too many weights.
    """
    if weights > MOST_WEIGHTS:
        raise SpecError(
            wrong=f"{type(spec).__name__} has {weights:,} weights in its convolutions.",
            expected=f"at most {MOST_WEIGHTS:,}, which take {4 * MOST_WEIGHTS / 1e9:g} gigabytes.",
            remedy="take fewer channels, or shorter kernels.",
        )
