"""What `lamina.foundation.memory` promises."""

import subprocess
import sys

import pytest

from lamina.foundation import memory
from lamina.foundation.memory import memory_kept

TIMES = 8
LARGE, MIDDLING = 48 << 20, 8 << 20  # bytes: more than glibc ever keeps of itself, and less
ALONE = f"""
import ctypes, resource
from lamina.foundation.memory import memory_kept

def pages_given(times, size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        ctypes.memset(ctypes.create_string_buffer(size), 1, size)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

once = pages_given(1, {LARGE})
with memory_kept():
    inside = pages_given({TIMES}, {LARGE})
behind = pages_given({TIMES}, {LARGE})
middling = pages_given({TIMES}, {MIDDLING})
print(once, inside, behind, middling)
"""


@pytest.mark.skipif(memory._glibc() is None, reason="only glibc can be told what to keep")
def test_memory_is_given_once_inside_and_anew_behind_it() -> None:
    """Inside, what was freed is used again; behind it large blocks are asked for anew, and middling ones are not.

    Pages that the system gave are counted, in a process of its own: what was freed before has a part in it.
    """
    told = subprocess.run([sys.executable, "-c", ALONE], check=True, capture_output=True, text=True, timeout=120)
    once, inside, behind, middling = map(int, told.stdout.split())
    assert once > 0
    assert inside < 2 * once
    assert behind > (TIMES - 1) * once
    assert middling < once


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the C library knows nothing of the kind, a run goes on as ever."""
    monkeypatch.setattr(memory, "_glibc", lambda: None)
    with memory_kept():
        done = True
    assert done
