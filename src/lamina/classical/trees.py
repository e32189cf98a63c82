"""Many binary trees as a few flat arrays, and the walk of many rows through all of them.

    at a split   x[feature] <= threshold ? go to child : go to child + 1
    at a leaf    feature is -1, and child is the row of `value` that the leaf answers with

The two children of a split lie side by side, behind their parent and inside their tree, so that one number names both
and no walk can go in a circle. Features are float32, and a split at a float64 threshold asks exactly what it asks at
the largest float32 that is not above it: thresholds are kept so, and nothing is lost. Leaves with equal answers share
one row of `value` (a pure leaf of a forest has one of a few).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from lamina.classical.learnt import Array, Axes, check_arrays
from lamina.foundation.errors import require

LEAF = -1  # the feature that a leaf asks for
MOST_NODES = 2**30  # two children of the last still have an int32 number
STEPS = 1 << 16  # pairs of a row and a tree that walk together: what they touch fits into a core's cache
ROWS = 4096  # rows that walk together
CELLS = 1 << 22  # leaves that are remembered at a time (row x tree)


class Walk(NamedTuple):
    """The trees made ready to be walked: a leaf leads back to itself."""

    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    child: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """Binary trees one after another.

    **Shape**: int32 ``feature`` and ``child`` and float32 ``threshold`` ``(node,)``; int32 ``start`` ``(tree,)``, the
    first node of each tree; float64 ``value`` ``(answer, score)``.

    Raises:
        ValueError: the arrays are not a set of trees, or ask for a feature that ``features`` does not have.

    >>> stump = Trees(
    ...     feature=np.array([1, -1, -1], np.int32), threshold=np.array([0.5, 0, 0], np.float32),
    ...     child=np.array([1, 0, 1], np.int32), start=np.array([0], np.int32),
    ...     value=np.array([[10.0], [20.0]]), features=2,
    ... )
    >>> stump.leaves(np.array([[9, 0.5], [9, 0.6]], np.float32)).tolist()
    [[0], [1]]
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float32]
    child: npt.NDArray[np.int32]
    start: npt.NDArray[np.int32]
    value: npt.NDArray[np.float64]
    features: int
    _walk: Walk = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_trees(self.arrays(), features=self.features)
        object.__setattr__(self, "_walk", _ready(self))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int) -> Self:
        """The trees among ``arrays``; what else is there is left alone."""
        return cls(**{name: arrays[name] for name in WANTED}, features=features)

    def arrays(self) -> dict[str, Array]:
        """The five arrays that say everything, by name."""
        return {name: getattr(self, name) for name in WANTED}

    @property
    def count(self) -> int:
        """How many trees there are."""
        return len(self.start)

    @property
    def splits(self) -> int:
        """How many nodes ask something."""
        return int((self.feature != LEAF).sum())

    def depths(self) -> npt.NDArray[np.int64]:
        """The most splits on a way through each tree, ``(tree,)``."""
        depths = np.zeros(self.count, np.int64)
        tree = np.repeat(np.arange(self.count), _lengths(self.start, len(self.feature)))
        level = self.start[self.feature[self.start] != LEAF]
        while len(level):
            depths[np.unique(tree[level])] += 1
            below = np.concatenate([self.child[level], self.child[level] + 1])
            level = below[self.feature[below] != LEAF]
        return depths

    def blocks(self, features: npt.NDArray[np.float32]) -> Iterator[tuple[slice, npt.NDArray[np.int64]]]:
        """A block of rows at a time, with `leaves` of it: for any number of rows, the memory stays bounded."""
        rows = max(1, min(ROWS, CELLS // self.count))
        for first in range(0, len(features), rows):
            part = slice(first, min(first + rows, len(features)))
            yield part, self.leaves(features[part])

    def leaves(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """The row of ``value`` that each tree answers each row with, int64 ``(row, tree)``.

        Raises:
            ValueError: the rows have another number of features.
        """
        if features.ndim != 2 or features.shape[1] != self.features:
            raise ValueError(f"features have the shape {features.shape}, not (row, {self.features}).")
        cells = np.ascontiguousarray(features, np.float32)
        rows = len(cells)
        together = max(1, STEPS // max(1, rows))
        groups = [self._fall(cells, self.start[at : at + together]) for at in range(0, self.count, together)]
        return np.concatenate(groups).reshape(self.count, rows).T

    def _fall(self, features: npt.NDArray[np.float32], roots: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Where every row ends in each of a few trees, tree after tree, as rows of ``value``."""
        rows, width = features.shape
        feature, threshold, child = self._walk
        cells = features.reshape(-1)
        place = np.repeat(roots.astype(np.int64), rows)
        offset = np.tile(np.arange(rows) * width, len(roots))
        moving, node = np.arange(len(place)), place
        while len(moving):
            node = child.take(node) + (cells.take(offset + feature.take(node)) > threshold.take(node))
            inside = self.feature.take(node) != LEAF
            if inside.mean() < 0.75:  # leave behind who has arrived; doing so at every level costs more than it saves
                place[moving] = node
                moving, node, offset = moving[inside], node[inside], offset[inside]
        return self.child.take(place).astype(np.int64)


WANTED: dict[str, tuple[str, Axes]] = {
    "feature": ("int32", ("node",)),
    "threshold": ("float32", ("node",)),
    "child": ("int32", ("node",)),
    "start": ("int32", ("tree",)),
    "value": ("float64", ("answer", "score")),
}


def check_trees(arrays: Mapping[str, Array], *, features: int) -> None:
    """Refuse what is not a set of trees; afterwards every walk ends at a leaf of the tree it began in.

    Raises:
        ValueError: a sentence that says which array cannot be right.
    """
    check_arrays(arrays, WANTED)
    feature, threshold, child, start, value = (arrays[name] for name in WANTED)
    _require(len(feature) < MOST_NODES, f"there are {len(feature)} nodes")
    _require(start[0] == 0, "'start' does not begin at node 0")
    _require(bool((np.diff(start) > 0).all() and start[-1] < len(feature)), "'start' does not rise inside the nodes")
    _require(
        bool(((feature >= LEAF) & (feature < features)).all()), f"'feature' leaves the {features} features there are"
    )
    leaf = feature == LEAF
    _require(bool(((child[leaf] >= 0) & (child[leaf] < len(value))).all()), "a leaf's 'child' is no row of 'value'")
    _require(bool(np.bincount(child[leaf], minlength=len(value)).all()), "a row of 'value' belongs to no leaf")
    _require(bool((threshold[leaf] == 0).all()), "a leaf has a threshold")
    _check_family(leaf, child, start)


def largest_below(threshold: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The largest finite float32 that is not above: ``x <= threshold`` says the same for every finite float32 x.

    >>> float(largest_below(np.array([0.1]))[0]) < 0.1, float(largest_below(np.array([0.5]))[0])
    (True, 0.5)
    """
    limits = np.finfo(np.float32)
    near = np.clip(threshold, limits.min, limits.max).astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, limits.min, dtype=np.float32), near)


def _check_family(leaf: npt.NDArray[np.bool_], child: npt.NDArray[np.int32], start: npt.NDArray[np.int32]) -> None:
    """Children come after their parent and in its tree, and every node but a root has exactly one parent."""
    end = np.repeat(np.append(start[1:], len(leaf)), _lengths(start, len(leaf)))
    parents = np.flatnonzero(~leaf)
    first = child[parents].astype(np.int64)
    _require(bool((first > parents).all()), "a 'child' does not come after its parent")
    _require(bool((first + 1 < end[parents]).all()), "a 'child' lies outside its tree")
    times = np.bincount(np.concatenate([first, first + 1, start]), minlength=len(leaf))
    _require(bool((times == 1).all()), "a node has no parent, or more than one")


def _ready(trees: Trees) -> Walk:
    leaf = trees.feature == LEAF
    own = np.arange(len(leaf))
    return Walk(
        feature=np.where(leaf, 0, trees.feature).astype(np.int64),
        threshold=np.where(leaf, np.float32(np.inf), trees.threshold),  # nothing is above: a leaf keeps who is there
        child=np.where(leaf, own, trees.child),
    )


def _lengths(start: Array, nodes: int) -> npt.NDArray[np.int64]:
    return np.diff(np.append(start.astype(np.int64), nodes))


def _no_trees(complaint: str) -> ValueError:
    return ValueError(f"these are no trees: {complaint}")


_require = partial(require, refusal=_no_trees)
