"""The part of a reader that knows a series by small fixed kernels; what they are stands in `minirocket.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from lamina.classical.learnt import Array, Axes, check_arrays
from lamina.classical.minirocket import KERNELS, LENGTH, Plan, draw_biases, draw_channels, plan, shares_above
from lamina.classical.pooling import factor_for, pooled, pooled_size
from lamina.classical.shapes import read_shape, read_whole, shape_array
from lamina.classical.steps import SCALE, Scale, fit_scale, read_scale
from lamina.foundation.errors import require
from lamina.foundation.randomness import derive_seed
from lamina.foundation.signature import FieldKind

ROWS_FOR_BIASES = 512  # rows among which the ones for biases are picked, so that few are held in another layout
MOST_WORK = 2**30  # steps times biases and chosen channels: a file that asks for more would seem to hang


@dataclass(frozen=True, kw_only=True, eq=False)
class Convolutions:
    """Dilations, channels and biases. **Shape**: channels bool ``(pair, channel)``, biases float32 ``(feature,)``."""

    kind: ClassVar[str] = "convolutions"
    holds: ClassVar[FieldKind] = "series"

    shape: tuple[int, ...]  # (channel, step) before pooling
    factor: int
    scale: Scale
    plan: Plan
    channels: Array
    biases: Array

    @property
    def width(self) -> int:
        """One number a bias."""
        return len(self.biases)

    @property
    def parameters(self) -> int:
        """Biases, means and spreads."""
        return self.width + 2 * self.shape[0]

    @property
    def multiply_adds(self) -> int:
        """Nine a step for each pair of kernel and dilation; comparisons are not counted."""
        return len(self.channels) * LENGTH * pooled_size(self.shape[1], self.factor)

    def read(self, values: Array) -> Array:
        """**Shape**: float32 ``(row, channel, step)`` in, float32 ``(row, feature)`` out."""
        series = _steps_first(self.scale, values, self.factor)
        return shares_above(series, self.plan, self.channels, self.biases)

    def arrays(self) -> dict[str, Array]:
        """Everything that was drawn and learnt."""
        return {
            "shape": shape_array(self.shape),
            "factor": np.array([self.factor], np.int64),
            "dilations": self.plan.dilations,
            "features": self.plan.features,
            "channels": self.channels,
            "biases": self.biases,
            **self.scale.arrays(),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: they cannot be right.
        """
        shape = read_shape(arrays, 2)
        factor = read_whole(arrays, "factor", 1, shape[1])
        wanted: dict[str, tuple[str, Axes]] = {
            "shape": ("int64", (2,)),
            "factor": ("int64", (1,)),
            "dilations": ("int64", ("dilation",)),
            "features": ("int64", ("dilation",)),
            "channels": ("bool", ("pair", shape[0])),
            "biases": ("float32", ("feature",)),
        }
        sizes = check_arrays(arrays, wanted | SCALE)
        _check_plan(arrays, sizes, pooled_size(shape[1], factor))
        require(sizes["channel"] == shape[0], f"{sizes['channel']} means for {shape[0]} channels")
        work = pooled_size(shape[1], factor) * (sizes["feature"] + int(arrays["channels"].sum()))
        require(work <= MOST_WORK, f"one row would take {work:.3g} comparisons, {MOST_WORK:.3g} at most")
        return cls(
            shape=shape,
            factor=factor,
            scale=read_scale(arrays),
            plan=Plan(arrays["dilations"], arrays["features"]),
            channels=arrays["channels"],
            biases=arrays["biases"],
        )


def fit_convolutions(series: Array, *, most: int, features: int, seed: int) -> Convolutions:
    """Draw channels and rows, and take biases from the training series, pooled to at most ``most`` steps."""
    factor = factor_for(series.shape[2], most)
    scale = fit_scale(series)
    found = plan(pooled_size(series.shape[2], factor), features)
    channels = draw_channels(series.shape[1], len(found.dilations) * len(KERNELS), seed)
    some = np.linspace(0, len(series) - 1, min(len(series), ROWS_FOR_BIASES)).astype(np.int64)
    biases = draw_biases(_steps_first(scale, series[some], factor), found, channels, derive_seed(seed, "biases"))
    return Convolutions(
        shape=series.shape[1:], factor=factor, scale=scale, plan=found, channels=channels, biases=biases
    )


def _steps_first(scale: Scale, series: Array, factor: int) -> Array:
    """**Shape**: ``(row, channel, step)`` in, ``(step, channel, row)`` out."""
    return np.ascontiguousarray(pooled(scale.apply(series), 2, factor).transpose(2, 1, 0))


def _check_plan(arrays: dict[str, Array], sizes: dict[str, int], steps: int) -> None:
    dilations, features = arrays["dilations"], arrays["features"]
    largest = max(1, (steps - 1) // (LENGTH - 1))
    require(bool((np.diff(dilations) > 0).all()), "the dilations do not rise")
    require(dilations[0] >= 1 and dilations[-1] <= largest, f"a dilation is outside 1..{largest}")
    require(sizes["pair"] == len(KERNELS) * len(dilations), f"{sizes['pair']} pairs for {len(dilations)} dilations")
    require(bool(arrays["channels"].any(axis=1).all()), "a pair of kernel and dilation has no channel")
    require(bool((features >= 1).all() and (features <= sizes["feature"]).all()), "a dilation has an odd count")
    told = len(KERNELS) * int(features.sum())
    require(sizes["feature"] == told, f"{sizes['feature']} biases for {told} features")
