"""What `lamina.foundation.memory` promises."""

import ctypes
import resource

import pytest

from lamina.foundation import memory
from lamina.foundation.memory import memory_kept

LARGE = 48 << 20  # bytes: more than glibc ever keeps of itself
TIMES = 8

glibc = pytest.mark.skipif(memory._glibc() is None, reason="only glibc can be told what to keep")


def pages_given(times: int) -> int:
    """Pages that the system had to give while a large block was asked for, filled and freed so often."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        ctypes.memset(ctypes.create_string_buffer(LARGE), 1, LARGE)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@glibc
def test_a_block_is_given_once() -> None:
    """Inside, what was freed is used again."""
    once = pages_given(1)
    with memory_kept():
        assert pages_given(TIMES) < 2 * once


@glibc
def test_afterwards_the_library_is_as_before() -> None:
    """Behind it, large blocks go back to the system as soon as they are free."""
    once = pages_given(1)
    with memory_kept():
        pages_given(1)
    assert pages_given(TIMES) > (TIMES - 1) * once


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the C library knows nothing of the kind, a run goes on as ever."""
    monkeypatch.setattr(memory, "_glibc", lambda: None)
    with memory_kept():
        assert True
