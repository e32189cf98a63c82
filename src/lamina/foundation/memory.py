"""Memory that is freed and asked for again, step after step, without a way through the operating system.

The C library of Linux hands large blocks back as soon as they are free. The next step asks for the same blocks, and the
system fills every page of them with zeros first: for a convolutional network up to a fifth of a step, and more on a
virtual machine.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

TRIM_ABOVE, MAPPED_ABOVE, MAPPED_BLOCKS = -1, -3, -4  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_MMAP_MAX of malloc.h
KEPT = 1 << 30  # free bytes at the end of the heap that may wait for their next use
USUAL_KEPT, USUAL_MAPPED, USUAL_BLOCKS = 1 << 26, 1 << 25, 1 << 16  # where glibc's own bounds end when they have grown


@contextlib.contextmanager
def memory_kept() -> Iterator[None]:
    """Keep what is freed inside for its next use; afterwards all of it goes back to the system.

    Where the C library is not glibc nothing happens.
    """
    library = _glibc()
    if library is None:
        yield
        return
    library.mallopt(TRIM_ABOVE, KEPT)
    library.mallopt(MAPPED_BLOCKS, 0)
    try:
        yield
    finally:
        library.mallopt(TRIM_ABOVE, USUAL_KEPT)
        library.mallopt(MAPPED_ABOVE, USUAL_MAPPED)
        library.mallopt(MAPPED_BLOCKS, USUAL_BLOCKS)
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, if it can be told what to keep."""
    with contextlib.suppress(OSError, TypeError):
        library = ctypes.CDLL(None)
        if hasattr(library, "mallopt") and hasattr(library, "malloc_trim"):
            return library
    return None
