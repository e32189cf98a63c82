"""The rows that count: truth, scores and weights as arrays of one length, checked once for every metric."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina.foundation.errors import DataError

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


def class_rows(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None) -> tuple[Codes, Floats, Floats]:
    """Truth, class scores and weights of the rows that count.

    Rows of weight 0 are left out. If a score that counts is not finite, no row is kept: a metric of no rows is NaN,
    and a network that has diverged must not look like one that always answers with its first class.

    **Shape**: int64 ``(row,)``, float64 ``(row, class)`` and float64 ``(row,)`` out.

    Raises:
        DataError: lengths that differ, truth that is not a code of a class, or weights below 0.
    """
    codes, table = np.asarray(truth), np.asarray(scores, dtype=np.float64)
    if table.ndim != 2:
        raise _wrong_shape("scores", table, "(row, class)")
    if codes.size and codes.dtype.kind not in "iub":
        raise _no_codes(f"truth is of type {codes.dtype}", table)
    if codes.size and (codes.min() < 0 or codes.max() >= table.shape[1]):
        raise _no_codes(f"truth lies between {codes.min()} and {codes.max()}", table)
    counts, share = _counting(codes, table, weights)
    return codes.astype(np.int64)[counts], table[counts], share[counts]


def number_rows(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Truth, predicted numbers and weights of the rows that count, chosen as in `class_rows`.

    **Shape**: float64 ``(row,)`` each.

    Raises:
        DataError: lengths that differ, or weights below 0.
    """
    real, predicted = np.asarray(truth, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if predicted.ndim != 1:
        raise _wrong_shape("scores", predicted, "(row,)")
    counts, share = _counting(real, predicted, weights)
    return real[counts], predicted[counts], share[counts]


def weighted_mean(values: ArrayLike, weights: Floats) -> float:
    """The mean of ``values`` ``(row,)``; NaN of no rows, infinite where the sum overflows.

    >>> weighted_mean([1.0, 4.0], np.array([2.0, 1.0]))
    2.0
    """
    if not weights.size:
        return float("nan")
    with np.errstate(over="ignore"):
        return float((np.asarray(values) * weights).sum() / weights.sum())


def weight_of_groups(groups: NDArray[np.int64], weights: Floats, size: int) -> Floats:
    """The summed weight of the rows of each group 0 to ``size - 1``: float64 ``(size,)``.

    >>> weight_of_groups(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]), 3)
    array([1., 0., 5.])
    """
    # without rows numpy forgets that weights are floats
    return np.bincount(groups, weights, minlength=size).astype(np.float64)


def _counting(
    truth: NDArray[np.generic], scores: Floats, weights: ArrayLike | None
) -> tuple[NDArray[np.bool_], Floats]:
    rows = len(scores)
    share = np.ones(rows) if weights is None else np.asarray(weights, dtype=np.float64)
    for name, array in (("truth", truth), ("weights", share)):
        if array.shape != (rows,):
            raise _wrong_shape(name, array, f"({rows},), one value for each of the {rows} rows of scores")
    with np.errstate(over="ignore"):
        sensible = np.isfinite(share.sum()) and (share >= 0).all()
    if not sensible:
        raise DataError(
            wrong=f"weights lie between {share.min()} and {share.max()}.",
            expected="finite weights of at least 0 with a finite sum.",
            remedy="give a row that should not count the weight 0.",
        )
    counts = share > 0
    whole = all(np.isfinite(array[counts]).all() for array in (truth, scores))
    return counts & whole, share


def _wrong_shape(name: str, array: NDArray[np.generic], wanted: str) -> DataError:
    return DataError(
        wrong=f"{name} has the shape {array.shape}.",
        expected=f"the shape {wanted}.",
        remedy="give truth and weights one value a row; give scores (row, class) for classes and (row,) for numbers.",
    )


def _no_codes(seen: str, scores: Floats) -> DataError:
    return DataError(
        wrong=f"{seen}.",
        expected=f"whole numbers from 0 to {scores.shape[1] - 1}: the columns of scores.",
        remedy="give each row the position of its class among the classes of the model.",
    )
