r"""Convolutions and pooling: the same few weights at every place of an image or a series.

    Convolve    y[o, p] = b_o + sum over i, q of W[o, i, q] x[i, stride p + q - before]
    Pool        y[c, p] = max or mean over q of x[c, stride p + q]
    GlobalPool  y[c] = mean or max of x[c, p] over all places p

A kernel is laid on as it is, not turned round (what signal processing calls cross-correlation). ``"valid"`` takes
places where the whole kernel lies inside, floor((n - k) / stride) + 1 of n. ``"same"`` puts k - 1 zeros around, half of
them (rounded down) before, and gives ceil(n / stride). A pool leaves out what is left over at the end.

Places are one axis (a series) or two (an image). Images lie in memory with their channels last, whatever the order of
the axes says: on a CPU pooling is ten times faster so, and products are no slower. A fleet's members are worked out one
after the other: each is bound by its arithmetic, and sharing calls would save nothing.

Sources: LeCun et al. (1989), doi:10.1162/neco.1989.1.4.541; LeCun et al. (1998), doi:10.1109/5.726791; Lin, Chen and
Yan (2014), arXiv:1312.4400 (global pooling).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.networks.activations import activation as find_activation

Padding = Literal["valid", "same"]
LOOKS_ALIKE = ("identity", "logistic", "tanh", "lecun_tanh")  # on both sides of zero: Glorot's variance


class Convolve(nn.Module):
    """Weighted sums of a few neighbouring places, the same weights everywhere.

    **Shape**: ``(batch, inputs, *places)`` in, ``(batch, outputs, *places)`` out; ``weight`` is
    ``(outputs, inputs, *size)``, ``bias`` ``(outputs,)``, each with ``member`` in front for a fleet.

    >>> Convolve(3, 8, (5, 5), stride=2, padding="same")(torch.zeros(4, 3, 9, 9)).shape
    torch.Size([4, 8, 5, 5])
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: tuple[int, ...],
        *,
        stride: int = 1,
        padding: Padding = "valid",
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.size, self.stride, self.padding = size, stride, padding
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, *size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """The weighted sums ``(..., batch, outputs, *places)``."""
        if self.weight.dim() == 2 + len(self.size):
            return self._one(x, self.weight, self.bias)
        return each_member(self._one, x, self.weight, self.bias)

    def _one(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        around = 0 if self.padding == "valid" else tuple(k // 2 for k in self.size)
        if self.padding == "same" and any(k % 2 == 0 for k in self.size):
            x, around = functional.pad(x, [side for k in reversed(self.size) for side in ((k - 1) // 2, k // 2)]), 0
        if in_bfloat16(x) and misread(weight.shape[1], self.size[-1]):
            x, weight = functional.pad(x, (0, 1)), functional.pad(weight, (0, 1))
        if len(self.size) == 2 and weight.shape[1] == 1:  # one channel lies either way in memory: the kernel decides
            weight = weight.clone(memory_format=torch.channels_last)
        convolve = functional.conv1d if len(self.size) == 1 else functional.conv2d
        return convolve(x, weight, bias, self.stride, around)

    def extra_repr(self) -> str:
        """The sizes, for printing."""
        return f"{tuple(self.weight.shape)}, stride={self.stride}, padding={self.padding!r}"


class Pool(nn.Module):
    """The largest or the mean value of each channel among ``size`` neighbours along every axis of places.

    **Shape**: ``(batch, channel, *places)`` in, ``(batch, channel, *fewer)`` out.

    Args:
        size: neighbours along an axis.
        stride: places from one window to the next; None: ``size``.
        keep: what is kept.
        padding: places around that no window counts.
        axes: 1 for series, 2 for images.

    >>> Pool(2)(torch.arange(16.0).view(1, 1, 4, 4)).flatten().tolist()
    [5.0, 7.0, 13.0, 15.0]
    """

    def __init__(
        self,
        size: int,
        *,
        stride: int | None = None,
        keep: Literal["max", "mean"] = "max",
        padding: int = 0,
        axes: Literal[1, 2] = 2,
    ) -> None:
        super().__init__()
        self.size, self.stride, self.padding, self.keep, self.axes = size, stride or size, padding, keep, axes

    def forward(self, x: Tensor) -> Tensor:
        """What is kept, ``(..., batch, channel, *fewer)``."""
        alone = x.dim() == 2 + self.axes
        y = self._one(x if alone else x.flatten(0, 1))
        return y if alone else y.reshape(*x.shape[:2], *y.shape[1:])

    def _one(self, x: Tensor) -> Tensor:
        if self.keep == "max":
            largest = functional.max_pool1d if self.axes == 1 else functional.max_pool2d
            return largest(x, self.size, self.stride, self.padding)
        mean = functional.avg_pool1d if self.axes == 1 else functional.avg_pool2d
        return mean(x, self.size, self.stride, self.padding, count_include_pad=False)

    def extra_repr(self) -> str:
        """The settings, for printing."""
        return f"{self.keep} of {self.size}, stride={self.stride}, padding={self.padding}"


class GlobalPool(nn.Module):
    """The mean or the largest value of each channel, wherever it stands: images of any size give as many numbers.

    **Shape**: ``(batch, channel, *places)`` in, ``(batch, channel)`` out.

    >>> GlobalPool()(torch.ones(4, 3, 7, 9)).shape
    torch.Size([4, 3])
    """

    def __init__(self, keep: Literal["mean", "max"] = "mean", *, axes: Literal[1, 2] = 2) -> None:
        super().__init__()
        self.keep, self.axes = keep, axes

    def forward(self, x: Tensor) -> Tensor:
        """One number a channel, ``(..., batch, channel)``."""
        places = tuple(range(-self.axes, 0))
        return x.mean(places) if self.keep == "mean" else x.amax(places)

    def extra_repr(self) -> str:
        """What is kept, for printing."""
        return self.keep


class Flatten(nn.Module):
    """All channels and places of a row as its units, in the order of the axes.

    **Shape**: ``(batch, channel, *places)`` in, ``(batch, unit)`` out.

    >>> Flatten()(torch.zeros(4, 3, 2, 2)).shape
    torch.Size([4, 12])
    """

    def __init__(self, *, axes: Literal[1, 2] = 2) -> None:
        super().__init__()
        self.axes = axes

    def forward(self, x: Tensor) -> Tensor:
        """The units ``(..., batch, unit)``."""
        return x.flatten(-1 - self.axes)


def in_bfloat16(x: Tensor) -> bool:
    """Whether a layer reckons with these values in bfloat16, as they are or because autocast turns them into it.

    >>> in_bfloat16(torch.zeros(1)), in_bfloat16(torch.zeros(1, dtype=torch.bfloat16))
    (False, True)
    """
    kind = x.device.type
    cast = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    return (torch.get_autocast_dtype(kind) if cast else x.dtype) is torch.bfloat16


def misread(inputs: int, width: int) -> bool:
    """Whether torch 2.13 gets such a kernel wrong: in bfloat16 on a CPU with AMX sums were off by as much as they are.

    Found by trying: 2 to 14 channels, an even number, whose values side by side fill more than one 32 without a rest. A
    kernel that is one zero wider gives the same sums and is not affected.

    >>> misread(8, 8), misread(8, 7), misread(16, 8), misread(4, 8)
    (True, False, False, False)
    """
    return 1 < inputs < 16 and inputs * width > 32 and inputs * width % 32 == 0


def places_left(places: int, size: int, stride: int, padding: Padding) -> int:
    """How many places a convolution leaves of an axis.

    >>> places_left(32, 5, 1, "valid"), places_left(9, 3, 2, "same")
    (28, 5)
    """
    return (places - size) // stride + 1 if padding == "valid" else -(-places // stride)


def fill_convolve(layer: Convolve, *, activation: str, stream: torch.Generator, scale: float = 1.0) -> Convolve:
    """Draw the weights in place, leave the biases zero, and return the layer (`lamina.networks.initialise`, "auto").

    A layer without memory (``torch.device("meta")``) is left as it is.

    Args:
        layer: the layer to fill.
        activation: the name of the activation that follows, "identity" for none.
        stream: where the draws come from.
        scale: an extra factor.
    """
    if layer.weight.is_meta:
        return layer
    known = find_activation(activation)
    outputs, inputs, *size = layer.weight.shape
    seen, spoken_to = inputs * math.prod(size), outputs * math.prod(size)
    variance = 2 * known.gain**2 / (seen + spoken_to) if known.name in LOOKS_ALIKE else known.gain**2 / seen
    with torch.no_grad():
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=stream) * (math.sqrt(variance) * scale))
    return layer


def each_member(one: Callable[..., Tensor], x: Tensor, *stacked: Tensor | None) -> Tensor:
    """``one(x, *stacked)`` for every member of a fleet, along the first axis of all of them.

    A fleet of one is no more than a view: nothing is copied.
    """
    if x.shape[0] == 1:
        return one(x.squeeze(0), *(None if own is None else own.squeeze(0) for own in stacked)).unsqueeze(0)
    answers = [one(own, *(None if s is None else s[i] for s in stacked)) for i, own in enumerate(x)]
    if answers[0].dim() != 4:
        return torch.stack(answers)
    return torch.stack([y.movedim(-3, -1) for y in answers]).movedim(-1, -3)  # channels stay last in memory
