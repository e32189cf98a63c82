"""Cells on their way: one column while it is conformed, and what is said of cells that do not fit.

A cell that does not fit becomes missing and is noted by row; a column that mostly does not fit is refused, because then
the data is another than the schema was made for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import cell_strings, is_array, is_tensor, tensor_type
from lamina.data.columns import Column, Image, Moment, Series
from lamina.data.notes import FIRST_ROWS, Note, row_words
from lamina.data.raw import Raw
from lamina.foundation.errors import SchemaError

FITTING_SHARE = 0.5  # at least so much of a column's values must fit
MOST_EXAMPLES = 3  # of cells that did not fit, each for another reason

_WANTED = {
    "number": "a number",
    "flag": "one of its two words",
    "moment": "a date",
    "image": "an image",
    "series": "a series of numbers",
    "category": "one value",
    "text": "one text",
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """One column on its way: its cells as found, which of them are blank, and what has been noted."""

    raw: Raw
    column: Column
    cells: pa.Array  # plain; strings are trimmed
    blank: pa.Array  # bool: holds no value

    def held(self, row: int, why: str = "") -> str:
        """What a cell holds, in words short enough for a sentence; ``why`` it does not fit, where that is known."""
        value = self.cells[row]
        if pa.types.is_large_binary(self.cells.type):
            words = f"{len(value.as_py()):,} bytes"
        else:
            words = _kind_words(self.cells.type) if is_array(self.cells.type) else repr(shown(value.as_py()))
        return f"{words} ({why})" if why else words


def fitting(found: Found, values: pa.Array, why: Mapping[int, str] | None = None) -> tuple[pa.Array, list[Note]]:
    """The values with a note of the cells that hold something, yet gave none; refused if they are too many."""
    bad = np.flatnonzero(pc.and_(values.is_null(), pc.invert(found.blank)))
    if not len(bad):
        return values, []
    if not mostly(found, values):
        raise _unfit(found, bad, why or {})
    what = f"should hold {_WANTED[found.column.word]}, but"
    return values, [cell_note(found, bad, what, why or {})]


def mostly(found: Found, values: pa.Array) -> bool:
    """Whether at least `FITTING_SHARE` of the cells that hold something gave a value."""
    present = len(values) - found.blank.true_count
    return bool(len(values) - values.null_count >= FITTING_SHARE * present)


def present_strings(found: Found) -> pa.Array:
    """The cells as strings, blank ones null."""
    return cleared(cell_strings(found.cells), found.blank)


def cleared(values: pa.Array, where: pa.Array) -> pa.Array:
    """The values without those at some places."""
    return pc.if_else(where, pa.scalar(None, values.type), values) if where.true_count else values


def stored_type(column: Column) -> pa.DataType:
    """How the values of a column are stored once conformed."""
    if isinstance(column, Image):
        return tensor_type(pa.uint8(), column.shape)
    if isinstance(column, Series):
        return tensor_type(pa.float32(), column.shape)
    return pa.timestamp("us") if isinstance(column, Moment) else pa.type_for_alias(column.stored)


def row_note(found: Found, rows: Sequence[int], sentence: str) -> Note:
    """A note of rows that were read, though not as a whole."""
    numbers = found.raw.row_numbers(rows[:FIRST_ROWS])
    return Note(kind="rows", column=found.column.name, rows=numbers, count=len(rows), sentence=sentence)


def cell_note(found: Found, rows: np.ndarray, what: str, why: Mapping[int, str] | None = None) -> Note:
    """A note of cells that were read as missing; an example for each reason ``why``, where reasons are known."""
    numbers, reasons = found.raw.row_numbers(rows[:FIRST_ROWS]), why or {}
    examples: dict[str, int] = {}
    for row in rows.tolist():
        examples.setdefault(reasons.get(row, ""), row)
    held = ", ".join(found.held(row, reason) for reason, row in [*examples.items()][:MOST_EXAMPLES])
    verb = "holds" if len(rows) == 1 else "hold values such as"
    name = found.column.name
    sentence = f"column {name!r} {what} {row_words(numbers, len(rows))} {verb} {held}: read as missing."
    return Note(kind="cells", column=name, rows=numbers, count=len(rows), sentence=sentence)


def _unfit(found: Found, bad: np.ndarray, why: Mapping[int, str]) -> SchemaError:
    name, word = found.column.name, found.column.word
    row, held = found.raw.row_numbers(bad[:1])[0], found.held(int(bad[0]), why.get(int(bad[0]), ""))
    present = len(found.cells) - found.blank.true_count
    share = f" ({len(bad):,} of {present:,} values do not fit)" if present > 1 else ""
    return SchemaError(
        wrong=f"column {name!r} is {'an' if word == 'image' else 'a'} {word}, but row {row:,} holds {held}{share}.",
        expected=f"{_WANTED[word]}, or an empty cell for a missing value.",
        remedy=_unfit_remedy(found, int(bad[0])),
    )


def _unfit_remedy(found: Found, row: int) -> str:
    name = found.column.name
    if isinstance(found.column, Image) and pa.types.is_string(found.cells.type):
        place = found.raw.folder or "the working folder"
        return f"name files by their place in {str(place)!r}, and check that they are whole."
    if is_array(found.cells.type) or isinstance(found.column, Image | Series):
        return f"check that {name!r} was written as it was for training; it should hold {_WANTED[found.column.word]}."
    held = shown(found.cells[row].as_py())
    spelling = f"read(..., missing=[{held!r}])" if len(held) <= 20 else "read(..., missing=[...])"
    return (
        f"if that spells a missing value, use {spelling}; if the column is of another kind, train with "
        f"kinds={{{name!r}: 'category'}}."
    )


def _kind_words(kind: pa.DataType) -> str:
    if not is_tensor(kind):
        return "a list"
    return f"an array of the shape {tuple(kind.shape)}"


def shown(value: object) -> str:
    """A value, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
