"""How a contender did, all that a verdict knows of it, and what to call it in a sentence."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from lamina.foundation.errors import SpecError, nearest
from lamina.metrics import Metric

SIMPLICITY = ("constant", "linear", "neighbours", "svm", "forest", "boosting", "foreign", "network")  # simplest first

_PHRASES = {
    "constant": ("always giving the same answer", "the constant answer"),
    "linear": ("a linear model", "the linear model"),
    "neighbours": ("a nearest-neighbours model", "the nearest-neighbours model"),
    "svm": ("a support vector machine", "the support vector machine"),
    "forest": ("a random forest", "the random forest"),
    "boosting": ("gradient boosting", "gradient boosting"),
    "network": ("the network", "the network"),
}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a contender did in the headline metric, split by split; NaN or infinite where it diverged.

    Args:
        name: the key in results: "linear", "network".
        title: what a person reads in a table; in the sentence too, for families without a phrase of their own.
        family: one of `SIMPLICITY`; several contenders may be of one family.
        folds: the scores, the same splits for everybody; a single one where a test set was held out.
        seconds: of training, on average over the splits.
        answers: to the rows of a test set that was held out, else None.

    Raises:
        SpecError: an unknown family, or no score.

    >>> Standing(name="linear", title="Linear model", family="linear", folds=(0.9, 0.8), seconds=0.1).phrase
    'a linear model'
    """

    name: str
    title: str
    family: str
    folds: tuple[float, ...]
    seconds: float
    answers: NDArray[Any] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.family not in SIMPLICITY or not self.folds:
            raise SpecError(
                wrong=f"the contender {self.name!r} is of the family {self.family!r} and has {len(self.folds)} scores.",
                expected="a known family, and a score for every split.",
                remedy=nearest(self.family, SIMPLICITY),
            )

    @property
    def mean(self) -> float:
        """The mean over the splits; NaN where it diverged in one."""
        return statistics.fmean(self.folds) if all(map(math.isfinite, self.folds)) else math.nan

    @property
    def simplicity(self) -> int:
        """The place in the order of simplicity, 0 for the simplest."""
        return SIMPLICITY.index(self.family)

    @property
    def phrase(self) -> str:
        """The contender with an article, as it is introduced in a sentence."""
        return _PHRASES.get(self.family, _phrases(self.title))[0]

    @property
    def definite(self) -> str:
        """The contender with its article, as it is called after that."""
        return _PHRASES.get(self.family, _phrases(self.title))[1]

    def worth(self, metric: Metric) -> float:
        """The mean where higher is better whatever the metric; minus infinity if the contender diverged."""
        if math.isnan(self.mean):
            return -math.inf
        return self.mean if metric.better == "higher" else -self.mean


def _phrases(title: str) -> tuple[str, str]:
    """What to call a contender without a phrase of its own: words take an article, the name of a class does not.

    >>> _phrases("Ridge classifier on random kernels"), _phrases("GaussianNB")
    (('a ridge classifier on random kernels', 'the ridge classifier on random kernels'), ('GaussianNB', 'GaussianNB'))
    """
    first, *more = title.split()
    if not more or more[-1].isdigit() or first[1:] != first[1:].lower():
        return title, title
    words = title[0].lower() + title[1:]
    return f"a {words}", f"the {words}"
