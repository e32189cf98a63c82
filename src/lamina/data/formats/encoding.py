"""Encodings: which characters the bytes of a text file stand for.

A byte order mark decides; without one, zero bytes in every second place mean UTF-16; bytes that are valid UTF-8
throughout are UTF-8; what is left is Latin-1, in the shape that Windows writes (1252) if that has all the characters.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

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
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a"))
_NOT_IN_1252 = b"\x81\x8d\x8f\x90\x9d"


class Encoding(NamedTuple):
    """The name of a codec, how many quotation marks the file has, and what a person should know."""

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
    codec = "latin-1" if foreign else "cp1252"
    sentence = f"{path.name!r} is not UTF-8; it was read as Latin-1 ({'ISO 8859-1' if foreign else 'Windows 1252'})."
    return Encoding(codec, quotes, (Note(kind="encoding", sentence=sentence),))


def not_text(path: Path) -> DataError:
    """The error for bytes that are no text."""
    return DataError(
        wrong=f"{str(path)!r} holds bytes that are not text.",
        expected="a table as text in UTF-8, UTF-16 or Latin-1, or a Parquet, Feather or Excel file.",
        remedy="open it in the program that wrote it, and save it as CSV (UTF-8).",
    )


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
