"""The bootstrap: a metric on test rows drawn anew with replacement, the same draws for every contender.

A draw is held as how often each row is in it. Where a metric is a mean over rows (or the root of one), all draws are
one product of matrices; any other is called once a draw.

Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.foundation.errors import DataError
from lamina.foundation.randomness import numpy_stream
from lamina.metrics import accuracy, log_loss, mae, rmse

Array = NDArray[Any]
Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
RowMetric = Callable[[Array, Array], float]  # truth and scores of some rows to one number

CELLS = 1 << 20  # draws times rows held at once: 8 MiB of counts


def bootstrap(
    truth: Array, answers: Sequence[Array], metric: RowMetric, *, seed: int, draws: int, groups: Counts | None = None
) -> Floats:
    """The metric of every contender on every draw; NaN where it can say nothing.

    **Shape**: truth ``(row,)`` and each contender's answers ``(row, ...)`` in, float64 ``(draw, contender)`` out.

    Args:
        groups: codes from 0 on, ``(row,)``; whole groups are drawn then, for rows of one group witness the same thing.

    >>> bootstrap(np.zeros(4), [np.full(4, 0.5), np.ones(4)], mae, seed=0, draws=2)
    array([[0.5, 1. ],
           [0.5, 1. ]])
    """
    parts = draw_counts(len(truth), draws=draws, seed=seed, groups=groups)
    return np.concatenate([scores_of_draws(truth, answers, metric, counts) for counts in parts])


def draw_counts(rows: int, *, draws: int, seed: int, groups: Counts | None = None) -> Iterator[Counts]:
    """How often each row is in each draw, some draws at a time: int64 ``(draw, row)``.

    Every line adds up to ``rows``; with ``groups`` to about as many, for as many groups are drawn as there are.
    """
    stream, at_once = numpy_stream(seed, "bootstrap"), max(1, CELLS // rows)
    units = rows if groups is None else int(groups.max()) + 1
    for begin in range(0, draws, at_once):
        some = min(at_once, draws - begin)
        places = stream.integers(units, size=(some, units)) + units * np.arange(some)[:, None]
        counts = np.bincount(places.ravel(), minlength=some * units).reshape(some, units)
        yield counts if groups is None else counts[:, groups]


def scores_of_draws(truth: Array, answers: Sequence[Array], metric: RowMetric, counts: Counts) -> Floats:
    """The metric of every contender on draws given by `draw_counts`: ``(draw, contender)``; NaN of no rows."""
    if metric not in _MEANS:
        drawn = [np.repeat(np.arange(len(truth)), line) for line in counts]
        return np.array([[_called(metric, truth[rows], given[rows]) for given in answers] for rows in drawn])
    value, finish = _MEANS[metric]
    values = np.stack([value(truth, given) for given in answers], axis=1)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.asarray(finish((counts.astype(np.float64) @ values) / counts.sum(axis=1, keepdims=True)))


def finite(drawn: Floats) -> Floats:
    """The draws of which the metric could say something.

    Raises:
        DataError: there is none.
    """
    known = drawn[np.isfinite(drawn)]
    if len(known):
        return known
    raise DataError(
        wrong=f"of {len(drawn)} draws of the test rows, the metric can say nothing of any.",
        expected="finite answers, and enough rows of every class for draws that hold and leave out some of each.",
        remedy="hold out more rows, or compare by folds.",
    )


def middle(drawn: Floats) -> tuple[float, float]:
    """The middle 95 % of the draws."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _called(metric: RowMetric, truth: Array, scores: Array) -> float:
    return metric(truth, scores) if len(truth) else np.nan


def _right(truth: Array, scores: Array) -> Floats:
    return np.where(np.isfinite(scores).all(axis=1), scores.argmax(axis=1) == truth, np.nan)


def _surprise(truth: Array, scores: Array) -> Floats:
    smallest = float(np.finfo(scores.dtype if scores.dtype.kind == "f" else np.float64).eps)  # as in `log_loss`
    true = np.asarray(scores, dtype=np.float64)[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.clip(true, smallest, 1 - smallest)))


def _distance(truth: Array, scores: Array) -> Floats:
    return np.asarray(np.abs(np.asarray(truth, dtype=np.float64) - scores))


def _square(truth: Array, scores: Array) -> Floats:
    with np.errstate(over="ignore"):  # errors of 1e200 have no finite square
        return np.asarray(_distance(truth, scores) ** 2)


def _same(values: Floats) -> Floats:
    return values


# what a row adds to the mean, and what is made of the mean; a test holds each against its metric
_MEANS: dict[Any, tuple[Callable[[Array, Array], Floats], Callable[[Floats], Floats]]] = {
    accuracy: (_right, _same),
    log_loss: (_surprise, _same),
    mae: (_distance, _same),
    rmse: (_square, np.sqrt),
}
