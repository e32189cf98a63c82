"""Which format a file has, by its first bytes before its name, so that a wrong ending does no harm."""

from __future__ import annotations

from pathlib import Path

from lamina.data.decoding import IMAGE_ENDINGS
from lamina.foundation.errors import DataError

_FORMATS = "CSV, TSV, Parquet, Feather, JSON lines, Excel or NPZ"
_SPREADSHEETS = (".xlsx", ".xlsm")
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"\x93NUMPY", "a numpy array"),
    (b"RDX", "an R data file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)


def recognise(path: Path) -> str:
    """The format of a file: "arrays", "delimited", "json", "parquet", "feather", "spreadsheet" or "image".

    Raises:
        DataError: the file is empty, or it is something that holds no table lamina can read.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise _empty(path)
    suffix = path.suffix.lower()
    if suffix in IMAGE_ENDINGS:
        return "image"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"FEA1")):
        return "feather"
    if head.startswith(b"PK") and suffix == ".npz":
        return "arrays"
    if head.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return _office(path, suffix, zipped=head.startswith(b"PK"))
    _refuse_foreign(path, head)
    for endings, name in (((".parquet", ".pq"), "parquet"), ((".feather", ".arrow"), "feather")):
        if suffix in endings:
            return name
    if suffix in (*_SPREADSHEETS, ".xls"):
        return "spreadsheet"
    return "json" if suffix in (".json", ".jsonl", ".ndjson") else "delimited"


def _office(path: Path, suffix: str, *, zipped: bool) -> str:
    if suffix in (_SPREADSHEETS if zipped else (".xls",)):
        return "spreadsheet"
    what = "a zip archive" if zipped else "an old Office document"
    raise _foreign(path, what, "unpack it first, or save the sheet as .xlsx or .csv.")


def _refuse_foreign(path: Path, head: bytes) -> None:
    # protocols 2 to 5 open with these two bytes; older ones are text, so only the name tells
    if (head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05") or path.suffix.lower() in (
        ".pkl",
        ".pickle",
        ".joblib",
    ):
        raise _foreign(path, "a pickle, which could run code when opened", "write the table with to_parquet or to_csv.")
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            archive = "archive" in what
            raise _foreign(path, what, "unpack it first." if archive else f"save the table as {_FORMATS}.")


def _empty(path: Path) -> DataError:
    return DataError(
        wrong=f"{str(path)!r} is empty.",
        expected="a row of column names and at least one row of values.",
        remedy="check that the file was written to its end, or name another file.",
    )


def _foreign(path: Path, what: str, remedy: str) -> DataError:
    return DataError(wrong=f"{str(path)!r} is {what}.", expected=f"a table: {_FORMATS}.", remedy=remedy)
