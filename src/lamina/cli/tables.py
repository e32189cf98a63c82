"""Answers as CSV that a spreadsheet can open without running anything in it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

RISKY = ("=", "+", "-", "@", "\t", "\r")  # how a spreadsheet's formula begins


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
