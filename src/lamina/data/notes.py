"""What was changed or left out on the way from a source to a table, said in words and by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

FIRST_ROWS = 5  # how many row numbers a note names; `count` tells the rest


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing that a person should know about the data, and that did not stop the work.

    Row numbers count data rows from 1, so the first line after the header is row 1.

    >>> Note(kind="cells", column="age", rows=(17,), count=1, sentence="row 17 of 'age' holds 'abc'.").count
    1
    """

    kind: str  # "rows", "cells", "columns", "kinds", "categories", "encoding" or "source"
    column: str | None = None
    rows: tuple[int, ...] = field(default=())  # the first few, counted from 1
    count: int = 0  # how many rows, cells, columns or categories
    sentence: str


def row_words(rows: Iterable[int], count: int) -> str:
    """Row numbers as a clause: the first few, then how many more.

    >>> row_words([3, 9], 2), row_words([4], 1), row_words([1, 2, 3, 4, 5], 12)
    ('rows 3 and 9', 'row 4', 'rows 1, 2, 3, 4, 5 and 7 more')
    """
    named = [f"{r:,}" for r in list(rows)[:FIRST_ROWS]]
    if count > len(named):
        return f"rows {', '.join(named)} and {count - len(named):,} more"
    if len(named) == 1:
        return f"row {named[0]}"
    return f"rows {', '.join(named[:-1])} and {named[-1]}"


class Notes:
    """Notes of many pieces: of each column and kind the first one, and how many there were."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, str | None], Note] = {}
        self.counts: dict[tuple[str, str | None], int] = {}

    def add(self, notes: Sequence[Note]) -> None:
        """Take in the notes of a piece."""
        for note in notes:
            key = note.kind, note.column
            self.first.setdefault(key, note)
            self.counts[key] = self.counts.get(key, 0) + (note.count if note.kind != "columns" else 0)

    def all(self) -> tuple[Note, ...]:
        """One note a column and kind, in the order of their first row."""
        return tuple(self._summed(key, note) for key, note in self.first.items())

    def _summed(self, key: tuple[str, str | None], note: Note) -> Note:
        if self.counts[key] <= note.count:
            return note
        sentence = f"{note.sentence} And so on: {self.counts[key]:,} in all."
        return replace(note, count=self.counts[key], sentence=sentence)
