"""Energy, where the machine tells it: joules of the processor packages between two looks, never a guess.

Linux shows the counters of Intel's and AMD's processors (RAPL) as files, if the user may read them. They count all that
runs on the machine. Where there is none, there is no number.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

COUNTERS = Path("/sys/class/powercap")


@dataclass(frozen=True, kw_only=True)
class Look:
    """The counters at one moment: microjoules by name, and where each starts anew."""

    counted: dict[str, int]
    most: dict[str, int]


def look(counters: Path = COUNTERS) -> Look:
    """The packages' counters now; empty if the machine tells none."""
    counted, most = {}, {}
    for package in sorted(counters.glob("intel-rapl:*")):
        if package.name.count(":") > 1:  # a part of a package, which is counted in the whole
            continue
        try:
            counted[package.name] = int((package / "energy_uj").read_text())
            most[package.name] = int((package / "max_energy_range_uj").read_text())
        except (OSError, ValueError):  # not for this user
            continue
    return Look(counted=counted, most=most)


def joules_between(first: Look, last: Look) -> float | None:
    """Joules from one look to the next; None if the machine tells none. A counter that started anew is understood.

    >>> joules_between(Look(counted={"a": 900}, most={"a": 1000}), Look(counted={"a": 100}, most={"a": 1000}))
    0.0002
    """
    shared = first.counted.keys() & last.counted.keys()
    if not shared:
        return None
    return sum((last.counted[name] - first.counted[name]) % max(1, last.most[name]) for name in shared) / 1e6
