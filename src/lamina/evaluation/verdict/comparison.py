"""What is known of the difference between two contenders, and the word for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from lamina.evaluation.verdict.statistics import LEVEL, quantile

Better = Literal["higher", "lower"]
Word = Literal["better", "equivalent", "worse", "undecided"]

FARTHEST = 100  # times the rows: a guess beyond is no help to anybody


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is known of the difference between contender a and contender b, in the unit of the metric.

    ``difference`` is positive where a is better, whichever way the metric points; infinite where one of them diverged.
    The chances are those of a true difference above ``region``, within it, and below its negative.

    >>> from lamina.evaluation.verdict import compare_folds
    >>> a, b = [0.9, 0.92, 0.91], [0.7, 0.7, 0.72]
    >>> found = compare_folds(a, b, better="higher", region=0.01, test_share=0.5, rows=90)
    >>> found.word, round(found.difference, 3), round(found.p_value, 4)
    ('better', 0.203, 0.0047)
    """

    difference: float
    interval: tuple[float, float]  # 95 %
    error: float  # standard error of the difference, corrected
    chance_better: float
    chance_equivalent: float
    chance_worse: float
    p_value: float  # of no difference, two-sided
    region: float
    method: str
    splits: int
    rows: int

    @property
    def word(self) -> Word:
        """One of four words, whose meaning was fixed before any data was seen."""
        if self.p_value < LEVEL and self.difference > self.region:
            return "better"
        if self.p_value < LEVEL and self.difference < -self.region:
            return "worse"
        return "equivalent" if self.chance_equivalent > 1 - LEVEL else "undecided"

    @property
    def doubt(self) -> float:
        """The chance that a is not better at all, be it by little: the one-sided p value."""
        return self.p_value / 2 if self.difference > 0 else 1 - self.p_value / 2

    @property
    def rows_to_decide(self) -> int | None:
        """About how many rows would decide, if the difference stays what it is; None if that is no help.

        The error shrinks like the root of the rows. It must become small enough for the difference to leave 0 behind,
        or, where the difference lies within the region, for 95 % of what is likely to lie there too, by
        Student's quantiles for so many splits. Never fewer than a tenth more than now: the rows of today did not
        decide.
        """
        distance = abs(self.difference)
        if self.word != "undecided" or not math.isfinite(distance) or not math.isfinite(self.error):
            return None
        inside = distance < self.region
        reach = quantile(1 - LEVEL if inside else 1 - LEVEL / 2, self.splits)
        needed = (self.region - distance) / reach if inside else distance / reach
        if needed <= 0:
            return None
        times = max(1.1, (self.error / needed) ** 2)
        return math.ceil(self.rows * times) if times <= FARTHEST else None


def compare_diverged(a: bool, b: bool, *, region: float, method: str, splits: int, rows: int) -> Comparison:
    """The comparison where ``a`` or ``b`` (or neither, or both) has no finite score: infinitely bad, hence certain."""
    difference = 0.0 if a == b else (-math.inf if a else math.inf)
    return Comparison(
        difference=difference,
        interval=(difference, difference),
        error=0.0,
        chance_better=float(difference > 0),
        chance_equivalent=float(difference == 0),
        chance_worse=float(difference < 0),
        p_value=float(difference == 0),
        region=region,
        method=method,
        splits=splits,
        rows=rows,
    )


def compare_single(difference: float, *, region: float, method: str, rows: int) -> Comparison:
    """The comparison where chance is not known, for there is one group of rows alone: nothing follows."""
    return Comparison(
        difference=difference,
        interval=(-math.inf, math.inf),
        error=math.inf,
        chance_better=0.5,
        chance_equivalent=0.0,
        chance_worse=0.5,
        p_value=1.0,
        region=region,
        method=method,
        splits=1,
        rows=rows,
    )
