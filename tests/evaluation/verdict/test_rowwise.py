"""Comparisons on one test set: McNemar, the paired bootstrap, and the price of choosing the best."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from lamina.evaluation.verdict.comparison import Comparison
from lamina.evaluation.verdict.rowwise import bootstrap_interval, choice_optimism, compare_rows, mcnemar
from lamina.foundation.errors import DataError
from lamina.metrics import accuracy, brier, mae, rmse, roc_auc


def right_in(truth: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Scores for two classes that are right in a share of the rows."""
    right = np.random.default_rng(seed).random(len(truth)) < share
    return np.eye(2)[np.where(right, truth, 1 - truth)]


def compared(truth: np.ndarray, a: np.ndarray, b: np.ndarray, region: float = 0.01) -> Comparison:
    """A comparison of accuracies."""
    return compare_rows(truth, a, b, metric=accuracy, better="higher", region=region, seed=0)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (5, 0), (3, 8), (10, 10), (30, 12)])
def test_mcnemar_is_the_exact_binomial_test(only_a: int, only_b: int) -> None:
    """It is scipy's test of a fair coin over the rows on which one is right and the other wrong; no others count."""
    a = [True] * only_a + [False] * only_b + [True] * 7 + [False] * 4
    b = [False] * only_a + [True] * only_b + [True] * 7 + [False] * 4
    expected = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar(a, b) == mcnemar(b, a) == pytest.approx(expected)


def test_accuracies_are_compared_by_mcnemar() -> None:
    """The p value is McNemar's; error and chances are those of the paired difference."""
    truth = np.arange(400) % 2
    a, b = right_in(truth, 0.9, 1), right_in(truth, 0.75, 2)
    found = compared(truth, a, b)
    rights = [scores.argmax(axis=1) == truth for scores in (a, b)]
    differences = rights[0].astype(float) - rights[1]
    assert (found.method, found.word, found.rows, found.splits) == ("McNemar", "better", 400, 1)
    assert found.p_value == mcnemar(*rights)
    assert found.difference == pytest.approx(differences.mean())
    assert found.error == pytest.approx(differences.std() / 20, rel=0.1)
    assert found.interval[0] < found.difference < found.interval[1]


def test_swapped_rows_mirror() -> None:
    """Swapped, they have the turned difference and the same p value, from the same draws."""
    truth = np.arange(100) % 2
    a, b = right_in(truth, 0.8, 1), right_in(truth, 0.78, 2)
    one, other = compared(truth, a, b), compared(truth, b, a)
    assert other.difference == -one.difference
    assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]))
    assert (other.chance_better, other.chance_worse) == (one.chance_worse, one.chance_better)
    assert other.p_value == one.p_value


def test_the_same_answers_are_equivalent() -> None:
    """Nothing differs: the difference is 0 for certain."""
    truth = np.arange(50) % 2
    a = right_in(truth, 0.8, 1)
    found = compared(truth, a, a)
    assert (found.word, found.difference, found.p_value, found.chance_equivalent) == ("equivalent", 0, 1, 1)


def test_one_row_of_a_hundred_is_not_above_one_point() -> None:
    """0.98 - 0.97 is 0.01 and a bit in binary; the bit does not count."""
    truth = np.zeros(100, dtype=int)
    a, b = np.eye(2)[[1, 1, *[0] * 98]], np.eye(2)[[1, 1, 1, *[0] * 97]]
    found = compared(truth, a, b)
    assert found.chance_better == pytest.approx(stats.binom.sf(1, 100, 0.01), abs=0.03)


def test_errors_are_compared_by_the_bootstrap() -> None:
    """A lower error is better; the p value comes near the paired t test's of the rows."""
    stream = np.random.default_rng(0)
    truth = stream.standard_normal(300)
    a, b = truth + stream.normal(0, 1.0, 300), truth + stream.normal(0, 1.15, 300)
    found = compare_rows(truth, a, b, metric=mae, better="lower", region=0.0, seed=0)
    expected = stats.ttest_rel(abs(b - truth), abs(a - truth))
    assert found.method == "paired bootstrap"
    assert found.difference > 0
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.02)
    assert found.interval == pytest.approx(expected.confidence_interval(), abs=0.02)
    assert found.chance_better + found.chance_worse == pytest.approx(1)


def test_any_metric_can_be_compared() -> None:
    """Metrics that are no mean over rows are called draw by draw; draws without a class are passed over."""
    truth = np.array([0] * 27 + [1] * 3)
    scores = np.random.default_rng(0).random(30) + truth
    good, bad = (np.stack([1 - s, s], axis=1) for s in (scores / 2, np.full(30, 0.5)))
    found = compare_rows(truth, good, bad, metric=roc_auc, better="higher", region=0.01, seed=0, draws=100)
    assert (found.word, found.chance_better) == ("better", 1)
    assert found.p_value <= 2 / 90  # never 0


def test_answers_that_are_not_finite_are_infinitely_bad() -> None:
    """A diverged network loses for certain; two of them are equal."""
    truth = np.arange(20) % 2
    good, lost = right_in(truth, 0.7, 0), np.full((20, 2), np.nan)
    assert compared(truth, lost, good).word == "worse"
    assert compared(truth, good, lost).difference == math.inf
    assert compared(truth, lost, lost).word == "equivalent"


def test_interval_of_a_score_on_a_test_set() -> None:
    """Of a share of rows it is near the normal one; it holds the score."""
    truth = np.arange(500) % 2
    low, high = bootstrap_interval(truth, right_in(truth, 0.8, 0), accuracy, seed=0)
    score = accuracy(truth, right_in(truth, 0.8, 0))
    reach = 1.96 * math.sqrt(score * (1 - score) / 500)
    assert (low, high) == pytest.approx((score - reach, score + reach), abs=0.01)


def test_the_best_of_many_that_guess_is_worth_a_guess() -> None:
    """The winner of 30 coin tossers looks good on the rows that chose it; corrected, it is right every second time."""
    truth = np.arange(200) % 2
    corrected, naive = [], []
    for seed in range(20):
        answers = {f"coin {i}": right_in(truth, 0.5, 1000 * seed + i) for i in range(30)}
        found = choice_optimism(truth, answers, metric=accuracy, better="higher", seed=seed, draws=200)
        assert found.interval[0] < found.score < found.interval[1]
        corrected.append(found.score)
        naive.append(found.score + found.optimism)
    assert np.mean(naive) > 0.55
    assert np.mean(corrected) == pytest.approx(0.5, abs=0.015)


def test_a_clear_winner_owes_nothing_to_choice() -> None:
    """Where one contender is always chosen, the corrected score is its own; the direction of the metric is kept."""
    truth = np.linspace(0, 1, 300)
    answers = {"bad": truth + 1.0, "good": truth + np.random.default_rng(0).normal(0, 0.1, 300)}
    found = choice_optimism(truth, answers, metric=rmse, better="lower", seed=0, draws=300)
    assert found.chosen == "good"
    assert found.score == pytest.approx(rmse(truth, answers["good"]), rel=0.02)
    assert found.optimism == pytest.approx(found.score - rmse(truth, answers["good"]))


def test_a_diverged_contender_is_never_chosen() -> None:
    """NaN is no score to win with, on the fast way and on the slow."""
    truth = np.arange(60) % 2
    answers = {"lost": np.full((60, 2), np.nan), "good": right_in(truth, 0.8, 0)}
    for metric, better in ((accuracy, "higher"), (brier, "lower")):
        found = choice_optimism(truth, answers, metric=metric, better=better, seed=0, draws=20)  # type: ignore[arg-type]
        assert found.chosen == "good"
        assert math.isfinite(found.score)


def test_groups_of_rows_are_one_witness_each() -> None:
    """Ten rows that say the same thing widen the error by the root of ten, and McNemar is not asked."""
    truth = np.arange(60) % 2
    a, b = right_in(truth, 0.9, 1), right_in(truth, 0.7, 2)
    small = compared(truth, a, b)
    often, groups = np.repeat(truth, 10), [f"patient {code}" for code in np.repeat(np.arange(60), 10)]
    copied = np.repeat(a, 10, axis=0), np.repeat(b, 10, axis=0)
    found = compare_rows(often, *copied, metric=accuracy, better="higher", region=0.01, seed=0, groups=groups)
    assert found.method == "paired bootstrap"
    assert found.error == pytest.approx(small.error, rel=0.05)
    assert found.error > 2.5 * compared(often, *copied).error
    whole = bootstrap_interval(often, copied[0], accuracy, seed=0, groups=groups)
    assert whole == pytest.approx(bootstrap_interval(truth, a, accuracy, seed=0), abs=0.02)
    answers = dict(zip("ab", copied, strict=True))
    wide, narrow = (
        choice_optimism(often, answers, metric=accuracy, better="higher", seed=0, draws=200, groups=given).interval
        for given in (groups, None)
    )
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])


def test_from_one_group_nothing_follows() -> None:
    """It has no spread that could be seen: everything stays open."""
    truth, one = np.arange(40) % 2, np.zeros(40)
    a, b = right_in(truth, 0.9, 1), right_in(truth, 0.5, 2)
    found = compare_rows(truth, a, b, metric=accuracy, better="higher", region=0.01, seed=0, groups=one)
    assert (found.word, found.p_value, found.rows_to_decide) == ("undecided", 1, None)
    assert bootstrap_interval(truth, a, accuracy, seed=0, groups=one) == (-math.inf, math.inf)
    with pytest.raises(DataError, match="one group for each row"):
        compare_rows(truth, a, b, metric=accuracy, better="higher", region=0.01, seed=0, groups=one[1:])


def test_rows_that_do_not_belong_together_are_refused() -> None:
    """Other numbers of rows, or none at all, are said in words; so is a single row, of which none is left out."""
    truth = np.arange(4.0)
    with pytest.raises(DataError, match="answers to the same test rows"):
        compare_rows(truth, truth, truth[:3], metric=mae, better="lower", region=0.0, seed=0)
    with pytest.raises(DataError, match="at least one row"):
        choice_optimism(truth, {}, metric=mae, better="lower", seed=0)
    with pytest.raises(DataError, match="hold out more rows"):
        choice_optimism(truth[:1], {"only": truth[:1]}, metric=mae, better="lower", seed=0, draws=10)
