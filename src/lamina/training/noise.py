"""Dropout's random numbers: one stream a member, so that no member's noise depends on its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Noise:
    """Uniform numbers in ``[0, 1)`` for a fleet, drawn member by member.

    Only a member's own rows draw (``counts``, see `lamina.training.order.Step`): padding would shift its stream.
    """

    def __init__(self, streams: Sequence[torch.Generator]) -> None:
        self.streams = list(streams)
        self.counts: tuple[int, ...] | None = None

    def __call__(self, shape: torch.Size, device: torch.device, dtype: torch.dtype) -> Tensor:
        """Numbers of shape ``(member, batch, ...)``."""
        numbers = torch.zeros(shape, device=device, dtype=dtype)
        for i, stream in enumerate(self.streams):
            rows = shape[1] if self.counts is None else self.counts[i]
            if rows:
                numbers[i, :rows].uniform_(generator=stream)
        return numbers
