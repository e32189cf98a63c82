"""Gradient boosting: small trees one after another, each mending what those before it still get wrong.

    raw = baseline + sum over rounds of tree_round(x)        classes   p = softmax(raw)        numbers   y = raw

The features are sorted into at most 255 bins, so that a split costs little. How many leaves and rounds pay is chosen
inside the training rows (`rounds.py`). With two classes one tree a round is enough: the other class stays at 0.

Sources: Friedman (2001), doi:10.1214/aos/1013203451; Ke et al. (2017), LightGBM (the bins); grown by scikit-learn's
``HistGradientBoostingClassifier`` and ``HistGradientBoostingRegressor``. We differ: their early stopping keeps the
held-out rows from the final trees, and needs two rows of every class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from lamina.classical.asking import few_threads
from lamina.classical.learnt import Array, Axes, Floats, check_arrays, check_training, class_scores
from lamina.classical.planting import Grown, plant
from lamina.classical.rounds import Lesson, baseline, choose_rounds, plant_rounds, start_of
from lamina.classical.trees import WANTED, Trees
from lamina.foundation.specs import check, setting

ROWS_FOR_THREADS = 10_000  # with fewer, threads wait for each other longer than they work


@dataclass(frozen=True, kw_only=True)
class Boosting:
    """Gradient-boosted trees whose rounds and leaves are chosen inside the training rows.

    >>> x = np.arange(60, dtype=np.float32)[:, None]
    >>> learnt = Boosting().fit(x, (x[:, 0] >= 30).astype(int), classes=2, seed=0)
    >>> learnt.scores(np.array([[3], [50]], np.float32)).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "boosting"
    title: ClassVar[str] = "Gradient boosting"
    clipped: ClassVar[bool] = True
    most_rows: ClassVar[int | None] = None

    rounds: int = setting(500, "rounds at most; a fifth of them on few rows", low=5, high=10_000)

    def __post_init__(self) -> None:
        check(self)

    def fit(self, features: Array, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntBoosting:
        """Choose, then learn from all rows; ``jobs`` bounds the threads.

        **Shape**: float32 ``(row, feature)``, truth ``(row,)``.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        check_training(features, truth, classes)
        lesson = Lesson(features, truth, classes, seed)
        width = features.shape[1]
        if lesson.only is not None:
            return LearntBoosting(baseline=start_of([lesson.only], classes), chosen={"rounds": 0}, **_nothing(width))
        with few_threads(jobs if len(truth) > ROWS_FOR_THREADS else 1):
            choice = choose_rounds(lesson, self.rounds)
            booster = choice.shape.booster(lesson).set_params(max_iter=choice.rounds).fit(features, truth)
        trees, column = plant_rounds(booster, classes, width)
        measure = "inner log loss" if classes else "inner squared error"
        return LearntBoosting(
            trees=trees,
            column=column,
            baseline=baseline(booster, classes),
            chosen={"learning rate": choice.shape.rate, "leaves": choice.shape.leaves, "rounds": choice.rounds},
            remarks={measure: choice.loss} if np.isfinite(choice.loss) else {},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntBoosting:
    """Trees that each add to one raw score.

    **Shape**: int32 ``column`` ``(tree,)``, the score that a tree adds to; float64 ``baseline`` ``(score,)``.
    """

    kind: ClassVar[str] = "boosting"
    keepable: ClassVar[bool] = True
    holds_rows: ClassVar[bool] = False

    trees: Trees
    column: Array
    baseline: Floats
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """A feature and a threshold a split, what the leaves may answer, and the baseline."""
        return 2 * self.trees.splits + self.trees.value.size + self.baseline.size

    @property
    def multiply_adds(self) -> int:
        """The comparisons on the longest way through every tree, and one addition a tree."""
        return int(self.trees.depths().sum()) + self.trees.count

    def scores(self, features: Array) -> Floats:
        """**Shape**: float32 ``(row, feature)`` in, logs of probabilities or numbers ``(row, score)`` out."""
        raw = np.tile(self.baseline, (len(features), 1))
        for rows, leaves in self.trees.blocks(features):
            for column, leaf in zip(self.column, leaves.T, strict=True):
                raw[rows, column] += self.trees.value[leaf, 0]
        classes = len(self.baseline)
        return class_scores(raw, np.arange(classes), classes) if classes > 1 else raw

    def arrays(self) -> dict[str, Array]:
        """Those of the trees, their columns and the baseline."""
        return self.trees.arrays() | {"column": self.column, "baseline": self.baseline}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: no trees, or trees that add to a score that is not there.
        """
        own: dict[str, tuple[str, Axes]] = {
            "column": ("int32", ("tree",)),
            "baseline": ("float64", (scores,)),
            "value": ("float64", ("answer", 1)),
        }
        check_arrays(arrays, WANTED | own)
        column, baseline = arrays["column"], arrays["baseline"]
        if column.min() < 0 or column.max() >= scores:
            raise ValueError(f"'column' leaves the {scores} scores there are.")
        return cls(trees=Trees.from_arrays(arrays, features=features), column=column, baseline=baseline)


def _nothing(features: int) -> dict[str, Any]:
    """One leaf that adds nothing, where there is nothing to learn."""
    leaf = Grown(*(np.array(cell) for cell in ([-1], [0.0], [0], [0], [[0.0]])))
    return {"trees": plant([leaf], features=features), "column": np.zeros(1, np.int32)}
