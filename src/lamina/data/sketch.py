r"""A sketch: the different values of a column and how often each occurs, in bounded memory, from pieces in any sizes.

Up to `LIMIT` different values it holds them all, and everything said of the column is exact. Beyond, it holds those
`LIMIT` whose hashes are the smallest: a uniform sample of the different values, each still counted exactly (a value of
the final sample was in every earlier one). With h the largest hash held, as a part of all hashes,

    different values = (LIMIT - 1) / h        relative standard error 1 / sqrt(LIMIT - 2): 0.3 %

A sample would miss what is rare, so beside it are held: the smallest and the largest value, the first number with a
fraction and the first cell that is no number; and one value that fills more cells than the sample shows (such as
"unknown") stands in for the difference.

Source: Bar-Yossef et al. (2002), "Counting Distinct Elements in a Data Stream", doi:10.1007/3-540-45726-7_1; Beyer et
al. (2007), doi:10.1145/1247480.1247504 (the unbiased estimate).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import plain_numbers, read_numbers
from lamina.data.evidence import add_up
from lamina.data.lots import Lots, scatter

LIMIT = 100_000  # different values up to which a column is known exactly
MOST_BYTES = 1 << 24  # of the values held of one column, whatever their number
_SLACK = 1.5  # how far beyond the limit it may grow before it is cut
_NOISE = 0.02  # a difference between the sample and the whole below this is chance


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a sketch knows of a column in the end.

    ``values`` are different, in order of their first row, and ``counts`` int64 ``(value,)`` how often each occurs;
    ``total`` is the number of cells in all. ``different`` is the number of different values, exact if ``exact``.
    """

    values: pa.Array
    counts: npt.NDArray[np.int64]
    total: int
    different: int
    exact: bool


class Sketch:
    """Counts values that arrive in pieces.

    >>> sketch = Sketch(pa.string())
    >>> sketch.add(pa.array(["b", "a", "b"]))
    >>> sketch.add(pa.array(["c", "a"]))
    >>> tally = sketch.tally()
    >>> tally.values.to_pylist(), tally.counts.tolist(), tally.exact
    (['b', 'a', 'c'], [2, 2, 1], True)
    """

    def __init__(self, kind: pa.DataType, *, limit: int = LIMIT, most_bytes: int = MOST_BYTES) -> None:
        self.limit, self.most_bytes, self.total = limit, most_bytes, 0
        self.values = pa.array([], kind)
        self.counts = np.zeros(0, np.int64)
        self._below: int | None = None  # hashes from here on are not held; None: all values are
        self._seen: dict[str, Any] = {}  # values that stand for what was not held
        self._heavy: tuple[int, Any] = (0, None)  # the commonest value of any piece, and how often it was there

    def add(self, cells: pa.Array) -> None:
        """Count the cells of a piece; none of them is missing."""
        if not len(cells):
            return
        self.total += len(cells)
        counted = pc.value_counts(cells)
        values, counts = counted.field("values"), np.asarray(counted.field("counts"))
        self._note_heavy(values, counts)
        if self._below is not None:
            values, counts = self._kept(values, counts, hashes(values) < np.uint64(self._below))
        self._merge(values, counts)
        if len(self.values) > _SLACK * self.limit or self.values.nbytes > _SLACK * self.most_bytes:
            self._cut()

    def tally(self) -> Tally:
        """What is known so far."""
        if len(self.values) > self.limit:
            self._cut()
        if self._below is None:
            return Tally(
                values=self.values, counts=self.counts, total=self.total, different=len(self.values), exact=True
            )
        different = round((len(self.values) - 1) / (self._below / 2**64))
        values, counts = self._completed(different)
        return Tally(values=values, counts=counts, total=self.total, different=different, exact=False)

    def _merge(self, values: pa.Array, counts: npt.NDArray[np.int64]) -> None:
        joint = pa.concat_arrays([self.values, values])
        self.values, self.counts = add_up(joint, np.concatenate([self.counts, counts]))

    def _cut(self) -> None:
        """Go on with the values of the smallest hashes only: as many as the limit, or fewer if they are long."""
        own = hashes(self.values)
        fitting = int(len(self.values) * self.most_bytes / max(self.values.nbytes, 1))
        keep = min(self.limit, max(fitting, 2), len(self.values) - 1)
        self._below = int(np.partition(own, keep)[keep])
        self.values, self.counts = self._kept(self.values, self.counts, own < np.uint64(self._below))

    def _kept(
        self, values: pa.Array, counts: npt.NDArray[np.int64], held: npt.NDArray[np.bool_]
    ) -> tuple[pa.Array, npt.NDArray[np.int64]]:
        if not held.all():
            self._witness(values.filter(pa.array(~held)))
        return values.filter(pa.array(held)), counts[held]

    def _witness(self, values: pa.Array) -> None:
        """Hold what tells most of some values that are let go."""
        numbers = _numbers(values)
        if numbers is None:
            return
        if numbers.null_count and "odd" not in self._seen:
            self._seen["odd"] = values.filter(numbers.is_null())[0].as_py()
        plain = np.nan_to_num(np.asarray(numbers, np.float64), nan=0.0, posinf=0.5, neginf=0.5)
        fractions = np.flatnonzero(plain != np.floor(plain))
        if len(fractions) and "fraction" not in self._seen:
            self._seen["fraction"] = values[int(fractions[0])].as_py()
        if not pa.types.is_string(values.type):
            ends = pc.min_max(values)
            low, high = ends["min"].as_py(), ends["max"].as_py()
            self._seen["low"] = min(low, self._seen.get("low", low))
            self._seen["high"] = max(high, self._seen.get("high", high))

    def _note_heavy(self, values: pa.Array, counts: npt.NDArray[np.int64]) -> None:
        place = int(np.argmax(counts))
        if counts[place] > self._heavy[0]:
            self._heavy = int(counts[place]), values[place].as_py()

    def _completed(self, different: int) -> tuple[pa.Array, npt.NDArray[np.int64]]:
        """The sample, its witnesses once each, and the heaviest value as often as it takes to have the right mean."""
        wanted = len(self.values) * self.total / different
        lacking = wanted - float(self.counts.sum())
        extra = dict.fromkeys(self._seen.values(), 1)
        if lacking > _NOISE * wanted:
            extra[self._heavy[1]] = round(lacking)
        sketch = Sketch(self.values.type)
        sketch._merge(self.values, self.counts)
        held = np.asarray(pc.is_in(pa.array(list(extra), self.values.type), value_set=self.values))
        new = {value: times for (value, times), here in zip(extra.items(), held, strict=True) if not here or times > 1}
        sketch._merge(pa.array(list(new), self.values.type), np.array(list(new.values()), np.int64))
        return sketch.values, sketch.counts


def hashes(values: pa.Array) -> Lots:
    """64 bits for each value that look random; equal values have equal ones, in every process. uint64 ``(value,)``.

    >>> int(hashes(pa.array(["a"]))[0]) == int(hashes(pa.array(["b", "a"]))[1])
    True
    """
    if pa.types.is_string(values.type):
        numbers = np.array([zlib.crc32(text.encode()) for text in values.to_pylist()], np.uint64)
    elif pa.types.is_floating(values.type):
        numbers = (np.asarray(values, np.float64) + 0.0).view(np.uint64)  # -0.0 is 0.0
    else:
        numbers = np.asarray(pc.cast(values, pa.int64(), safe=False)).view(np.uint64)
    return scatter(numbers)


def _numbers(values: pa.Array) -> pa.Array | None:
    """The values as float64, null where one spells no number; None for those that are no numbers by their type."""
    if pa.types.is_string(values.type):
        found = plain_numbers(values)
        return read_numbers(values) if found is None else found
    if pa.types.is_timestamp(values.type):  # in days, so that a time of day is a fraction
        return pc.divide(pc.cast(pc.cast(values, pa.int64()), pa.float64(), safe=False), 86_400e6)
    return pc.cast(values, pa.float64(), safe=False) if not pa.types.is_boolean(values.type) else None
