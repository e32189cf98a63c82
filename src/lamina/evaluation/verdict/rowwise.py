"""Whether one contender is better than another, from their answers to the same rows of one test set.

Rows are drawn anew with replacement, the same for both contenders, and what the metric makes of each draw shows how far
chance moves the difference. For the share of right answers the p value is McNemar's, which is exact: only rows that one
contender gets right and the other wrong can speak. Where rows come in groups (the visits of a patient), whole groups
are drawn, and McNemar, who takes each row for a witness of its own, is not asked.

Source: McNemar (1947), doi:10.1007/BF02295996.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.evaluation.verdict.comparison import Better, Comparison, compare_diverged, compare_single
from lamina.evaluation.verdict.draws import (
    Array,
    Counts,
    Floats,
    RowMetric,
    bootstrap,
    draw_counts,
    finite,
    middle,
    scores_of_draws,
)
from lamina.foundation.errors import DataError
from lamina.metrics import accuracy

ROUNDING = 1e-9  # of the region: 0.98 - 0.97 is not above 0.01


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """What to expect of "take the contender that scored best" on new rows.

    ``optimism`` is by how much the winner's own score flatters it: positive whichever way the metric points.
    """

    chosen: str
    score: float
    interval: tuple[float, float]  # 95 %
    optimism: float


def mcnemar(right_a: ArrayLike, right_b: ArrayLike) -> float:
    """The exact two-sided p value of both being right equally often.

    **Shape**: bool ``(row,)`` each.

    >>> mcnemar([True, True, True, True, False], [False, False, False, False, False])  # 2 * 0.5 ** 4
    0.125
    """
    from scipy.special import bdtr

    a, b = np.asarray(right_a, dtype=bool), np.asarray(right_b, dtype=bool)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def compare_rows(
    truth: ArrayLike,
    answers_a: ArrayLike,
    answers_b: ArrayLike,
    *,
    metric: RowMetric,
    better: Better,
    region: float,
    seed: int,
    draws: int = 2000,
    groups: ArrayLike | None = None,
) -> Comparison:
    """Compare two contenders by their answers to the same test rows.

    Draws of which the metric can say nothing (a class that was not drawn) are passed over; a contender of which it can
    say nothing on all rows counts as infinitely bad.

    **Shape**: truth ``(row,)``; answers ``(row, class)`` for classes, ``(row,)`` for numbers: what ``metric`` takes.

    Args:
        metric: one of `lamina.metrics`, or any ``(truth, scores) -> float``.
        region: differences up to this size do not matter, in the unit of the metric.
        groups: the code or name of each row's group, ``(row,)``: whole groups are drawn; from one nothing follows.

    Raises:
        DataError: answers or groups that do not belong to these rows, or so few rows that the metric can say nothing
            of any draw.

    >>> truth = np.arange(200) % 2
    >>> sure, guess = np.eye(2)[truth], np.eye(2)[np.zeros(200, dtype=int)]
    >>> compare_rows(truth, sure, guess, metric=accuracy, better="higher", region=0.01, seed=0).word
    'better'
    """
    real, both = _rows(truth, [answers_a, answers_b])
    first, second = (metric(real, answers) for answers in both)
    together = _codes(groups, len(real))
    exact = metric is accuracy and together is None
    method = "McNemar" if exact else "paired bootstrap"
    lost = not np.isfinite(first), not np.isfinite(second)
    if any(lost):
        return compare_diverged(*lost, region=region, method=method, splits=1, rows=len(real))
    sign = 1.0 if better == "higher" else -1.0
    difference = sign * (first - second)
    if _single(together):
        return compare_single(difference, region=region, method=method, rows=len(real))
    drawn = finite(sign * np.subtract(*bootstrap(real, both, metric, seed=seed, draws=draws, groups=together).T))
    low, high = middle(drawn)
    edge = region * (1 + ROUNDING)
    above, below = float((drawn > edge).mean()), float((drawn < -edge).mean())
    rights = [answers.argmax(axis=1) == real for answers in both] if exact else None
    return Comparison(
        difference=difference,
        interval=(low, high),
        error=float(drawn.std()),
        chance_better=above,
        chance_equivalent=max(0.0, 1 - above - below),
        chance_worse=below,
        p_value=mcnemar(*rights) if rights else _p_value(drawn),
        region=region,
        method=method,
        splits=1,
        rows=len(real),
    )


def bootstrap_interval(
    truth: ArrayLike,
    answers: ArrayLike,
    metric: RowMetric,
    *,
    seed: int,
    draws: int = 2000,
    groups: ArrayLike | None = None,
) -> tuple[float, float]:
    """The 95 % interval of one contender's score on a test set: percentiles of draws of its rows.

    With ``groups`` whole groups are drawn; endless if there is only one. Shapes and errors are those of `compare_rows`.

    >>> from lamina.metrics import mae
    >>> bootstrap_interval([1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 3.5, 4.5], mae, seed=0)
    (0.5, 0.5)
    """
    real, one = _rows(truth, [answers])
    together = _codes(groups, len(real))
    if _single(together):
        return -math.inf, math.inf
    return middle(finite(bootstrap(real, one, metric, seed=seed, draws=draws, groups=together)[:, 0]))


def choice_optimism(
    truth: ArrayLike,
    answers: Mapping[str, ArrayLike],
    *,
    metric: RowMetric,
    better: Better,
    seed: int,
    draws: int = 2000,
    groups: ArrayLike | None = None,
) -> Corrected:
    """What the best of several contenders is worth, when the same rows that chose it also scored it.

    In every draw of the rows the best contender on them is chosen and scored on the rows that were not drawn; the mean
    of these scores knows nothing of the choice. The interval is of their percentiles, a little wide since they rest on
    a third of the rows. With ``groups`` whole groups are drawn, and whole groups left out.

    **Shape**: truth ``(row,)``; each contender's held-out answers as in `compare_rows`.

    Source: Tsamardinos, Greasidou and Borboudakis (2018), doi:10.1007/s10994-018-5714-4 (BBC-CV).

    Raises:
        DataError: no contender, answers that do not belong to these rows, or too few rows or groups to leave some out.
    """
    names, sign = list(answers), 1.0 if better == "higher" else -1.0
    real, every = _rows(truth, list(answers.values()))
    alone = np.array([metric(real, given) for given in every])
    best = _best(sign * alone[None])[0]
    parts = draw_counts(len(real), draws=draws, seed=seed, groups=_codes(groups, len(real)))
    scores = finite(np.concatenate([_left_out(real, every, metric, counts, sign) for counts in parts]))
    corrected = float(scores.mean())
    return Corrected(
        chosen=names[best],
        score=corrected,
        interval=middle(scores),
        optimism=sign * (float(alone[best]) - corrected),
    )


def _left_out(truth: Array, answers: Sequence[Array], metric: RowMetric, counts: Counts, sign: float) -> Floats:
    chosen = _best(sign * scores_of_draws(truth, answers, metric, counts))
    outside = scores_of_draws(truth, answers, metric, (counts == 0).astype(np.int64))
    return np.asarray(outside[np.arange(len(counts)), chosen])


def _best(worth: Floats) -> NDArray[np.int64]:
    return np.asarray(np.where(np.isnan(worth), -np.inf, worth).argmax(axis=1))


def _p_value(drawn: Floats) -> float:
    """Twice the smaller share of draws on one side of 0; the data count as one draw, so that it is never 0."""
    side = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return min(1.0, 2 * (side + 1) / (len(drawn) + 1))


def _codes(groups: ArrayLike | None, rows: int) -> Counts | None:
    """The groups as codes without a gap, whatever they are called."""
    if groups is None:
        return None
    given = np.asarray(groups)
    if given.shape == (rows,):
        return np.asarray(np.unique(given, return_inverse=True)[1], dtype=np.int64)
    raise DataError(
        wrong=f"the groups have the shape {given.shape}, and there are {rows} rows.",
        expected="one group for each row.",
        remedy="give the groups of the same test rows, in the same order.",
    )


def _single(groups: Counts | None) -> bool:
    return groups is not None and not groups.any()


def _rows(truth: ArrayLike, answers: Sequence[ArrayLike]) -> tuple[Array, list[Array]]:
    real, every = np.asarray(truth), [np.asarray(given) for given in answers]
    if real.ndim == 1 and len(real) and every and all(len(given) == len(real) for given in every):
        return real, every
    raise DataError(
        wrong=f"truth has the shape {real.shape}, the answers have {', '.join(str(g.shape) for g in every) or 'none'}.",
        expected="at least one row and one contender, and an answer to each row.",
        remedy="give the answers to the same test rows, in the same order.",
    )
