r"""The network for tables: numbers, categories and fields side by side, then a multilayer perceptron.

    x = (numbers, column_1(code_1), ..., column_k(code_k), encoder_1(field_1), ..., encoder_m(field_m))
    scores = trunk(x, learnt functions of the numbers)

A field (an image, a text, a series: `lamina.networks.fields`) has an encoder of its own, and hands on what that makes
of it. Without fields nothing of this is there.

Numbers may be embedded (`lamina.networks.piecewise`, `lamina.networks.periodic`): what is learnt of each of them stands
beside it, as the first layer of the trunk, so that a joined row is the same with and without.

A category with few levels becomes one 1 among zeros (one-hot); one with many becomes a learnt row of numbers whose
width grows slowly with the levels, ceil(1.6 levels^0.56), so that similar levels can lie close together. Code 0
(unseen) is zero in both: nothing is claimed about a level that training never met.

Sources: Guo and Berkhahn (2016), arXiv:1604.06737 (embeddings); Holzmueller, Grinsztajn and Steinwart (2024),
arXiv:2407.04491 (one-hot for small columns, embeddings for large ones). The rule for the width is fastai's. We differ:
embeddings start at length 1, and at zero for unseen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.foundation.randomness import torch_stream
from lamina.foundation.signature import Field, FieldKind, Signature
from lamina.foundation.specs import check, setting
from lamina.networks.fields import Encoder, check_encoder
from lamina.networks.initialise import fill_embedding
from lamina.networks.layers import Embedding, OneHot
from lamina.networks.mlp import MLP
from lamina.networks.periodic import Periodic, Waves
from lamina.networks.piecewise import Piecewise, Ramps
from lamina.networks.usual import USUAL

KINDS: tuple[FieldKind, ...] = get_args(FieldKind)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Numbers and categories in one network, described but not yet built; the default for tables.

    **Shape**: float32 ``(batch, feature)``, int64 ``(batch, category)`` if there are categories, and each field in,
    scores ``(batch, score)`` out. With numbers only it is its trunk.

    >>> network = Table().build(Signature(features=3, scores=2, categories=(4, 50)), seed=0)
    >>> network(torch.zeros(5, 3), torch.zeros(5, 2, dtype=torch.int64)).shape
    torch.Size([5, 2])
    """

    categories: ClassVar[Literal["onehot", "codes"]] = "codes"  # how an encoder should hand over categories
    by_gradient: ClassVar[bool] = True  # trained by following a gradient
    reads_fields: ClassVar[bool] = True  # images, texts and series

    trunk: MLP = setting(
        MLP(widths=(128, 128), activation="silu", dropout=0.2), "the layers after numbers and categories are joined"
    )
    one_hot: int = setting(9, "levels up to which a category is one-hot", low=0, high=1000)
    widest: int = setting(16, "numbers that an embedding may take at most", low=1, high=1024)
    numbers: Piecewise | Periodic | None = setting(None, "what is learnt of each number by itself; None for nothing")
    most_numbers: int = setting(200, "numbers beyond which nothing is learnt of each by itself", low=0, high=100_000)
    image: Encoder | None = setting(None, "what reads each column of images")
    text: Encoder | None = setting(None, "what reads each column of texts")
    series: Encoder | None = setting(None, "what reads each column of series")

    def __post_init__(self) -> None:
        check(self)
        for kind in KINDS:
            check_encoder(kind, getattr(self, kind))

    def build(self, signature: Signature, *, seed: int) -> nn.Module:
        """The network; equal seeds give equal weights, and no other draw is disturbed.

        Raises:
            SpecError: a field has no encoder, or one that it is too small for.
        """
        stream = torch_stream(seed, "initialise", "embedding")
        columns = [self._column(size - 1, stream) for size in signature.categories]
        encoders = [self._encoder(place, field, seed) for place, field in enumerate(signature.fields)]
        units = signature.features + sum(part.width for part in (*columns, *encoders))
        trunk = self._trunk(signature, units, seed)
        if encoders:
            return FieldsNetwork(columns, encoders, trunk)
        return TableNetwork(columns, trunk) if columns else trunk

    def _encoder(self, place: int, field: Field, seed: int) -> Any:
        spec: Encoder | None = getattr(self, field.holds)
        if spec is None:
            raise SpecError(
                wrong=f"Table was asked to take a column of {field.holds}s, and has {field.holds}=None.",
                expected=f"an encoder for a column of {field.holds}s.",
                remedy="use usual_encoders(Table(), signature.fields, rows=...), or name one.",
            )
        return spec.build(field, stream=torch_stream(seed, "initialise", "field", place))

    def _trunk(self, signature: Signature, units: int, seed: int) -> nn.Sequential:
        """What follows a joined row of so many units, the numbers first."""
        front: list[Ramps | Waves] = []
        if self.numbers is not None and 0 < signature.features <= self.most_numbers:
            front.append(self.numbers.build(signature.features, stream=torch_stream(seed, "initialise", "numbers")))
            units += signature.features * self.numbers.width
        return nn.Sequential(*front, *self.trunk.build(Signature(features=units, scores=signature.scores), seed=seed))

    def _column(self, levels: int, stream: torch.Generator) -> OneHot | Embedding:
        if levels <= self.one_hot:
            return OneHot(levels + 1)
        width = min(self.widest, math.ceil(1.6 * levels**0.56))
        return fill_embedding(Embedding(levels + 1, width), stream=stream)


class TableNetwork(nn.Module):
    """Category columns beside the numbers, then a trunk (see `Table`)."""

    def __init__(self, columns: Sequence[OneHot | Embedding], trunk: nn.Module) -> None:
        super().__init__()
        self.columns = nn.ModuleList(columns)
        self.trunk = trunk

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """The scores of ``numbers`` ``(..., batch, feature)`` and ``codes`` ``(..., batch, category)``."""
        parts = [column(codes[..., place]).to(numbers.dtype) for place, column in enumerate(self.columns)]
        scores: Tensor = self.trunk(torch.cat((numbers, *parts), dim=-1))
        return scores


class FieldsNetwork(nn.Module):
    """Category columns and encoded fields beside the numbers, then a trunk (see `Table`)."""

    def __init__(self, columns: Sequence[OneHot | Embedding], encoders: Sequence[nn.Module], trunk: nn.Module) -> None:
        super().__init__()
        self.columns = nn.ModuleList(columns)
        self.encoders = nn.ModuleList(encoders)
        self.trunk = trunk

    def forward(self, numbers: Tensor, *others: Tensor) -> Tensor:
        """The scores of ``numbers``, codes ``(..., batch, category)`` if there are category columns, and each field."""
        fields = others[1:] if len(self.columns) else others
        parts = [numbers] if numbers.shape[-1] else []
        parts += [column(others[0][..., place]) for place, column in enumerate(self.columns)]
        parts += [encoder(field) for encoder, field in zip(self.encoders, fields, strict=True)]
        joined = parts[0] if len(parts) == 1 else torch.cat([part.to(numbers.dtype) for part in parts], dim=-1)
        scores: Tensor = self.trunk(joined)
        return scores


def usual_encoders(spec: Table, fields: Sequence[Field], *, rows: int) -> Table:
    """The spec with the usual encoder for every kind of field that it has none for.

    Args:
        spec: what was asked for.
        fields: of the signature.
        rows: training rows: the more there are, the larger an encoder may be.

    >>> usual_encoders(Table(), [Field(holds="image", shape=(1, 8, 8))], rows=1000).image.kind
    'image'
    """
    wanted = {field.holds: field for field in reversed(fields) if getattr(spec, field.holds) is None}
    found = {kind: USUAL[kind](field, rows) for kind, field in wanted.items() if kind in USUAL}
    return replace(spec, **found)
