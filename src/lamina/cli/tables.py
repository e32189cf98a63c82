"""Answers as CSV that neither a spreadsheet nor a terminal can be tricked with, or as Parquet; piece by piece."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lamina.cli.failures import plain
from lamina.foundation.errors import DataError
from lamina.foundation.storage import atomic_writer

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET = (".parquet", ".pq")
RISKY = ("=", "+", "-", "@", "\t", "\r")  # how a spreadsheet's formula begins


def write_answers(tables: Iterable[pa.Table], path: Path) -> None:
    """Tables of equal columns, one after the other, as one CSV or Parquet file (by its ending), whole or not at all.

    Raises:
        DataError: the file cannot be written.
    """
    write = _write_parquet if path.suffix.lower() in PARQUET else _write_csv
    try:
        with atomic_writer(path) as file:
            write(tables, file)
    except OSError as error:
        raise DataError(
            wrong=f"the answers cannot be written to {str(path)!r}: {error.strerror or error}.",
            expected="a file in a folder that exists, on a disk with room, that this user may write to.",
            remedy="choose another place: --out somewhere-else.csv.",
        ) from error


def print_csv(tables: Iterable[pa.Table]) -> None:
    """Tables of equal columns as CSV on standard output; a terminal gets no control characters from the data."""
    for place, table in enumerate(tables):
        content = csv_bytes(table, header=not place)
        if sys.stdout.isatty():
            content = "\n".join(plain(line) for line in content.decode().split("\n")).encode()
        sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def csv_bytes(table: pa.Table, *, header: bool = True) -> bytes:
    """A table as CSV; text that a spreadsheet would take for a formula gets a quote in front."""
    import pyarrow.csv

    buffer = io.BytesIO()
    pyarrow.csv.write_csv(_harmless(table), buffer, pyarrow.csv.WriteOptions(include_header=header))
    return buffer.getvalue()


def _write_csv(tables: Iterable[pa.Table], file: BinaryIO) -> None:
    for place, table in enumerate(tables):
        file.write(csv_bytes(table, header=not place))


def _write_parquet(tables: Iterable[pa.Table], file: BinaryIO) -> None:
    from pyarrow import parquet

    rest = iter(tables)
    first = next(rest)  # there is one always, be it without rows
    with parquet.ParquetWriter(file, first.schema) as writer:
        for table in itertools.chain([first], rest):
            writer.write_table(table)


def _harmless(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    names = [_quoted(name) for name in table.column_names]
    columns = [
        pa.array([None if cell is None else _quoted(cell) for cell in column.to_pylist()])
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        else column
        for column in table.columns
    ]
    return pa.table(columns, names=names)


def _quoted(text: str) -> str:
    return f"'{text}" if text.startswith(RISKY) else text
