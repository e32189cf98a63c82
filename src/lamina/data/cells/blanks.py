"""Blank cells: which ones hold no value, by their spelling or because they are null."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc


def trimmed(strings: pa.Array) -> pa.Array:
    """The strings without white space at either end."""
    return pc.utf8_trim_whitespace(strings)


def blank_cells(array: pa.Array, spellings: Sequence[str]) -> pa.Array:
    """A bool a cell, true where it holds no value; strings must be trimmed already.

    A spelling that is a number, such as "-999", also blanks that number in a numeric column.

    >>> blank_cells(pa.array(["1", "NA", None]), ["", "NA"]).to_pylist()
    [False, True, True]
    >>> blank_cells(pa.array([1.0, -999.0, float("nan")]), ["-999"]).to_pylist()
    [False, True, True]
    """
    kind = array.type
    nothing = array.is_null(nan_is_null=True)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.or_(nothing, pc.is_in(array, value_set=pa.array(spellings, kind)))
    numbers = _numeric(spellings)
    if numbers and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return pc.or_(nothing, pc.is_in(pc.cast(array, pa.float64(), safe=False), value_set=pa.array(numbers)))
    return nothing


def present_cells(array: pa.Array, spellings: Sequence[str]) -> pa.Array:
    """The cells that hold a value, in order; strings are trimmed."""
    cells = trimmed(array) if pa.types.is_string(array.type) else array
    blank = blank_cells(cells, spellings)
    return cells.filter(pc.invert(blank)) if blank.true_count else cells


def _numeric(spellings: Sequence[str]) -> list[float]:
    values = []
    for spelling in spellings:
        try:
            values.append(float(spelling))
        except ValueError:  # a word such as "NA"
            continue
    return [value for value in values if math.isfinite(value)]
