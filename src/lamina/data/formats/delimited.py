"""Delimited text: CSV, TSV and their kin. Every cell is read as a string; what it means is decided later.

Rows with too few or too many cells are left out and reported by number; if most rows are like that, the file is
refused. Cells may hold line breaks if they are quoted. Blank lines are skipped and not counted.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from lamina.data.formats.dialect import SEPARATORS, find_separator
from lamina.data.formats.encoding import MIXED, Utf8Lines, decoded, find_encoding, not_text
from lamina.data.formats.names import header_doubts, settle_names
from lamina.data.notes import Note, row_words
from lamina.data.raw import Raw
from lamina.foundation.errors import DataError

_SAMPLE_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 24  # the longest row that can be read
_LONG_ROW = f"or has a row of more than {_BLOCK_BYTES >> 20} MiB"


class _Ragged:
    """Collects rows of the wrong width while a file is parsed."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.first: tuple[int, int] = (0, 0)  # cells expected and found

    def __call__(self, row: Any) -> str:
        if not self.rows:
            self.first = (row.expected_columns, row.actual_columns)
        self.rows.append(row.number - 1)  # the header is row 1 to the parser
        return "skip"


class Delimited:
    """A delimited text file whose encoding, separator and names are known, and whose rows have yet to be parsed.

    Raises:
        DataError: it is no text, or two columns have one name.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.ragged = path, _Ragged()
        self._encoding = find_encoding(path)
        sample = _sample(path, self._encoding.codec)
        self._separator = find_separator(sample, likely="\t" if path.suffix.lower() in (".tsv", ".tab") else ",")
        self._header = _header(sample, self._separator, path)
        self.names, notes = settle_names(self._header, repr(path.name))
        self._notes = (*self._encoding.notes, *notes, *header_doubts(self.names, repr(path.name)))

    @property
    def comma(self) -> bool:
        """Whether the file is likely to write a decimal comma."""
        return self._separator == ";"

    @property
    def notes(self) -> tuple[Note, ...]:
        """What a person should know; complete once the rows were parsed."""
        return (*self._notes, *_ragged_notes(self.ragged))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as strings, a block of the file at a time.

        Raises:
            DataError: no rows, an open quotation mark, or mostly ragged rows; the last two are known only at the end.
        """
        rows, last = 0, None
        try:
            with self.path.open("rb") as file:
                mixed = self._encoding.codec == MIXED
                codec = "utf8" if mixed else self._encoding.codec.replace("utf-8", "utf8")
                lines = io.BufferedReader(Utf8Lines(file)) if mixed else file
                for batch in _open(lines, codec, self._separator, self.ragged, self._header):
                    rows, last = rows + batch.num_rows, batch if batch.num_rows else last
                    yield batch
        except UnicodeError as error:
            raise not_text(self.path) from error
        except pa.ArrowInvalid as error:
            raise _unreadable(self.path, error) from error
        _check_rows(rows, self.ragged, self.path, self._separator)
        _check_quotes(last, rows, self._encoding.quotes, self.path)


def read_delimited(path: Path) -> Raw:
    """A delimited text file, its encoding and separator recognised.

    Raises:
        DataError: no text, no rows, doubled names, an open quotation mark, or mostly ragged rows.
    """
    text = Delimited(path)
    table = pa.Table.from_batches(list(text.batches())).rename_columns(list(text.names))
    return Raw(table=table, name=path.name, notes=text.notes, dropped=tuple(text.ragged.rows), comma=text.comma)


def _sample(path: Path, codec: str) -> str:
    """The first rows, whole; of a file with very many columns perhaps only the header."""
    with path.open("rb") as file:
        for size in (_SAMPLE_BYTES, _BLOCK_BYTES):
            file.seek(0)
            head = file.read(size)
            # a character may be cut in two at the end of the sample
            text = decoded(head, codec, errors="ignore").removeprefix("\ufeff")
            ending = max(text.rfind("\n"), text.rfind("\r"))
            if len(head) < size:
                return text + "\n"
            if ending >= 0:
                return text[: ending + 1]
    raise _open_quote(path, _LONG_ROW)


def _header(sample: str, separator: str, path: Path) -> list[str]:
    """The names as the parser itself sees them."""
    try:
        return list(_open(io.BytesIO(sample.encode("utf-8", "replace")), "utf8", separator, _Ragged()).schema.names)
    except pa.ArrowInvalid as error:
        raise _unreadable(path, error) from error


def _open(file: Any, codec: str, separator: str, ragged: _Ragged, header: Iterable[str] = ()) -> Any:
    from pyarrow import csv

    # one thread: only then does the parser know the number of a ragged row
    reading = csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, encoding=codec)
    parsing = csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=ragged)
    strings = csv.ConvertOptions(strings_can_be_null=False, column_types=dict.fromkeys(header, pa.string()))
    return csv.open_csv(file, reading, parsing, strings)


def _check_rows(rows: int, ragged: _Ragged, path: Path, separator: str) -> None:
    if len(ragged.rows) > rows:
        wanted, found = ragged.first
        others = ", ".join(repr(other) for other in SEPARATORS if other != separator)
        raise DataError(
            wrong=f"{len(ragged.rows):,} of {len(ragged.rows) + rows:,} rows of {str(path)!r} do not have as "
            f"many cells as the header: row {ragged.rows[0]:,} has {found}, the header {wanted}.",
            expected=f"the same number of cells in every row, separated by {separator!r}.",
            remedy=f"check the header and the separator (known are also {others}), and quote cells that contain it.",
        )
    if not rows:
        raise no_rows(str(path))


def _check_quotes(end: pa.RecordBatch, rows: int, quotes: int, path: Path) -> None:
    """Refuse a file whose last cell runs over lines because a quotation mark was never closed."""
    last = [str(value) for value in end.slice(end.num_rows - 1).to_pylist()[0].values()]
    if quotes % 2 and any("\n" in cell for cell in last):
        raise _open_quote(path, f"from row {rows:,} on")


def _ragged_notes(ragged: _Ragged) -> tuple[Note, ...]:
    if not ragged.rows:
        return ()
    first, count = tuple(ragged.rows[:5]), len(ragged.rows)
    verb = "does" if count == 1 else "do"
    sentence = f"{row_words(first, count)} {verb} not have {ragged.first[0]} cells, as the header does: left out."
    return (Note(kind="rows", rows=first, count=count, sentence=sentence),)


def no_rows(place: str) -> DataError:
    """The error for a table with column names and nothing below them."""
    return DataError(
        wrong=f"{place!r} has column names, but no rows.",
        expected="at least one row of values.",
        remedy="check that the table was written to its end, or name another one.",
    )


def _open_quote(path: Path, where: str) -> DataError:
    return DataError(
        wrong=f"{str(path)!r} opens a quotation mark that is never closed, {where}.",
        expected='every cell that begins with " to end with ".',
        remedy='close it, or write "" for a quotation mark inside a quoted cell.',
    )


def _unreadable(path: Path, error: Exception) -> DataError:
    text = str(error)
    if "Empty CSV" in text:  # a header without so much as a line break
        return no_rows(str(path))
    if "straddles" in text or "straddling" in text:
        return _open_quote(path, _LONG_ROW)
    return DataError(
        wrong=f"{str(path)!r} cannot be read as delimited text: {text.rstrip('.')}.",
        expected="a row of column names and rows of as many cells.",
        remedy="open it in a text editor and look at the place named above.",
    )
