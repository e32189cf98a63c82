"""A table as it was found: every cell as its source holds it, before anything is decided about kinds of column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from lamina.data.notes import Note
from lamina.data.schema import MISSING_SPELLINGS


@dataclass(frozen=True, kw_only=True)
class Raw:
    """What `read` gives: a table of strings (delimited text) or of typed columns (everything else).

    >>> raw = Raw(table=pa.table({"a": ["1", "2", "3"]}), dropped=(2,))
    >>> raw.row_numbers([0, 1, 2])
    (1, 3, 4)
    """

    table: pa.Table
    name: str = ""  # the file, the built-in set, or what kind of frame it was
    notes: tuple[Note, ...] = ()
    missing: tuple[str, ...] = MISSING_SPELLINGS  # how the source spells a missing value
    dropped: tuple[int, ...] = ()  # data rows of the source that are not in the table, from 1, in order
    comma: bool = False  # whether the source is likely to write a decimal comma
    folder: Path | None = None  # where files are that cells name; None: the working folder
    before: int = 0  # rows of the source before this table, where the table is a piece of it

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return int(self.table.num_rows)

    def row_numbers(self, rows: Sequence[int] | np.ndarray) -> tuple[int, ...]:
        """The data rows of the source, from 1, for rows of the table, from 0."""
        rows = np.asarray(rows, np.int64)
        kept_before = np.asarray(self.dropped, np.int64) - 1 - np.arange(len(self.dropped))
        return tuple((self.before + rows + 1 + np.searchsorted(kept_before, rows, side="right")).tolist())
