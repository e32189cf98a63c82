"""Spreadsheets: Excel's .xlsx, .xlsm and .xls, read by calamine once it is certain that they will fit into memory.

A workbook is a zip archive of XML, so a small file can claim to be huge when unpacked, and a sheet with one cell in its
last corner would be laid out as seventeen thousand million cells. Both are looked for first.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa

from lamina.data.cells import from_values
from lamina.data.formats.names import header_doubts, plain_table, settle_names
from lamina.data.notes import Note
from lamina.data.raw import Raw
from lamina.foundation.errors import DataError

_MOST_BYTES = 1 << 30  # of all parts of a workbook, unpacked
_MOST_CELLS = 1 << 26  # of one sheet, blank ones between included
_PLACE = re.compile(rb"""<(?:\w+:)?(?:c|row)\s[^>]{0,200}?\br\s*=\s*["']([A-Za-z]{0,3})(\d{1,7})["']""")
_BLOCK_BYTES = 1 << 20


def read_spreadsheet(path: Path) -> Raw:
    """The first sheet of a workbook that has any cells; its first filled row holds the names.

    Raises:
        DataError: the workbook is damaged, locked, empty, or too large when unpacked.
    """
    if path.suffix.lower() != ".xls":
        _check_archive(path)
    name, rows, others = _rows(path)
    names, notes = settle_names(rows[0], repr(path.name))
    columns = [_column([row[i] for row in rows[1:]]) for i in range(len(names))]
    plain, left_out = plain_table(pa.table(dict(zip(names, columns, strict=True))))
    if others:
        sentence = f"the sheet {name!r} was read; not read: {', '.join(repr(other) for other in others)}."
        notes = (*notes, Note(kind="source", count=len(others), sentence=sentence))
    return Raw(table=plain, name=path.name, notes=(*notes, *header_doubts(names, repr(path.name)), *left_out))


def _rows(path: Path) -> tuple[str, list[list[Any]], list[str]]:
    """The name of the sheet, its rows from the first filled one on, and the other sheets."""
    import python_calamine

    try:
        with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
            for name in book.sheet_names:
                rows = [row for row in book.get_sheet_by_name(name).to_python() if any(cell != "" for cell in row)]
                if rows:
                    return name, rows, [other for other in book.sheet_names if other != name]
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    raise _damaged(path, "no sheet has any cells")


def _column(cells: Sequence[Any]) -> pa.Array:
    values = [None if cell == "" else _value(cell) for cell in cells]
    if any(isinstance(value, datetime) for value in values):
        values = [value if isinstance(value, datetime) else _midnight(value) for value in values]
    if all(value is None or (isinstance(value, float) and value.is_integer()) for value in values):
        # a spreadsheet has no whole numbers of its own; those beyond 2**53 would not be exact
        values = [int(v) if v is not None and abs(v) < 2**53 else v for v in values]
    return from_values(values)


def _value(cell: Any) -> Any:
    return float(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def _midnight(value: Any) -> Any:
    return datetime.combine(value, time()) if isinstance(value, date) else value


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            unpacked, packed = sum(p.file_size for p in parts), sum(p.compress_size for p in parts)
            if unpacked > _MOST_BYTES or packed > path.stat().st_size:  # parts that overlap are packed only once
                raise _too_large(path, f"unpacks to {unpacked / 2**20:,.0f} MiB")
            for part in parts:
                _check_extent(path, archive, part)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, zlib.error) as error:
        raise _damaged(path, str(error)) from error


def _check_extent(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    most_columns, most_rows = 0, 0
    for block in _blocks(archive, part):
        for letters, digits in _PLACE.findall(block):
            most_columns, most_rows = max(most_columns, _position(letters)), max(most_rows, int(digits))
    if most_columns * most_rows > _MOST_CELLS:
        raise _too_large(path, f"has cells as far as row {most_rows:,} and column {most_columns:,}")


def _blocks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Blocks of a part, each beginning with the end of the one before, so that no cell is cut in two."""
    with archive.open(part) as file:
        tail = b""
        while block := file.read(_BLOCK_BYTES):
            yield tail + block
            tail = (tail + block)[-256:]


def _position(letters: bytes) -> int:
    position = 0
    for letter in letters.upper():
        position = position * 26 + letter - ord("A") + 1
    return position


def _too_large(path: Path, what: str) -> DataError:
    return DataError(
        wrong=f"the workbook {str(path)!r} {what}.",
        expected=f"at most {_MOST_BYTES >> 20:,} MiB unpacked and {_MOST_CELLS:,} cells a sheet.",
        remedy="save the sheet as CSV or Parquet, which are read piece by piece.",
    )


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        wrong=f"the workbook {str(path)!r} cannot be read: {why.rstrip('.')}.",
        expected="an Excel file without a password, with a row of names and rows of values.",
        remedy="open it in a spreadsheet program and save it again, or save the sheet as CSV.",
    )
