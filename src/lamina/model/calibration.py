r"""Calibration: what held-out rows taught about how sure a model may be of its answers.

    chance        p_c proportional to p_c^(1/T); T > 1 where the model was too sure, T < 1 where it was too modest
    conformity    s_i = |y_i - answer_i| for numbers,  s_i = 1 - p_i(true class) for classes, of held-out rows i = 1..n
    threshold     q = the ceil((n + 1) coverage)-th smallest s_i, infinite if there is none
    promise       a new row like the held-out ones has s <= q with a chance of at least ``coverage``

so that answer +- q, or all classes with 1 - p <= q, hold the truth that often, whatever the model is worth.

Sources: Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks", arXiv:1706.04599; Vovk,
Gammerman and Shafer (2005), "Algorithmic Learning in a Random World", doi:10.1007/b106715; Sadinle, Lei and Wasserman
(2019), "Least Ambiguous Set-Valued Classifiers", arXiv:1609.00451; Barber, Candes, Ramdas and Tibshirani (2021),
"Predictive inference with the jackknife+", arXiv:1905.02928, for scores that come from several folds.
We differ: at most `MOST_KEPT` scores are kept, and a threshold between two of them is rounded up, so that the promise
still holds; the most likely class is in every set, so that none is empty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import check, setting

MOST_KEPT = 2_000  # conformity scores in a file: 40 kilobytes of text, and a coverage fine to a twentieth of a percent

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How sure a model may be, learnt from the answers to rows that it had not seen.

    ``conformity`` holds the scores of all ``rows``, rising, or `MOST_KEPT` of them (see `thinned`).

    Raises:
        SpecError: a temperature that is not positive, scores that do not rise from 0 on, or another number of them than
            ``rows`` asks for.

    >>> Calibration(temperature=1.2, conformity=(0.1, 0.2, 0.4), rows=3).threshold(0.5)
    0.2
    """

    temperature: float = setting(1.0, "what sharpens (below 1) or softens (above 1) the chances", above=0)
    conformity: tuple[float, ...] = setting((), "how far off the answers to held-out rows were, rising", low=0)
    rows: int = setting(0, "held-out rows that the scores come from", low=0)

    def __post_init__(self) -> None:
        check(self)
        kept = min(self.rows, MOST_KEPT)
        if len(self.conformity) != kept or not _rises(self.conformity):
            raise SpecError(
                wrong=f"Calibration has {len(self.conformity):,} conformity scores for rows={self.rows:,}.",
                expected=f"{kept:,} scores that rise, the smallest first.",
                remedy="try fit_conformity(scores, temperature=1.0), which sorts and thins them.",
            )

    @property
    def largest_coverage(self) -> float:
        """The largest coverage that so many rows can promise: n / (n + 1)."""
        return self.rows / (self.rows + 1)

    def threshold(self, coverage: float) -> float:
        """The conformity that a new row stays at or below with a chance of at least ``coverage``; see `quantile_of`."""
        return quantile_of(self.conformity, coverage, rows=self.rows)


def fit_conformity(scores: npt.ArrayLike, *, temperature: float = 1.0) -> Calibration:
    """The calibration of these conformity scores, in any order.

    **Shape**: ``(row,)``, finite, at least 0.

    >>> fit_conformity([0.4, 0.1, 0.2])
    Calibration(temperature=1.0, conformity=(0.1, 0.2, 0.4), rows=3)
    """
    every: Floats = np.asarray(scores, np.float64).ravel()
    return Calibration(temperature=float(temperature), conformity=thinned(every), rows=len(every))


def calibrated(probabilities: Floats, temperature: float) -> Floats:
    """Chances sharpened or softened by a temperature; their order stays.

    **Shape**: float64 ``(row, class)`` in and out, each row adding up to 1.

    >>> calibrated(np.array([[0.8, 0.2]]), 2.0).round(4).tolist()
    [[0.6667, 0.3333]]
    """
    if temperature == 1:
        return probabilities
    with np.errstate(divide="ignore", over="ignore"):  # the log of a chance of 0 is -inf, and its power 0 again
        logs = np.log(probabilities)
        # the largest exponent is 0 whatever the temperature, so nothing overflows and a row is never all 0
        each = np.exp((logs - logs.max(axis=-1, keepdims=True)) / temperature)
    chances: Floats = each / each.sum(axis=-1, keepdims=True)
    return chances


def quantile_of(conformity: tuple[float, ...] | Floats, coverage: float, *, rows: int | None = None) -> float:
    """The ceil((rows + 1) coverage)-th smallest of the scores, or infinity if there are not so many.

    Args:
        conformity: scores that rise; all of them, or what `thinned` left.
        coverage: how often the promise must hold, above 0 and below 1; read as the decimal that a person wrote.
        rows: how many scores there were before they were thinned; None for as many as there are.

    >>> quantile_of((1.0, 2.0, 3.0, 4.0), 0.8), quantile_of((1.0, 2.0, 3.0, 4.0), 0.81)
    (4.0, inf)
    """
    count = len(conformity) if rows is None else rows
    # 0.07 * 100 is more than 7 in binary and would cost a rank; the decimal itself does not
    rank = math.ceil((count + 1) * Fraction(repr(float(coverage))))
    if rank > count:
        return math.inf
    place = -(-rank * len(conformity) // count)  # the first kept score whose rank is not below
    return float(conformity[place - 1])


def thinned(scores: Floats) -> tuple[float, ...]:
    """The scores, rising; of more than `MOST_KEPT` those with the ranks ceil(j rows / MOST_KEPT), j = 1, 2, ...

    The largest is always among them, and `quantile_of` takes the next one kept: a threshold is never too small.

    >>> len(thinned(np.arange(5000.0))), thinned(np.arange(5000.0))[:3]
    (2000, (2.0, 4.0, 7.0))
    """
    rising = np.sort(scores)
    kept = min(len(rising), MOST_KEPT)
    ranks = -(-np.arange(1, kept + 1) * len(rising) // max(kept, 1))
    return tuple(rising[ranks - 1].tolist())


def rows_needed(coverage: float) -> int:
    """How many held-out rows can promise this coverage at all.

    >>> rows_needed(0.9), rows_needed(0.99)
    (9, 99)
    """
    wanted = Fraction(repr(float(coverage)))
    return math.ceil(wanted / (1 - wanted))


def _rises(values: tuple[Any, ...]) -> bool:
    return bool((np.diff(np.asarray(values, np.float64)) >= 0).all())
