"""Series as plain numbers: standardised by channel, 0 where there is no value, pooled to a bounded number of steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from lamina.classical.learnt import Array, check_arrays
from lamina.classical.pooling import factor_for, pooled, pooled_size
from lamina.classical.shapes import read_shape, read_whole, shape_array
from lamina.foundation.errors import require
from lamina.foundation.signature import FieldKind

FARTHEST = 1e6  # spreads from the mean: what lies beyond comes back to it, so that squares stay finite in float32


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """Mean and spread of each channel over the training rows. **Shape**: float64 ``(channel,)`` both."""

    mean: Array
    spread: Array

    def apply(self, series: Array) -> Array:
        """Standardised, NaN as 0. **Shape**: ``(row, channel, step)`` in, the same in float32 out."""
        with np.errstate(over="ignore", invalid="ignore"):
            moved = (series - self.mean[:, None]) / self.spread[:, None]
        return np.nan_to_num(np.clip(moved, -FARTHEST, FARTHEST), nan=0.0).astype(np.float32)

    def arrays(self) -> dict[str, Array]:
        """Both under their names."""
        return {"mean": self.mean, "spread": self.spread}


def fit_scale(series: Array) -> Scale:
    """Means and spreads of finite values; 0 and 1 where a channel has none, 1 where it does not vary."""
    real = np.isfinite(series)
    count = np.maximum(real.sum(axis=(0, 2)), 1)
    values = np.where(real, series, 0).astype(np.float64)
    mean = values.sum(axis=(0, 2)) / count
    off = np.where(real, values - mean[:, None], 0)
    spread = np.sqrt((off**2).sum(axis=(0, 2)) / count)
    return Scale(mean=mean, spread=np.where(spread > 1e-12 * np.maximum(1, np.abs(mean)), spread, 1.0))


def read_scale(arrays: dict[str, Array]) -> Scale:
    """The scale among arrays that were checked otherwise.

    Raises:
        ValueError: a spread is not above 0.
    """
    require(bool((arrays["spread"] > 0).all()), "a spread is not above 0")
    return Scale(mean=arrays["mean"], spread=arrays["spread"])


SCALE: dict[str, tuple[str, tuple[str]]] = {"mean": ("float64", ("channel",)), "spread": ("float64", ("channel",))}


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """A series as its standardised values, channel after channel."""

    kind: ClassVar[str] = "steps"
    holds: ClassVar[FieldKind] = "series"

    shape: tuple[int, ...]  # (channel, step) before pooling
    factor: int
    scale: Scale

    @property
    def small(self) -> tuple[int, int]:
        """Channels and steps after pooling."""
        return self.shape[0], pooled_size(self.shape[1], self.factor)

    @property
    def width(self) -> int:
        """Values that are left."""
        return self.small[0] * self.small[1]

    @property
    def parameters(self) -> int:
        """A mean and a spread a channel."""
        return 2 * self.shape[0]

    @property
    def multiply_adds(self) -> int:
        """One for each value that goes in."""
        return self.shape[0] * self.shape[1]

    def read(self, values: Array) -> Array:
        """**Shape**: float32 ``(row, channel, step)`` in, float32 ``(row, channel * step)`` out."""
        return pooled(self.scale.apply(values), 2, self.factor).reshape(len(values), self.width)

    def arrays(self) -> dict[str, Array]:
        """Shape, factor, means and spreads."""
        return {"shape": shape_array(self.shape), "factor": np.array([self.factor], np.int64), **self.scale.arrays()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: they cannot be right.
        """
        shape = read_shape(arrays, 2)
        factor = read_whole(arrays, "factor", 1, shape[1])
        sizes = check_arrays(arrays, {"shape": ("int64", (2,)), "factor": ("int64", (1,)), **SCALE})
        require(sizes["channel"] == shape[0], f"{sizes['channel']} means for {shape[0]} channels")
        return cls(shape=shape, factor=factor, scale=read_scale(arrays))


def fit_steps(series: Array, most: int) -> Steps:
    """Means and spreads of training series that are pooled to at most ``most`` steps."""
    return Steps(shape=series.shape[1:], factor=factor_for(series.shape[2], most), scale=fit_scale(series))
