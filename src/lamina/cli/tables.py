"""Answers as CSV that neither a spreadsheet nor a terminal can be tricked with."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.cli.failures import plain
from lamina.foundation.errors import DataError
from lamina.foundation.storage import atomic_write

if TYPE_CHECKING:
    import pyarrow as pa

RISKY = ("=", "+", "-", "@", "\t", "\r")  # how a spreadsheet's formula begins


def write_csv(table: pa.Table, path: Path) -> None:
    """The table as a CSV file, whole or not at all.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        atomic_write(path, csv_bytes(table))
    except OSError as error:
        raise DataError(
            wrong=f"the answers cannot be written to {str(path)!r}: {error.strerror or error}.",
            expected="a file in a folder that exists, on a disk with room, that this user may write to.",
            remedy="choose another place: --out somewhere-else.csv.",
        ) from error


def print_csv(table: pa.Table) -> None:
    """The table as CSV on standard output; a terminal gets no control characters from the data."""
    content = csv_bytes(table)
    if sys.stdout.isatty():
        content = "\n".join(plain(line) for line in content.decode().split("\n")).encode()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def csv_bytes(table: pa.Table) -> bytes:
    """A table as CSV; text that a spreadsheet would take for a formula gets a quote in front."""
    import pyarrow.csv

    buffer = io.BytesIO()
    pyarrow.csv.write_csv(_harmless(table), buffer)
    return buffer.getvalue()


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
