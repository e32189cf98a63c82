r"""Augmentation: images as they might have been, in training only.

    flip     left and right change places, for half of the rows
    shift    up to so many pixels along each axis; what comes in at the border repeats the border
    turn     up to so many degrees either way, about the middle
    zoom     larger or smaller by up to this part
    cutout   a square of so many pixels a side becomes 0, the mean of the training rows, anywhere in the image

Nothing happens unless asked for: a mirrored digit is no digit, and a mirrored chest has its heart on the wrong side.
All rows of a batch change at once, each by its own draws, on whatever device they are.

Sources: Simard, Steinkraus and Platt (2003), doi:10.1109/ICDAR.2003.1227801; DeVries and Taylor (2017),
arXiv:1708.04552 (cutout). We differ: borders are repeated, not black; squares are cut wherever they reach in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.foundation.specs import check, setting
from lamina.networks.layers import Noise

DRAWS = 7  # of a row, whatever is asked for: one more thing to change leaves the draws of the others as they were


@dataclass(frozen=True, kw_only=True)
class Augment:
    """How images change from one epoch to the next while a network learns.

    >>> layer = Augment(shift=2).build().eval()
    >>> layer(torch.ones(1, 1, 4, 4)).sum()  # nothing happens to what is to be answered
    tensor(16.)
    """

    flip: bool = setting(False, "whether left and right may change places; never for what is read")
    shift: int = setting(0, "pixels to move along each axis at most", low=0, high=1024)
    turn: float = setting(0.0, "degrees to turn at most", low=0, high=180)
    zoom: float = setting(0.0, "part to grow or shrink by at most", low=0, below=1)
    cutout: int = setting(0, "pixels a side of the square that is blotted out", low=0, high=1024)

    def __post_init__(self) -> None:
        check(self)

    def build(self) -> Augmenter:
        """The layer; it has no weights."""
        return Augmenter(self)


class Augmenter(nn.Module):
    """Changed images while training, the same ones otherwise (see `Augment`).

    **Shape**: standardised pixels ``(batch, channel, height, width)`` in, the same out; leading axes are allowed.

    Attributes:
        noise: where the uniform numbers come from, ``noise(shape, device, dtype)`` with the batch as the last axis;
            None takes `torch.rand`.
    """

    def __init__(self, spec: Augment) -> None:
        super().__init__()
        self.spec = spec
        self.noise: Noise | None = None

    def forward(self, x: Tensor) -> Tensor:
        """The images to learn from."""
        if not self.training or self.spec == Augment():
            return x
        size = torch.Size((*x.shape[:-4], DRAWS, x.shape[-4]))
        drawn = torch.rand(size, device=x.device) if self.noise is None else self.noise(size, x.device, torch.float32)
        draws, images = drawn.movedim(-2, 0).flatten(1), x.flatten(0, -4)  # (draw, row)
        asked = self.spec
        if asked.turn or asked.zoom:
            images = _warped(images, draws, asked)
        elif asked.flip or asked.shift:
            images = _moved(images, draws, asked)
        if asked.cutout:
            images = images * _kept(images, draws, asked.cutout)
        return images.reshape(*x.shape[:-3], *images.shape[1:])

    def extra_repr(self) -> str:
        """What is asked for, for printing."""
        return repr(self.spec)


def _moved(images: Tensor, draws: Tensor, asked: Augment) -> Tensor:
    """Flipped and shifted by whole pixels: every pixel is fetched from where it was."""
    rows, _, height, width = images.shape
    down, right = _offset(draws[1], asked.shift), _offset(draws[2], asked.shift)
    y = (torch.arange(height, device=images.device) + down[:, None]).clamp_(0, height - 1)
    x = (torch.arange(width, device=images.device) + right[:, None]).clamp_(0, width - 1)
    if asked.flip:
        x = torch.where(draws[0, :, None] < 0.5, width - 1 - x, x)
    row = torch.arange(rows, device=images.device)[:, None, None]
    places = (row * height + y[:, :, None]) * width + x[:, None, :]
    pixels = images.movedim(-3, -1).flatten(0, 2)  # all channels of a pixel lie side by side
    return pixels.index_select(0, places.flatten()).view(rows, height, width, -1).movedim(-1, -3)


def _warped(images: Tensor, draws: Tensor, asked: Augment) -> Tensor:
    """Turned, zoomed, flipped and shifted in one go, by bilinear interpolation."""
    _, _, height, width = images.shape
    angle = (2 * draws[3] - 1) * math.radians(asked.turn)
    scale = 1 + (2 * draws[4] - 1) * asked.zoom
    mirror = torch.where(draws[0] < 0.5, -1.0, 1.0) if asked.flip else torch.ones_like(scale)
    right, down = (2 * (2 * draws[i] - 1) * asked.shift / size for i, size in ((2, width), (1, height)))
    cosine, sine = angle.cos() * scale, angle.sin() * scale  # places run from -1 to 1 along either axis
    top = torch.stack((cosine * mirror, -sine * height / width, right * mirror), -1)
    bottom = torch.stack((sine * mirror * width / height, cosine, down), -1)
    places = functional.affine_grid(torch.stack((top, bottom), 1), list(images.shape), align_corners=False)
    warped = functional.grid_sample(images, places.to(images.dtype), padding_mode="border", align_corners=False)
    return warped.clone(memory_format=torch.channels_last)  # or all layers behind would run three times as slow


def _kept(images: Tensor, draws: Tensor, side: int) -> Tensor:
    """0 inside each row's square and 1 elsewhere, ``(row, 1, height, width)``."""
    inside = []
    for draw, size in ((draws[5], images.shape[-2]), (draws[6], images.shape[-1])):
        start = (draw * (size + side - 1)).floor() - (side - 1)  # at least one pixel lies in the image
        place = torch.arange(size, device=images.device) - start[:, None]
        inside.append((place >= 0) & (place < side))
    return (~(inside[0][:, :, None] & inside[1][:, None, :])).to(images.dtype).unsqueeze(1)


def _offset(draw: Tensor, most: int) -> Tensor:
    """A whole number from -most to most for each uniform number in [0, 1)."""
    return (draw * (2 * most + 1)).floor().to(torch.int64) - most
