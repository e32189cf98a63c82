"""Energy is read where the machine tells it, and never made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.foundation.energy import Look, joules_between, look


def counter(folder: Path, name: str, microjoules: str, most: str = "1000") -> None:
    """A package's counter as Linux shows it."""
    (folder / name).mkdir()
    (folder / name / "energy_uj").write_text(microjoules)
    (folder / name / "max_energy_range_uj").write_text(most)


def test_packages_are_read_and_their_parts_are_not(tmp_path) -> None:
    """A part of a package is counted in the whole already; a counter that is no number is passed over."""
    counter(tmp_path, "intel-rapl:0", "500\n")
    counter(tmp_path, "intel-rapl:0:0", "300\n")
    counter(tmp_path, "intel-rapl:1", "not for you\n")
    assert look(tmp_path).counted == {"intel-rapl:0": 500}


def test_a_machine_that_tells_nothing_gets_no_number(tmp_path) -> None:
    """Without a counter there is None, not 0."""
    nothing = look(tmp_path / "no such folder")
    assert nothing.counted == {}
    assert joules_between(nothing, nothing) is None


def test_joules_add_up_over_packages() -> None:
    """Packages are summed, in joules; a counter that ran over its end starts anew."""
    first = Look(counted={"a": 100, "b": 900}, most={"a": 1000, "b": 1000})
    last = Look(counted={"a": 350, "b": 50}, most={"a": 1000, "b": 1000})
    assert joules_between(first, last) == pytest.approx((250 + 150) / 1e6)
