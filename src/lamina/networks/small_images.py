"""The usual encoder of images: what a column of them gets where nobody names one.

    up to 16 pixels    two convolutions around a pool, and all that is left: a LeNet for hardly more than a table
    beyond             a stem, then up to three pairs of convolutions with norms, each pair halving the image once and
                       twice as wide as the one before; about four pixels a side are left, and their mean is handed on

The pool stands before norm and activation, which leaves these a quarter of the work; what is larger than that is halved
by strides, which leaves the convolutions a quarter too. Nothing is mirrored: whether left
and right may change places is asked of the rows (`lamina.estimators.mirror`). What was tried is told in
``docs/decisions/0012-images.md``.
"""

from __future__ import annotations

import math

from lamina.foundation.signature import Field
from lamina.networks.augment import Augment
from lamina.networks.convnet import Conv, ConvNet, Pooling
from lamina.networks.mlp import MLP

TINY = 16  # pixels a side up to which an image keeps all its places
LEFT = 4  # pixels a side, about, at the end of the convolutions of a larger one
MANY = 10_000  # training rows from which on the network is twice as wide
WIDTHS = (32, 64, 128)


def usual_image_encoder(field: Field, rows: int) -> ConvNet:
    """What usually reads images of this shape well.

    Args:
        field: the images.
        rows: training rows.

    >>> usual_image_encoder(Field(holds="image", shape=(1, 8, 8)), 1797).head
    'flatten'
    >>> len(usual_image_encoder(Field(holds="image", shape=(3, 32, 32)), 50_000).layers)
    7
    """
    _, *size = field.shape
    if is_tiny(field):
        pool = (Pooling(),) if min(size) >= LEFT else ()
        return ConvNet(layers=(Conv(channels=32, padding="same"), *pool, Conv(channels=64, padding="same")))
    widths = tuple(2 * width for width in WIDTHS) if rows >= MANY else WIDTHS
    halvings = max(0, round(math.log2(min(size) / LEFT)))
    pairs = widths[len(widths) - min(halvings, len(widths)) :]
    layers = [*_stem(WIDTHS[0], halvings - len(pairs)), *(conv for width in pairs for conv in _pair(width))]
    return ConvNet(layers=tuple(layers), head="mean", augment=_usual_changes(min(size), rows))


def is_tiny(field: Field) -> bool:
    """Whether images are so small that every pixel keeps its place, and none is moved while learning."""
    return max(field.shape[1:]) <= TINY


def usual_image_trunk(field: Field) -> MLP:
    """What usually follows it: where all places are kept, dense layers to weigh them; otherwise only the scores."""
    return MLP(widths=(128,), dropout=0.3) if is_tiny(field) else MLP(widths=())


def _usual_changes(side: int, rows: int) -> Augment:
    """Few images are moved, turned and zoomed; of many there are examples of all that, and moving them is enough."""
    if rows >= MANY:
        return Augment(shift=max(1, side // 8))
    return Augment(shift=max(1, side // 16), turn=10.0, zoom=0.1)


def _stem(width: int, halvings: int) -> list[Conv]:
    """One convolution that keeps the size, or, for every halving that the pairs leave over, one with a stride of 2."""
    return [_conv(width, 1, stride=2) for _ in range(halvings)] or [_conv(width, 1)]


def _pair(width: int) -> tuple[Conv, Conv]:
    return _conv(width, 2), _conv(width, 1)


def _conv(width: int, pool: int, stride: int = 1) -> Conv:
    return Conv(channels=width, padding="same", stride=stride, pool=pool, norm="batch")
