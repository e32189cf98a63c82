"""The part of a reader for a field that it passes over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from lamina.classical.learnt import Array, check_arrays
from lamina.classical.shapes import read_shape, read_whole, shape_array
from lamina.foundation.signature import FieldKind

KINDS: tuple[FieldKind, ...] = ("image", "text", "series")
_AXES = {"image": 3, "text": 1, "series": 2}


@dataclass(frozen=True, kw_only=True, eq=False)
class Unread:
    """A field that is there and says nothing; only its kind and shape are known."""

    kind: ClassVar[str] = "unread"
    width: ClassVar[int] = 0
    parameters: ClassVar[int] = 0
    multiply_adds: ClassVar[int] = 0

    holds: FieldKind
    shape: tuple[int, ...]

    def read(self, values: Array) -> Array:
        """No numbers at all. **Shape**: any in, float32 ``(row, 0)`` out."""
        return np.zeros((len(values), 0), np.float32)

    def arrays(self) -> dict[str, Array]:
        """Kind and shape."""
        shape = self.shape if self.holds != "text" else (1,)
        return {"holds": np.array([KINDS.index(self.holds)], np.int64), "shape": shape_array(shape)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: they cannot be right.
        """
        holds = KINDS[read_whole(arrays, "holds", 0, 2)]
        axes = _AXES[holds]
        shape = read_shape(arrays, axes)
        check_arrays(arrays, {"holds": ("int64", (1,)), "shape": ("int64", (axes,))})
        return cls(holds=holds, shape=shape if holds != "text" else ())


def unread(holds: FieldKind, field: Array) -> Unread:
    """The part that passes over a field."""
    return Unread(holds=holds, shape=field.shape[1:] if holds != "text" else ())
