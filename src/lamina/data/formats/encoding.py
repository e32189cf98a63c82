"""Encodings: which characters the bytes of a text file stand for.

A byte order mark decides; without one, zero bytes in every second place mean UTF-16; bytes that are valid UTF-8
throughout are UTF-8; what is left is Latin-1, in the shape that Windows writes (1252) if that has all the characters.
A file whose lines are some UTF-8 and some not is read line by line, each by itself.
"""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from lamina.data.notes import Note
from lamina.foundation.errors import DataError

_HEAD_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 22
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MIXED_SHARE = 0.1  # lines of Latin-1 that are UTF-8 by chance are far fewer than this
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a"))
_NOT_IN_1252 = b"\x81\x8d\x8f\x90\x9d"


MIXED = "mixed"  # in place of a codec: each line is UTF-8 or, if it is not, Latin-1


class Encoding(NamedTuple):
    """The name of a codec or `MIXED`, how many quotation marks the file has, and what a person should know."""

    codec: str
    quotes: int
    notes: tuple[Note, ...] = ()


def find_encoding(path: Path) -> Encoding:
    """The encoding of a whole text file, read once in blocks.

    Raises:
        DataError: the bytes are not text in any encoding known here.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, 0 if codec != "utf-8" else _survey(path)[0])
    zeros = head[0::2].count(0), head[1::2].count(0)
    if max(zeros) > 0.3 * len(head) / 2 and min(zeros) < 0.05 * len(head) / 2:
        return Encoding("utf-16-le" if zeros[1] > zeros[0] else "utf-16-be", 0)
    if len(head) - len(head.translate(None, _CONTROL)) > 0.005 * len(head):
        raise not_text(path)
    quotes, valid, foreign = _survey(path)
    if valid:
        return Encoding("utf-8", quotes)
    valid_lines, other_lines = _lines(path)
    if valid_lines > _MIXED_SHARE * other_lines:
        which = "1 line of {!r} is" if other_lines == 1 else f"{other_lines:,} lines of {{!r}} are"
        words = f"{which.format(path.name)} not UTF-8, as the others are: read as Latin-1."
        return Encoding(MIXED, quotes, (Note(kind="encoding", count=other_lines, sentence=words),))
    codec = "latin-1" if foreign else "cp1252"
    sentence = f"{path.name!r} is not UTF-8; it was read as Latin-1 ({'ISO 8859-1' if foreign else 'Windows 1252'})."
    return Encoding(codec, quotes, (Note(kind="encoding", sentence=sentence),))


def decoded(content: bytes, codec: str, errors: str = "strict") -> str:
    """Bytes as text, in a codec or `MIXED`."""
    if codec != MIXED:
        return content.decode(codec, errors)
    return b"".join(as_utf8(line) for line in content.splitlines(keepends=True)).decode("utf-8", errors)


def as_utf8(line: bytes) -> bytes:
    """A line as UTF-8, whether it is that or Latin-1.

    >>> as_utf8("café".encode("utf-8")) == as_utf8("café".encode("cp1252"))
    True
    """
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        codec = "latin-1" if len(line.translate(None, _NOT_IN_1252)) < len(line) else "cp1252"
        return line.decode(codec).encode("utf-8")
    return line


class Utf8Lines(io.RawIOBase):
    """A file of lines in mixed encodings as one of UTF-8."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._waiting = file, io.BytesIO()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with the next bytes."""
        size = self._waiting.readinto(buffer)
        if not size and (lines := self._file.readlines(_BLOCK_BYTES)):
            self._waiting = io.BytesIO(b"".join(as_utf8(line) for line in lines))
            size = self._waiting.readinto(buffer)
        return size


def not_text(path: Path) -> DataError:
    """The error for bytes that are no text."""
    return DataError(
        wrong=f"{str(path)!r} holds bytes that are not text.",
        expected="a table as text in UTF-8, UTF-16 or Latin-1, or a Parquet, Feather or Excel file.",
        remedy="open it in the program that wrote it, and save it as CSV (UTF-8).",
    )


def _lines(path: Path) -> tuple[int, int]:
    """How many lines with more than ASCII are UTF-8, and how many lines are not."""
    valid, other = 0, 0
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                same = as_utf8(line) is line
                valid, other = valid + same, other + (not same)
    return valid, other


def _survey(path: Path) -> tuple[int, bool, bool]:
    """How many quotation marks, whether all is UTF-8, and whether any byte is none of Windows 1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    quotes, valid, foreign = 0, True, False
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            quotes += block.count(b'"')
            foreign = foreign or len(block.translate(None, _NOT_IN_1252)) < len(block)
            try:
                decoder.decode(block) if valid else ""
            except UnicodeDecodeError:
                valid = False
    try:
        decoder.decode(b"", final=True) if valid else ""
    except UnicodeDecodeError:
        valid = False
    return quotes, valid, foreign
