"""The doorway between tables and tensors: how many numbers, categories and scores a network meets."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.foundation.specs import check, setting


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What goes into a network and what comes out.

    An encoder produces it, a network spec's ``.build(signature, seed=)`` consumes it, and every later user (file,
    server, export) checks against it.

    >>> Signature(features=4, scores=3)
    Signature(features=4, scores=3, categories=())
    """

    features: int = setting(meaning="encoded numeric features a row", low=0)
    scores: int = setting(meaning="scores a row: one a class, or one a number", low=1)
    categories: tuple[int, ...] = setting((), "how many codes each category column can take, 0 for unseen", low=1)

    def __post_init__(self) -> None:
        check(self)
