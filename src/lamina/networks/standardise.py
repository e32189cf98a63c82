r"""Series in numbers of one size: each channel by its mean and spread over the training rows, gaps as zeros.

    x = (series - mean_c) / spread_c    where there is a value, 0 where there is none

A step at which no channel has a value is not there at all, and whoever reads on is told so.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Standardise(nn.Module):
    """Standardised series, and which of their steps are there.

    **Shape**: float32 ``(batch, channel, step)``, NaN where there is no value, in; the same without NaN and bool
    ``(batch, step)`` out, the latter None where no value is missing. The buffers ``mean`` and ``scale`` are
    ``(channel,)`` and ``settled`` is ``()``, each with ``member`` in front for a fleet.

    >>> standard = Standardise(1)
    >>> standard.settle(torch.tensor([[[1.0, 3.0, torch.nan]]]))
    >>> standard(torch.tensor([[[5.0, torch.nan]]]))
    (tensor([[[3., 0.]]]), tensor([[ True, False]]))
    """

    mean: Tensor
    scale: Tensor
    settled: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("scale", torch.ones(channels))
        self.register_buffer("settled", torch.tensor(0.0))  # 1 once it is; weights are numbers

    def forward(self, series: Tensor) -> tuple[Tensor, Tensor | None]:
        """The standardised numbers, and whether each step has any value."""
        shift, scale = -self.mean * self.scale, self.scale
        x = torch.addcmul(shift[..., None, :, None], series, scale[..., None, :, None])
        if not series.is_meta and not torch.compiler.is_exporting() and not series.sum().isnan():
            return x, None  # a sum without NaN has none in it, and is soon made
        missing = series.isnan()
        return x.masked_fill(missing, 0), ~missing.all(-2)

    def settle(self, series: Tensor) -> None:
        """Learn each channel's mean and spread from the training rows ``(row, channel, step)``: once."""
        if self.settled:
            return
        self.settled.fill_(1)
        there = ~series.isnan()
        count = there.sum((0, 2), dtype=torch.float64).clamp(min=1)
        mean = series.masked_fill(~there, 0).sum((0, 2), dtype=torch.float64) / count
        rest = (series - mean.to(series.dtype).unsqueeze(-1)).masked_fill_(~there, 0)
        spread = (rest.square_().sum((0, 2), dtype=torch.float64) / count).sqrt()
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(spread > 0, 1 / spread.clamp(min=1e-30), 1))  # a channel of one value is zero
