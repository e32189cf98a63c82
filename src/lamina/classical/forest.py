"""Random forests: many deep trees, each grown on its own draw of the rows, that answer together.

    classes   p = mean over trees of the leaf's shares of the classes        numbers   y = mean of the leaves' means

Every tree sees as many rows as there are, drawn with replacement, and each split looks at a random subset of the
features (the square root of them for classes, a third or all of them for numbers). A row is then judged by the trees
that did not draw it: this out-of-bag loss chooses the size of the smallest leaf and of the subset, without any folds.
The settings compete with a part of the trees, and the best one grows on.

Source: Breiman (2001), doi:10.1023/A:1010933404324; grown by scikit-learn's ``RandomForestClassifier`` and
``RandomForestRegressor``. We differ: above `ROWS_FOR_SMALL_LEAVES` rows the smallest leaf grows with the rows, so that
the forest stays of a size that can be kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from lamina.classical.asking import few_threads, small_seed
from lamina.classical.learnt import Array, Axes, Floats, check_arrays, check_training, log_shares, mean_log_loss
from lamina.classical.planting import Grown, plant
from lamina.classical.trees import WANTED, Trees
from lamina.foundation.specs import check, setting

ROWS_FOR_SMALL_LEAVES = 20_000  # with more rows, a tree is held to at most `MOST_LEAVES` leaves
MOST_LEAVES = 10_000
ROWS_FOR_THREADS = 1_000  # with fewer, threads wait for each other longer than they work
THIRD = 1 / 3


@dataclass(frozen=True, kw_only=True)
class Forest:
    """A random forest whose smallest leaf and feature subsets are chosen by the out-of-bag loss.

    >>> x = np.arange(60, dtype=np.float32)[:, None]
    >>> learnt = Forest(trees=50).fit(x, (x[:, 0] >= 30).astype(int), classes=2, seed=0)
    >>> learnt.scores(np.array([[3], [50]], np.float32)).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "forest"
    title: ClassVar[str] = "Random forest"
    clipped: ClassVar[bool] = True
    most_rows: ClassVar[int | None] = None

    trees: int = setting(300, "trees of the forest", low=50, high=10_000)
    tried: int = setting(100, "trees that every setting is judged by", low=50, high=10_000)  # fewer leave rows unjudged

    def __post_init__(self) -> None:
        check(self)

    def fit(self, features: Array, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntForest:
        """Try the settings, then grow the best; the result does not depend on ``jobs``, the number of threads.

        **Shape**: float32 ``(row, feature)``, truth ``(row,)``.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        check_training(features, truth, classes)
        choices = _choices(len(features), classes) if len(features) > 1 else _choices(1, classes)[:1]
        first = self.trees if len(choices) == 1 else min(self.tried, self.trees)
        jobs = jobs if len(features) > ROWS_FOR_THREADS else 1
        best: tuple[float, Any] = (np.inf, None)
        with few_threads(jobs):
            for choice in choices:
                forest = _forest(choice, first, len(features), classes, seed, jobs).fit(features, truth)
                loss = _out_of_bag_loss(forest, truth)
                best = min(best, (loss, forest), key=lambda pair: pair[0])
            forest = best[1].set_params(n_estimators=self.trees)
            if first < self.trees:
                forest.fit(features, truth)  # goes on from the trees it has
        return LearntForest(
            trees=plant_forest(forest.estimators_, classes=classes, codes=getattr(forest, "classes_", None)),
            classes=classes,
            chosen={"smallest leaf": forest.min_samples_leaf, "features a split": _words(forest.max_features)},
            remarks=_remarks(forest, truth),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntForest:
    """Trees whose answers are averaged: shares of the classes, or numbers (``classes`` is 0)."""

    kind: ClassVar[str] = "forest"
    keepable: ClassVar[bool] = True
    holds_rows: ClassVar[bool] = False

    trees: Trees
    classes: int
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """A feature and a threshold a split, and what the leaves may answer."""
        return 2 * self.trees.splits + self.trees.value.size

    @property
    def multiply_adds(self) -> int:
        """The comparisons on the longest way through every tree, and one addition a tree and score."""
        return int(self.trees.depths().sum()) + self.trees.count * int(self.trees.value.shape[1])

    def scores(self, features: Array) -> Floats:
        """**Shape**: float32 ``(row, feature)`` in, logs of probabilities or numbers ``(row, score)`` out."""
        means = np.zeros((len(features), self.trees.value.shape[1]))
        for rows, leaves in self.trees.blocks(features):
            for leaf in leaves.T:  # one tree after another: no answer depends on how many rows are asked about
                means[rows] += self.trees.value[leaf]
        means /= self.trees.count
        return log_shares(means) if self.classes else means

    def arrays(self) -> dict[str, Array]:
        """Those of the trees."""
        return self.trees.arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: no trees, or leaves that do not hold shares of the classes.
        """
        own: dict[str, tuple[str, Axes]] = {"value": ("float64", ("answer", scores))}
        check_arrays(arrays, WANTED | own)
        trees = Trees.from_arrays(arrays, features=features)
        if scores > 1 and (trees.value.min() < 0 or np.abs(trees.value.sum(axis=1) - 1).max() > 1e-6):
            raise ValueError("a leaf does not hold shares that add up to 1.")
        return cls(trees=trees, classes=scores if scores > 1 else 0)


def plant_forest(estimators: Any, *, classes: int, codes: Array | None) -> Trees:
    """Trees that scikit-learn has grown, their leaves' shares spread over all classes (``codes``: those it saw)."""
    grown = []
    for estimator in estimators:
        tree = estimator.tree_
        value = tree.value[:, 0, :]
        if classes:
            shares = np.zeros((len(value), classes))
            shares[:, codes] = value / value.sum(axis=1, keepdims=True)
            value = shares
        grown.append(Grown(tree.feature, tree.threshold, tree.children_left, tree.children_right, value))
    return plant(grown, features=estimators[0].tree_.n_features)


def _choices(rows: int, classes: int) -> list[tuple[int, float | str]]:
    """Pairs of the smallest leaf and the features a split looks at; at most three, fewer where rows are many."""
    many = rows > ROWS_FOR_SMALL_LEAVES
    least = -(-rows // MOST_LEAVES) if many else 1
    leaves = sorted({max(1, least), max(5, least)})
    choices: list[tuple[int, float | str]] = [(leaf, "sqrt" if classes else THIRD) for leaf in leaves]
    return choices if classes or many else [*choices, (5, 1.0)]


def _forest(choice: tuple[int, float | str], trees: int, rows: int, classes: int, seed: int, jobs: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if classes else RandomForestRegressor
    return kind(
        n_estimators=trees,
        min_samples_leaf=choice[0],
        max_features=choice[1],
        oob_score=rows > 1,  # a single row is drawn by every tree
        warm_start=True,
        random_state=small_seed(seed, "forest"),
        n_jobs=max(1, jobs),
    )


def _out_of_bag_loss(forest: Any, truth: Array) -> float:
    """Log loss in nats, or squared error, of every row under the trees that did not see it; 0 where none can tell."""
    if hasattr(forest, "oob_decision_function_"):
        place = np.searchsorted(forest.classes_, truth)
        return mean_log_loss(log_shares(forest.oob_decision_function_), place)
    return float(((forest.oob_prediction_ - truth) ** 2).mean()) if hasattr(forest, "oob_prediction_") else 0.0


def _remarks(forest: Any, truth: Array) -> dict[str, float]:
    if hasattr(forest, "oob_decision_function_"):
        guessed = forest.classes_[forest.oob_decision_function_.argmax(axis=1)]
        accuracy = float((guessed == truth).mean())
        return {"out-of-bag accuracy": accuracy, "out-of-bag log loss": _out_of_bag_loss(forest, truth)}
    spread = float(truth.var())
    if spread == 0 or not hasattr(forest, "oob_prediction_"):
        return {}
    return {"out-of-bag r2": 1 - _out_of_bag_loss(forest, truth) / spread}


def _words(subset: float | str) -> str:
    return {"sqrt": "square root", THIRD: "a third", 1.0: "all"}[subset]
