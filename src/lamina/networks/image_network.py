"""What every encoder of images shares: standardised pixels, augmentation, a few images at a time while answering."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lamina.networks.augment import Augment, Augmenter
from lamina.networks.channel_norm import Pixels

PIXELS_AT_ONCE = 1 << 18  # while answering: 256 images of 32 x 32, whose units still lie in the caches


class ImageNetwork(nn.Module):
    """Images to features: pixels standardised, changed while training, then the layers of ``body``.

    **Shape**: uint8 ``(batch, channel, height, width)`` in, ``(batch, width)`` out; with ``member`` in front of both
    for a fleet.

    Args:
        channels: of an image.
        augment: how images change while training.
        body: the layers.
        width: features that leave it.
        seen: height and width that have a part in any feature, from the upper left pixel on; None for all. The rest is
            left out while training. While answering it is not, so that whoever looks inside finds the whole image.
    """

    def __init__(
        self, channels: int, augment: Augment | None, body: nn.Module, width: int, seen: tuple[int, ...] | None = None
    ) -> None:
        super().__init__()
        self.width = width
        self.seen = seen
        self.pixels = Pixels(channels)
        self.augment: Augmenter | None = None if augment is None else augment.build()
        self.body = body

    def forward(self, images: Tensor) -> Tensor:
        """The features ``(..., batch, width)``; while answering, a few images at a time, however many there are."""
        rows = max(1, PIXELS_AT_ONCE // max(1, math.prod(images.shape[-2:]) * math.prod(images.shape[:-4])))
        if self.training or images.shape[-4] <= rows:
            return self._features(images)
        return torch.cat([self._features(part) for part in torch.split(images, rows, dim=-4)], dim=-2)

    def _features(self, images: Tensor) -> Tensor:
        x = self.pixels(images)
        x = x if self.augment is None else self.augment(x)
        if self.training and self.seen is not None:
            x = x[..., : self.seen[0], : self.seen[1]]
        features: Tensor = self.body(x)
        return features
