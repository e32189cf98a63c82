"""Power and the correction for many p values."""

from __future__ import annotations

import pytest
from scipy import stats

from lamina.evaluation.verdict.statistics import holm, power


def test_power_without_a_region_is_that_of_the_t_test() -> None:
    """Then the chance is the upper tail of the noncentral t distribution."""
    for gap, degrees in [(0.0, 9), (0.02, 4), (0.03, 49)]:
        expected = stats.nct.sf(stats.t.ppf(0.975, degrees), degrees, gap / 0.01)
        assert power(gap, 0.0, 0.01, degrees) == pytest.approx(expected, abs=1e-3)


def test_power_grows_with_the_gap_and_falls_with_the_region() -> None:
    """A gap of exactly a large region is found every second time; without an error all is plain."""
    assert power(0.1, 0.1, 0.01, 49) == pytest.approx(0.5, abs=1e-3)
    assert power(0.02, 0.0, 0.01, 49) < power(0.03, 0.0, 0.01, 49)
    assert power(0.03, 0.03, 0.01, 49) < power(0.03, 0.0, 0.01, 49)
    assert (power(0.02, 0.01, 0.0, 49), power(0.01, 0.02, 0.0, 49)) == (1, 0)


def test_holm_by_hand() -> None:
    """The smallest counts as often as there are tests, the next once less, and none falls below one before it."""
    assert holm([0.02, 0.01, 0.5, 0.012]) == pytest.approx((0.04, 0.04, 0.5, 0.04))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()
