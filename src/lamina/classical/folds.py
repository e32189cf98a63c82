"""Rows that are held out inside the training rows, so that settings are chosen on rows that were not learnt.

Every class is dealt out on its own, one row a fold in turn, so that each fold has its share of it. The next class
goes on where the last one stopped: many rare classes do not all fall into the first fold.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lamina.classical.learnt import Array
from lamina.foundation.randomness import numpy_stream

Rows = NDArray[np.intp]
HOLD_OUT_ABOVE = 5_000  # rows; with more, one hold-out of a fifth is precise enough


def inner_splits(truth: Array, classes: int, *, folds: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of (rows to learn from, rows held out); a single pair above `HOLD_OUT_ABOVE` rows.

    **Shape**: truth ``(row,)``, codes of classes or, where ``classes`` is 0, numbers; index arrays out.

    >>> [len(held) for _, held in inner_splits(np.array([0, 0, 0, 1, 1, 1]), 2, folds=3, seed=0)]
    [2, 2, 2]
    """
    once = len(truth) > HOLD_OUT_ABOVE
    fold = deal(truth, classes, folds=5 if once else folds, seed=seed)
    for held in range(1 if once else folds):
        yield np.flatnonzero(fold != held), np.flatnonzero(fold == held)


def fold_count(truth: Array, classes: int, most: int) -> int:
    """How many folds the rows allow, or 0 where nothing can be compared: too few rows, or no two classes with two rows.

    A class with fewer rows than folds is no hindrance: where it is absent from a learning part, every setting pays the
    same for its held-out rows.

    >>> fold_count(np.array([0, 0, 0, 1, 1]), 2, 5), fold_count(np.array([0, 0, 1]), 2, 5), fold_count(np.ones(3), 0, 5)
    (5, 0, 3)
    """
    enough = (np.bincount(truth, minlength=classes) >= 2).sum() >= 2 if classes else len(truth) >= 3
    return min(most, len(truth)) if enough else 0


def deal(truth: Array, classes: int, *, folds: int, seed: int) -> Rows:
    """The fold of each row, every class spread evenly. **Shape**: ``(row,)`` in and out."""
    order = numpy_stream(seed, "inner folds").permutation(len(truth))
    if classes:
        order = order[np.argsort(truth[order], kind="stable")]
    fold = np.empty(len(truth), dtype=np.intp)
    fold[order] = np.arange(len(truth)) % folds
    return fold


def some_rows(truth: Array, classes: int, most: int, *, seed: int) -> Rows:
    """At most ``most`` rows, in their order, with every class at its share.

    >>> len(some_rows(np.zeros(10, dtype=int), 2, 4, seed=0))
    4
    """
    if len(truth) <= most:
        return np.arange(len(truth))
    order = np.argsort(deal(truth, classes, folds=-(-len(truth) // most), seed=seed), kind="stable")
    return np.sort(order[:most])
