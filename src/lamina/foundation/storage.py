"""Writing that never loses what was there: whole new file or untouched old file, whatever happens between."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
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
    mode = target.stat().st_mode & 0o777 if target.exists() else None
    name = target.with_name(f".{target.name}.{secrets.token_hex(8)}.partial")
    # the mode is given at birth: nobody reads a private file while it is written, and the system applies the umask
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(name, mode)
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


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
