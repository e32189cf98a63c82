"""Guesses: which kind of column some cells make, judged over all of them.

The rules, tried in this order (a target is never an identifier, a text or a constant):

1. the same value in every row, or none in any: constant;
2. declared as categories by their owner (a pandas or polars categorical): category; truth values: flag; dates: moment;
3. all cells numbers, or all but 1 %: number; but whole numbers may be
   codes with leading zeros (category), dates such as 20210304 under a name that says so (moment),
   only 0 and 1 (flag), named like an identifier and all different (identifier) or not all different (category);
   and a target of two whole numbers, or of up to 20 that are each in 2 % and in 3 of the rows, is a category;
4. a pair of words for yes and no: flag;
5. all cells dates, or all but 1 %: moment;
6. sentences: text; nearly every cell different (and not mostly fractions): identifier; else category.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import Signs, decide_signs, flag_words, looks_dated, plain_numbers, read_moments, read_numbers
from lamina.data.columns import Column, Constant, Flag, Identifier, Moment, Number, Text
from lamina.data.evidence import Cells, all_whole, as_floats, category, has_clock, moment, number_of

EMPTY = "it holds no value at all."  # why a column is a constant that has not even one value
BAD_SHARE = 0.01  # of the cells may be unreadable in a column of numbers or dates
CLASS_LEVELS = 20  # a target of more whole numbers than this is a quantity
CLASS_SHARE, CLASS_ROWS = 0.02, 3  # the rarest class of a numeric target has at least this share and these rows
UNIQUE_SHARE, UNIQUE_CELLS = 0.95, 20  # so large a share of at least so many cells differ in an identifier
MANY_LEVELS, MANY_SHARE = 10_000, 0.5  # so many names, in so large a share of the cells, identify more than they group
TEXT_WORDS, TEXT_LETTERS, TEXT_SHARE = 5, 40, 0.3  # a mean sentence, and how many of them must differ

_LIKE_ID = re.compile(r"(?i:^(?:.*[\s_.-])?(?:id|ids|uuid|guid)$)|[a-z](?:Id|ID)$")
_LIKE_ROW = re.compile(r"(?i:^(?:.*[\s_.-])?(?:idx|index|key|no|nr|row|rownames?|number)$|^unnamed: \d+$|^column \d+$)")
_LIKE_DATE = re.compile(r"(?i:date|datum|(?:^|[\s_.-])day$)")
_SAMPLE = 200  # distinct cells looked at before a whole column is searched for dates


def guess_column(cells: Cells) -> Column:
    """The first guess that fits; see the top of this file."""
    guesses: tuple[Callable[[Cells], Column | None], ...] = (
        _constant,
        _declared,
        _plain_number,
        _flag,
        _almost_number,
        _moment,
        _spoilt_number,
        _text,
        _identifier,
    )
    for guess in guesses:
        column = guess(cells)
        if column is not None:
            return column
    return category(cells)


def _constant(cells: Cells) -> Column | None:
    if cells.target:
        return None
    if not cells.count:
        return Constant(name=cells.name, reason=EMPTY)
    if cells.count < cells.rows:  # one value in some rows only still tells those rows from the others
        return None
    values = cells.strings if pa.types.is_dictionary(cells.present.type) else cells.present
    if pc.all(pc.equal(values, values[0])).as_py():
        return Constant(name=cells.name, reason="it holds the same value in every row.")
    return None


def _declared(cells: Cells) -> Column | None:
    """What the type of the column says already."""
    kind = cells.present.type
    if pa.types.is_dictionary(kind):
        return category(cells)
    if pa.types.is_timestamp(kind):
        return moment(cells)
    if pa.types.is_boolean(kind):
        return Flag(name=cells.name, true="True", false="False")
    return None


def _plain_number(cells: Cells) -> Column | None:
    """Numbers that need no reading, or that Arrow reads in one go."""
    if not pa.types.is_string(cells.present.type):
        return _numeric(cells, as_floats(cells.present), Number(name=cells.name))
    numbers = plain_numbers(cells.present)
    return None if numbers is None or not cells.count else _numeric(cells, numbers, Number(name=cells.name))


def _almost_number(cells: Cells) -> Column | None:
    """Numbers with decimal commas or signs between thousands, or with a few cells that are no numbers."""
    if not cells.numeric_look:
        return None
    signs = decide_signs(cells.distinct, comma=cells.comma)
    numbers = read_numbers(cells.distinct, signs)
    bad = _bad_cells(cells, numbers)
    if not _few(bad, cells.count):
        return None
    reason = _bad_words(bad, cells.count, "number") or _sign_words(cells, signs)
    found = number_of(cells, numbers, signs, reason)
    return found if bad else _numeric(cells, numbers.take(_places(cells)), found)


def _numeric(cells: Cells, numbers: pa.Array, found: Number) -> Column:
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
    words = (
        f"its {len(cells.distinct)} whole numbers were taken for classes; if they are amounts, ask for a regression."
    )
    return category(cells, words if cells.task is None else "")


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
    if len(cells.distinct) == cells.count and _named_like_row(cells.name):
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
    if not _named_like_row(cells.name):
        return None
    if len(cells.distinct) == cells.count and (_LIKE_ID.search(cells.name) or _consecutive(cells)):
        return Identifier(name=cells.name, reason="every value is a different number, and the name says identifier.")
    if _LIKE_ID.search(cells.name):
        return category(cells, "its numbers name something, because the name of the column says identifier.")
    return None


def _consecutive(cells: Cells) -> bool:
    ends = pc.min_max(as_floats(cells.present))
    return bool(ends["max"].as_py() - ends["min"].as_py() == cells.held - 1)


def _flag(cells: Cells) -> Column | None:
    if cells.target and cells.task == "regression":
        return None
    if len(cells.distinct) > 16:  # more spellings than two words have
        return None
    by_count = np.argsort(-cells.counts, kind="stable")
    words = flag_words(cells.distinct.take(pa.array(by_count)).to_pylist())
    return None if words is None else Flag(name=cells.name, true=words[0], false=words[1])


def _moment(cells: Cells) -> Column | None:
    if not cells.count or not looks_dated(cells.distinct.slice(0, _SAMPLE)):
        return None
    found = moment(cells)
    bad = _bad_cells(cells, read_moments(cells.distinct, found.order))
    if not _few(bad, cells.count):
        return None
    words = _bad_words(bad, cells.count, "date")
    return replace(found, reason=" ".join(filter(None, (words, found.reason))))


def _spoilt_number(cells: Cells) -> Column | None:
    """Fractions with too many other cells between: names, because nothing says what the others mean."""
    if not cells.numeric_look:
        return None
    numbers = read_numbers(cells.distinct, decide_signs(cells.distinct, comma=cells.comma))
    bad = _bad_cells(cells, numbers)
    if 2 * bad > cells.count or all_whole(numbers.drop_null()):
        return None
    first = cells.distinct.filter(numbers.is_null())[0].as_py()
    words = f"{bad:,} of its {cells.count:,} values are no numbers; if {first[:20]!r} spells a missing value, say so: "
    return category(cells, f"{words}missing=[{first[:20]!r}].")


def _text(cells: Cells) -> Column | None:
    if cells.target or len(cells.distinct) < TEXT_SHARE * cells.count:
        return None
    words = pc.mean(pc.add(pc.count_substring_regex(cells.distinct, r"\s+"), 1)).as_py()
    letters = pc.mean(pc.utf8_length(cells.distinct)).as_py()
    if words < TEXT_WORDS and (letters < TEXT_LETTERS or words < 2):
        return None
    return Text(name=cells.name, reason=f"its cells are sentences of about {words:.0f} words.")


def _identifier(cells: Cells) -> Column | None:
    if cells.target:
        return None
    share = len(cells.distinct) / cells.count
    named = share == 1 and (_named_like_row(cells.name) and cells.count >= CLASS_ROWS)
    alike = share >= UNIQUE_SHARE and cells.count >= UNIQUE_CELLS
    many = share >= MANY_SHARE and len(cells.distinct) > MANY_LEVELS
    if not (named or alike or many):
        return None
    return Identifier(name=cells.name, reason=f"{len(cells.distinct):,} of its {cells.count:,} values differ.")


def _written_whole(cells: Cells) -> bool:
    """Whether no cell is written with a fraction or an exponent: 1.0 is an amount, 1 may be a name."""
    if not pa.types.is_string(cells.present.type):
        return bool(pa.types.is_integer(cells.present.type))
    return bool(pc.all(pc.match_substring_regex(cells.present, r"^[-+]?\d+$")).as_py())


def _places(cells: Cells) -> pa.Array:
    return pc.index_in(cells.strings, value_set=cells.distinct)


def _named_like_row(name: str) -> bool:
    return bool(_LIKE_ID.search(name) or _LIKE_ROW.search(name))


def _bad_cells(cells: Cells, values: pa.Array) -> int:
    return int(cells.counts[np.asarray(values.is_null())].sum())


def _few(bad: int, count: int) -> bool:
    return bad <= BAD_SHARE * count


def _bad_words(bad: int, count: int, what: str) -> str:
    return f"{bad:,} of its {count:,} values cannot be read as a {what} and count as missing." if bad else ""


def _sign_words(cells: Cells, signs: Signs) -> str:
    other = {Signs(".", ","): Signs(",", ""), Signs(",", ""): Signs(".", ",")}.get(signs)
    if other is None or read_numbers(cells.distinct, other).null_count:
        return ""
    meaning = "thousands" if signs.decimal == "." else "decimals"
    form = f"Number(name={cells.name!r}, decimal={other.decimal!r}, thousands={other.thousands!r})"
    return (
        f"its commas could stand for thousands or for decimals and were taken for {meaning}; "
        f"if that is wrong, declare kinds={{{cells.name!r}: {form}}}."
    )
