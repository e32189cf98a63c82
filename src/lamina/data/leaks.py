"""Columns that give the target away: one column alone predicts what is to be learnt, almost perfectly.

Each row is guessed from all *other* rows with the same value of the column (or, for a number that occurs once, from the
nearest other value), so a column that merely has a different value in every row is not taken for a leak. A strong but
real feature is not one either: the guess must be right in `SURE` of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data.columns import Column, Image, Moment, Number, Series
from lamina.data.dealing import Rows, codes_of
from lamina.data.findings import Finding
from lamina.data.numbers import Floats, as_floats
from lamina.data.schema import Schema
from lamina.data.target import Task
from lamina.foundation.randomness import numpy_stream

SURE = 0.995  # share of rows guessed right, from which a column is said to give the classes away
GAIN = 0.1  # and with less than this share of the errors that always guessing the commonest class would make
ALIKE = 0.9999  # correlation, or share of the variance explained, from which it is said to give the numbers away
ENOUGH_ROWS = 20  # with fewer, a column separates the classes by chance too often
SAMPLE_ROWS = 50_000  # of longer tables, only so many rows are looked at


def check_leaks(table: pa.Table, schema: Schema, rows: Rows, task: Task) -> Iterator[Finding]:
    """The columns that give the target away, among these rows (which have a target)."""
    if len(rows) < ENOUGH_ROWS or schema.target is None:
        return
    if len(rows) > SAMPLE_ROWS:
        rows = np.sort(numpy_stream(0, "leaks").choice(rows, SAMPLE_ROWS, replace=False))
    single = [column for column in schema.inputs if not isinstance(column, Image | Series)]
    names = [column.name for column in single]
    sample = table.select([*names, schema.target]).take(pa.array(rows))
    target = sample.column(schema.target)
    truth = as_floats(target) if task == "regression" else codes_of(target)
    for column in single:
        words = _tell(column, sample.column(column.name), truth, task)
        if words:
            yield Finding(
                kind="leak",
                severity="error",
                column=column.name,
                count=1,
                sentence=f"column {column.name!r} gives the target away: {words}. Leave it out, unless it is known "
                "before the answer is.",
            )


def share_guessed(values: Floats | Rows, classes: Rows) -> float:
    """The share of rows whose class is guessed right from this column, each from the other rows.

    **Shape**: values float64 ``(row,)`` (ordered, NaN where missing) or int64 codes ``(row,)``; classes int64
    ``(row,)``.

    >>> share_guessed(np.array([0, 0, 1, 1]), np.array([5, 5, 6, 6])), share_guessed(np.array([0, 1]), np.array([5, 6]))
    (1.0, 0.0)
    """
    distinct, groups = np.unique(values, return_inverse=True)
    counts = _count_classes(groups, classes)
    own_is_best = counts.best_class[groups] == classes
    rival = np.where(own_is_best, counts.second[groups], counts.best[groups])
    right = counts.own - 1 > rival
    if distinct.dtype.kind == "f":
        near = _nearest(distinct.astype(np.float64))[groups]
        alone = (np.bincount(groups)[groups] == 1) & (near >= 0)
        right |= alone & (counts.best_class[near] == classes)
    return float(right.mean())


def likeness(values: Floats, truth: Floats) -> float:
    """How surely one number follows from the other: the larger size of Pearson's and Spearman's correlation.

    Over the rows in which both are finite; 0 if these are too few, or if one of them is constant there.

    >>> round(likeness(np.arange(30.0), np.exp(np.arange(30.0))), 6)
    1.0
    """
    both = np.isfinite(values) & np.isfinite(truth)
    if both.sum() < max(ENOUGH_ROWS, 0.5 * len(values)):
        return 0.0
    x, y = values[both], truth[both]
    return max(abs(_correlation(x, y)), abs(_correlation(_ranks(x), _ranks(y))))


def share_explained(codes: Rows, truth: Floats) -> float:
    """The share of the variance that a category explains, each row guessed as the mean of the others of its level.

    0 if fewer than half of the rows share their level with another one.

    >>> share_explained(np.array([0, 0, 1, 1]), np.array([2.0, 2.0, 7.0, 7.0]))
    1.0
    """
    y = _standard(truth)
    sizes = np.bincount(codes)[codes]
    shared = sizes > 1
    if shared.mean() < 0.5 or not np.any(y):
        return 0.0
    others = (np.bincount(codes, weights=y)[codes] - y) / np.maximum(sizes - 1, 1)
    return float(1 - np.square(y - others)[shared].sum() / max(np.square(y)[shared].sum(), 1e-300))


def _tell(column: Column, values: pa.ChunkedArray, truth: npt.NDArray[Any], task: Task) -> str:
    """How the column gives the target away, as a clause; empty if it does not."""
    ordered = _as_ordered(column, values)
    if task == "classification":
        right = share_guessed(codes_of(values) if ordered is None else ordered, truth)
        commonest = np.bincount(truth).max() / len(truth)
        sure = right >= SURE and 1 - right < GAIN * (1 - commonest)
        return f"it alone tells the class of {right:.1%} of the rows" if sure else ""
    if ordered is None:
        explained = share_explained(codes_of(values), truth)
        return f"it alone explains {explained:.2%} of the variance" if explained >= ALIKE else ""
    alike = likeness(ordered, truth)
    return f"the two rise and fall together (correlation {alike:.5f})" if alike >= ALIKE else ""


def _as_ordered(column: Column, values: pa.ChunkedArray) -> Floats | None:
    """The column as numbers, if its values have an order."""
    if isinstance(column, Moment):
        moments = np.asarray(values, dtype="datetime64[us]")
        return np.where(np.isnat(moments), np.nan, moments.view(np.int64).astype(np.float64))
    return as_floats(values) if isinstance(column, Number) else None


@dataclass(frozen=True, kw_only=True)
class _ClassCounts:
    """How often the classes occur with each value of a column."""

    own: Rows  # (row,) rows with this row's value and class
    best: Rows  # (group,) rows of the commonest class with this value
    second: Rows  # (group,) rows of the next commonest, 0 if there is none
    best_class: Rows  # (group,) the commonest class


def _count_classes(groups: Rows, classes: Rows) -> _ClassCounts:
    width = int(classes.max()) + 1
    pairs, pair_of_row, amounts = np.unique(groups * width + classes, return_inverse=True, return_counts=True)
    pair_groups = pairs // width
    order = np.lexsort((amounts, pair_groups))  # group after group, the commonest class last
    last = np.searchsorted(pair_groups, np.arange(pair_groups[-1] + 1), side="right") - 1
    before = np.maximum(last - 1, 0)
    has_second = (last > 0) & (pair_groups[order[before]] == pair_groups[order[last]])
    return _ClassCounts(
        own=amounts[pair_of_row],
        best=amounts[order[last]],
        second=np.where(has_second, amounts[order[before]], 0),
        best_class=pairs[order[last]] % width,
    )


def _nearest(distinct: Floats) -> Rows:
    """For each of several ascending numbers, the place of the one nearest to it, -1 if there is none (for NaN)."""
    places = np.arange(len(distinct))
    with np.errstate(over="ignore", invalid="ignore"):
        gaps = np.diff(distinct)
    gaps[np.isnan(gaps)] = np.inf
    left, right = np.append(np.inf, gaps), np.append(gaps, np.inf)
    near = np.where(left <= right, places - 1, places + 1)
    return np.where(np.isinf(np.minimum(left, right)), -1, near)


def _correlation(x: Floats, y: Floats) -> float:
    x, y = _standard(x), _standard(y)
    size = float(np.sqrt(np.square(x).sum() * np.square(y).sum()))
    return float((x * y).sum() / size) if size > 0 else 0.0


def _standard(values: Floats) -> Floats:
    """Centred, and shrunk so that no square overflows."""
    peak = np.abs(values).max()
    small = values / peak if peak > 0 else values
    return np.zeros_like(values) if values.min() == values.max() else small - small.mean()


def _ranks(values: Floats) -> Floats:
    """Average ranks, so that equal values are equally high."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = np.cumsum(counts) - (counts - 1) / 2.0
    return ranks[places]
