"""Writing that never loses what was there: whole new file or untouched old file, whatever happens between."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def digest(content: bytes) -> str:
    """The sha256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def atomic_writer(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file that appears at ``path`` only once it is complete and on disk.

    The bytes go to a temporary file in the same folder, which is flushed to disk and then renamed over ``path``; the
    folder is flushed too, so that the new name survives a power cut. On any error the temporary file is removed and
    the old file stays as it was.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    target = Path(path).resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(target))
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    _flush_folder(target.parent)


def atomic_write(path: str | os.PathLike[str], content: bytes) -> None:
    """Put ``content`` at ``path``, whole or not at all (see `atomic_writer`)."""
    with atomic_writer(path) as file:
        file.write(content)


def _mode(target: Path) -> int:
    if target.exists():
        return target.stat().st_mode & 0o777
    # mkstemp makes private files; a new file should have the mode that open() would have given it
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
