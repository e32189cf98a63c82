r"""The journal of a search: one JSON object a line, only ever added to, on disk before anything builds upon it.

Several processes may write: each addition is made under a lock, in one write to the end of the file, and flushed to
disk. A process that is killed in the middle of a line leaves a torn last line, which whoever opens or writes next
drops; whatever stands before it is whole. A line that is broken anywhere else was changed by hand and is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from lamina.foundation.errors import DataError
from lamina.foundation.specs import Json
from lamina.tuning.locks import locked

Entry = dict[str, Json]


class Journal:
    """The journal at ``path``, made if need be; a torn last line is dropped.

    Raises:
        DataError: the file cannot be made, read or written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     journal = Journal(Path(folder) / "journal.jsonl")
    ...     journal.append([{"trial": 0}, {"trial": 1}])
    ...     _ = journal.path.write_bytes(journal.path.read_bytes() + b'{"tri')  # killed while it wrote
    ...     Journal(journal.path).read()
    [{'trial': 0}, {'trial': 1}]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = self.path.with_name(f"{self.path.name}.lock")
        try:
            with locked(self._lock):
                _write(self.path, b"")
        except OSError as error:
            raise _no_file(self.path, error) from error

    def read(self) -> list[Entry]:
        """Every whole line, in order; what is being written this moment is not among them.

        Raises:
            DataError: the file cannot be read, or a line in it is no JSON object.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")[:-1]  # what stands after the last end of a line is torn
        except OSError as error:
            raise _no_file(self.path, error) from error
        return [_entry(self.path, number, line) for number, line in enumerate(lines, 1)]

    def append(self, entries: Sequence[Entry]) -> None:
        """Add lines: all of them or, if the process is killed meanwhile, the first few.

        Raises:
            DataError: the file cannot be written.
        """
        self.add(lambda seen: entries)

    def add(self, make: Callable[[list[Entry]], Sequence[Entry]]) -> Sequence[Entry]:
        """Add the lines that ``make`` makes of all lines so far, while no other process writes; returns them.

        Raises:
            DataError: the file cannot be read or written, or a line in it is no JSON object.
        """
        try:
            with locked(self._lock):
                entries = make(self.read())
                _write(self.path, b"".join(json.dumps(e, allow_nan=False).encode() + b"\n" for e in entries))
        except OSError as error:
            raise _no_file(self.path, error) from error
        return entries


def _write(path: Path, content: bytes) -> None:
    """Drop a torn last line, then put ``content`` behind the others and see it on disk."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        _mend(handle)
        while content:
            content = content[os.write(handle, content) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _mend(handle: int) -> None:
    """Cut the file after its last end of a line."""
    end, block, size = os.lseek(handle, 0, os.SEEK_END), 1 << 16, os.lseek(handle, 0, os.SEEK_END)
    while end > 0:
        begin = max(0, end - block)
        os.lseek(handle, begin, os.SEEK_SET)
        place = os.read(handle, end - begin).rfind(b"\n")
        if place >= 0:
            end = begin + place + 1
            break
        end = begin
    if end < size:
        os.ftruncate(handle, end)


def _entry(path: Path, number: int, line: bytes) -> Entry:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if isinstance(entry, dict):
        return entry
    raise DataError(
        wrong=f"line {number} of {str(path)!r} is no JSON object: {line[:80]!r}.",
        expected="a journal as a search left it; only its last line may be torn, and is then dropped.",
        remedy="take the line out, or begin a new search in another folder.",
    )


def _no_file(path: Path, error: OSError) -> DataError:
    return DataError(
        wrong=f"the journal {str(path)!r} cannot be used: {error.strerror or error}.",
        expected="a file in a folder that this user may write to, on a disk with room.",
        remedy="choose another place: --out somewhere-else.",
    )
