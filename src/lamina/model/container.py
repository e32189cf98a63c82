"""The container of a model file: the smallest part of the zip format, written and read byte for byte.

Layout (numbers little-endian, no gap, nothing before and nothing after):

    for each member:  local header (30 bytes) · name · content as it is (no compression)
    for each member:  directory line (46 bytes) · name
    end record (22 bytes)

Source: PKWARE, .ZIP File Format Specification (APPNOTE.TXT) 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
We differ: one layout only. No compression, encryption, comments, extra fields, second volumes or 64-bit records; every
date is 1980-01-01. Any unzip program opens the file, equal members give equal bytes in every version of Python, and a
reader need not choose between two readings of one file: it demands the bytes that `pack` would have written.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from lamina.foundation.errors import ModelFileError, require

LOCAL_MARK, LINE_MARK, END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
LARGEST_BYTES = 2**32 - 1  # what the 32-bit fields can say
MOST_MEMBERS = 64

_LOCAL = struct.Struct("<4s5H3L2H")
_LINE = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _MADE_BY = 20, 3 << 8 | 20  # zip 2.0, made on Unix, so that the mode below is understood
_DATE = 1 << 5 | 1  # 1980-01-01, the first day that a zip knows
_MODE = (stat.S_IFREG | 0o644) << 16  # a plain file


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One member: where its local header starts, how long its content is, and the content's CRC-32."""

    name: str
    start: int  # bytes from the beginning of the file
    size: int  # bytes
    crc: int

    @property
    def content(self) -> slice:
        """Where the content lies in the file."""
        begin = self.start + _LOCAL.size + len(self.name.encode())
        return slice(begin, begin + self.size)

    def header(self) -> bytes:
        """The local header and the name."""
        name = self.name.encode("ascii")
        fields = (_VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size, len(name), 0)
        return _LOCAL.pack(LOCAL_MARK, *fields) + name

    def line(self) -> bytes:
        """The line in the directory and the name."""
        name = self.name.encode("ascii")
        fields = (_MADE_BY, _VERSION, 0, 0, 0, _DATE, self.crc, self.size, self.size, len(name), 0, 0, 0, 0)
        return _LINE.pack(LINE_MARK, *fields, _MODE, self.start) + name


def pack(members: Mapping[str, bytes]) -> bytes:
    """The container's bytes; equal members in an equal order give equal bytes.

    Raises:
        ModelFileError: the members together are larger than 4 GiB.

    >>> unpack(pack({"a.json": b"{}"}))
    {'a.json': b'{}'}
    """
    parts: list[bytes] = []
    entries: list[Entry] = []
    start = 0
    for name, content in members.items():
        entries.append(Entry(name=name, start=start, size=len(content), crc=zlib.crc32(content)))
        _check_size(entries[-1].content.stop)  # before the header is packed, which could not hold a larger number
        parts += [entries[-1].header(), content]
        start = entries[-1].content.stop
    return b"".join([*parts, *(entry.line() for entry in entries), _end_record(entries)])


def unpack(content: bytes) -> dict[str, bytes]:
    """The members by name, once the whole container has been found to be what `pack` writes.

    Raises:
        ModelFileError: cut short, bytes before or behind, compressed, encrypted, not plain files, unsafe, repeated or
            colliding names, or any other departure from the one layout.
    """
    view = memoryview(content)
    lines = list(_lines(content))
    for line in lines:
        _check_line(line)
    _check_names([line.name for line in lines])
    entries = [Entry(name=line.name, start=line.start, size=line.size, crc=line.crc) for line in lines]
    _check_layout(view, entries)
    return {entry.name: bytes(view[entry.content]) for entry in entries}


def names_inside(content: bytes) -> list[str]:
    """The first names in any zip, whole or not, for saying what the file seems to be; they are not to be believed.

    >>> names_inside(pack({"a.json": b"{}"})[:50])
    ['a.json']
    """
    names: list[str] = []
    at = content.find(LOCAL_MARK)
    while at >= 0 and len(names) < MOST_MEMBERS:
        letters = int.from_bytes(content[at + 26 : at + 28], "little")
        names.append(content[at + _LOCAL.size : at + _LOCAL.size + letters].decode("utf-8", errors="replace"))
        at = content.find(LOCAL_MARK, at + 1)
    return names


@dataclass(frozen=True, kw_only=True)
class _Line:
    """What one line of the directory claims; nothing of it is believed yet."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int  # bytes in the file
    size: int  # bytes once unpacked
    mode: int
    start: int


def _lines(content: bytes) -> Iterator[_Line]:
    count, size, start = _read_end(content)
    _require(count <= MOST_MEMBERS, f"it claims to hold {count:,} members, and a model has fewer than {MOST_MEMBERS}")
    at = start
    for _ in range(count):
        _require(at + _LINE.size <= start + size, "its table of contents is cut short")
        fields = _LINE.unpack_from(content, at)
        _require(fields[0] == LINE_MARK, "its table of contents is damaged")
        _, _, _, flags, method, _, _, crc, packed, unpacked, letters, extra, comment, _, _, mode, local = fields
        name = content[at + _LINE.size : at + _LINE.size + letters].decode("utf-8", errors="backslashreplace")
        yield _Line(
            name=name, flags=flags, method=method, crc=crc, packed=packed, size=unpacked, mode=mode >> 16, start=local
        )
        at += _LINE.size + letters + extra + comment
    _require(at == start + size, "its table of contents has another length than it claims")


def _read_end(content: bytes) -> tuple[int, int, int]:
    """How many lines the directory has, its size and where it starts."""
    at = content.rfind(END_MARK)
    complete = 0 <= at <= len(content) - _END.size
    _require(complete, "it is cut short: the end of the file is missing")
    _, _, _, _, count, size, start, _ = _END.unpack_from(content, at)
    behind = len(content) - at - _END.size
    _require(behind == 0, f"it has {behind:,} bytes behind its end")
    before = at - size - start
    _require(before <= 0, f"it has {before:,} bytes that belong to nothing, before its beginning or in between")
    _require(before == 0, "it is cut short: its table of contents lies outside the file")
    return count, size, start


def _check_line(line: _Line) -> None:
    member = f"its member {line.name!r}"
    parts = line.name.split("/")
    _require("\\" not in line.name, f"{member} has a backslash in its name, which some systems take for a folder")
    _require(".." not in parts, f"{member} has a name that leads out of the file's own folder")
    _require(not line.name.startswith("/") and ":" not in line.name, f"{member} has a name that starts at the root")
    _require(
        line.name.isascii() and line.name.isprintable() and line.name != "", f"{member} has an empty or unusual name"
    )
    _require(not line.flags & 1, f"{member} is encrypted")
    _require(
        line.method == 0 and line.packed == line.size,
        f"{member} is compressed: {line.packed:,} bytes claim to become {line.size:,}",
    )
    _require(not stat.S_ISLNK(line.mode), f"{member} is a symbolic link")
    _require(stat.S_IFMT(line.mode) in (0, stat.S_IFREG), f"{member} is not a plain file")


def _check_names(names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        first = seen.get(name.lower())
        _require(first != name, f"it has two members named {name!r}")
        _require(first is None, f"its members {first!r} and {name!r} differ only in capital letters")
        seen[name.lower()] = name


def _check_layout(view: memoryview, entries: list[Entry]) -> None:
    """Demand, header by header, the bytes that `pack` would have written."""
    at = 0
    for entry in entries:
        member = f"its member {entry.name!r}"
        _require(entry.start == at, f"{member} overlaps another one, or leaves a gap before it")
        _require(view[at : entry.content.start] == entry.header(), f"{member} has a changed header")
        _require(entry.content.stop <= len(view), f"{member} is cut short")
        _require(zlib.crc32(view[entry.content]) == entry.crc, f"{member} has changed since it was written")
        at = entry.content.stop
    tail = b"".join(entry.line() for entry in entries) + _end_record(entries)
    _require(view[at:] == tail, "its table of contents has been changed or written by another program")


def _end_record(entries: list[Entry]) -> bytes:
    start = entries[-1].content.stop if entries else 0
    size = sum(len(entry.line()) for entry in entries)
    _check_size(start + size)
    return _END.pack(END_MARK, 0, 0, len(entries), len(entries), size, start, 0)


def _check_size(size: int) -> None:
    if size > LARGEST_BYTES:
        raise ModelFileError(
            wrong=f"the model is {size:,} bytes or more.",
            expected=f"at most {LARGEST_BYTES:,} bytes, which is all that a model file can hold.",
            remedy="train a smaller network, or keep fewer members.",
        )


def _damaged(complaint: str) -> ModelFileError:
    return ModelFileError(
        wrong=f"{complaint}.",
        expected="a whole model file, as lamina wrote it.",
        remedy="take another copy of the file, or make it again with `lamina fit` or `model.save(path)`.",
    )


_require = partial(require, refusal=_damaged)
