"""How rows are dealt to sides: along the order by class, by whole groups, or by cuts in time.

The arithmetic under `hold_out` and `folds`; it knows codes, counts and orders, but not who trains and who tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.foundation.errors import DataError

Rows = npt.NDArray[np.int64]
Values: TypeAlias = npt.NDArray[Any] | pa.Array | pa.ChunkedArray | Sequence[Any]  # one value a row


def codes_of(values: Values) -> Rows:
    """Codes 0, 1, ... for equal values, in order of first appearance; missing is a value like any other."""
    column = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, from_pandas=True)
    codes: Rows = np.asarray(pc.index_in(column, value_set=pc.unique(column))).astype(np.int64)
    return codes


def class_order(classes: Rows, random: np.random.Generator) -> Rows:
    """All rows, class after class, shuffled within each class."""
    shuffled = random.permutation(len(classes))
    return shuffled[np.argsort(classes[shuffled], kind="stable")]


def spread(classes: Rows, fraction: float, random: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Mark a fraction of the rows, evenly along the order by class (systematic sampling).

    A run of m rows gets floor or ceil of m * wanted / rows marks, whatever the start: within one row a class. Integer
    arithmetic, because a rounding error in m * fraction would break that promise. A class must be learnt before it can
    be tested: single rows are never marked, and where all rows of a class are marked, one loses its mark.
    """
    order = class_order(classes, random)
    order = order[np.bincount(classes)[classes[order]] > 1]
    rows = len(order)
    marked = np.zeros(len(classes), np.bool_)
    if not rows:
        return marked
    steps = (np.arange(rows + 1) * round(rows * fraction) + random.integers(rows)) // rows
    marked[order] = np.diff(steps) > 0
    kinds, first = np.unique(classes[order], return_index=True)
    lost = np.bincount(classes[~marked], minlength=kinds[-1] + 1)[kinds] == 0
    marked[order[first[lost]]] = False
    return marked


def deal_groups(groups: Rows, classes: Rows, shares: tuple[float, ...], random: np.random.Generator) -> Rows:
    """The side of every row, whole groups at a time, each to the side that has the least of what the group brings.

    How full a side is counts relative to its share, once for each class and once for all rows together; the latter
    makes an empty side cheaper than any other, so no side stays empty. Plain Python inside the loop: a group brings
    few classes, and for so few numbers numpy would take ten times as long.
    """
    count = int(groups.max()) + 1
    if count < len(shares):
        raise DataError(
            wrong=f"there {'is' if count == 1 else 'are'} only {count} {'group' if count == 1 else 'groups'}.",
            expected=f"at least {len(shares)}, because a group stays whole on one of {len(shares)} sides.",
            remedy="use fewer folds, another group column, or leave the group out.",
        )
    every = int(classes.max()) + 1  # the place where rows of any class are counted
    brings = _what_groups_bring(groups, classes, count)
    totals = [*np.bincount(classes, minlength=every).tolist(), len(groups)]
    full = [[0.0] * (every + 1) for _ in shares]  # for each side: rows a class, over the side's share of them
    side_of = np.empty(count, np.int64)
    for group in random.permutation(count).tolist():
        own = brings[group]
        own.append((every, sum(amount for _, amount in own)))
        costs = [sum(amount / totals[kind] * side[kind] for kind, amount in own) for side in full]
        best = costs.index(min(costs))
        for kind, amount in own:
            full[best][kind] += amount / shares[best]
        side_of[group] = best
    return side_of[groups]


def _what_groups_bring(groups: Rows, classes: Rows, count: int) -> list[list[tuple[int, int]]]:
    """For each group, the classes in it and how many rows of each."""
    width = int(classes.max()) + 1
    pairs, amounts = np.unique(groups * width + classes, return_counts=True)
    brings: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for group, kind, amount in zip((pairs // width).tolist(), (pairs % width).tolist(), amounts.tolist(), strict=True):
        brings[group].append((kind, amount))
    return brings


def time_cuts(time: Values, wanted: Sequence[int]) -> tuple[Rows, list[int]]:
    """The rows in order of time, and the places nearest to ``wanted`` that do not part equal times."""
    moments = _moments(time)
    order = np.argsort(moments, kind="stable")
    ordered = moments[order]
    places = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    if len(places) < len(wanted):
        raise DataError(
            wrong=f"the time column holds only {len(places) + 1} different times.",
            expected=f"at least {len(wanted) + 1}, because a split never parts equal times.",
            remedy="use fewer folds, a finer time column, or split at random by leaving the time out.",
        )
    cuts: list[int] = []
    for done, place in enumerate(wanted):
        first = 0 if not cuts else int(np.searchsorted(places, cuts[-1], side="right"))
        free = places[first : len(places) - (len(wanted) - done - 1)]  # leave one place for each later cut
        cuts.append(int(free[np.argmin(np.abs(free - place))]))
    return order, cuts


def _moments(time: Values) -> npt.NDArray[Any]:
    moments: npt.NDArray[Any] = np.asarray(time)
    if moments.dtype.kind not in "iufMm":
        raise DataError(
            wrong=f"the time column holds {moments[0]!r}, which is not a moment.",
            expected="numbers or dates, one a row, none missing.",
            remedy="declare the column as a date, or fill or drop the rows that have none.",
        )
    missing = np.flatnonzero(np.isnat(moments) if moments.dtype.kind in "Mm" else np.isnan(moments))
    if len(missing):
        raise DataError(
            wrong=f"the time is missing in {len(missing)} rows, first in row {missing[0] + 1}.",
            expected="a moment in every row, to know which rows are past and which are future.",
            remedy="fill or drop these rows, or split without the time.",
        )
    return moments
