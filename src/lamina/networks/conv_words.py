"""Convolutions in a newcomer's words: "conv 6 5x5 tanh" and "pool 2" are layers, and layers are told in such words.

conv    "conv 64", "conv 6 5x5 tanh", "conv 64 3x3 same stride 2 relu"; 3x3, valid and relu where nothing is said
pool    "pool 2", "mean pool 2", "pool 3 stride 2"
end     "global mean pool", "global max pool": one number a channel, before dense layers
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from lamina.foundation.errors import SpecError
from lamina.networks.convnet import Conv, ConvNet, Pooling

Head = Literal["mean", "max"]
Spoken = Conv | Pooling | Head

EXAMPLES = ("conv 32 3x3 relu", "conv 64 3x3 same", "pool 2", "mean pool 2", "global mean pool")
_SPOKEN = re.compile(r"(conv|pool|(max|mean|global)\b.*\bpool)\b")
_CONV = re.compile(
    r"conv ([0-9]{1,6})(?: ([0-9]{1,6})x([0-9]{1,6}))?( same| valid)?(?: stride ([0-9]{1,6}))?(?: (.+))?"
)
_POOL = re.compile(r"(?:(max|mean) )?pool ([0-9]{1,6})(?: stride ([0-9]{1,6}))?")
_GLOBAL = re.compile(r"global (mean|max) pool")


def is_spoken(words: str) -> bool:
    """Whether these words are about a convolution or a pool, rightly or not.

    >>> is_spoken("conv 6"), is_spoken("global pool"), is_spoken("64 relu")
    (True, True, False)
    """
    return _SPOKEN.match(words) is not None


def read_spoken(words: str) -> Spoken:
    """The layer that words ask for, or what is kept of a channel at the end.

    Raises:
        SpecError: they make no layer.

    >>> read_spoken("conv 6 5x5 tanh")
    Conv(channels=6, size=(5, 5), stride=1, padding='valid', pool=1, norm='none', activation='tanh')
    >>> read_spoken("global mean pool")
    'mean'
    """
    if found := _CONV.fullmatch(words):
        channels, height, width, padding, stride, name = found.groups()
        return Conv(
            channels=int(channels),
            size=(int(height or 3), int(width or 3)),
            padding="same" if padding == " same" else "valid",
            stride=int(stride or 1),
            activation=re.sub("[ -]", "_", name or "relu"),
        )
    if found := _POOL.fullmatch(words):
        keep, size, stride = found.groups()
        return Pooling(
            size=int(size), stride=None if stride is None else int(stride), keep="mean" if keep == "mean" else "max"
        )
    if found := _GLOBAL.fullmatch(words):
        return "mean" if found[1] == "mean" else "max"
    raise SpecError(
        wrong=f"{words!r} is not known.",
        expected="channels, size and activation ('conv 6 5x5 tanh'), or the size of a pool ('pool 2').",
        remedy=f"write it as one of {', '.join(map(repr, EXAMPLES))}.",
    )


def conv_net(layers: list[Spoken]) -> ConvNet:
    """The network of these layers; what is kept of a channel may only stand at the end.

    Raises:
        SpecError: a layer follows it.
    """
    *before, last = layers
    head: Literal["flatten", "mean", "max"] = last if isinstance(last, str) else "flatten"
    stages = tuple(layer for layer in (before if isinstance(last, str) else layers) if not isinstance(layer, str))
    if len(stages) + isinstance(last, str) < len(layers):
        raise SpecError(
            wrong="a layer follows a global pool.",
            expected="a global pool after all convolutions: it leaves no places.",
            remedy="write it last, as in 'conv 32, pool 2, conv 64, global mean pool'.",
        )
    return ConvNet(layers=stages, head=head)


def normed(network: ConvNet) -> ConvNet:
    """The same network with a norm over the batch in every convolution."""
    layers = (replace(layer, norm="batch") if isinstance(layer, Conv) else layer for layer in network.layers)
    return replace(network, layers=tuple(layers))


def told(network: ConvNet) -> list[str]:
    """The words of a network's layers; what has no words (augmentation, norms) is left out.

    >>> told(ConvNet(layers=(Conv(channels=8), Pooling()), head="max"))
    ['conv 8 3x3 relu', 'pool 2', 'global max pool']
    """
    words = [_conv_words(layer) if isinstance(layer, Conv) else _pool_words(layer) for layer in network.layers]
    return words if network.head == "flatten" else [*words, f"global {network.head} pool"]


def _conv_words(layer: Conv) -> str:
    height, width = layer.size
    padding = " same" if layer.padding == "same" else ""
    stride = f" stride {layer.stride}" if layer.stride > 1 else ""
    return f"conv {layer.channels} {height}x{width}{padding}{stride} {layer.activation}"


def _pool_words(layer: Pooling) -> str:
    keep = "" if layer.keep == "max" else f"{layer.keep} "
    return f"{keep}pool {layer.size}" + (f" stride {layer.stride}" if layer.stride is not None else "")
