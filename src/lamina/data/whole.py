"""Whole numbers: whether they are amounts, or classes, codes, dates, flags or names that are written as numbers."""

from __future__ import annotations

import re
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import read_moments
from lamina.data.columns import Category, Column, Flag, Identifier, Moment, Number
from lamina.data.evidence import Cells, all_whole, as_floats, category, has_clock

CLASS_LEVELS = 20  # a target of more whole numbers than this is a quantity
NUMBERED_LEVELS, NUMBERED_RATIO = 1000, 20  # classes that somebody numbered, and how uneven they may be
CLASS_SHARE, CLASS_ROWS = 0.02, 3  # the rarest class of a numeric target has at least this share and these rows

_LIKE_ID = re.compile(r"(?i:^(?:.*[\s_.-])?(?:id|ids|uuid|guid)$)|[a-z](?:Id|ID)$")
_LIKE_ROW = re.compile(r"(?i:^(?:.*[\s_.-])?(?:idx|index|key|no|nr|row|rownames?|number)$|^unnamed: \d+$|^column \d+$)")
_LIKE_DATE = re.compile(r"(?i:date|datum|(?:^|[\s_.-])day$)")


def numeric(cells: Cells, numbers: pa.Array, found: Number) -> Column:
    """Whole numbers may be something else than a quantity."""
    whole = all_whole(numbers)
    found = replace(found, whole=whole)
    if not whole or (cells.target and cells.task == "regression"):
        return found
    if cells.target:
        return _numeric_target(cells, found)
    if not _written_whole(cells):
        return found
    return _code(cells) or _compact_date(cells) or _zero_one(cells) or _numeric_name(cells) or found


def _numeric_target(cells: Cells, found: Number) -> Column:
    binary = _zero_one(cells)
    if binary is not None:
        return binary
    fewest = max(CLASS_ROWS, CLASS_SHARE * cells.count) if len(cells.distinct) > 2 else 1
    if not 2 <= len(cells.distinct) <= CLASS_LEVELS or cells.counts.min() < fewest:
        return found
    return _classes(cells)


def _classes(cells: Cells) -> Category:
    words = (
        f"its {len(cells.distinct)} whole numbers were taken for classes; if they are amounts, ask for a regression."
    )
    return category(cells, words if cells.task is None else "")


def numbered_classes(cells: Cells) -> Category | None:
    """The whole numbers of a target as classes that somebody has numbered, such as the persons on photographs.

    They run from 0 or 1 without a gap, and none is rare. Beside images or series this means classes; beside numbers it
    may as well be a quantity.
    """
    levels, counts = len(cells.distinct), cells.counts
    if not 2 <= levels <= NUMBERED_LEVELS or counts.min() < CLASS_ROWS or counts.max() > NUMBERED_RATIO * counts.min():
        return None
    ends = pc.min_max(as_floats(cells.distinct))
    low, high = ends["min"].as_py(), ends["max"].as_py()
    return _classes(cells) if low in (0, 1) and high - low == levels - 1 else None


def _code(cells: Cells) -> Column | None:
    """Codes such as 01234: written with a leading zero, which an amount never is."""
    if not pa.types.is_string(cells.present.type):
        return None
    padded = pc.match_substring_regex(cells.distinct, r"^0\d").true_count
    if not padded:
        return None
    even = pc.count_distinct(pc.utf8_length(cells.distinct)).as_py() == 1
    if not even and padded < 0.05 * len(cells.distinct):
        return None
    if len(cells.distinct) == cells.count and named_like_row(cells.name):
        return Identifier(name=cells.name, reason="every value is a different number.")
    return category(cells, "its numbers are written with leading zeros, so they are codes.")


def _compact_date(cells: Cells) -> Column | None:
    if not _LIKE_DATE.search(cells.name):
        return None
    moments = read_moments(cells.distinct, "ymd")
    return None if moments.null_count else Moment(name=cells.name, clock=has_clock(moments))


def _zero_one(cells: Cells) -> Column | None:
    """Only 0 and 1, as integers or as the strings "0" and "1"."""
    if pa.types.is_floating(cells.present.type):
        return None
    lowest = pc.min_max(cells.present) if not pa.types.is_string(cells.present.type) else None
    if lowest is not None and (lowest["min"].as_py(), lowest["max"].as_py()) != (0, 1):
        return None
    return Flag(name=cells.name, true="1", false="0") if set(cells.distinct.to_pylist()) == {"0", "1"} else None


def _numeric_name(cells: Cells) -> Column | None:
    """Whole numbers under a name such as customer_id: all different, or a group each."""
    if not named_like_row(cells.name):
        return None
    if len(cells.distinct) == cells.count and (_LIKE_ID.search(cells.name) or _consecutive(cells)):
        return Identifier(name=cells.name, reason="every value is a different number, and the name says identifier.")
    if _LIKE_ID.search(cells.name):
        return category(cells, "its numbers name something, because the name of the column says identifier.")
    return None


def _consecutive(cells: Cells) -> bool:
    ends = pc.min_max(as_floats(cells.present))
    return bool(ends["max"].as_py() - ends["min"].as_py() == cells.held - 1)


def _written_whole(cells: Cells) -> bool:
    """Whether no cell is written with a fraction or an exponent: 1.0 is an amount, 1 may be a name."""
    if not pa.types.is_string(cells.present.type):
        return bool(pa.types.is_integer(cells.present.type))
    return bool(pc.all(pc.match_substring_regex(cells.present, r"^[-+]?\d+$")).as_py())


def named_like_row(name: str) -> bool:
    """Whether a column of that name is likely to number or to name its rows."""
    return bool(_LIKE_ID.search(name) or _LIKE_ROW.search(name))
