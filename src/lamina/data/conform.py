"""Conforming: a table as it was found becomes one that looks exactly as its schema says, or is refused.

Columns may come in any order and among others. Cells that do not fit become missing and are noted by row; a column that
mostly does not fit is refused, because then the data is another than the schema was made for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import (
    Signs,
    blank_cells,
    decide_signs,
    is_array,
    one_array,
    read_flags,
    read_moments,
    read_numbers,
    trimmed,
)
from lamina.data.columns import Category, Column, Flag, Image, Moment, Number, Series, Text
from lamina.data.conform_whole import fitted_images, fitted_series, fitted_texts, no_single_values
from lamina.data.fitting import Found, cell_note, cleared, fitting, mostly, present_strings, shown, stored_type
from lamina.data.notes import FIRST_ROWS, Note, row_words
from lamina.data.raw import Raw
from lamina.data.schema import Schema
from lamina.foundation.errors import SchemaError, nearest

_NAMED = 8  # how many columns a sentence names


def conform(raw: Raw, schema: Schema, *, need_target: bool) -> tuple[pa.Table, tuple[Note, ...]]:
    """A table with the columns of the schema, in its order, each stored as its kind says; and what was changed.

    Args:
        raw: what `read` gave.
        schema: what the table must look like.
        need_target: whether the target must be there; if not, it is left out. Identifiers and constants may be
            absent: then they are missing in every row.

    Raises:
        SchemaError: a column is absent (the nearest names are offered), or most of its values do not fit.

    >>> raw = Raw(table=pa.table({"mass": ["3.5", "heavy", "4", "NA"]}))
    >>> table, notes = conform(raw, Schema(columns=(Number(name="mass"),)), need_target=False)
    >>> table.column("mass").to_pylist()
    [3.5, None, 4.0, None]
    >>> notes[0].sentence
    "column 'mass' should hold a number, but row 2 holds 'heavy': read as missing."
    """
    wanted = [column for column in schema.columns if need_target or column.name != schema.target]
    _check_present(raw, schema, wanted)
    notes = [*raw.notes, *_extra(raw, schema)]
    here = dict(zip(raw.table.column_names, raw.table.columns, strict=True))
    stored: dict[str, pa.Array] = {}
    for column in wanted:
        if column.name not in here:
            stored[column.name] = pa.nulls(raw.rows, stored_type(column))
            continue
        stored[column.name], seen = _conform_column(raw, column, one_array(here[column.name]), schema.missing)
        notes.extend(seen)
    return pa.table(stored), tuple(notes)


def _conform_column(raw: Raw, column: Column, cells: pa.Array, missing: Sequence[str]) -> tuple[pa.Array, list[Note]]:
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    cells = trimmed(cells) if pa.types.is_string(cells.type) else cells
    found = Found(raw=raw, column=column, cells=cells, blank=blank_cells(cells, missing))
    if isinstance(column, Number):
        return _numbers(found, column)
    if isinstance(column, Moment):
        return fitting(found, _moments(found, column))
    if isinstance(column, Flag):
        return fitting(found, read_flags(present_strings(found), column.true, column.false))
    if isinstance(column, Image):
        return fitted_images(found, column)
    if isinstance(column, Series):
        return fitted_series(found, column)
    if is_array(cells.type):
        return no_single_values(found)
    if isinstance(column, Category):
        return _names(found, column)
    return fitted_texts(found) if isinstance(column, Text) else (present_strings(found), [])


def _numbers(found: Found, column: Number) -> tuple[pa.Array, list[Note]]:
    notes: list[Note] = []
    if pa.types.is_string(found.cells.type):
        strings = present_strings(found)
        signs = Signs(column.decimal, column.thousands)
        values = read_numbers(strings, signs)
        if not mostly(found, values):
            signs = decide_signs(pc.unique(strings.drop_null()), comma=found.raw.comma)
            values, notes = read_numbers(strings, signs), [_other_signs(column, signs)]
    elif pa.types.is_timestamp(found.cells.type):
        values = pa.nulls(len(found.cells), pa.float64())
    else:
        values = cleared(pc.cast(found.cells, pa.float64(), safe=False), found.blank)
    values, fitted = fitting(found, values)
    values, finite = _finite(found, values)
    return values, [*(notes if mostly(found, values) else ()), *fitted, *finite]


def _moments(found: Found, column: Moment) -> pa.Array:
    if pa.types.is_timestamp(found.cells.type):
        return cleared(found.cells, found.blank)
    return read_moments(present_strings(found), column.order)


def _names(found: Found, column: Category) -> tuple[pa.Array, list[Note]]:
    strings = present_strings(found)
    unseen = sorted(set(pc.unique(strings.drop_null()).to_pylist()) - set(column.levels))
    if not unseen:
        return strings, []
    same = _same_numbers(unseen, column.levels)
    if same:
        places = pc.index_in(strings, value_set=pa.array(list(same)))
        strings = pc.coalesce(pa.array(list(same.values())).take(places), strings)
        unseen = [name for name in unseen if name not in same]
    return strings, [_unseen(found, strings, unseen)] if unseen else []


def _same_numbers(unseen: Sequence[str], levels: Sequence[str]) -> dict[str, str]:
    """Unseen names that are a level written as another number: "1.0" for "1", if no other level is the same number."""
    values = read_numbers(pa.array(levels, pa.string())).to_pylist()
    by_value = {value: level for value, level in zip(values, levels, strict=True) if value is not None}
    if len(by_value) < len(levels):  # not all are numbers, or two are the same one, such as "1" and "01"
        return {}
    numbers = read_numbers(pa.array(unseen, pa.string())).to_pylist()
    return {name: by_value[value] for name, value in zip(unseen, numbers, strict=True) if value in by_value}


def _finite(found: Found, values: pa.Array) -> tuple[pa.Array, list[Note]]:
    infinite = pc.fill_null(pc.is_inf(values), False)
    if not infinite.true_count:
        return values, []
    note = cell_note(found, np.flatnonzero(infinite), "has numbers too large to work with:")
    return cleared(values, infinite), [note]


def _check_present(raw: Raw, schema: Schema, wanted: Sequence[Column]) -> None:
    here = set(raw.table.column_names)
    absent = [c.name for c in wanted if c.name not in here and (c.used or c.name == schema.target)]
    if not absent:
        return
    others = [name for name in raw.table.column_names if name not in schema.names] or raw.table.column_names
    offers = [f"for {name!r}, {nearest(name, others)}" for name in absent[:3]]
    raise SchemaError(
        wrong=f"{raw.name or 'the table'} lacks {_count_words(absent)}.",
        expected=f"the columns {_some(sorted(c.name for c in wanted if c.used))}.",
        remedy=" ".join(offers),
    )


def _extra(raw: Raw, schema: Schema) -> list[Note]:
    extra = [name for name in raw.table.column_names if name not in schema._by_name]
    if not extra:
        return []
    verb = "is" if len(extra) == 1 else "are"
    sentence = f"{_count_words(extra)} {verb} not part of the schema: left out."
    return [Note(kind="columns", column=extra[0] if len(extra) == 1 else None, count=len(extra), sentence=sentence)]


def _unseen(found: Found, strings: pa.Array, unseen: Sequence[str]) -> Note:
    rows = np.flatnonzero(pc.is_in(strings, value_set=pa.array(unseen)))
    numbers = found.raw.row_numbers(rows[:FIRST_ROWS])
    name = found.column.name
    what = "a category" if len(unseen) == 1 else f"{len(unseen):,} categories"
    sentence = f"column {name!r} has {what} not seen before ({_some(unseen)}) in {row_words(numbers, len(rows))}."
    return Note(kind="categories", column=name, rows=numbers, count=len(rows), sentence=sentence)


def _other_signs(column: Column, signs: Signs) -> Note:
    sentence = f"column {column.name!r} is written with {signs.decimal!r} as its decimal sign here: read that way."
    return Note(kind="cells", column=column.name, sentence=sentence)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(repr(shown(name)) for name in names[:_NAMED])}{more}"


def _count_words(names: Sequence[str]) -> str:
    return f"the column {names[0]!r}" if len(names) == 1 else f"{len(names):,} columns: {_some(names)}"
