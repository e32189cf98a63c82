"""The law of a learning curve."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from lamina.evaluation.learning.law import Law, Points, check_reach, curve_sizes, fit_law, law_of, see, why_no_law
from lamina.foundation.errors import DataError

ROWS = (50, 87, 152, 264, 459, 800)


def noisy(law: Law, *, noise: float, seed: int, resamples: int = 5, rows: tuple[int, ...] = ROWS) -> Points:
    """Errors that obey a law but for noise, which is relative to the error."""
    draw = np.random.default_rng(seed)
    errors = tuple(tuple(law.at(n) * (1 + noise * draw.standard_normal(resamples))) for n in rows)
    return Points(rows=rows, errors=errors)


@pytest.mark.parametrize("law", [Law(a=0.1, b=2.0, c=0.5), Law(a=0.0, b=1.0, c=0.3), Law(a=3.0, b=400.0, c=1.5)])
def test_a_law_without_noise_is_found_exactly(law) -> None:
    """Where the errors obey a law, its three constants come back."""
    found = fit_law(noisy(law, noise=0.0, seed=0))
    assert (found.a, found.b, found.c) == pytest.approx((law.a, law.b, law.c), rel=1e-3, abs=1e-4)


def test_a_law_is_found_through_noise() -> None:
    """With 3 % of noise on each error the constants come back roughly and the foretold error closely."""
    law = Law(a=0.1, b=5.0, c=0.7)
    points = [noisy(law, noise=0.03, seed=seed, resamples=10) for seed in range(40)]
    found = [fit_law(p) for p in points]
    assert np.median([f.a for f in found]) == pytest.approx(0.1, abs=0.01)
    assert np.median([f.b for f in found]) == pytest.approx(5.0, rel=0.15)
    assert np.median([f.c for f in found]) == pytest.approx(0.7, rel=0.05)
    foretold = np.array([law_of(p).at(1600) for p in points])
    assert np.abs(foretold / law.at(1600) - 1).max() < 0.1


def test_the_fit_agrees_with_a_general_solver() -> None:
    """The closed form on a zooming grid leaves no more than scipy's bounded least squares does from many starts."""
    from scipy.optimize import least_squares

    points = noisy(Law(a=0.02, b=1.0, c=0.4), noise=0.1, seed=3)
    seen, found = see(points), fit_law(points)

    def residuals(constants: np.ndarray) -> np.ndarray:
        a, b, c = constants
        return (seen.means - a - b * seen.rows**-c) / seen.noise

    starts = [(a, b, c) for a in (0.01, 0.1) for b in (0.5, 3.0) for c in (0.1, 0.5, 1.5)]
    fits = [least_squares(residuals, start, bounds=([0, 0, 0.02], [np.inf, np.inf, 2])) for start in starts]
    ours = (residuals(np.array([found.a, found.b, found.c])) ** 2).sum() / 2
    assert ours <= min(fit.cost for fit in fits) * (1 + 1e-6)


def test_the_constants_stay_inside_their_bounds() -> None:
    """Whatever the errors are, a and b are at least 0 and c lies above 0 and at most at 2."""
    draw = np.random.default_rng(0)
    for _ in range(50):
        law = fit_law(Points(rows=ROWS, errors=tuple(tuple(draw.random(3)) for _ in ROWS)))
        assert law is None or (law.a >= 0 and law.b >= 0 and 0 < law.c <= 2)


def test_a_flat_curve_has_nothing_to_learn() -> None:
    """Equal errors give b = 0 and a = the error; errors of 0 give the law 0."""
    flat = fit_law(Points(rows=ROWS, errors=((0.2, 0.2),) * 6))
    assert (flat.a, flat.b) == pytest.approx((0.2, 0.0))
    assert fit_law(Points(rows=ROWS, errors=((0.0,),) * 6)).at(100) == 0


def test_a_curve_that_rises_has_no_law_and_a_reason() -> None:
    """An error that grows with the rows is said to grow; no law is bent to it."""
    points = Points(rows=ROWS, errors=tuple((0.1 + 0.02 * i, 0.11 + 0.02 * i) for i in range(6)))
    assert fit_law(points) is None
    assert why_no_law(points) == "the error rises with more rows, from 0.105 to 0.205"


def test_noise_alone_does_not_rise() -> None:
    """Of 200 flat curves with noise at most 2 are said to rise."""
    rising = [why_no_law(noisy(Law(a=0.2, b=0.0, c=1.0), noise=0.1, seed=seed)) for seed in range(200)]
    assert sum(reason is not None for reason in rising) <= 2


def test_too_few_sizes_have_a_reason() -> None:
    """One size, or three, have no law, and the reason counts them."""
    assert why_no_law(Points(rows=(10,), errors=((0.1,),))).endswith("there are 1")
    assert fit_law(Points(rows=(10, 20, 30), errors=((0.1,),) * 3)) is None


def test_infinite_errors_do_not_count() -> None:
    """A size at which one training failed is passed over; where too few are left, the reason says so."""
    law = Law(a=0.1, b=2.0, c=0.5)
    clean = noisy(law, noise=0.0, seed=0)
    broken = Points(rows=ROWS, errors=((math.inf, 0.3), *clean.errors[1:]))
    assert fit_law(broken).at(800) == pytest.approx(law.at(800))
    nothing = Points(rows=ROWS, errors=((math.nan,),) * 6)
    assert fit_law(nothing) is None
    assert why_no_law(nothing).endswith("there are 0 (6 more had errors that are not finite)")


def test_a_precise_size_weighs_more() -> None:
    """An error at a size with wide spread moves the law less than the same error at a precise one."""

    def moved(spread: float) -> float:
        """How far the law moves at the size that is wrong by 0.1."""
        law = Law(a=0.1, b=2.0, c=0.5)
        wrong = law.at(ROWS[2]) + 0.1
        errors = [(law.at(n) - 0.01, law.at(n), law.at(n) + 0.01) for n in ROWS]
        errors[2] = (wrong - spread, wrong, wrong + spread)
        return fit_law(Points(rows=ROWS, errors=tuple(errors))).at(ROWS[2]) - law.at(ROWS[2])

    assert abs(moved(0.5)) < abs(moved(0.01)) / 3


def test_nothing_is_told_beyond_four_times() -> None:
    """Four times the largest size is the last that is told; one row more is refused in three parts."""
    points = noisy(Law(a=0.1, b=2.0, c=0.5), noise=0.01, seed=0)
    check_reach(points, (3200,))
    assert law_of(points).at(3200) == pytest.approx(0.135, abs=0.01)
    with pytest.raises(DataError, match="at most 3,200 rows") as caught:
        check_reach(points, (3200, 3201))
    assert "3,201" in caught.value.wrong
    with pytest.raises(DataError, match="there is no law"):
        law_of(Points(rows=(10,), errors=((0.1,),)))


@pytest.mark.parametrize(
    ("rows", "errors"), [((20, 10), ((0.1,), (0.2,))), ((0, 10), ((0.1,), (0.2,))), ((10,), ()), ((10,), ((),))]
)
def test_points_are_checked(rows, errors) -> None:
    """Sizes must be above 0 and grow, and each needs an error."""
    with pytest.raises(DataError, match="the smallest first"):
        Points(rows=rows, errors=errors)


@pytest.mark.parametrize(("rows", "least"), [(275, 20), (60, 10), (39_000, 30), (10_000_000, 100)])
def test_sizes_are_at_least_five_and_end_with_all_rows(rows, least) -> None:
    """Six growing sizes whose ratios are equal but for rounding; the last is all rows, the first is not below least."""
    sizes = curve_sizes(rows, least=least)
    assert len(sizes) == 6
    assert sizes[-1] == rows
    assert sizes[0] >= least
    ratios = np.divide(sizes[1:], sizes[:-1])
    assert ratios.min() > 1
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=0.15)


def test_sizes_where_there_is_no_room() -> None:
    """Few rows give fewer sizes, never the same twice and never more rows than there are."""
    assert curve_sizes(12, least=10) == (10, 11, 12)
    assert curve_sizes(5, least=10) == (5,)


@pytest.mark.parametrize("load", [load_breast_cancer, load_digits])
def test_the_hidden_largest_size_of_a_real_set_is_foretold(load) -> None:
    """A law fitted to all sizes but the largest foretells the error there to a quarter of it, or to one point."""
    X, y = load(return_X_y=True)
    X = (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9)
    sizes = curve_sizes(len(y) // 2, least=30)
    errors = tuple(tuple(_nearest_centroid_error(X, y, n, seed) for seed in range(25)) for n in sizes)
    foretold = law_of(Points(rows=sizes[:-1], errors=errors[:-1])).at(sizes[-1])
    seen = np.mean(errors[-1])
    assert abs(foretold - seen) < max(0.25 * seen, 0.01)


def _nearest_centroid_error(X: np.ndarray, y: np.ndarray, rows: int, seed: int) -> float:
    """The error of a plain learner with so many rows, on the half that it never sees."""
    order = np.random.default_rng(seed).permutation(len(y))
    train, test = order[:rows], order[len(y) // 2 :]
    present = np.unique(y[train])
    centres = np.stack([X[train][y[train] == one].mean(axis=0) for one in present])
    distance = ((X[test][:, None] - centres) ** 2).sum(axis=2)
    return float((present[distance.argmin(axis=1)] != y[test]).mean())
