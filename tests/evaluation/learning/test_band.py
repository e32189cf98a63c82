"""How sure the law of a learning curve is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lamina.evaluation.learning.band import band, crossing, doubled
from lamina.evaluation.learning.law import Law, Points, fit_law
from lamina.foundation.errors import DataError

ROWS = (50, 87, 152, 264, 459, 800)


def noisy(law: Law, *, noise: float, seed: int, resamples: int = 5, off: float = 0.0) -> Points:
    """Errors that obey a law but for noise; ``off`` moves whole sizes, so that the law is not quite right."""
    draw = np.random.default_rng(seed)
    right = [law.at(n) * (1 + off * draw.standard_normal()) for n in ROWS]
    return Points(rows=ROWS, errors=tuple(tuple(e * (1 + noise * draw.standard_normal(resamples))) for e in right))


@pytest.mark.parametrize(("law", "off"), [(Law(a=0.1, b=2.0, c=0.5), 0.0), (Law(a=0.05, b=5.0, c=1.0), 0.1)])
def test_the_band_holds_the_truth_as_often_as_it_says(law, off) -> None:
    """Of 200 curves the 90 % band holds the true error at twice the largest size in 90 %, +- 3 times 2.1 points.

    On and off the law: where sizes are moved by 10 %, twice the noise of their mean, the band is as much wider.
    """
    held = 0
    for seed in range(200):
        (one,) = band(noisy(law, noise=0.1, seed=seed, off=off), (1600,), seed=seed)
        held += one.low <= law.at(1600) <= one.high
    assert 0.836 <= held / 200 <= 0.964


def test_the_band_is_about_the_law_and_widens_outwards() -> None:
    """The middle is the law; the interval is wider at four times the rows, and for a wider level."""
    points = noisy(Law(a=0.1, b=2.0, c=0.5), noise=0.1, seed=1)
    law, (near, far) = fit_law(points), band(points, (800, 3200), seed=0)
    assert (near.middle, far.middle) == (law.at(800), law.at(3200))
    assert near.low < near.middle < near.high
    assert far.high - far.low > near.high - near.low
    (wide,) = band(points, (800,), seed=0, level=0.99)
    assert wide.low < near.low
    assert wide.high > near.high


def test_no_error_is_larger_than_there_is() -> None:
    """With the end of an error rate the band, and what doubling would do, stay at or below it."""
    points = Points(rows=(24, 49, 101, 208), errors=((0.9,), (0.5,), (0.8,), (0.3,)))
    wide = band(points, (24, 832), seed=0)
    assert max(one.high for one in wide) > 1
    held = band(points, (24, 832), seed=0, most=1.0)
    assert max(one.high for one in held) == 1.0
    assert [one.low for one in held] == [min(one.low, 1.0) for one in wide]
    assert doubled(points, seed=0, most=0.4).high <= 0.4


def test_one_seed_one_band() -> None:
    """The same seed gives the same band, another one nearly the same."""
    points = noisy(Law(a=0.1, b=2.0, c=0.5), noise=0.1, seed=1)
    first, again, other = (band(points, (1600,), seed=seed)[0] for seed in (0, 0, 1))
    assert first == again != other
    assert other.high == pytest.approx(first.high, rel=0.1)


def test_points_off_the_law_widen_the_band() -> None:
    """Errors of hardly any noise that miss every law by much get a band as wide as what they miss."""
    law = Law(a=0.1, b=2.0, c=0.5)
    signs = (1, -1, 1, -1, 1, -1)
    errors = tuple(
        (e - 1e-4, e, e + 1e-4) for e in (law.at(n) * (1 + 0.1 * s) for n, s in zip(ROWS, signs, strict=True))
    )
    (one,) = band(Points(rows=ROWS, errors=errors), (800,), seed=0)
    assert one.high - one.low > 0.02


def test_single_errors_get_a_band_from_what_the_law_leaves() -> None:
    """With one error a size the noise is what they miss the law by; an exact law leaves none."""
    law = Law(a=0.1, b=2.0, c=0.5)
    (exact,) = band(noisy(law, noise=0.0, seed=0, resamples=1), (1600,), seed=0)
    assert exact.high - exact.low < 1e-3
    (rough,) = band(noisy(law, noise=0.1, seed=0, resamples=1), (1600,), seed=0)
    assert rough.high - rough.low > 0.01


def test_doubling_of_a_falling_curve() -> None:
    """Now and then are the law's; the interval of the gain leaves out 0 where the curve clearly falls."""
    points = noisy(Law(a=0.0, b=2.0, c=0.5), noise=0.05, seed=0)
    answer, law = doubled(points, seed=0), fit_law(points)
    assert (answer.rows, answer.now, answer.then) == (1600, law.at(800), law.at(1600))
    assert answer.low < answer.then < answer.high
    assert 0.1 < answer.least_gain < answer.gain < answer.most_gain < 0.35
    assert answer.gain == pytest.approx(1 - math.sqrt(0.5), abs=0.06)


def test_doubling_of_a_flat_curve_gains_nothing() -> None:
    """Where errors do not fall, doubling gains hardly anything, and errors of 0 stay 0."""
    flat = doubled(noisy(Law(a=0.2, b=0.0, c=1.0), noise=0.02, seed=1), seed=0)
    assert flat.gain < 0.02
    assert flat.least_gain == 0
    nothing = doubled(Points(rows=ROWS, errors=((0.0, 0.0),) * 6), seed=0)
    assert (nothing.now, nothing.then, nothing.gain, nothing.high) == (0, 0, 0, 0)


def test_doubling_may_start_from_all_rows() -> None:
    """Folds see a part of the rows: twice as many as there are in all may be asked for, up to four times the curve."""
    points = noisy(Law(a=0.1, b=2.0, c=0.5), noise=0.05, seed=0)
    answer = doubled(points, seed=0, rows=1000)
    assert (answer.rows, answer.now) == (2000, fit_law(points).at(1000))
    with pytest.raises(DataError, match="at most 3,200 rows"):
        doubled(points, seed=0, rows=1601)


def test_the_largest_size_that_failed_gives_no_reach() -> None:
    """Where the training failed at the largest size, the law reaches four times the largest that did not fail."""
    points = noisy(Law(a=0.1, b=2.0, c=0.5), noise=0.05, seed=0)
    broken = Points(rows=ROWS, errors=(*points.errors[:-1], (math.inf,)))
    assert len(band(broken, (4 * 459,), seed=0)) == 1
    with pytest.raises(DataError, match="at most 1,836 rows"):
        band(broken, (4 * 800,), seed=0)


def test_crossing_laws_are_said_to_cross_where_they_do() -> None:
    """Two laws that meet at 400 rows are found there; the interval holds 400 in at least 48 of 60 pairs."""
    steep, early = Law(a=0.05, b=4.0, c=0.5), Law(a=0.15, b=2.0, c=0.5)
    found = [
        crossing(noisy(steep, noise=0.05, seed=seed), noisy(early, noise=0.05, seed=1000 + seed), seed=seed)
        for seed in range(60)
    ]
    met = [one for one in found if one is not None]
    assert len(met) >= 54
    assert np.median([one.rows for one in met]) == pytest.approx(400, rel=0.1)
    assert sum(one.low <= 400 <= one.high for one in met) >= 48
    assert all(one.first_wins for one in met)


def test_the_order_of_the_two_only_changes_who_is_first() -> None:
    """Asked the other way round, the laws meet at the same size and the other one is first."""
    pair = noisy(Law(a=0.05, b=4.0, c=0.5), noise=0.05, seed=0), noisy(Law(a=0.15, b=2.0, c=0.5), noise=0.05, seed=1)
    there, back = crossing(*pair, seed=0), crossing(*pair[::-1], seed=0)
    assert there.rows == back.rows
    assert there.first_wins
    assert not back.first_wins


def test_equal_learners_do_not_cross() -> None:
    """Two contenders with one law are said to cross in at most 6 of 60 pairs; parted ones in none."""
    law, worse = Law(a=0.1, b=2.0, c=0.5), Law(a=0.2, b=2.0, c=0.5)
    equal = [crossing(noisy(law, noise=0.1, seed=s), noisy(law, noise=0.1, seed=500 + s), seed=s) for s in range(60)]
    assert sum(one is not None for one in equal) <= 6
    assert crossing(noisy(law, noise=0.1, seed=0), noisy(worse, noise=0.1, seed=1), seed=0) is None
    assert crossing(noisy(law, noise=0.1, seed=0), noisy(law, noise=0.1, seed=0), seed=0) is None


def test_no_law_no_crossing() -> None:
    """A contender without a law crosses nobody."""
    points = noisy(Law(a=0.1, b=2.0, c=0.5), noise=0.1, seed=0)
    assert crossing(points, Points(rows=(10,), errors=((0.1,),)), seed=0) is None
