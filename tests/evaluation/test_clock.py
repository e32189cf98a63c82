"""A budget, shared among stages."""

from __future__ import annotations

import math

import pytest

from lamina.evaluation import clock
from lamina.evaluation.clock import LEAST_SECONDS, Clock
from lamina.foundation.errors import SpecError


@pytest.fixture
def at(monkeypatch):
    """Sets what the clock of the machine shows; it begins at 1000."""
    now = [1000.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, seconds)


def test_without_a_limit_there_is_always_time(at) -> None:
    """Nothing ends, everything fits."""
    endless = Clock(None)
    at(1e9)
    assert (endless.until(0.5), endless.left(), endless.allows(1e12)) == (None, None, True)


def test_each_share_ends_when_it_should(at) -> None:
    """Half of a budget is over after half of the seconds, whatever was done in them."""
    budget = Clock(100)
    at(1030)
    assert budget.passed == 30
    assert (budget.until(0.5), budget.left(0.5), budget.left()) == (1050, 20, 70)
    assert budget.allows(20, 0.5)
    assert not budget.allows(20.5, 0.5)
    assert budget.allows(0, 0.3)


def test_time_that_is_over_allows_nothing(at) -> None:
    """Not even what takes no time; a training that must begin gets a moment."""
    budget = Clock(100)
    at(1100.5)
    assert not budget.allows(0)
    assert budget.left() == LEAST_SECONDS


@pytest.mark.parametrize("seconds", [0, -1, math.inf, math.nan, "5m", [1]])
def test_what_is_no_budget_is_refused(seconds) -> None:
    """A budget is a finite number of seconds above 0."""
    with pytest.raises(SpecError, match="seconds"):
        Clock(seconds)
