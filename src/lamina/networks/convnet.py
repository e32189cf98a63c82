r"""Convolutional networks: convolutions and pools one after the other, as a line of words says them.

    x_0 = standardised pixels     x_i = f_i(norm(pool(W_i * x_{i-1} + b_i)))  or  pool(x_{i-1})     features = x_L

At the end stand all numbers that are left ("flatten"), or one a channel ("mean", "max"). What follows (dense layers,
the scores) is the trunk of `lamina.networks.table.Table`.

Sources: LeCun et al. (1998), doi:10.1109/5.726791; Simonyan and Zisserman (2015), arXiv:1409.1556 (small kernels,
deep); Ioffe and Szegedy (2015), arXiv:1502.03167 (no bias before a norm).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.foundation.specs import check, code, setting
from lamina.networks.activations import activation
from lamina.networks.augment import Augment
from lamina.networks.channel_norm import ChannelNorm
from lamina.networks.convolution import (
    Convolve,
    Flatten,
    GlobalPool,
    Padding,
    Pool,
    fill_convolve,
    places_left,
)
from lamina.networks.image_network import ImageNetwork
from lamina.networks.mlp import MOST_WEIGHTS, check_hidden

MOST_LAYERS = 1000
RISING = (
    "identity",
    "logistic",
    "tanh",
    "lecun_tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "softplus",
)  # never falling


@dataclass(frozen=True, kw_only=True)
class Conv:
    """One convolution with what belongs to it.

    >>> Conv(channels=6, size=(5, 5), activation="tanh").activation
    'tanh'
    """

    channels: int = setting(32, "channels that come out", low=1, high=16_384, log=True)
    size: tuple[int, int] = setting((3, 3), "height and width of the kernel", low=1, high=255)
    stride: int = setting(1, "pixels from one place to the next", low=1, high=255)
    padding: Padding = setting("valid", "whether kernels stay inside, or zeros around keep the size the same")
    pool: int = setting(
        1, "side of the windows of which the largest sums go on, before norm and activation", low=1, high=255
    )
    norm: Literal["none", "batch"] = setting("none", "normalisation of the channels before the activation")
    activation: str = setting("relu", "what bends the sums")

    def __post_init__(self) -> None:
        check(self)
        object.__setattr__(self, "activation", check_hidden(self.activation))

    def left(self, places: tuple[int, ...]) -> tuple[int, ...]:
        """Height and width of what comes out."""
        sums = [places_left(n, k, self.stride, self.padding) for n, k in zip(places, self.size, strict=True)]
        return tuple(n // self.pool for n in sums)

    def seen(self, left: tuple[int, ...], places: tuple[int, ...]) -> tuple[int, ...]:
        """Of ``places`` that come in, height and width of those with a part in the first ``left`` that go out."""
        if self.padding == "same" or (self.norm == "batch" and left != self.left(places)):
            return places  # zeros stand at the border; a batch's statistics are of all there is
        return tuple((n * self.pool - 1) * self.stride + k for n, k in zip(left, self.size, strict=True))

    def build(self, inputs: int, stream: torch.Generator, *, bent: bool = True) -> nn.Module:
        """The layers, weights drawn from ``stream``; the activation is left out where somebody else will bend."""
        plain = self.norm == "none"
        layer = Convolve(inputs, self.channels, self.size, stride=self.stride, padding=self.padding, bias=plain)
        fill_convolve(layer, activation=self.activation, stream=stream)
        pool = None if self.pool == 1 else Pool(self.pool)
        norm = None if plain else ChannelNorm(self.channels)
        return ConvStep(layer, pool, norm, self.activation if bent else "identity")


@dataclass(frozen=True, kw_only=True)
class Pooling:
    """One pool: the largest or the mean of ``size`` by ``size`` neighbours."""

    size: int = setting(2, "pixels a side of the window", low=1, high=255)
    stride: int | None = setting(None, "pixels from one window to the next; None for the size", low=1, high=255)
    keep: Literal["max", "mean"] = setting("max", "what is kept of a window")

    def __post_init__(self) -> None:
        check(self)

    def left(self, places: tuple[int, ...]) -> tuple[int, ...]:
        """Height and width of what comes out."""
        return tuple(places_left(n, self.size, self.stride or self.size, "valid") for n in places)

    def seen(self, left: tuple[int, ...], places: tuple[int, ...]) -> tuple[int, ...]:
        """Of ``places`` that come in, height and width of those with a part in the first ``left`` that go out."""
        return tuple((n - 1) * (self.stride or self.size) + self.size for n in left)

    def build(self) -> Pool:
        """The layer."""
        return Pool(self.size, stride=self.stride, keep=self.keep)


@dataclass(frozen=True, kw_only=True)
class ConvNet:
    """Convolutions and pools, described but not yet built; an encoder of images.

    **Shape**: uint8 ``(batch, channel, height, width)`` in, features ``(batch, width)`` out.

    Raises:
        SpecError: a setting lies outside its bounds; on building, an image is too small for the layers.

    >>> spec = ConvNet(layers=(Conv(channels=8), Pooling()))
    >>> field = Field(holds="image", shape=(1, 12, 12))
    >>> network = spec.build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.zeros(4, 1, 12, 12, dtype=torch.uint8)).shape, network.width
    (torch.Size([4, 200]), 200)
    """

    kind: ClassVar[Literal["image"]] = "image"  # of the field that it reads

    layers: tuple[Conv | Pooling, ...] = setting(
        (Conv(channels=32), Pooling(), Conv(channels=64), Pooling()), "convolutions and pools, from the image on"
    )
    head: Literal["flatten", "mean", "max"] = setting("flatten", "what is handed on: all numbers, or one a channel")
    augment: Augment | None = setting(None, "how images change while the network learns; None for not at all")

    def __post_init__(self) -> None:
        check(self)
        if len(self.layers) > MOST_LAYERS:
            raise SpecError(
                wrong=f"ConvNet has {len(self.layers):,} layers.",
                expected=f"at most {MOST_LAYERS:,}.",
                remedy="take fewer; ResNet() is the way to very deep networks.",
            )

    def build(self, field: Field, *, stream: torch.Generator) -> ImageNetwork:
        """The network for images of this shape, weights drawn from ``stream``.

        Raises:
            SpecError: nothing is left of such small images before the last layer, or there would be too many weights.
        """
        channels, *size = field.shape
        places, weights = tuple(size), 0
        modules: list[nn.Module] = []
        late = _late(self.layers)
        for number, layer in enumerate(self.layers, start=1):
            left = layer.left(places)
            if min(left) < 1:
                raise _too_small(number, layer, places, field)
            if isinstance(layer, Conv):
                weights += channels * layer.channels * math.prod(layer.size)
                _check_weights(weights)
                module = layer.build(channels, stream, bent=number not in late)
                channels = layer.channels
            else:
                pool = layer.build()
                module = nn.Sequential(pool, Bend(late[number - 1])) if number - 1 in late else pool
            modules.append(module)
            places = left
        end = Flatten() if self.head == "flatten" else GlobalPool(self.head)
        width = channels * (math.prod(places) if self.head == "flatten" else 1)
        body, seen = nn.Sequential(*modules, end), _seen(self.layers, tuple(size))
        return ImageNetwork(field.shape[0], self.augment, body, width, seen)


class ConvStep(nn.Module):
    """A convolution, perhaps a pool and a norm, an activation.

    A pool before norm and activation leaves these a quarter of the work, and with relu and no norm the same answers.

    **Shape**: ``(batch, channel, height, width)`` in and out, other channels, perhaps fewer places.
    """

    def __init__(self, convolve: Convolve, pool: Pool | None, norm: ChannelNorm | None, name: str) -> None:
        super().__init__()
        self.convolve = convolve
        self.pool = pool
        self.norm = norm
        self.bend = Bend(name)

    def forward(self, x: Tensor) -> Tensor:
        """The activated channels."""
        x = self.convolve(x)
        x = x if self.pool is None else self.pool(x)
        y: Tensor = self.bend(x if self.norm is None else self.norm(x))
        return y


class Bend(nn.Module):
    """One activation applied to every number; no `Activate`, which tells its units row by row: here are many places.

    **Shape**: any in, the same out.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.function = name, activation(name).function

    def forward(self, x: Tensor) -> Tensor:
        """The bent numbers."""
        return self.function(x)

    def extra_repr(self) -> str:
        """The name, for printing."""
        return self.name


def _late(layers: tuple[Conv | Pooling, ...]) -> dict[int, str]:
    """The convolutions (the first is 1) whose activation had better wait for the pool behind them.

    The largest of some numbers, bent by a function that never falls, is the largest of the bent ones: the same answers,
    and a quarter of the numbers to bend.
    """
    return {
        place: layer.activation
        for place, (layer, after) in enumerate(pairwise(layers), start=1)
        if isinstance(layer, Conv) and isinstance(after, Pooling) and after.keep == "max" and layer.activation in RISING
    }


def _seen(layers: tuple[Conv | Pooling, ...], size: tuple[int, ...]) -> tuple[int, ...]:
    """Height and width of an image, from the upper left pixel on, that have a part in what the last layer gives.

    Pools and strides leave out what is left over at the end, and all that only this would have needed is work for
    nothing: of 28 x 28 pixels, two kernels of 3 and two pools of 2 in turn need 26 x 26, a sixth less work.
    """
    arriving = [size]
    for layer in layers:
        arriving.append(layer.left(arriving[-1]))
    seen = arriving[-1]
    for layer, places in zip(reversed(layers), reversed(arriving[:-1]), strict=True):
        seen = layer.seen(seen, places)
    return seen


def _too_small(number: int, layer: Conv | Pooling, places: tuple[int, ...], field: Field) -> SpecError:
    here, image = (" x ".join(map(str, sizes)) for sizes in (places, field.shape[1:]))
    return SpecError(
        wrong=f"layer {number} of ConvNet, {code(layer)}, is given {here} pixels (images: {image}): nothing is left.",
        expected="images in which every kernel and window has room.",
        remedy='take a pool away, use Conv(padding="same"), or larger images.',
    )


def _check_weights(weights: int) -> None:
    if weights > MOST_WEIGHTS:
        raise SpecError(
            wrong=f"ConvNet has {weights:,} weights in its convolutions.",
            expected=f"at most {MOST_WEIGHTS:,}, which take {4 * MOST_WEIGHTS / 1e9:g} gigabytes.",
            remedy="take fewer channels, such as Conv(channels=64).",
        )
