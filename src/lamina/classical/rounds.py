"""How many rounds of boosting pay, and with how many leaves: chosen inside the training rows.

A walk grows round after round and looks at held-out rows after each. Up to `SMALL` rows there are three folds, and each
walks all its rounds, so that their losses can be averaged; above, there is one hold-out, and the walk ends once
`PATIENCE` rounds brought nothing. The rounds of the smallest loss are then grown again on all rows by whoever asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from lamina.classical.asking import small_seed
from lamina.classical.folds import Rows, fold_count, inner_splits, some_rows
from lamina.classical.learnt import Array, Floats, class_scores, mean_log_loss
from lamina.classical.planting import Grown, plant
from lamina.classical.trees import Trees

SMALL = 1_000  # rows up to which three folds choose
UNJUDGED = 20  # rounds where there are too few rows to hold any out
CHUNK = 25  # rounds between the first looks at the hold-out
PATIENCE = 25  # rounds without a smaller loss after which a walk on one hold-out ends
MOST_HELD = 20_000  # held-out rows at most: enough to place the smallest loss
ABSENT = -1_000.0  # the raw score of a class that no training row has


class Lesson(NamedTuple):
    """What is to be learnt from."""

    features: Array
    truth: Array
    classes: int
    seed: int

    @property
    def only(self) -> int | None:
        """The class of all rows, if they have one."""
        return int(self.truth[0]) if self.classes and (self.truth == self.truth[0]).all() else None

    def take(self, rows: Rows) -> Lesson:
        """A part of the rows."""
        return self._replace(features=self.features[rows], truth=self.truth[rows])


class Shape(NamedTuple):
    """What every round of a walk is made with."""

    rate: float
    leaves: int
    smallest_leaf: int

    def booster(self, lesson: Lesson) -> Any:
        """scikit-learn's estimator for this shape, which goes on where it stopped."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        kind = HistGradientBoostingClassifier if lesson.classes else HistGradientBoostingRegressor
        return kind(
            learning_rate=self.rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.smallest_leaf,
            early_stopping=False,
            warm_start=True,
            random_state=small_seed(lesson.seed, "boosting"),
        )


class Choice(NamedTuple):
    """The shape and the rounds that won, with their held-out loss; infinite where no row could be held out."""

    shape: Shape
    rounds: int
    loss: float


def choose_rounds(lesson: Lesson, most: int) -> Choice:
    """The shape and the number of rounds, at most ``most``, with the smallest mean loss on held-out rows."""
    rows = len(lesson.truth)
    leaves = (8,) if rows <= SMALL else (31, 8)
    shapes = [Shape(0.1, count, max(1, min(20, rows // 20))) for count in leaves]
    folds = fold_count(lesson.truth, lesson.classes, 3)
    if not folds:
        return Choice(shapes[0], min(most, UNJUDGED), np.inf)
    splits = list(inner_splits(lesson.truth, lesson.classes, folds=folds, seed=lesson.seed))
    choices = [_best(shape, lesson, splits, most) for shape in shapes]
    return min(choices, key=lambda choice: choice.loss)


def plant_rounds(booster: Any, classes: int, features: int, *, since: int = 0) -> tuple[Trees, Array]:
    """The trees of scikit-learn's rounds from one on, round after round, and the score that each adds to (int32)."""
    rounds = booster._predictors[since:]
    grown = [_grown(predictor.nodes) for predictors in rounds for predictor in predictors]
    column = np.tile(_columns(booster, classes), len(rounds))
    return plant(grown, features=features), column.astype(np.int32)


def baseline(booster: Any, classes: int) -> Floats:
    """What the scores start from before the first round. **Shape**: ``(score,)``."""
    if not classes:
        return np.asarray(booster._baseline_prediction[0], np.float64)
    start = start_of(booster.classes_, classes)
    start[_columns(booster, classes)] = booster._baseline_prediction[0]
    return start


def start_of(codes: Sequence[int] | Array, classes: int) -> Floats:
    """0 for the classes that the training rows have, far below for the others.

    >>> start_of([0, 2], 3).tolist()
    [0.0, -1000.0, 0.0]
    """
    start = np.full(classes, ABSENT)
    start[np.asarray(codes)] = 0.0
    return start


def _best(shape: Shape, lesson: Lesson, splits: Sequence[tuple[Rows, Rows]], most: int) -> Choice:
    if len(lesson.truth) > SMALL:
        losses = np.array(_patient(_walk(shape, lesson, *splits[0], most=most, chunk=CHUNK)))
    else:
        walks = [list(_walk(shape, lesson, kept, held, most=most // 5, chunk=most // 5)) for kept, held in splits]
        losses = np.mean(walks, axis=0)
    return Choice(shape, int(losses.argmin()) + 1, float(losses.min()))


def _patient(losses: Iterator[float]) -> list[float]:
    """Losses until the smallest lies `PATIENCE` rounds back."""
    seen: list[float] = []
    for loss in losses:
        seen.append(loss)
        if len(seen) - 1 - int(np.argmin(seen)) >= PATIENCE:
            break
    return seen


def _walk(shape: Shape, lesson: Lesson, kept: Rows, held: Rows, *, most: int, chunk: int) -> Iterator[float]:
    """The loss on the held-out rows after each of ``most`` rounds, which grow in chunks: ``chunk``, later more."""
    learn = lesson.take(kept)
    judge = lesson.take(held[some_rows(lesson.truth[held], lesson.classes, MOST_HELD, seed=lesson.seed)])
    if learn.only is not None:
        yield from [_loss(np.tile(start_of([learn.only], lesson.classes), (len(judge.truth), 1)), judge)] * most
        return
    booster = shape.booster(lesson)
    raw = np.empty((0, 0))
    done = 0
    while done < most:
        grown = min(
            most, done + max(chunk, done // 2)
        )  # every start goes through all trees again: start ever less often
        booster.set_params(max_iter=grown).fit(learn.features, learn.truth)
        raw = raw if done else np.tile(baseline(booster, lesson.classes), (len(judge.truth), 1))
        trees, column = plant_rounds(booster, lesson.classes, learn.features.shape[1], since=done)
        done = grown
        leaves = trees.leaves(judge.features)
        together = len(_columns(booster, lesson.classes))
        for at in range(0, len(column), together):
            raw[:, column[at : at + together]] += trees.value[leaves[:, at : at + together], 0]
            yield _loss(raw, judge)


def _loss(raw: Floats, judge: Lesson) -> float:
    """Log loss in nats, or squared error."""
    if judge.classes:
        return mean_log_loss(class_scores(raw, np.arange(judge.classes), judge.classes), judge.truth)
    return float(((raw[:, 0] - judge.truth) ** 2).mean())


def _columns(booster: Any, classes: int) -> Array:
    """The score that each tree of a round adds to: with two classes the second, otherwise each its own."""
    if not classes:
        return np.zeros(1, np.int64)
    codes: Array = booster.classes_
    return codes[1:] if len(codes) == 2 else codes


def _grown(nodes: Array) -> Grown:
    return Grown(
        feature=np.where(nodes["is_leaf"], -1, nodes["feature_idx"]),
        threshold=nodes["num_threshold"],
        left=nodes["left"],
        right=nodes["right"],
        value=nodes["value"][:, None],
    )
