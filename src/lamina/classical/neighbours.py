r"""k nearest neighbours: a row is answered by the k training rows closest to it.

    classes   p_c = (neighbours of class c + share_c) / (k + 1)        numbers   the mean of the neighbours' truth

share_c is the share of class c among all training rows: they count like one neighbour more, so that no class that was
seen has probability 0. The distance is the Euclidean one. k is the one of five with the smallest log loss, or squared
error, when every training row is answered without itself; above `MOST_JUDGED` rows a sample of them is answered.

Ties are broken by the order of the training rows, and they are real ties: the features are put on a grid fine enough
(about 7 digits) to be whole numbers whose products and sums float64 holds exactly. So no distance depends on how a
matrix product adds up, and a row's answer never depends on the other rows that are answered with it.

Sources: Cover and Hart (1967), doi:10.1109/TIT.1967.1053964; Cestnik (1990), "Estimating probabilities: a crucial task
in machine learning", ECAI (the shares). We differ from scikit-learn's ``KNeighborsClassifier`` by the shares and by
the grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from lamina.classical.folds import some_rows
from lamina.classical.learnt import (
    Array,
    Floats,
    blocks,
    check_arrays,
    check_training,
    log_shares,
    mean_log_loss,
)
from lamina.foundation.specs import check, setting

Places = NDArray[np.intp]  # which training rows
EXACT_BITS = 53  # whole numbers below 2**53 are exact in float64


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Nearest neighbours with a k that is chosen inside the training rows.

    >>> x = np.arange(12, dtype=np.float32)[:, None]
    >>> learnt = Neighbours().fit(x, (x[:, 0] >= 6).astype(int), classes=2, seed=0)
    >>> learnt.scores(np.array([[1.0], [10.0]])).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "neighbours"
    title: ClassVar[str] = "Nearest neighbours"
    clipped: ClassVar[bool] = True
    most_rows: ClassVar[int | None] = 50_000

    counts: tuple[int, ...] = setting((1, 3, 5, 11, 21), "numbers of neighbours to choose from", low=1)
    most_judged: int = setting(5_000, "training rows that are answered to choose the number by, at most", low=2)

    def __post_init__(self) -> None:
        check(self)

    def fit(self, features: Array, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntNeighbours:
        """Keep the rows and choose k; one core, whatever ``jobs`` is.

        **Shape**: float32 ``(row, feature)``, truth ``(row,)``.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        check_training(features, truth, classes)
        learnt = LearntNeighbours(
            rows=np.array(features, dtype=np.float32),
            truth=np.array(truth, dtype=np.int64 if classes else np.float64),
            count=1,
            classes=classes,
        )
        counts = [k for k in self.counts if k < len(truth)]  # a row is no neighbour of itself
        if not counts:
            return replace(learnt, chosen={"k": 1})
        judged = some_rows(truth, classes, self.most_judged, seed=seed)
        near = learnt.nearest(features[judged], max(counts), but=judged)
        errors = [_error(learnt.answer(near[:, :k]), learnt.truth[judged], classes) for k in counts]
        best = int(np.argmin(errors))
        words = "left-out log loss" if classes else "left-out squared error"
        remarks = {words: errors[best], "rows judged": float(len(judged))}
        return replace(learnt, count=counts[best], chosen={"k": counts[best]}, remarks=remarks)


class Grid(NamedTuple):
    """Training rows as whole numbers, ready for distances."""

    step: float  # a power of two: dividing by it rounds nothing
    rows: Floats  # (row, feature), in steps
    squares: Floats  # (row,), squared lengths


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntNeighbours:
    """The encoded training rows. **Shape**: rows float32 ``(row, feature)``, truth int64 or float64 ``(row,)``."""

    kind: ClassVar[str] = "neighbours"
    keepable: ClassVar[bool] = True
    holds_rows: ClassVar[bool] = True

    rows: Array
    truth: Array
    count: int  # neighbours that are asked, k
    classes: int
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Everything that is kept: features and truth of each training row."""
        return self.rows.size + self.truth.size

    @property
    def multiply_adds(self) -> int:
        """One for each feature of each training row."""
        return self.rows.size

    def scores(self, features: Array) -> Floats:
        """**Shape**: ``(row, feature)`` in, logs of probabilities or numbers ``(row, score)`` out."""
        return self.answer(self.nearest(features, self.count))

    def nearest(self, features: Array, count: int, *, but: Places | None = None) -> Places:
        """The closest training rows, closest first, equally close ones in their order.

        **Shape**: ``(row, feature)`` in, ``(row, count)`` out; ``but`` ``(row,)`` are training rows to pass over.
        """
        rows = len(features)
        near = np.empty((rows, count), dtype=np.intp)
        for block in blocks(rows, len(self.rows)):
            distances = self._distances(np.asarray(features[block], dtype=np.float64))
            if but is not None:
                distances[np.arange(len(distances)), but[block]] = np.inf
            near[block] = _smallest(distances, count)
        return near

    def answer(self, near: Places) -> Floats:
        """The scores that neighbours give. **Shape**: ``(row, neighbour)`` in, ``(row, score)`` out."""
        if not self.classes:
            return np.asarray(self.truth[near].mean(axis=1, keepdims=True))
        place = np.arange(len(near))[:, None] * self.classes + self.truth[near]
        votes = np.bincount(place.ravel(), minlength=len(near) * self.classes).reshape(-1, self.classes)
        shares = np.bincount(self.truth, minlength=self.classes) / len(self.truth)
        return log_shares((votes + shares) / (near.shape[1] + 1))

    def arrays(self) -> dict[str, Array]:
        """The rows, their truth and k."""
        return {"rows": self.rows, "truth": self.truth, "count": np.array([self.count], dtype=np.int64)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: other arrays than that, codes that are no classes, or more neighbours than rows.
        """
        classes = scores if scores > 1 else 0
        truth = "int64" if classes else "float64"
        wanted = {"rows": ("float32", ("row", features)), "truth": (truth, ("row",)), "count": ("int64", (1,))}
        rows = check_arrays(arrays, wanted)["row"]
        count = int(arrays["count"][0])
        if not 1 <= count <= rows:
            raise ValueError(f"{count} neighbours cannot be asked among {rows} rows.")
        if classes and not (arrays["truth"].min() >= 0 and arrays["truth"].max() < classes):
            raise ValueError(f"'truth' holds a code outside 0..{classes - 1}.")
        return cls(rows=arrays["rows"], truth=arrays["truth"], count=count, classes=classes)

    @cached_property
    def _grid(self) -> Grid:
        largest = float(np.abs(self.rows).max(initial=0.0))
        # a distance is at most 4 * features * largest**2 in steps, and has to stay below 2**53
        bits = (EXACT_BITS - 2 - int(np.ceil(np.log2(max(1, self.rows.shape[1]))))) // 2
        step = float(2.0 ** (np.ceil(np.log2(largest)) - bits)) if largest > 0 else 1.0
        rows = np.rint(self.rows / np.float64(step))
        return Grid(step, rows, (rows**2).sum(axis=1))

    def _distances(self, features: Floats) -> Floats:
        """Squared distances in steps, less the asked row's own square, which changes no order.

        **Shape**: ``(asked, feature)`` in, ``(asked, row)`` out.
        """
        step, rows, squares = self._grid
        asked = np.rint(features / step)
        return np.asarray(squares - 2 * (asked @ rows.T))


def _smallest(distances: Floats, count: int) -> Places:
    """Places of the ``count`` smallest of each row, smallest first, equal ones by place.

    >>> _smallest(np.array([[2.0, 1.0, 2.0, 0.0, 2.0]]), 4).tolist()
    [[3, 1, 0, 2]]
    """
    border = np.partition(distances, count - 1, axis=1)[:, count - 1 : count]
    taken = distances <= border
    for row in np.flatnonzero(taken.sum(axis=1) > count):  # too many at the border: the last of them give way
        ties = np.flatnonzero(distances[row] == border[row])
        surplus = int(taken[row].sum()) - count
        taken[row, ties[len(ties) - surplus :]] = False
    places = np.nonzero(taken)[1].reshape(-1, count)
    order = np.argsort(np.take_along_axis(distances, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)


def _error(scores: Floats, truth: Array, classes: int) -> float:
    return mean_log_loss(scores, truth) if classes else float(((scores[:, 0] - truth) ** 2).mean())
