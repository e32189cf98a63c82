"""The words for a difference, and how many rows would decide."""

from __future__ import annotations

import dataclasses
import math

import pytest
from scipy import stats

from lamina.evaluation.verdict.comparison import Comparison


def made(difference: float, error: float, region: float = 0.01, rows: int = 100) -> Comparison:
    """A comparison with normal chances, as of very many folds."""
    above = float(stats.norm.sf((region - difference) / error))
    below = float(stats.norm.cdf((-region - difference) / error))
    return Comparison(
        difference=difference,
        interval=(difference - 1.96 * error, difference + 1.96 * error),
        error=error,
        chance_better=above,
        chance_equivalent=1 - above - below,
        chance_worse=below,
        p_value=2 * float(stats.norm.sf(abs(difference) / error)),
        region=region,
        method="corrected t",
        splits=50,
        rows=rows,
    )


@pytest.mark.parametrize(
    ("difference", "error", "word"),
    [
        (0.03, 0.005, "better"),
        (-0.03, 0.005, "worse"),
        (0.001, 0.003, "equivalent"),
        (0.03, 0.02, "undecided"),  # large but unsure
        (0.009, 0.003, "undecided"),  # sure to be above 0, unsure whether it matters
        (0.005, 0.002, "equivalent"),  # sure to be above 0, and sure not to matter
    ],
)
def test_the_words_mean_what_was_fixed(difference: float, error: float, word: str) -> None:
    """Better and worse need a small p value and a difference beyond the region, equivalent a chance above 95 %."""
    assert made(difference, error).word == word


@pytest.mark.parametrize(("difference", "error"), [(0.03, 0.02), (-0.03, 0.02), (0.005, 0.006), (0.0, 0.02)])
def test_rows_to_decide_are_about_enough(difference: float, error: float) -> None:
    """With an error that shrinks like the root of the rows, that many (and a little) decide, half of them do not."""
    now = made(difference, error)
    needed = now.rows_to_decide
    assert needed is not None
    assert needed > now.rows
    slack = 1.5 if difference == 0 else 1.05  # at 0 both ends of the region count, which the rule of thumb leaves out
    assert made(difference, error * math.sqrt(now.rows / (slack * needed))).word != "undecided"
    assert made(difference, error * math.sqrt(now.rows / (needed / 2))).word == "undecided"


def test_rows_to_decide_by_hand() -> None:
    """(0.01 / 0.005 * 2.01)^2 = 16.2 times the rows; nothing if it is decided, or more than a hundred times."""
    two, one = stats.t.ppf([0.975, 0.95], 49)
    assert made(0.005, 0.01, region=0.001).rows_to_decide == math.ceil(100 * (0.01 / 0.005 * two) ** 2)
    assert made(0.005, 0.01, region=0.01).rows_to_decide == math.ceil(100 * (0.01 * one / 0.005) ** 2)
    few = dataclasses.replace(made(0.005, 0.01, region=0.001), splits=5)
    assert few.rows_to_decide == math.ceil(100 * (2 * stats.t.ppf(0.975, 4)) ** 2)
    tested = dataclasses.replace(few, splits=1, method="McNemar")
    assert tested.rows_to_decide == math.ceil(100 * (2 * stats.norm.ppf(0.975)) ** 2)
    assert made(0.03, 0.005).rows_to_decide is None
    assert made(0.005, 0.5, region=0.001).rows_to_decide is None
    assert made(0.0, 0.0055).rows_to_decide == 111  # never fewer than a tenth more: today's did not decide
