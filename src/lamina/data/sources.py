"""Sources larger than memory: one long table in several files, read by row number.

Rows are numbered from 0 through all files. Any stretch of rows can be asked for; what is held is that stretch and the
pages it was decoded from. How files become a source, `lamina.data.opening` knows.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lamina.data.formats.columnar import damaged, plain_columns, without_index
from lamina.data.notes import Note
from lamina.data.raw import Raw
from lamina.data.schema import MISSING_SPELLINGS

READ_ROWS, READ_BYTES = 65_536, 32 << 20  # decoded at a time, whichever is less
LEAST_ROWS = 256  # but never fewer rows than these
_PAGE_BYTES = 1 << 16  # read ahead in each column of a row group


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of a source.

    ``path`` is what is read and ``name`` what a person knows it by; ``groups`` are the rows of each row group.
    """

    path: Path
    name: str
    groups: tuple[int, ...]

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return sum(self.groups)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A table that is read piece by piece; made by `open_source`."""

    name: str
    parts: tuple[Part, ...]
    columns: pa.Schema  # the columns that can be used, in the order of the first file, with their plain types
    comma: bool = False  # whether commas are likely to be decimal
    missing: tuple[str, ...] = MISSING_SPELLINGS
    notes: tuple[Note, ...] = field(default=())
    row_bytes: int = 0  # about what one row takes
    folder: Path | None = None  # where files are that cells name; None: the working folder

    @property
    def read_rows(self) -> int:
        """How many rows are decoded at a time."""
        return max(LEAST_ROWS, min(READ_ROWS, READ_BYTES // max(self.row_bytes, 1)))

    @property
    def rows(self) -> int:
        """How many rows all files have together."""
        return sum(part.rows for part in self.parts)

    def raw(self, start: int, stop: int) -> Raw:
        """The rows from ``start`` to ``stop`` (from 0, without the last), as `read` would give them.

        Raises:
            DataError: a file is damaged; it is named.
        """
        pieces = [
            piece for part, first, last in self._stretches(start, stop) for piece in self._read(part, first, last)
        ]
        return self._as_raw(pa.concat_tables(pieces) if pieces else self.columns.empty_table(), start)

    def pieces(self, rows: int | None = None) -> Iterator[Raw]:
        """All rows in order, so many at a time (None: `read_rows`): one pass over the files."""
        start, waiting, rows = 0, self.columns.empty_table(), rows or self.read_rows
        for part in self.parts:
            for piece in self._read(part, 0, part.rows):
                waiting = pa.concat_tables([waiting, piece])
                while waiting.num_rows >= rows:
                    yield self._as_raw(waiting.slice(0, rows), start)
                    start, waiting = start + rows, waiting.slice(rows)
        if waiting.num_rows:
            yield self._as_raw(waiting, start)

    def _as_raw(self, table: pa.Table, start: int) -> Raw:
        whole = table.combine_chunks()
        return Raw(
            table=whole, name=self.name, missing=self.missing, comma=self.comma, folder=self.folder, before=start
        )

    def _stretches(self, start: int, stop: int) -> Iterator[tuple[Part, int, int]]:
        before = 0
        for part in self.parts:
            first, last = max(start - before, 0), min(stop - before, part.rows)
            if first < last:
                yield part, first, last
            before += part.rows

    def _read(self, part: Part, start: int, stop: int) -> Iterator[pa.Table]:
        """The rows of one file, decoded a row group at a time from its beginning, as far as they are needed."""
        ends = np.cumsum(part.groups)
        for group in range(int(np.searchsorted(ends, start, side="right")), len(ends)):
            first = int(ends[group]) - part.groups[group]
            if first >= stop:
                return
            yield from self._read_group(part, group, start - first, stop - first)

    def _read_group(self, part: Part, group: int, start: int, stop: int) -> Iterator[pa.Table]:
        place = 0
        with failures_named(part.name):
            file = open_parquet(part.path)
            rows = min(self.read_rows, max(stop, 1))
            for batch in file.iter_batches(
                rows, row_groups=[group], columns=without_index(file.schema_arrow.names), use_threads=False
            ):
                first, last = max(start - place, 0), min(stop - place, batch.num_rows)
                place += batch.num_rows
                if first < last:
                    batch.validate(full=True)
                    yield self._plain(pa.Table.from_batches([batch.slice(first, last - first)]))
                if place >= stop:
                    return

    def _plain(self, table: pa.Table) -> pa.Table:
        plain = plain_columns(table, self.columns.names)
        return plain if plain.schema.equals(self.columns) else plain.cast(self.columns)


@functools.lru_cache(maxsize=2)
def open_parquet(path: Path) -> Any:
    """A Parquet file, its footer read; the last two are kept open."""
    from pyarrow import parquet

    return parquet.ParquetFile(path, page_checksum_verification=True, pre_buffer=False, buffer_size=_PAGE_BYTES)


@contextlib.contextmanager
def failures_named(name: str) -> Iterator[None]:
    """Failures of Arrow inside are told with the name of the file."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise damaged(name, "Parquet", error) from error
