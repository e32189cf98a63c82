"""Locks that processes hold on a file. The system takes them back when a process ends, however it ends.

On a file system that several machines share they hold between machines where that system says so (NFS 4, Lustre).
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of that name; waits for whoever holds it. The file is made and never removed."""
    handle = _opened(path)
    try:
        _lock(handle, wait=True)
        yield
    finally:
        os.close(handle)  # which lets go


@contextlib.contextmanager
def locked_if_free(path: str | os.PathLike[str]) -> Iterator[bool]:
    """Hold the lock of that name, or say False at once if another process (or another holder here) has it."""
    handle = _opened(path)
    try:
        yield _lock(handle, wait=False)
    finally:
        os.close(handle)


def _opened(path: str | os.PathLike[str]) -> int:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int, *, wait: bool) -> bool:
        while True:
            try:
                os.lseek(handle, 0, os.SEEK_SET)
                msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:  # the waiting kind gives up after ten seconds, and is asked again
                    return False
            else:
                return True

else:
    import fcntl

    def _lock(handle: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
