r"""Numbers of one size: pixels standardised by what training rows looked like, channels by what a batch looks like.

    Pixels       y = (x - mean_c) / spread_c                    of the training rows' pixels, learnt once, then fixed
    ChannelNorm  y = g_c (x - mean_c) / sqrt(var_c + eps) + b_c    over the rows and places of a batch

Source: Ioffe and Szegedy (2015), arXiv:1502.03167.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.networks.convolution import each_member

MOST_PIXELS = 1 << 24  # that means and spreads are taken from: some 5,000 small colour images
LEAST_SPREAD = 1.0  # of 255 shades: a channel that never changes would be blown up to noise
SHADES = 255.0


class Pixels(nn.Module):
    """Shades 0..255 as numbers of mean 0 and variance 1 a channel, as `settle` saw them.

    Before `settle` black is -1 and white is 1.

    **Shape**: uint8 ``(batch, channel, height, width)`` in, floating point numbers out, channels last in memory. The
    buffers ``mean`` and ``spread`` are ``(channel,)`` and ``settled`` is ``()``, with ``member`` in front for a fleet.

    >>> pixels = Pixels(1)
    >>> pixels.settle(torch.tensor([0, 100, 200, 100], dtype=torch.uint8).view(1, 1, 2, 2))
    >>> pixels(torch.tensor([100, 200], dtype=torch.uint8).view(1, 1, 1, 2)).flatten()
    tensor([0.0000, 1.4142])
    """

    mean: Tensor
    spread: Tensor
    settled: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.full((channels,), SHADES / 2))
        self.register_buffer("spread", torch.full((channels,), SHADES / 2))
        self.register_buffer("settled", torch.tensor(0.0))  # 1 once it is; weights are numbers

    def forward(self, x: Tensor) -> Tensor:
        """The standardised pixels ``(..., batch, channel, height, width)``."""
        mean, slope = (own[..., None, :, None, None] for own in (self.mean, 1 / self.spread))
        numbers = x.movedim(-3, -1).to(slope.dtype, memory_format=torch.contiguous_format).movedim(-1, -3)
        return (numbers - mean) * slope

    def settle(self, images: Tensor) -> None:
        """Take mean and spread of each channel from training rows ``(row, channel, height, width)``: once."""
        if self.settled or not images.numel():
            return
        rows = max(1, min(len(images), MOST_PIXELS // math.prod(images.shape[1:])))
        seen = images[torch.arange(rows, device=images.device) * len(images) // rows].transpose(0, 1).flatten(1)
        numbers = seen.cpu().to(torch.float64)
        self.mean.copy_(numbers.mean(1))
        self.spread.copy_(numbers.std(1, correction=0).clamp(min=LEAST_SPREAD))
        self.settled.fill_(1)


class ChannelNorm(nn.Module):
    """Brings each channel to mean 0 and variance 1 over the rows and places of a batch, then scales and shifts it.

    As `lamina.networks.layers.BatchNorm`, a place of a row for what is there a row: running averages for answers, a
    batch counts for a tenth, the variance that is kept is the unbiased one, and where a batch has a single value a
    channel, running averages stand in.

    **Shape**: ``(batch, channel, *places)`` in, the same out; parameters and buffers are ``(channel,)``, for a fleet
    ``(member, channel)``.

    Attributes:
        present: 1 for each row that counts and 0 for padding, ``(batch,)`` or ``(member, batch)``; None if all count.
        total: what makes a sum over these rows one over the whole batch, where several processes share it.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int, *, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((channels,), gain))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.present: Tensor | None = None
        self.total: Callable[[Tensor], Tensor] = _all_here

    def forward(self, x: Tensor, there: Tensor | None = None) -> Tensor:
        """The normalised channels ``(..., batch, channel, *places)``.

        Args:
            x: channels.
            there: bool ``(..., batch, *places)``, the places that count for mean and variance; None for all of them.
        """
        members = self.gain.dim() - 1
        several = x.shape[members] * math.prod(x.shape[members + 2 :]) > 1
        plain = several and there is None and self.present is None and self.total is _all_here
        if self.training and not plain:
            return self._counted(x, there)
        parts = self.gain, self.bias, self.mean, self.variance
        return each_member(self._one, x, *parts) if members else self._one(x, *parts)

    def _one(self, x: Tensor, gain: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return functional.batch_norm(x, mean, variance, gain, bias, self.training, 0.1, 1e-5)

    def _counted(self, x: Tensor, there: Tensor | None) -> Tensor:
        """By hand, for batches in which some rows or places are padding, or that several processes share."""
        axis = self.gain.dim() + 1
        flat = x.to(self.mean.dtype).flatten(axis)  # (..., batch, channel, place); half is too coarse
        mask = None if there is None else there.flatten(axis - 1).unsqueeze(-2)
        rows = flat.new_ones(flat.shape[:-2]) if self.present is None else self.present.to(flat.dtype)
        count = self.total(_values(rows, flat.shape[-1], mask))
        share = (rows / count.clamp(min=1)).unsqueeze(-2)
        mean = self.total((share @ _over_places(flat, mask)).squeeze(-2))
        variance = self.total((share @ _over_places((flat - _placed(mean)).square(), mask)).squeeze(-2))
        alone = count <= 1
        with torch.no_grad():
            step = 0.1 * (~alone).to(flat.dtype)
            self.mean.add_(step * (mean - self.mean))
            self.variance.add_(step * (variance * count / (count - 1).clamp(min=1) - self.variance))
        mean, variance = torch.where(alone, self.mean, mean), torch.where(alone, self.variance, variance)
        slope = self.gain * torch.rsqrt(variance + 1e-5)
        return torch.addcmul(_placed(self.bias - mean * slope), flat, _placed(slope)).view(x.shape)


def _values(rows: Tensor, places: int, mask: Tensor | None) -> Tensor:
    """How many values a channel has, ``(..., 1)``: ``rows`` ``(..., batch)`` is 1 for each row that counts."""
    if mask is None:
        return rows.sum(-1, keepdim=True) * places
    return (rows * mask.sum((-2, -1))).sum(-1, keepdim=True)


def _over_places(flat: Tensor, mask: Tensor | None) -> Tensor:
    """Sums ``(..., batch, channel)`` over the places that count; ``mask`` is ``(..., batch, 1, place)``."""
    return flat.sum(-1) if mask is None else flat.masked_fill(~mask, 0).sum(-1)


def _placed(channels: Tensor) -> Tensor:
    """One value a channel ``(..., channel)`` as ``(..., 1, channel, 1)``, alike for all rows and places."""
    return channels[..., None, :, None]


def _all_here(sums: Tensor) -> Tensor:
    return sums
