"""Images as plain numbers: pooled, less the mean of each pixel, over one spread for all of them.

One spread keeps the pixels of an image comparable: a border that hardly ever changes is not blown up.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Self

import numpy as np

from lamina.classical.learnt import Array, check_arrays
from lamina.classical.pooling import factor_for, pooled, pooled_size
from lamina.classical.shapes import read_shape, read_whole, shape_array
from lamina.foundation.errors import require
from lamina.foundation.signature import FieldKind


@dataclass(frozen=True, kw_only=True, eq=False)
class Pixels:
    """Means and spread of pooled pixels. **Shape**: mean float32 ``(channel, height, width)`` after pooling."""

    kind: ClassVar[str] = "pixels"
    holds: ClassVar[FieldKind] = "image"

    shape: tuple[int, ...]
    factor: int
    mean: Array
    spread: float

    @property
    def width(self) -> int:
        """Pixels that are left."""
        return int(self.mean.size)

    @property
    def parameters(self) -> int:
        """Means and the spread."""
        return self.width + 1

    @property
    def multiply_adds(self) -> int:
        """One for each pixel that goes in."""
        return prod(self.shape)

    def read(self, values: Array) -> Array:
        """**Shape**: uint8 ``(row, channel, height, width)`` in, float32 ``(row, pixel)`` out."""
        return np.asarray(
            ((shrunk(values, self.factor) - self.mean) / np.float32(self.spread)).reshape(len(values), self.width)
        )

    def arrays(self) -> dict[str, Array]:
        """Shape, factor, means and spread."""
        numbers = {"factor": np.array([self.factor], np.int64), "spread": np.array([self.spread], np.float64)}
        return {"shape": shape_array(self.shape), "mean": self.mean, **numbers}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: they cannot be right.
        """
        shape = read_shape(arrays, 3)
        factor = read_whole(arrays, "factor", 1, max(shape[1:]))
        one = ("int64", (1,))
        mean = ("float32", pooled_shape(shape, factor))
        check_arrays(arrays, {"shape": ("int64", (3,)), "factor": one, "mean": mean, "spread": ("float64", (1,))})
        spread = float(arrays["spread"][0])
        require(1e-6 <= spread <= 1e3, f"the spread of pixels cannot be {spread}")
        mean_fits = bool((arrays["mean"] >= 0).all() and (arrays["mean"] <= 255).all())
        require(mean_fits, "a mean lies outside 0 to 255, where pixels are")
        return cls(shape=shape, factor=factor, mean=arrays["mean"], spread=spread)


def fit_pixels(images: Array, side: int) -> Pixels:
    """Means and spread of training images that are pooled to at most ``side`` pixels a side."""
    factor = factor_for(max(images.shape[2:]), side)
    small = shrunk(images, factor)
    mean = small.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = float(np.sqrt(np.mean((small - mean) ** 2, dtype=np.float64)))
    return Pixels(shape=images.shape[1:], factor=factor, mean=mean, spread=spread if spread > 1e-6 else 1.0)


def pooled_shape(shape: tuple[int, ...], factor: int) -> tuple[int, int, int]:
    """Channels, height and width after pooling."""
    return shape[0], pooled_size(shape[1], factor), pooled_size(shape[2], factor)


def shrunk(images: Array, factor: int) -> Array:
    """Images pooled by ``factor`` both ways, float32."""
    return pooled(pooled(images, 2, factor), 3, factor)
