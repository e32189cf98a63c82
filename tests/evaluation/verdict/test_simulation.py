"""The verdict's tests keep their word on simulated studies whose truth is known; ``make bench`` runs them in full."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    """The script that makes the figures in ``benchmarks/results/verdict.json``."""
    spec = importlib.util.spec_from_file_location("verdict_simulation", BENCHMARKS / "verdict.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)  # it imports its neighbour `common`
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
    return module


def slack(share: float, studies: int) -> float:
    """Three standard errors of a share counted in so many studies."""
    return 3 * math.sqrt(share * (1 - share) / studies)


def check_equal(simulation: ModuleType, studies: int, widened: float) -> None:
    """Equal learners, 100 rows, ten times five folds: the corrected test holds its level, the naive one fails."""
    found = simulation.equal_learners(studies, simulation.Design())
    assert found["corrected"] <= 0.07 + widened * slack(0.05, studies)
    assert found["called better or worse"] <= found["corrected"]
    assert found["naive"] > 0.5 - widened * slack(0.5, studies)


def check_gap(simulation: ModuleType, studies: int, widened: float) -> None:
    """A true gap that `power` promises to find in at least 90 % of studies is found in as many."""
    found = simulation.true_gap(studies, simulation.Design(rows=300, shift_a=0.42))
    assert found["gap"] > simulation.REGION
    assert found["power"] >= 0.9
    assert found["found"] >= 0.9 - widened * slack(0.9, studies)


def test_equal_learners_are_rarely_called_different(simulation: ModuleType) -> None:
    """A hundred studies, with the bounds widened by what so few can say."""
    check_equal(simulation, 100, widened=1)


def test_a_true_gap_is_found(simulation: ModuleType) -> None:
    """A hundred studies, with the bound widened by what so few can say."""
    check_gap(simulation, 100, widened=1)


def test_equal_learners_on_a_fixed_test_set(simulation: ModuleType) -> None:
    """McNemar's exact test stays at its level too."""
    found = simulation.fixed_test_set(100, simulation.Design())
    assert found["McNemar"] <= 0.05 + slack(0.05, 100)


def test_intervals_hold_the_true_score(simulation: ModuleType) -> None:
    """In about 95 of 100 studies."""
    assert simulation.coverage(100, simulation.Design())["covered"] >= 0.95 - slack(0.95, 100)


@pytest.mark.slow
def test_equal_learners_in_full(simulation: ModuleType) -> None:
    """At most 7 % of 400 data sets; the naive test over 50 %."""
    check_equal(simulation, 400, widened=0)


@pytest.mark.slow
def test_a_true_gap_in_full(simulation: ModuleType) -> None:
    """At least 90 % of 400 data sets."""
    check_gap(simulation, 400, widened=0)
