"""Encoders of fields: what turns a column of whole arrays (images, texts, series) into numbers for a trunk.

A new encoder: one file with its spec, one line in `ENCODERS`, and one in `lamina.networks.usual.USUAL` if it is what a
newcomer should get.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import nn

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field, FieldKind
from lamina.networks.augment import Augment
from lamina.networks.convnet import Conv, ConvNet, Pooling
from lamina.networks.fcn import FCN
from lamina.networks.hierarchical import Hierarchical
from lamina.networks.inception_time import InceptionTime
from lamina.networks.lenet import LeNet5
from lamina.networks.phrases import Phrases
from lamina.networks.reading import Recurrent
from lamina.networks.recurrent_series import RecurrentSeries
from lamina.networks.resnet import ResNet
from lamina.networks.text_transformer import TextTransformer
from lamina.networks.words import Words


class Encoder(Protocol):
    """The spec of an encoder: a frozen dataclass with settings, as every spec.

    What it builds has ``width``, the numbers that it hands on, and maps a batch of the field, with ``member`` in front
    for a fleet, to ``(..., batch, width)``. Where it has a method ``settle``, or any layer in it has, that is shown
    training rows of the field before the first step.
    """

    @property
    def kind(self) -> str:
        """Of the field that it reads: a class variable of every spec."""

    def build(self, field: Field, *, stream: torch.Generator) -> nn.Module:
        """The network for this field, weights drawn from ``stream``."""


ENCODERS: tuple[type, ...] = (  # every kind; files may hold no other
    ConvNet,
    ResNet,
    LeNet5,
    Words,
    Phrases,
    Recurrent,
    TextTransformer,
    Hierarchical,
    RecurrentSeries,
    FCN,
    InceptionTime,
)
ENCODER_PARTS: tuple[type, ...] = (Conv, Pooling, Augment)  # and what they may be made of


def check_encoder(kind: FieldKind, spec: Any) -> None:
    """Refuse what is no encoder of this kind of field.

    Raises:
        SpecError: it is something else.
    """
    able = [one.__name__ for one in ENCODERS if getattr(one, "kind", None) == kind]
    if spec is not None and type(spec).__name__ not in able:
        raise SpecError(
            wrong=f"Table has {kind}={spec!r}.",
            expected=f"what reads a column of {kind}s: {' or '.join(f'{name}()' for name in able) or 'nothing yet'}.",
            remedy=f"try Table({kind}={able[0]}()), or leave it out." if able else "leave it out.",
        )
