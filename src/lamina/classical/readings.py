"""Readings: how images, texts and series become numbers, asked for but not yet fitted to any rows.

Each is for one kind of field and reads those of other kinds as `Plain` does; `Numbers` reads no field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from lamina.classical.gradients import gradients_for
from lamina.classical.kernels import fit_convolutions
from lamina.classical.learnt import Array
from lamina.classical.pixels import fit_pixels, pooled_shape
from lamina.classical.pooling import factor_for, pooled_size
from lamina.classical.reader import Reader
from lamina.classical.rows import Part, Rows, kind_of
from lamina.classical.steps import fit_steps
from lamina.classical.terms import fit_terms
from lamina.classical.unread import unread
from lamina.foundation.randomness import derive_seed
from lamina.foundation.specs import check, setting


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The numbers of a row alone; fields say nothing."""

    words: ClassVar[str] = ""
    wide: ClassVar[bool] = False

    def named(self, family: str) -> str:
        """What a family is called that reads this way."""
        return family

    def fit(self, rows: Rows, *, seed: int) -> Reader:
        """There is nothing to learn."""
        return _reader(rows, lambda field, place: unread(kind_of(field), field))

    def width(self, field: Array) -> int:
        """How many numbers it makes of a field, at most."""
        return 0


@dataclass(frozen=True, kw_only=True)
class Plain:
    """Pixels, values and common words as they are; see `pixels`, `steps` and `terms`.

    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> rows = SimpleNamespace(numbers=np.zeros((3, 2), np.float32), fields=(np.zeros((3, 1, 8, 8), np.uint8),))
    >>> Plain().fit(rows, seed=0).features(rows).shape
    (3, 66)
    """

    words: ClassVar[str] = ""
    wide: ClassVar[bool] = False

    side: int = setting(32, "pixels a side at most", low=1)
    steps: int = setting(512, "steps of a series at most", low=1)
    terms: int = setting(1000, "the most common tokens of a text that count", low=1)

    def __post_init__(self) -> None:
        check(self)

    def named(self, family: str) -> str:
        """What a family is called that reads this way."""
        return family

    def fit(self, rows: Rows, *, seed: int) -> Reader:
        """Learn means, spreads and words from training rows; ``seed`` changes nothing."""
        return _reader(rows, lambda field, place: self.part(field))

    def part(self, field: Array) -> Part:
        """What it learns of one field."""
        holds = kind_of(field)
        if holds == "image":
            return fit_pixels(field, self.side)
        if holds == "series":
            return fit_steps(field, self.steps)
        return fit_terms(field, most=self.terms, least=1, pairs=False, sublinear=False, dense=True)

    def width(self, field: Array) -> int:
        """How many numbers it makes of a field, at most."""
        holds, shape = kind_of(field), field.shape[1:]
        if holds == "image":
            return prod(pooled_shape(shape, factor_for(max(shape[1:]), self.side)))
        return int(shape[0] * pooled_size(shape[1], factor_for(shape[1], self.steps))) if len(shape) > 1 else self.terms


@dataclass(frozen=True, kw_only=True)
class Hog:
    """Images by histograms of oriented gradients; see `gradients`."""

    words: ClassVar[str] = "on oriented gradients"
    wide: ClassVar[bool] = False

    side: int = setting(128, "pixels a side at most", low=8)

    def __post_init__(self) -> None:
        check(self)

    def named(self, family: str) -> str:
        """What a family is called that reads this way."""
        return f"hog-{family}"

    def fit(self, rows: Rows, *, seed: int) -> Reader:
        """Cells follow from the shape alone; other fields are learnt as `Plain` does."""
        return _reader(rows, lambda field, place: self._part(field))

    def _part(self, field: Array) -> Part:
        return gradients_for(field.shape[1:], self.side) if kind_of(field) == "image" else Plain().part(field)

    def width(self, field: Array) -> int:
        """How many numbers it makes of a field, at most."""
        image = kind_of(field) == "image"
        return gradients_for(field.shape[1:], self.side).width if image else Plain().width(field)


@dataclass(frozen=True, kw_only=True)
class TfIdf:
    """Texts by their words and neighbouring pairs of words, weighted; see `terms`."""

    words: ClassVar[str] = "on words and pairs of words"
    wide: ClassVar[bool] = True  # only families that take a `Wide` can follow

    terms: int = setting(50_000, "terms at most", low=1)
    least: int = setting(2, "training texts that a term must be in", low=1)

    def __post_init__(self) -> None:
        check(self)

    def named(self, family: str) -> str:
        """What a family is called that reads this way."""
        return family

    def fit(self, rows: Rows, *, seed: int) -> Reader:
        """Learn the terms from training rows; other fields are learnt as `Plain` does."""
        return _reader(rows, lambda field, place: self._part(field))

    def _part(self, field: Array) -> Part:
        if kind_of(field) != "text":
            return Plain().part(field)
        return fit_terms(field, most=self.terms, least=self.least, pairs=True, sublinear=True, dense=False)

    def width(self, field: Array) -> int:
        """How many numbers it makes of a field, at most: of a text, those that are not 0."""
        return 2 * field.shape[1] if kind_of(field) == "text" else Plain().width(field)


@dataclass(frozen=True, kw_only=True)
class Kernels:
    """Series by ten thousand small fixed kernels; see `minirocket`."""

    words: ClassVar[str] = "on random convolution kernels"
    wide: ClassVar[bool] = False

    features: int = setting(9_996, "numbers that are made of a series, about", low=84, high=10**6)
    steps: int = setting(1024, "steps at most", low=9)

    def __post_init__(self) -> None:
        check(self)

    def named(self, family: str) -> str:
        """What a family is called that reads this way."""
        return "kernels" if family == "ridge" else f"kernels-{family}"

    def fit(self, rows: Rows, *, seed: int) -> Reader:
        """Draw kernels, and learn biases from training rows; other fields are learnt as `Plain` does."""
        return _reader(rows, lambda field, place: self._part(field, derive_seed(seed, "kernels", place)))

    def _part(self, field: Array, seed: int) -> Part:
        if kind_of(field) != "series":
            return Plain().part(field)
        return fit_convolutions(field, most=self.steps, features=self.features, seed=seed)

    def width(self, field: Array) -> int:
        """How many numbers it makes of a field, at most."""
        return self.features if kind_of(field) == "series" else Plain().width(field)


Reading = Numbers | Plain | Hog | TfIdf | Kernels
READINGS: tuple[type[Reading], ...] = (Numbers, Plain, Hog, TfIdf, Kernels)


def _reader(rows: Rows, part: Callable[[Array, int], Part]) -> Reader:
    parts = tuple(part(field, place) for place, field in enumerate(rows.fields))
    return Reader(numbers=rows.numbers.shape[1], parts=parts)
