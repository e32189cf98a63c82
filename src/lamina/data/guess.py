"""Guesses: which kind of column some cells make, judged over all of them.

The rules, tried in this order (a target is never an identifier, a text or a constant):

1. the same value in every row, or none in any: constant; bytes or pixels: image; lists of numbers: series;
2. declared as categories by their owner (a pandas or polars categorical): category; truth values: flag; dates: moment;
3. all cells numbers, or all but 1 %: number; but whole numbers may be
   codes with leading zeros (category), dates such as 20210304 under a name that says so (moment),
   only 0 and 1 (flag), named like an identifier and all different (identifier) or not all different (category);
   and a target of two whole numbers, or of up to 20 that are each in 2 % and in 3 of the rows, is a category, as is,
   beside images or series, one of up to 1000 that run from 0 or 1 without a gap;
4. a pair of words for yes and no: flag;
5. all cells dates, or all but 1 %: moment;
6. names of image files that are there: image; the parts of a given split: identifier;
7. sentences: text; nearly every cell different (and not mostly fractions): identifier; else category.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import (
    Signs,
    decide_signs,
    flag_words,
    is_array,
    looks_dated,
    plain_numbers,
    read_moments,
    read_numbers,
)
from lamina.data.columns import Column, Constant, Flag, Identifier, Number, Text
from lamina.data.evidence import Cells, all_whole, arrays, as_floats, category, image, moment, number_of
from lamina.data.given import LIKE_SPLIT, MOST_PARTS, are_parts
from lamina.data.pictures import names_of_images
from lamina.data.whole import CLASS_ROWS, named_like_row, numeric

EMPTY = "it holds no value at all."  # why a column is a constant that has not even one value
BAD_SHARE = 0.01  # of the cells may be unreadable in a column of numbers or dates
UNIQUE_SHARE, UNIQUE_CELLS = 0.95, 20  # so large a share of at least so many cells differ in an identifier
MANY_LEVELS, MANY_SHARE = 10_000, 0.5  # so many names, in so large a share of the cells, identify more than they group
TEXT_WORDS, TEXT_LETTERS, TEXT_SHARE = 5, 40, 0.3  # a mean sentence, and how many of them must differ

_SAMPLE = 200  # distinct cells looked at before a whole column is searched for dates


def guess_column(cells: Cells) -> Column:
    """The first guess that fits; see the top of this file."""
    guesses: tuple[Callable[[Cells], Column | None], ...] = (
        _constant,
        _arrays,
        _declared,
        _plain_number,
        _flag,
        _almost_number,
        _moment,
        _spoilt_number,
        _image_names,
        _parts,
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
    if is_array(cells.present.type):
        return None
    if cells.count < cells.rows:  # one value in some rows only still tells those rows from the others
        return None
    values = cells.strings if pa.types.is_dictionary(cells.present.type) else cells.present
    if pc.all(pc.equal(values, values[0])).as_py():
        return Constant(name=cells.name, reason="it holds the same value in every row.")
    return None


def _arrays(cells: Cells) -> Column | None:
    return arrays(cells) if is_array(cells.present.type) else None


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
        return numeric(cells, as_floats(cells.present), Number(name=cells.name))
    numbers = plain_numbers(cells.present)
    return None if numbers is None or not cells.count else numeric(cells, numbers, Number(name=cells.name))


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
    return found if bad else numeric(cells, numbers.take(_places(cells)), found)


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


def _image_names(cells: Cells) -> Column | None:
    if cells.target or not pa.types.is_string(cells.present.type):
        return None
    first = cells.distinct.slice(0, _SAMPLE).to_pylist()
    return image(cells) if names_of_images(first, cells.folder) else None


def _parts(cells: Cells) -> Column | None:
    """The parts of a split that came with the data: they say nothing of a row, and would tell of the part instead."""
    if cells.target or len(cells.distinct) > MOST_PARTS or not LIKE_SPLIT.search(cells.name):
        return None
    names = cells.distinct.to_pylist()
    if not are_parts(names):
        return None
    words = f"its cells name the parts of a given split ({', '.join(sorted(names))})."
    return Identifier(name=cells.name, reason=words)


def _text(cells: Cells) -> Column | None:
    if cells.target or len(cells.distinct) < TEXT_SHARE * cells.count:
        return None
    words = pc.mean(pc.add(pc.count_substring_regex(cells.distinct, r"\s+"), 1)).as_py()
    letters = pc.mean(pc.utf8_length(cells.distinct)).as_py()
    if words < TEXT_WORDS and (letters < TEXT_LETTERS or words < 2):
        return None
    usual = pc.approximate_median(pc.add(pc.count_substring_regex(cells.distinct, r"\s+"), 1)).as_py()
    return Text(name=cells.name, reason=f"its cells are sentences of about {usual:.0f} words.")


def _identifier(cells: Cells) -> Column | None:
    if cells.target:
        return None
    share = len(cells.distinct) / cells.count
    named = share == 1 and (named_like_row(cells.name) and cells.count >= CLASS_ROWS)
    alike = share >= UNIQUE_SHARE and cells.count >= UNIQUE_CELLS
    many = share >= MANY_SHARE and len(cells.distinct) > MANY_LEVELS
    if not (named or alike or many):
        return None
    return Identifier(name=cells.name, reason=f"{len(cells.distinct):,} of its {cells.count:,} values differ.")


def _places(cells: Cells) -> pa.Array:
    return pc.index_in(cells.strings, value_set=cells.distinct)


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
