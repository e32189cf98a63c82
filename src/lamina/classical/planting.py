"""Trees as a library grew them, planted the way `Trees` wants them: level by level, brothers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lamina.classical.trees import LEAF, Trees, largest_below


class Grown(NamedTuple):
    """One tree in any order of its nodes, the root first. A leaf asks for a feature below 0.

    **Shape**: ``feature``, ``threshold``, ``left``, ``right`` ``(node,)``; ``value`` ``(node, score)``, read at leaves.
    """

    feature: npt.NDArray[Any]
    threshold: npt.NDArray[Any]
    left: npt.NDArray[Any]
    right: npt.NDArray[Any]
    value: npt.NDArray[Any]


def plant(grown: Sequence[Grown], *, features: int) -> Trees:
    """The trees in the order they were given; every row ends in the same leaf of each as before.

    >>> stump = Grown(*(np.array(a) for a in ([0, -2, -2], [0.5, 0, 0], [2, 0, 0], [1, 0, 0], [[0], [7], [9]])))
    >>> trees = plant([stump], features=1)
    >>> trees.child.tolist(), trees.value[trees.leaves(np.array([[0.4]]))[:, 0]].tolist()
    ([1, 1, 0], [[9.0]])
    """
    sizes = np.array([len(tree.feature) for tree in grown])
    roots = np.cumsum(sizes) - sizes
    feature, threshold = (
        np.concatenate(parts) for parts in zip(*((t.feature, t.threshold) for t in grown), strict=True)
    )
    left, right = (
        np.concatenate(p) + np.repeat(roots, sizes) for p in zip(*((t.left, t.right) for t in grown), strict=True)
    )
    order = _by_level(feature >= 0, left, right, roots)
    order = order[np.argsort(np.repeat(np.arange(len(grown)), sizes)[order], kind="stable")]
    place = np.empty(len(feature), np.int64)
    place[order] = np.arange(len(order))
    leaf = feature[order] < 0
    value, answer = _distinct(np.concatenate([t.value for t in grown]).astype(np.float64)[order[leaf]])
    child = np.empty(len(order), np.int64)
    child[leaf], child[~leaf] = answer, place[left[order[~leaf]]]
    return Trees(
        feature=np.where(leaf, LEAF, feature[order]).astype(np.int32),
        threshold=np.where(leaf, np.float32(0), largest_below(threshold[order].astype(np.float64))),
        child=child.astype(np.int32),
        start=place[roots].astype(np.int32),
        value=value,
        features=features,
    )


def _by_level(
    inner: npt.NDArray[np.bool_],
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    roots: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """All nodes that can be reached, all trees at once: the roots, then their children, pair after pair, and so on."""
    levels = [roots]
    while len(levels[-1]):
        parents = levels[-1][inner[levels[-1]]]
        levels.append(np.stack([left[parents], right[parents]], axis=1).reshape(-1))
    return np.concatenate(levels)


def _distinct(value: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The different rows, and which of them each row was."""
    if value.shape[1] == 1:
        cells, which = np.unique(value[:, 0], return_inverse=True)
        return cells[:, None], which
    rows, which = np.unique(value, axis=0, return_inverse=True)
    return rows, which.reshape(-1)
