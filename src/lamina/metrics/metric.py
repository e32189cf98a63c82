"""What a metric is: a function, a name for it, and which way is better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from numpy.typing import ArrayLike

from lamina.foundation.specs import check, setting


class MetricFunction(Protocol):
    """``(truth, scores, weights) -> float``: the whole contract of a metric.

    **Shape**: truth int ``(row,)`` with scores ``(row, class)``, or both float ``(row,)``; weights float ``(row,)``.
    """

    def __call__(self, truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
        """The value; NaN if nothing can be said."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A function with what people and programs must know about it.

    >>> def worst(truth, scores, weights=None):
    ...     return float(max(abs(t - s) for t, s in zip(truth, scores)))
    >>> metric = Metric(name="worst", label="largest error", function=worst, better="lower", needs="numbers")
    >>> metric.function([1.0, 2.0], [1.0, 5.0])
    3.0
    """

    name: str = setting(meaning="the key in results and files")
    label: str = setting(meaning="what a person reads")
    function: MetricFunction = setting(meaning="truth, scores and weights to one number")
    better: Literal["higher", "lower"] = setting(meaning="which values are better")
    needs: Literal["classes", "probabilities", "numbers"] = setting(meaning="what the scores must be")
    percent: bool = setting(False, "whether a share is shown as so many in a hundred")
    least: float | None = setting(None, "the value below which there is none; None if there is no such end")
    most: float | None = setting(None, "the value above which there is none; None if there is no such end")
    ranks: bool = setting(False, "whether only the order of the rows counts, which no calibration changes")

    def __post_init__(self) -> None:
        check(self)

    @property
    def bounds(self) -> tuple[float, float]:
        """Between what and what all its values lie; infinite where there is no end."""
        return -math.inf if self.least is None else self.least, math.inf if self.most is None else self.most


def format_metric(metric: Metric, value: float) -> str:
    """A value as a person reads it: per cent with one place, others with three digits that count.

    >>> error = Metric(name="e", label="error", function=max, better="lower", needs="numbers")
    >>> share = Metric(name="s", label="share", function=max, better="higher", needs="classes", percent=True)
    >>> [format_metric(share, 0.98912), *(format_metric(error, v) for v in (0.012345, 12345.6, 1.2e9, math.nan))]
    ['98.9 %', '0.0123', '12346', '1.20e+09', 'undefined']
    """
    if math.isnan(value):
        return "undefined"
    if metric.percent:
        return f"{100 * value:.1f} %"
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e6:
        return f"{value:.2e}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"


def finite_or_none(value: float) -> float | None:
    """A value as JSON can hold it, which has no infinity and no NaN.

    >>> finite_or_none(0.5), finite_or_none(math.nan)
    (0.5, None)
    """
    return value if math.isfinite(value) else None
