r"""LeNet-5, as it was in 1998 and as it is built today.

    C1  6 maps, 5 x 5     S2  2 x 2, y = f(a_c (sum of the four) + b_c)     C3  16 maps, 5 x 5, each of some of S2
    S4  as S2             C5  120 units, 5 x 5                              F6  84 units

of images of 32 x 32, with f(u) = 1.7159 tanh(2 u / 3) after every layer but the subsampling's sums, where it follows
gain and bias as well. `LeNet5` is that network up to F6: 60,000 weights, as the paper counts them. The trunk of a
`lamina.networks.table.Table` adds the scores. Smaller images are put in the middle, their border repeated outwards.

Today's LeNet-5 is a line of words: "conv 6 5x5 relu, pool 2, conv 16 5x5 relu, pool 2, 120 relu, 84 relu", 61,706
weights with ten scores.

Source: LeCun, Bottou, Bengio and Haffner (1998), doi:10.1109/5.726791, section II.B and table I. We differ: scores are
weighted sums instead of distances to drawn characters; weights are normal numbers with Glorot's spread; pixels have
mean 0 and variance 1 as training rows had them, for which the paper's -0.1 and 1.175 stand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.activations import activation
from lamina.networks.augment import Augment
from lamina.networks.convnet import Bend
from lamina.networks.convolution import Convolve, Flatten, Pool, each_member, fill_convolve
from lamina.networks.image_network import ImageNetwork
from lamina.networks.initialise import fill_affine
from lamina.networks.layers import Activate, Affine

SIDE = 32  # pixels
NAME = "lecun_tanh"
SEEN = (  # by each of the 16 maps of C3, of the 6 of S2: table I
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)
KERNELS = [6 * place + one for place, seen in enumerate(SEEN) for one in seen]  # of all 96 there could be


@dataclass(frozen=True, kw_only=True)
class LeNet5:
    """LeNet-5 of 1998 up to its 84 units, described but not yet built; an encoder of images of up to 32 x 32 pixels.

    **Shape**: uint8 ``(batch, channel, height, width)`` in, features ``(batch, 84)`` out.

    >>> network = LeNet5().build(Field(holds="image", shape=(1, 28, 28)), stream=torch.Generator().manual_seed(0))
    >>> sum(weights.numel() for weights in network.parameters())
    60000
    """

    kind: ClassVar[Literal["image"]] = "image"  # of the field that it reads

    augment: Augment | None = setting(None, "how images change while the network learns; None for not at all")

    def __post_init__(self) -> None:
        check(self)

    def build(self, field: Field, *, stream: torch.Generator) -> ImageNetwork:
        """The network for images of this shape, weights drawn from ``stream``.

        Raises:
            SpecError: images are larger than 32 x 32.
        """
        channels, height, width = field.shape
        if max(height, width) > SIDE:
            raise SpecError(
                wrong=f"LeNet5 was given images of {height} x {width} pixels.",
                expected=f"at most {SIDE} x {SIDE}, the size that it was made for.",
                remedy="make images smaller, or use ConvNet(), which takes any size.",
            )
        return ImageNetwork(channels, self.augment, nn.Sequential(*_layers(channels, stream)), 84)


class Centre(nn.Module):
    """Images in the middle of 32 x 32 pixels, their border repeated outwards.

    **Shape**: ``(batch, channel, height, width)`` in, ``(batch, channel, 32, 32)`` out; leading axes are allowed.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The larger images."""
        down, right = SIDE - x.shape[-2], SIDE - x.shape[-1]
        if not down and not right:
            return x
        around = (right // 2, right - right // 2, down // 2, down - down // 2)
        larger = functional.pad(x.flatten(0, -4), around, mode="replicate")
        return larger.reshape(*x.shape[:-2], SIDE, SIDE)


class Subsample(nn.Module):
    """Four neighbours added up, times a gain of the channel, plus a bias.

    **Shape**: ``(batch, channel, height, width)`` in, half as high and wide out; ``gain`` and ``bias`` are
    ``(channel,)``, for a fleet ``(member, channel)``.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((channels,), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.pool = Pool(2, keep="mean")

    def forward(self, x: Tensor) -> Tensor:
        """What is left of the channels."""
        gain, bias = (own[..., None, :, None, None] for own in (self.gain, self.bias))
        return torch.addcmul(bias, 4 * self.pool(x), gain)


class Scattered(nn.Module):
    """A 5 x 5 convolution of which each map sees only some of the maps before (`SEEN`).

    **Shape**: ``(batch, 6, height, width)`` in, ``(batch, 16, height - 4, width - 4)`` out; ``weight`` holds what there
    is of the kernels, ``(60, 25)``, ``bias`` is ``(16,)``, each with ``member`` in front for a fleet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(len(KERNELS), 25))
        self.bias = nn.Parameter(torch.zeros(len(SEEN)))

    def forward(self, x: Tensor) -> Tensor:
        """The sixteen maps."""
        whole = self.weight.new_zeros(*self.weight.shape[:-2], len(SEEN) * 6, 25)
        whole = whole.index_copy(-2, torch.tensor(KERNELS, device=x.device), self.weight)
        kernels = whole.view(*self.weight.shape[:-2], len(SEEN), 6, 5, 5)
        if self.weight.dim() == 2:
            return functional.conv2d(x, kernels, self.bias)
        return each_member(functional.conv2d, x, kernels, self.bias)


def _layers(channels: int, stream: torch.Generator) -> list[nn.Module]:
    def convolve(inputs: int, outputs: int) -> Convolve:
        return fill_convolve(Convolve(inputs, outputs, (5, 5)), activation=NAME, stream=stream)

    units = fill_affine(Affine(120, 84), scheme="auto", activation=NAME, stream=stream)
    front = [Centre(), convolve(channels, 6), Bend(NAME), Subsample(6), Bend(NAME)]
    middle = [_scattered(stream), Bend(NAME), Subsample(16), Bend(NAME), convolve(16, 120), Bend(NAME), Flatten()]
    return [*front, *middle, units, Activate(NAME)]


def _scattered(stream: torch.Generator) -> Scattered:
    layer = Scattered()
    if not layer.weight.is_meta:
        variance = 2 * activation(NAME).gain ** 2 / (25 * len(KERNELS) * (1 / 6 + 1 / len(SEEN)))
        with torch.no_grad():
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=stream) * math.sqrt(variance))
    return layer
