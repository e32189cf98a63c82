"""The corrected tests on folds: values by hand, scipy as the oracle, symmetries, and the words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lamina.evaluation.verdict.comparison import Better, Comparison
from lamina.evaluation.verdict.foldwise import compare_folds, corrected_error, mean_interval, naive_t
from lamina.foundation.errors import DataError

SCORES = st.lists(st.floats(0, 1), min_size=12, max_size=12)


def compared(a: object, b: object, better: Better = "higher", region: float = 0.01) -> Comparison:
    """A comparison under five folds of 100 rows."""
    return compare_folds(a, b, better=better, region=region, test_share=0.25, rows=100)  # type: ignore[arg-type]


def test_a_comparison_worked_out_by_hand() -> None:
    """Differences 1, 2, 3, 4 with a share of 1/4: mean 2.5, variance 5/3, error sqrt(5/3 * 1/2)."""
    found = compared([2.0, 4.0, 6.0, 8.0], [1.0, 2.0, 3.0, 4.0])
    assert found.difference == 2.5
    assert found.error == pytest.approx(math.sqrt(5 / 6))
    assert found.p_value == pytest.approx(2 * stats.t.sf(2.5 / math.sqrt(5 / 6), 3))
    assert found.interval == pytest.approx(stats.t.interval(0.95, 3, 2.5, math.sqrt(5 / 6)))
    assert (found.splits, found.rows, found.method) == (4, 100, "corrected t")


def test_chances_are_those_of_the_bayesian_correlated_t_test() -> None:
    """The posterior is Student's with J - 1 degrees, the mean difference and the corrected error."""
    stream = np.random.default_rng(0)
    a, b = stream.normal(0.91, 0.03, 50), stream.normal(0.9, 0.03, 50)
    found = compared(a, b)
    posterior = stats.t(49, (a - b).mean(), math.sqrt((a - b).var(ddof=1) * (1 / 50 + 1 / 4)))
    assert found.chance_better == pytest.approx(posterior.sf(0.01))
    assert found.chance_worse == pytest.approx(posterior.cdf(-0.01))
    assert found.chance_equivalent == pytest.approx(posterior.cdf(0.01) - posterior.cdf(-0.01))
    assert found.doubt == pytest.approx(posterior.cdf(0))


def test_without_shared_rows_it_is_the_t_test_of_everybody() -> None:
    """A vanishing share of test rows leaves scipy's paired t test, which `naive_t` is."""
    stream = np.random.default_rng(1)
    a, b = stream.normal(0.5, 0.1, 20), stream.normal(0.55, 0.1, 20)
    expected = stats.ttest_rel(a, b).pvalue
    assert naive_t(a, b) == pytest.approx(expected)
    found = compare_folds(a, b, better="higher", region=0.0, test_share=1e-12, rows=100)
    assert found.p_value == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(SCORES, SCORES)
def test_swapping_the_contenders_mirrors_everything(a: list[float], b: list[float]) -> None:
    """Swapped, they give the same with the signs turned, and so does the same pair under the other direction."""
    one = compared(a, b)
    for other in (compared(b, a), compared(a, b, better="lower")):
        assert other.difference == pytest.approx(-one.difference)
        assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]))
        assert other.chance_better == pytest.approx(one.chance_worse)
        assert other.chance_equivalent == pytest.approx(one.chance_equivalent)
        assert other.p_value == pytest.approx(one.p_value)
        mirror = {"better": "worse", "worse": "better"}
        assert other.word == mirror.get(one.word, one.word)


@settings(max_examples=60, deadline=None)
@given(SCORES, SCORES, st.floats(0, 0.2))
def test_chances_add_up(a: list[float], b: list[float], region: float) -> None:
    """The three chances are chances and add up to 1."""
    found = compared(a, b, region=region)
    chances = [found.chance_better, found.chance_equivalent, found.chance_worse]
    assert all(0 <= chance <= 1 for chance in chances)
    assert sum(chances) == pytest.approx(1)


def test_the_order_of_the_folds_is_of_no_matter() -> None:
    """Folds are a set of pairs."""
    stream = np.random.default_rng(2)
    a, b, order = stream.random(10), stream.random(10), stream.permutation(10)
    assert compared(a, b).p_value == pytest.approx(compared(a[order], b[order]).p_value)


@pytest.mark.parametrize(
    ("gap", "word"), [(0.0, "equivalent"), (0.005, "equivalent"), (0.1, "better"), (-0.1, "worse")]
)
def test_equal_differences_are_taken_for_the_truth(gap: float, word: str) -> None:
    """Without any spread the chances are 0 or 1, as in baycomp; rounding is no spread."""
    b = np.array([0.7, 0.8, 0.1 + 0.2])
    found = compared(b + gap, b)
    assert found.word == word
    assert found.error == 0
    assert sorted([found.chance_better, found.chance_equivalent, found.chance_worse]) == [0, 0, 1]
    assert found.p_value == (1 if gap == 0 else 0)


def test_a_contender_that_diverged_is_infinitely_bad() -> None:
    """One NaN or infinite loss is certain defeat, in both seats, and nothing becomes NaN."""
    good = [0.3, 0.2, 0.4]
    for lost in ([0.1, math.nan, 0.1], [0.1, math.inf, 0.1]):
        beaten, winning = compared(lost, good, better="lower"), compared(good, lost, better="lower")
        assert (beaten.word, beaten.difference, beaten.chance_worse) == ("worse", -math.inf, 1)
        assert (winning.word, winning.difference, winning.p_value) == ("better", math.inf, 0)
        assert winning.rows_to_decide is None


def test_two_that_diverged_are_equal() -> None:
    """Where both have lost, neither is better."""
    found = compared([math.nan, 0.5, 0.5], [0.5, math.nan, 0.5])
    assert (found.word, found.difference, found.p_value) == ("equivalent", 0, 1)


def test_a_fold_that_says_nothing_about_either_is_passed_over() -> None:
    """A test fold without one of the classes has no area under a curve, for nobody."""
    a, b = [0.9, 0.8, 0.95], [0.7, 0.75, 0.8]
    with_hole = compared([*a, math.nan], [*b, math.nan])
    assert with_hole == compared(a, b)
    assert compared([math.nan] * 3, [math.nan] * 3).word == "equivalent"


def test_from_a_single_split_nothing_follows() -> None:
    """One difference has no spread, so that it stays undecided and no number of rows is promised."""
    found = compared([0.9], [0.1])
    assert (found.word, found.p_value, found.interval) == ("undecided", 1, (-math.inf, math.inf))
    assert found.rows_to_decide is None


def test_interval_of_a_mean() -> None:
    """Student's with the corrected error, cut at 0 and 1 where it is a share, endless where nothing is known."""
    folds = [0.9, 0.95, 1.0, 0.97]
    error = np.std(folds, ddof=1) * math.sqrt(1 / 4 + 1 / 3)
    expected = stats.t.interval(0.95, 3, np.mean(folds), error)
    assert mean_interval(folds, 1 / 3) == pytest.approx(expected)
    assert mean_interval(folds, 1 / 3, share=True) == (pytest.approx(expected[0]), 1.0)
    assert mean_interval([0.3], 0.25) == mean_interval([0.3, math.nan], 0.25) == (-math.inf, math.inf)
    assert mean_interval([math.nan, 0.2], 0.25, share=True) == (0, 1)
    assert mean_interval([0.1, 0.1, 0.1], 0.25) == pytest.approx((0.1, 0.1))


def test_a_share_that_is_the_same_in_every_fold_has_wilsons_interval() -> None:
    """Ten folds of 30 rows, all right, are no certainty; without the rows, or with a spread, all is as it was."""
    for share, rows in ((1.0, 30), (0.9, 40), (0.0, 7)):
        expected = stats.binomtest(round(share * rows), rows).proportion_ci(method="wilson")
        assert mean_interval([share] * 10, 1 / 9, share=True, rows=rows) == pytest.approx(tuple(expected), abs=1e-12)
    assert mean_interval([1.0, 1.0], 1.0, share=True) == (1, 1)
    spread = [0.9, 1.0, 0.95]
    assert mean_interval(spread, 0.5, share=True, rows=30) == mean_interval(spread, 0.5, share=True)


def test_the_error_of_shares_is_at_least_that_of_a_row() -> None:
    """About one row on which the two disagree; errors of another unit, and wider ones, stay what they are."""
    same = [0.9] * 50
    floored = compare_folds(same, same, better="higher", region=0.01, test_share=0.25, rows=344, share=True)
    assert floored.error == pytest.approx(math.sqrt(2) / 344)
    assert (floored.word, 0 < floored.chance_worse < 0.02) == ("equivalent", True)
    assert compare_folds(same, same, better="lower", region=0.01, test_share=0.25, rows=344).error == 0
    a, b = np.random.default_rng(0).random((2, 50))
    wide = compare_folds(a, b, better="higher", region=0.01, test_share=0.25, rows=344, share=True)
    assert wide == compare_folds(a, b, better="higher", region=0.01, test_share=0.25, rows=344)


def test_shared_rows_widen_the_error_as_nadeau_and_bengio_say() -> None:
    """Ten times as many folds of the same rows cannot take the error below the share."""
    few, many = [0.1, 0.2, 0.3], [0.1, 0.2, 0.3] * 1000
    assert corrected_error(few, 0.25) == pytest.approx(0.1 * math.sqrt(1 / 3 + 1 / 4))
    assert corrected_error(many, 0.25) == pytest.approx(np.std(many) * 0.5, rel=0.01)
    assert corrected_error([0.1], 0.25) == math.inf


@pytest.mark.parametrize(
    ("a", "region", "share", "part"),
    [
        ([0.1, 0.2], 0.01, 0.25, "shapes (2,) and (3,)"),
        ([0.1, 0.2, 0.3], -1.0, 0.25, "region=-1.0"),
        ([0.1, 0.2, 0.3], 0.01, 0.0, "test_share=0.0"),
        ([0.1, 0.2, 0.3], math.nan, 0.25, "region=nan"),
    ],
)
def test_what_cannot_be_compared_is_refused(a: list[float], region: float, share: float, part: str) -> None:
    """Other folds, a negative region or no share of test rows are said in words."""
    with pytest.raises(DataError) as error:
        compare_folds(a, [0.1, 0.2, 0.3], better="higher", region=region, test_share=share, rows=10)
    assert part in error.value.wrong


def test_rounding_is_no_difference() -> None:
    """0.1 + 0.2 is not 0.3 in binary, and no contender is better for it."""
    found = compared([0.3, 0.3, 0.3], [0.1 + 0.2] * 3)
    assert (found.difference, found.p_value, found.word) == (0, 1, "equivalent")
