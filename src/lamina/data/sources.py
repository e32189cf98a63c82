"""Sources larger than memory: a Parquet or delimited file, or a folder of them, as one long table read by row number.

Rows are numbered from 0 through all files, in the alphabetic order of their names. Any stretch of rows can be asked
for; what is held is that stretch and the pages it was decoded from. Delimited text cannot be entered in the middle, so
it is first rewritten as Parquet of strings, file by file, in a temporary folder that `open_source` takes away again.

All files must have the same columns (in any order) of the same types; a column that is null throughout a file fits any.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lamina.data.formats import recognise
from lamina.data.formats.columnar import arrow_raw, damaged, without_index
from lamina.data.formats.delimited import Delimited, no_rows
from lamina.data.notes import Note
from lamina.data.raw import Raw
from lamina.data.schema import MISSING_SPELLINGS
from lamina.foundation.errors import DataError, SchemaError, nearest

READ_ROWS = 65_536  # rows decoded at a time
_PAGE_BYTES = 1 << 16  # read ahead in each column of a row group
_ENDINGS = {"parquet": (".parquet", ".pq"), "delimited": (".csv", ".tsv", ".tab", ".txt")}


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
    columns: pa.Schema  # the columns of single values, in the order of the first file, with their plain types
    comma: bool = False  # whether commas are likely to be decimal
    missing: tuple[str, ...] = MISSING_SPELLINGS
    notes: tuple[Note, ...] = field(default=())

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
        table = pa.concat_tables(pieces) if pieces else self.columns.empty_table()
        return Raw(table=table, name=self.name, missing=self.missing, comma=self.comma)

    def pieces(self, rows: int = READ_ROWS) -> Iterator[tuple[int, Raw]]:
        """All rows in order, so many at a time, each piece with the number of its first row: one pass."""
        start, waiting = 0, self.columns.empty_table()
        for part in self.parts:
            for piece in self._read(part, 0, part.rows):
                waiting = pa.concat_tables([waiting, piece])
                while waiting.num_rows >= rows:
                    yield start, self._as_raw(waiting.slice(0, rows))
                    start, waiting = start + rows, waiting.slice(rows)
        if waiting.num_rows:
            yield start, self._as_raw(waiting)

    def _as_raw(self, table: pa.Table) -> Raw:
        return Raw(table=table.combine_chunks(), name=self.name, missing=self.missing, comma=self.comma)

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
        with _named(part.name):
            file = _open(part.path)
            for batch in file.iter_batches(READ_ROWS, row_groups=[group], columns=_held(file), use_threads=False):
                first, last = max(start - place, 0), min(stop - place, batch.num_rows)
                place += batch.num_rows
                if first < last:
                    batch.validate(full=True)
                    yield self._plain(pa.Table.from_batches([batch.slice(first, last - first)]))
                if place >= stop:
                    return

    def _plain(self, table: pa.Table) -> pa.Table:
        plain = arrow_raw(table, self.name).table.select(self.columns.names)
        return plain if plain.schema.equals(self.columns) else plain.cast(self.columns)


@contextlib.contextmanager
def open_source(path: str | os.PathLike[str], *, missing: Sequence[str] = MISSING_SPELLINGS) -> Iterator[Source]:
    r"""A file or a folder of files as one `Source`, for as long as the block lasts.

    A folder is read for its Parquet or its delimited files, whichever it has; other files are left out with a note.

    Args:
        path: a Parquet, CSV or TSV file, or a folder of them.
        missing: how the source spells a missing value, besides the empty cell.

    Raises:
        DataError: there is no such file, no table in it, or a file is damaged; the file is named.
        SchemaError: the files have other columns than the first one, or columns of other types.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a.csv").write_text("x\n1\n"), (Path(folder) / "b.csv").write_text("x\n2\n")
    ...     with open_source(folder) as source:
    ...         source.rows, source.raw(1, 2).table.column("x").to_pylist()
    (2, ['2'])
    """
    files, kind, notes = _files(Path(path))
    spellings = tuple(dict.fromkeys(("", *missing)))
    with contextlib.ExitStack() as stack:
        if kind == "parquet":
            opened = [(file, file.name, _types(file, file.name), False) for file in files]
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lamina-"))
            opened = [_rewritten(file, Path(folder) / f"{i}.parquet") for i, file in enumerate(files)]
        stack.callback(_open.cache_clear)
        yield replace(_source(Path(path), opened), missing=spellings, notes=notes)


def _source(path: Path, opened: Sequence[tuple[Path, str, pa.Schema, bool]]) -> Source:
    columns = _common([(name, types) for _, name, types, _ in opened])
    if not columns.names:
        raise _no_columns(path)
    parts = tuple(Part(path=file, name=name, groups=_groups(file, name)) for file, name, _, _ in opened)
    if not sum(part.rows for part in parts):
        raise no_rows(str(path))
    return Source(name=path.name, parts=parts, columns=columns, comma=any(comma for *_, comma in opened))


def _files(path: Path) -> tuple[list[Path], str, tuple[Note, ...]]:
    """The files of a source in order, what kind they are of, and a note of those left out."""
    if not path.is_dir():
        return [path], _kind(path), ()
    inside = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith((".", "_")))
    found = {kind: [f for f in inside if f.suffix.lower() in endings] for kind, endings in _ENDINGS.items()}
    kinds = [kind for kind, files in found.items() if files]
    if len(kinds) != 1:
        raise _no_files(path, both=bool(kinds))
    files = found[kinds[0]]
    left_out = [file.name for file in inside if file not in files]
    sentence = f"not read in {path.name!r}: {', '.join(repr(name) for name in left_out[:5])}."
    return files, kinds[0], (Note(kind="source", count=len(left_out), sentence=sentence),) if left_out else ()


def _kind(path: Path) -> str:
    try:
        kind = recognise(path)
    except OSError as error:
        raise DataError(
            wrong=f"{str(path)!r} cannot be read: {error.strerror or error}.",
            expected="a Parquet or CSV file, or a folder of them.",
            remedy="check the path and the permissions.",
        ) from error
    if kind not in _ENDINGS:
        raise DataError(
            wrong=f"{str(path)!r} is a {kind} file, which can only be read whole.",
            expected="a Parquet or CSV file, or a folder of them.",
            remedy="save it as Parquet, or read it into memory: lamina.read(path).",
        )
    return kind


@functools.lru_cache(maxsize=2)
def _open(path: Path) -> Any:
    from pyarrow import parquet

    return parquet.ParquetFile(path, page_checksum_verification=True, pre_buffer=False, buffer_size=_PAGE_BYTES)


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Failures of Arrow inside are told with the name of the file."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise damaged(name, "Parquet", error) from error


def _held(file: Any) -> list[str]:
    return without_index(file.schema_arrow.names)


def _groups(path: Path, name: str) -> tuple[int, ...]:
    with _named(name):
        facts = _open(path).metadata
        return tuple(facts.row_group(i).num_rows for i in range(facts.num_row_groups))


def _types(path: Path, name: str) -> pa.Schema:
    """The plain types of a Parquet file; null for a column that holds nothing."""
    with _named(name):
        found = _open(path).schema_arrow
    empty = found.empty_table().select(without_index(found.names))
    plain = arrow_raw(empty, name).table
    nulls = {str(field.name).strip() for field in found if pa.types.is_null(field.type)}
    return pa.schema([(f.name, pa.null() if f.name in nulls else f.type) for f in plain.schema])


def _common(files: Sequence[tuple[str, pa.Schema]]) -> pa.Schema:
    """The columns of the first file, with the types that all files agree on.

    Raises:
        SchemaError: they do not agree.
    """
    first_name, first = files[0]
    types = {f.name: (f.type, first_name) for f in first}
    for name, found in files[1:]:
        _check_names(name, found.names, first_name, first.names)
        for one in found:
            known, since = types[one.name]
            if pa.types.is_null(known):
                types[one.name] = one.type, name
            elif one.type != known and not pa.types.is_null(one.type):
                raise _other_type(one.name, (name, one.type), (since, known))
    return pa.schema([(name, pa.string() if pa.types.is_null(kind) else kind) for name, (kind, _) in types.items()])


def _check_names(name: str, names: Sequence[str], first_name: str, first: Sequence[str]) -> None:
    lacking, extra = [n for n in first if n not in names], [n for n in names if n not in first]
    if lacking:
        raise SchemaError(
            wrong=f"the file {name!r} lacks the column {lacking[0]!r}, which {first_name!r} has.",
            expected="the same columns in every file of the folder.",
            remedy=nearest(lacking[0], extra or names),
        )
    if extra:
        raise SchemaError(
            wrong=f"the file {name!r} has the column {extra[0]!r}, which {first_name!r} has not.",
            expected="the same columns in every file of the folder.",
            remedy="leave that column out, or move the file to another folder.",
        )


def _other_type(column: str, here: tuple[str, pa.DataType], there: tuple[str, pa.DataType]) -> SchemaError:
    return SchemaError(
        wrong=f"column {column!r} is {here[1]} in {here[0]!r}, but {there[1]} in {there[0]!r}.",
        expected="one type for a column in every file of the folder.",
        remedy=f"write {here[0]!r} again with {column!r} as {there[1]}.",
    )


def _rewritten(path: Path, to: Path) -> tuple[Path, str, pa.Schema, bool]:
    """A delimited file as Parquet of strings."""
    from pyarrow import parquet

    text = Delimited(path)
    columns = pa.schema([(name, pa.string()) for name in text.names])
    with parquet.ParquetWriter(to, columns, compression="lz4") as writer:
        for batch in text.batches():
            writer.write_batch(batch.rename_columns(list(text.names)), row_group_size=READ_ROWS)
    return to, path.name, columns, text.comma


def _no_columns(path: Path) -> DataError:
    return DataError(
        wrong=f"{str(path)!r} has no columns of single values.",
        expected="at least one column of numbers, words or dates.",
        remedy="give a table with one value a cell.",
    )


def _no_files(path: Path, *, both: bool) -> DataError:
    endings = ", ".join(ending for group in _ENDINGS.values() for ending in group)
    what = "both Parquet and delimited files" if both else "no file of a table"
    return DataError(
        wrong=f"the folder {str(path)!r} holds {what}.",
        expected=f"files of one kind, directly inside it, with one of the endings {endings}.",
        remedy="put the files of the table into a folder of their own.",
    )
