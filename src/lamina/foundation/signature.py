"""The doorway between tables and tensors: how many numbers, categories, fields and scores a network meets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lamina.foundation.specs import check, setting

FieldKind = Literal["image", "text", "series"]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column of whole arrays, one a row: what is neither a number nor one of several names.

    **Shape** of a batch: an image is uint8 ``(row, channel, height, width)``; a text int32 ``(row, token)``, code 0
    where there is no token and 1 for one never met; a series float32 ``(row, channel, step)``, NaN where it has no
    value.

    >>> Field(holds="image", shape=(3, 32, 32)).shape
    (3, 32, 32)
    """

    holds: FieldKind = setting(meaning="what a row of it is", choices=("image", "text", "series"))
    shape: tuple[int, ...] = setting(meaning="the axes of one row", low=1)
    codes: int = setting(0, "how many codes a token of a text can take", low=0)

    def __post_init__(self) -> None:
        check(self)

    @property
    def dtype(self) -> str:
        """Of the arrays: each kind has its own, by which it can be told from the others."""
        return {"image": "uint8", "text": "int32", "series": "float32"}[self.holds]


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What goes into a network and what comes out.

    An encoder produces it, a network spec's ``.build(signature, seed=)`` consumes it, and every later user (file,
    server, export) checks against it.

    >>> Signature(features=4, scores=3)
    Signature(features=4, scores=3, categories=(), fields=())
    """

    features: int = setting(meaning="encoded numeric features a row", low=0)
    scores: int = setting(meaning="scores a row: one a class, or one a number", low=1)
    categories: tuple[int, ...] = setting((), "how many codes each category column can take, 0 for unseen", low=1)
    fields: tuple[Field, ...] = setting((), "columns of whole arrays, after numbers and categories")

    def __post_init__(self) -> None:
        check(self)
