"""What is rare: the rows of a stream that show something for the first time, which a sample would miss."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.categories import LEVEL_LIMIT
from lamina.data.cells import one_array
from lamina.data.columns import Category, Column, Flag, Moment, Number


class Rare:
    """Marks the rows of a column that show something for the first time."""

    def __init__(self, column: Column, *, every: bool) -> None:
        self.column, self.every = column, every
        self.gap = False  # whether a missing cell was seen
        self.levels: set[object] = set()
        self.low: float | None = None
        self.high: float | None = None

    def mark(self, cells: pa.ChunkedArray, rows: npt.NDArray[np.bool_]) -> None:
        """Set ``rows`` where ``cells`` show a first missing cell, a new level, or a new extreme."""
        values = one_array(cells)
        if values.null_count and not self.gap:
            self.gap = True
            rows[int(np.argmax(np.asarray(values.is_null())))] = True
        if isinstance(self.column, Number | Moment):
            self._mark_extremes(values, rows)
        elif isinstance(self.column, Category | Flag):
            self._mark_levels(values, rows)

    def _mark_extremes(self, values: pa.Array, rows: npt.NDArray[np.bool_]) -> None:
        numbers = pc.cast(values, pa.int64()) if pa.types.is_timestamp(values.type) else values
        ends = pc.min_max(numbers)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        if low is None:
            return
        if self.low is None or low < self.low:
            self.low = low
            rows[pc.index(numbers, low).as_py()] = True
        if self.high is None or high > self.high:
            self.high = high
            rows[pc.index(numbers, high).as_py()] = True

    def _mark_levels(self, values: pa.Array, rows: npt.NDArray[np.bool_]) -> None:
        if not self.every and len(self.levels) > LEVEL_LIMIT:  # then the commonest are kept, and those the sample has
            return
        new = [level for level in pc.unique(values).to_pylist() if level is not None and level not in self.levels]
        if new:
            self.levels.update(new)
            rows[np.asarray(pc.index_in(pa.array(new, values.type), value_set=values))] = True
