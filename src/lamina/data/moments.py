r"""Moments as features: the year as a number, and month, day of the week and hour, each as a part and as a cycle.

A part p with n steps (p = 0 ... n - 1) becomes three features:

    line = (2 p - (n - 1)) / (n - 1)        sin = sin(2 pi p / n)        cos = cos(2 pi p / n)

The line tells early from late; the cycle knows that December and January are neighbours. Only parts that vary in the
training rows are kept. The year runs on evenly (1970 + seconds / seconds of a mean Gregorian year, so the first of July
2020 is about 2020.5) and is scaled like any number. A missing moment is 0 in every feature, and marked if training rows
had missing ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.numbers import Floats, NumberEncoder, fit_number
from lamina.foundation.specs import check, setting

MICROSECONDS_A_YEAR = 365.2425 * 24 * 3600 * 1e6
Part = Literal["month", "weekday", "hour"]
STEPS: dict[Part, int] = {"month": 12, "weekday": 7, "hour": 24}  # weekday 0 is Monday


@dataclass(frozen=True, kw_only=True)
class MomentEncoder:
    """A column of moments as year, parts and cycles.

    >>> year = NumberEncoder(name="visit year", centre=2020.5, scale=1.0)
    >>> MomentEncoder(name="visit", year=year, parts=("month",)).feature_names
    ('visit month', 'visit month sin', 'visit month cos', 'visit year')
    """

    name: str = setting(meaning="the name of the column")
    year: NumberEncoder | None = setting(None, "how the year is scaled, and whether missing moments are marked")
    parts: tuple[Part, ...] = setting((), "the parts that varied in the training rows")

    def __post_init__(self) -> None:
        check(self)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each feature, in order."""
        cycles = (f"{self.name} {part}{form}" for part in self.parts for form in ("", " sin", " cos"))
        return (*cycles, *(self.year.feature_names if self.year else ()))

    def write(self, column: pa.ChunkedArray, features: npt.NDArray[np.float32]) -> None:
        """Encode a column of timestamps into ``features``, float32 ``(row, feature)``."""
        for place, part in enumerate(self.parts):
            features[:, 3 * place : 3 * place + 3] = _TABLES[part][_steps(column, part)]
        if self.year:
            self.year.write_values(_years(column), features[:, 3 * len(self.parts) :])


def fit_moment(name: str, column: pa.ChunkedArray, *, clipped: bool = True) -> MomentEncoder | None:
    """Learn from training rows what varies and how the year is scaled; None if nothing varies."""
    year = fit_number(f"{name} year", _years(column), clipped=clipped)
    present = column.drop_null()
    parts = tuple(part for part in STEPS if len(np.unique(_steps(present, part))) > 1)
    return MomentEncoder(name=name, year=year, parts=parts) if year or parts else None


def _years(column: pa.ChunkedArray) -> Floats:
    """Moments as years, float64 ``(row,)``, NaN where missing."""
    microseconds = pc.cast(pc.cast(column, pa.timestamp("us")), pa.int64())
    return 1970.0 + np.asarray(pc.cast(microseconds, pa.float64(), safe=False)) / MICROSECONDS_A_YEAR


def _steps(column: pa.ChunkedArray, part: Part) -> npt.NDArray[np.int64]:
    """The step of each row, 0 ... n - 1, or n where missing."""
    if part == "month":
        steps = pc.subtract(pc.month(column), 1)
    else:
        steps = pc.day_of_week(column) if part == "weekday" else pc.hour(column)
    return np.asarray(pc.fill_null(steps, STEPS[part])).astype(np.int64)


def _table(steps: int) -> npt.NDArray[np.float32]:
    """The three features of each step, ``(step, feature)``; looked up, as vectorised sines may differ by position."""
    angles = [2 * math.pi * step / steps for step in range(steps)]
    lines = [(2 * step - (steps - 1)) / (steps - 1) for step in range(steps)]
    rows = [(line, math.sin(angle), math.cos(angle)) for line, angle in zip(lines, angles, strict=True)]
    return np.array([*rows, (0.0, 0.0, 0.0)], np.float32)


_TABLES = {part: _table(steps) for part, steps in STEPS.items()}
