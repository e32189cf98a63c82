"""Evidence: the cells of one column and what can be said of them, worked out once and only when asked for."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import (
    Signs,
    cell_strings,
    decide_order,
    decide_signs,
    is_list,
    is_tensor,
    read_moments,
    read_numbers,
)
from lamina.data.columns import Category, Image, Moment, Number, Series
from lamina.data.pictures import picture_column
from lamina.data.series import series_column
from lamina.foundation.errors import SchemaError


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The cells of one column that hold a value, and what is known about the column."""

    name: str
    present: pa.Array  # plain, trimmed, without missing ones
    rows: int  # of the table, those without a value included
    target: bool = False
    comma: bool = False  # whether commas are likely to be decimal
    task: str | None = None  # what is asked of the target, if the user said so
    times: npt.NDArray[np.int64] | None = None  # how often each of ``present`` occurs; None: once each
    folder: Path | None = None  # where files are that cells name; None: the working folder
    total: int | None = None  # cells that hold a value where ``present`` is a sample of them; None: it has them all

    @property
    def count(self) -> int:
        """How many cells hold a value, of those that are looked at."""
        return len(self.present) if self.times is None else int(self.times.sum())

    @property
    def held(self) -> int:
        """How many cells of the column hold a value."""
        return self.count if self.total is None else self.total

    @functools.cached_property
    def strings(self) -> pa.Array:
        """Each cell as a string."""
        return cell_strings(self.present)

    @functools.cached_property
    def _counted(self) -> pa.StructArray:
        if self.times is None:
            return pc.value_counts(self.strings)
        return pa.StructArray.from_arrays(add_up(self.strings, self.times), ["values", "counts"])

    @property
    def distinct(self) -> pa.Array:
        """The different strings, in order of their first row."""
        return self._counted.field("values")

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many cells hold each of ``distinct``."""
        return np.asarray(self._counted.field("counts"))

    @functools.cached_property
    def numeric_look(self) -> bool:
        """Whether any string begins as a number could."""
        return bool(pc.any(pc.match_substring_regex(self.distinct, "^[-+\u2212.,]?[0-9]|^[-+]?(?i:inf)")).as_py())

    def levels(self) -> tuple[str, ...]:
        """The different strings in numeric order if all are numbers, else in alphabetic order."""
        names = self.distinct.to_pylist()
        numbers = read_numbers(self.distinct)
        if numbers.null_count:
            return tuple(sorted(names))
        return tuple(name for _, name in sorted(zip(numbers.to_pylist(), names, strict=True)))


def add_up(values: pa.Array, times: npt.NDArray[np.int64]) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """The different values in order of their first place, and how often each occurs in all.

    >>> add_up(pa.array(["b", "a", "b"]), np.array([1, 2, 3]))[1].tolist()
    [4, 2]
    """
    different = pc.unique(values)
    if len(different) == len(values):
        return values, times
    places = np.asarray(pc.index_in(values, value_set=different))
    return different, np.bincount(places, times, len(different)).astype(np.int64)  # exact below 2**53


def number(cells: Cells, reason: str = "") -> Number:
    """The cells as numbers, whatever they look like."""
    if not pa.types.is_string(cells.present.type) and not pa.types.is_dictionary(cells.present.type):
        return Number(name=cells.name, whole=all_whole(as_floats(cells.present)), reason=reason)
    signs = decide_signs(cells.distinct, comma=cells.comma)
    return number_of(cells, read_numbers(cells.distinct, signs), signs, reason)


def category(cells: Cells, reason: str = "") -> Category:
    """The cells as names."""
    return Category(name=cells.name, levels=cells.levels(), reason=reason)


def moment(cells: Cells) -> Moment:
    """The cells as dates, whatever they look like."""
    if pa.types.is_timestamp(cells.present.type):
        return Moment(name=cells.name, clock=has_clock(cells.present))
    order, ambiguous = decide_order(cells.distinct)
    reason = (
        f"no value tells the day from the month, so the day was read first; if it is not, declare "
        f"kinds={{{cells.name!r}: Moment(name={cells.name!r}, order='mdy')}}."
        if ambiguous
        else ""
    )
    clock = has_clock(read_moments(cells.distinct, order).drop_null())
    return Moment(name=cells.name, order=order, clock=clock, reason=reason)


def image(cells: Cells) -> Image:
    """The cells as images.

    Raises:
        SchemaError: they are neither bytes, nor names of files, nor pixels.
    """
    kind = cells.present.type
    if not (pa.types.is_string(kind) or pa.types.is_large_binary(kind) or _is_pixels(kind)):
        raise _no_such(cells, "images", "bytes or names of image files, or pixels as uint8 (height, width[, channel])")
    return picture_column(cells.name, cells.present, cells.folder)


def series(cells: Cells) -> Series:
    """The cells as series.

    Raises:
        SchemaError: they are not lists of numbers.
    """
    kind = cells.present.type
    if not is_list(kind) and not (is_tensor(kind) and not _is_pixels(kind)):
        raise _no_such(cells, "series", "a list of numbers in every cell, or one for each channel")
    return series_column(cells.name, cells.present)


def arrays(cells: Cells) -> Image | Series:
    """Cells with more than one value each, as what they are."""
    kind = cells.present.type
    return image(cells) if pa.types.is_large_binary(kind) or _is_pixels(kind) else series(cells)


def _is_pixels(kind: pa.DataType) -> bool:
    return is_tensor(kind) and bool(kind.value_type == pa.uint8())


def _no_such(cells: Cells, what: str, wanted: str) -> SchemaError:
    return SchemaError(
        wrong=f"column {cells.name!r} holds {cells.present.type}, which are no {what}.",
        expected=f"{wanted}.",
        remedy=f"leave {cells.name!r} out of kinds, or declare another kind.",
    )


def number_of(cells: Cells, numbers: pa.Array, signs: Signs, reason: str) -> Number:
    """A column of numbers written with these signs; a null is a cell that is none."""
    whole = all_whole(numbers.drop_null())
    return Number(name=cells.name, decimal=signs.decimal, thousands=signs.thousands, whole=whole, reason=reason)


def as_floats(values: pa.Array) -> pa.Array:
    """Integers, floats or strings that spell them, as float64."""
    return pc.cast(values, pa.float64(), safe=False)


def all_whole(numbers: pa.Array) -> bool:
    """Whether float64 values without nulls are all finite and whole."""
    values = np.asarray(numbers)
    head = values[:100]  # most columns of fractions show it here
    return bool((head == np.floor(head)).all() and (values == np.floor(values)).all() and np.isfinite(values).all())


def has_clock(moments: pa.Array) -> bool:
    """Whether any moment lies between two midnights."""
    days = pc.cast(pc.floor_temporal(moments, unit="day"), moments.type)
    return not bool(pc.all(pc.equal(days, moments), min_count=0).as_py())
