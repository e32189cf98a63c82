"""What a rival meets where a column is an image, a text or a series: encoded rows, numbers beside whole arrays.

A batch of the room of data is such a thing, and so is anything else with these three names. The type of a field tells
its kind: uint8 ``(row, channel, height, width)`` is an image, int32 ``(row, token)`` a text, float32
``(row, channel, step)`` a series.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from lamina.classical.learnt import Array, Learnt, check_training
from lamina.foundation.errors import require
from lamina.foundation.signature import FieldKind

ROWS_AT_ONCE = 1024
_KINDS: dict[tuple[str, int], FieldKind] = {("uint8", 4): "image", ("int32", 2): "text", ("float32", 3): "series"}


class Rows(Protocol):
    """Encoded rows. **Shape**: numbers float32 ``(row, feature)``, each field ``(row, ...)``."""

    @property
    def numbers(self) -> Array:
        """Float32 ``(row, feature)``, perhaps 0 wide."""
        ...

    @property
    def fields(self) -> tuple[Array, ...]:
        """Images, texts and series, a column each."""
        ...

    def take(self, rows: Any) -> Self:
        """The rows at these places, int64 ``(row,)``, in this order."""
        ...


class Rival(Protocol):
    """A spec that learns from whole rows, fields included; otherwise as a `Family`."""

    @property
    def name(self) -> str:
        """Its short name."""
        ...

    @property
    def title(self) -> str:
        """Its name for a person."""
        ...

    @property
    def clipped(self) -> bool:
        """Whether it wants numbers whose tails are clipped."""
        ...

    @property
    def most_rows(self) -> int | None:
        """More training rows than this would take too long."""
        ...

    @property
    def most_numbers(self) -> int | None:
        """More numbers a row than this, after reading, would take too long."""
        ...

    @property
    def most_cells(self) -> int | None:
        """More than this many rows times numbers would take too long."""
        ...

    def numbers_a_row(self, rows: Rows) -> int:
        """How many numbers it makes of a row, at most."""
        ...

    def fit(self, batch: Rows, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> Learnt:
        """Truth is int64 codes ``(row,)``, or float64 where ``classes`` is 0."""
        ...


class Part(Protocol):
    """What a reader knows about one field: how to make numbers of it."""

    kind: ClassVar[str]

    @property
    def holds(self) -> FieldKind:
        """The kind of field that it reads."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of one row of the field; those of a text may have any size, and are left out."""
        ...

    @property
    def width(self) -> int:
        """How many numbers it makes of a row."""
        ...

    @property
    def parameters(self) -> int:
        """Numbers that were learnt from the training rows."""
        ...

    @property
    def multiply_adds(self) -> int:
        """Multiplications with additions that a row costs, about."""
        ...

    def read(self, values: Array) -> Any:
        """Float32 ``(row, width)`` from the field's values, or a `Wide`."""
        ...

    def arrays(self) -> dict[str, Array]:
        """Everything that `from_arrays` needs."""
        ...

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Self:
        """What `arrays` came from; ValueError, in a plain sentence, if they cannot be right."""
        ...


def kind_of(field: Array) -> FieldKind:
    """What a field holds, by its type and axes.

    Raises:
        ValueError: it is no field.

    >>> kind_of(np.zeros((5, 1, 8, 8), np.uint8))
    'image'
    """
    key = (field.dtype.name, field.ndim)
    require(key in _KINDS, f"a field of {key[0]} with {key[1]} axes is no image, text or series")
    return _KINDS[key]


def check_rows(rows: Rows, truth: Array, classes: int) -> None:
    """Refuse rows from which nothing can be learnt.

    Raises:
        ValueError: as `check_training`, or fields that are none or have another number of rows.
    """
    check_training(rows.numbers, truth, classes)
    for field in rows.fields:
        kind_of(field)
        require(len(field) == len(truth), f"a field has {len(field)} rows, where the truth has {len(truth)}")
        require(0 not in field.shape, f"a field of shape {field.shape} holds nothing")


def some_at_a_time(rows: Rows, at_once: int = ROWS_AT_ONCE) -> Iterator[Rows]:
    """The rows in their order, a few at a time; once with none if there are none."""
    count = len(rows.numbers)
    for start in range(0, max(count, 1), at_once):
        yield rows.take(np.arange(start, min(start + at_once, count)))
