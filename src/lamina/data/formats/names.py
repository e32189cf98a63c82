"""Names of columns: every column needs one, and no two may share it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from lamina.data.cells import plain_array
from lamina.data.notes import Note
from lamina.foundation.errors import DataError

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
    """The table with plain columns only (see `lamina.data.cells.plain`), and a note for each one left out."""
    columns, notes = {}, []
    for name in table.column_names:
        column = plain_array(table.column(name))
        if column is not None:
            columns[name] = column
            continue
        sentence = f"column {name!r} holds {table.schema.field(name).type}, not single values: left out."
        notes.append(Note(kind="columns", column=name, count=1, sentence=sentence))
    return pa.table(columns), tuple(notes)
