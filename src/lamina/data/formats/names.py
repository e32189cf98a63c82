"""Names of columns: every column needs one, and no two may share it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import is_array, is_list, is_tensor, plain_array
from lamina.data.decoding import looks_like_image
from lamina.data.notes import Note
from lamina.foundation.errors import DataError

_LOOKED_AT = 64  # cells of bytes that tell whether they are images
_NUMERAL = re.compile(r"[-+]?\d*[.,]?\d+([eE][-+]?\d+)?")


def settle_names(names: Sequence[Any], place: str) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Names as trimmed strings; a column without one is called by its position, and a note says so.

    Raises:
        DataError: two columns have the same name.

    >>> settle_names([" age ", ""], "people.csv")[0]
    ('age', 'column 2')
    """
    found = [str(name).strip() for name in names]
    settled = tuple(name or f"column {i}" for i, name in enumerate(found, 1))
    twice = [name for name, count in Counter(settled).items() if count > 1]
    if twice:
        where = [str(i) for i, name in enumerate(settled, 1) if name == twice[0]]
        raise DataError(
            wrong=f"{place} has {len(where)} columns named {twice[0]!r} (columns {', '.join(where[:5])}).",
            expected="a name of its own for every column.",
            remedy="rename all but one of them, or leave them out.",
        )
    blank = [i for i, name in enumerate(found, 1) if not name]
    if not blank:
        return settled, ()
    what = "1 column has no name and is" if len(blank) == 1 else f"{len(blank):,} columns have no name and are"
    sentence = f"{what} called by position, such as {f'column {blank[0]}'!r}."
    return settled, (Note(kind="columns", count=len(blank), sentence=sentence),)


def header_doubts(names: Iterable[str], place: str) -> tuple[Note, ...]:
    """A note if the names are more likely to be the first row of a table without a header."""
    names = tuple(names)
    numerals = [name for name in names if _NUMERAL.fullmatch(name)]
    fractions = [name for name in numerals if "." in name or "," in name]
    if not fractions or 2 * len(numerals) < len(names):
        return ()
    shown = ", ".join(repr(name) for name in numerals[:3])
    sentence = f"the first row of {place} looks like values ({shown}), not like names; put a row of names on top."
    return (Note(kind="columns", count=len(numerals), sentence=sentence),)


def plain_table(table: pa.Table) -> tuple[pa.Table, tuple[Note, ...]]:
    """The table with plain columns only (see `lamina.data.cells.plain`), and a note for each one left out.

    Bytes are left out if they are no images, lists if they are all empty.
    """
    columns, notes = {}, []
    for name in table.column_names:
        column = plain_array(table.column(name))
        why = "not single values" if column is None else _of_no_use(column)
        if column is not None and not why:
            columns[name] = column
            continue
        sentence = f"column {name!r} holds {table.schema.field(name).type}, {why}: left out."
        notes.append(Note(kind="columns", column=name, count=1, sentence=sentence))
    return pa.table(columns), tuple(notes)


def _of_no_use(column: pa.ChunkedArray) -> str:
    """Why cells with more than one value each cannot be used, as a clause; nothing if they can."""
    if not is_array(column.type) or not len(column):
        return ""
    if column.null_count == len(column):
        return "and nothing in any row"
    if is_list(column.type):
        return "" if pc.max(pc.list_value_length(column)).as_py() else "and nothing in any row"
    if is_tensor(column.type):
        return ""
    first = column.drop_null().slice(0, _LOOKED_AT).to_pylist()
    like = sum(looks_like_image(cell) for cell in first)
    return "" if 2 * like >= len(first) else "which are no images, so not single values"
