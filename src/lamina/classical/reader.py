"""A reader: what a reading has learnt from the training rows, so that any row becomes numbers.

features = numbers of the row, then the numbers that each field's part makes, in the order of the fields
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from lamina.classical.gradients import Gradients
from lamina.classical.kernels import Convolutions
from lamina.classical.learnt import Array
from lamina.classical.pixels import Pixels
from lamina.classical.rows import Part, Rows, kind_of
from lamina.classical.shapes import read_whole
from lamina.classical.steps import Steps
from lamina.classical.terms import Terms
from lamina.classical.unread import Unread
from lamina.classical.wide import Wide, side_by_side
from lamina.foundation.errors import require
from lamina.foundation.signature import Field

PARTS: dict[str, type[Part]] = {kind.kind: kind for kind in (Pixels, Gradients, Terms, Steps, Convolutions, Unread)}
MOST_FIELDS = 10_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Reader:
    """How many numbers a row has, and one part for each of its fields."""

    numbers: int
    parts: tuple[Part, ...] = ()

    @property
    def width(self) -> int:
        """Numbers that it makes of a row."""
        return self.numbers + sum(part.width for part in self.parts)

    @property
    def parameters(self) -> int:
        """Numbers that were learnt from the training rows."""
        return sum(part.parameters for part in self.parts)

    @property
    def multiply_adds(self) -> int:
        """Multiplications with additions that a row costs, about."""
        return sum(part.multiply_adds for part in self.parts)

    def features(self, rows: Rows) -> Array | Wide:
        """**Shape**: float32 ``(row, feature)`` out, or a `Wide` where a part gives one; every number is finite.

        Raises:
            ValueError: rows of another form than those it was made for.
        """
        require(rows.numbers.shape[1:] == (self.numbers,), f"{rows.numbers.shape[1:]} numbers, not {self.numbers}")
        require(len(rows.fields) == len(self.parts), f"{len(rows.fields)} fields, not {len(self.parts)}")
        blocks = [rows.numbers.astype("float32", copy=False)]
        for part, values in zip(self.parts, rows.fields, strict=True):
            self._check(part, kind_of(values), values.shape[1:])
            blocks.append(part.read(values))
        return side_by_side(blocks, len(rows.numbers))

    def check_fields(self, fields: Sequence[Field]) -> None:
        """Refuse fields of a signature that it was not made for.

        Raises:
            ValueError: another number of fields, or one of another kind or shape.
        """
        require(len(fields) == len(self.parts), f"{len(fields)} fields, not {len(self.parts)}")
        for part, one in zip(self.parts, fields, strict=True):
            self._check(part, one.holds, one.shape)

    def arrays(self) -> dict[str, Array]:
        """The number of numbers, and arrays of all parts, each named ``place.kind.name``."""
        parts = {
            f"{place}.{part.kind}.{name}": array
            for place, part in enumerate(self.parts)
            for name, array in part.arrays().items()
        }
        return {"numbers": np.array([self.numbers], np.int64), **parts}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, numbers: int) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: they cannot be right.
        """
        told = read_whole(arrays, "numbers", 0, 2**31)
        require(told == numbers, f"it reads {told} numbers, not {numbers}")
        found: dict[int, dict[str, dict[str, Array]]] = {}
        for name, array in arrays.items():
            if name == "numbers":
                continue
            place, _, rest = name.partition(".")
            kind, _, inner = rest.partition(".")
            require(place.isascii() and place.isdigit() and place == str(int(place[:5])), f"{name!r} has no place")
            require(int(place) < MOST_FIELDS, f"{name!r} belongs to too late a field")
            found.setdefault(int(place), {}).setdefault(kind, {})[inner] = array
        require(sorted(found) == list(range(len(found))), "a field between others has no part")
        return cls(numbers=numbers, parts=tuple(_part(place, found[place]) for place in range(len(found))))

    def _check(self, part: Part, holds: str, shape: tuple[int, ...]) -> None:
        fits = part.holds == holds and (holds == "text" or tuple(shape) == tuple(part.shape))
        require(fits, f"a field holds {holds} of shape {tuple(shape)}, not {part.holds} of shape {part.shape}")


def _part(place: int, kinds: dict[str, dict[str, Array]]) -> Part:
    require(len(kinds) == 1, f"field {place} has {len(kinds)} parts")
    kind, arrays = next(iter(kinds.items()))
    require(kind in PARTS, f"no part of a reader is called {kind!r}")
    return PARTS[kind].from_arrays(arrays)
