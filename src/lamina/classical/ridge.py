r"""Ridge regression as a classifier: one straight line for each class against the others, far more columns than rows.

    minimise  sum_rows |t_c - x w_c - b_c|^2 + alpha |w_c|^2        t_c = 1 in class c, -1 elsewhere
    p = softmax(slope d)                                             d_c = x w_c + b_c; two classes: one line, an offset

Columns are centred and scaled to unit variance. With more columns than rows all is reckoned with the table of products
between rows, whose eigenvectors give the answer for every alpha at once, and also what each row would have been
answered had it been left out: t - (t - t_fitted) / (1 - h), with h the row's pull on its own fitted value. The alpha,
slope and offset are those with the smallest log loss of the left-out answers; for numbers the alpha with the smallest
squared error.

Sources: Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634; Golub, Heath and Wahba (1979),
doi:10.1080/00401706.1979.10489751. Dempster et al. (2021), arXiv:2012.08791, put it behind their kernels. We differ:
alpha is chosen by the log loss and may be larger, and decisions become probabilities as in `platt`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from lamina.classical.learnt import Array, Floats, check_training
from lamina.classical.linear import LearntLinear, mean_and_scale
from lamina.classical.platt import fit_slope
from lamina.foundation.specs import check, setting

ALPHAS = tuple(float(f"{10**power:.4g}") for power in np.linspace(-3, 6, 19))
LEAST_LEFT = 1e-9  # of a row's pull: a row that alone decides its own value says nothing


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """Ridge regression on codes of classes, or on numbers, with an alpha chosen by left-out answers.

    >>> x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    >>> learnt = Ridge().fit(x, (x[:, 0] > 0).astype(int), classes=2, seed=0)
    >>> learnt.scores(np.array([[-1.0], [1.0]])).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "ridge"
    title: ClassVar[str] = "Ridge classifier"
    clipped: ClassVar[bool] = False
    most_rows: ClassVar[int | None] = 10_000

    alphas: tuple[float, ...] = setting(ALPHAS, "penalties to choose from", above=0)

    def __post_init__(self) -> None:
        check(self)

    def fit(self, features: Array, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntLinear:
        """Choose alpha and learn, without any draw; one core, whatever ``jobs`` is.

        **Shape**: float32 ``(row, feature)``, truth ``(row,)``.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        check_training(features, truth, classes)
        mean, scale = mean_and_scale(features)
        columns = (features - mean) / scale
        codes, place = np.unique(truth, return_inverse=True) if classes else (None, truth)
        targets = _targets(place, codes)
        found = _Products.of(columns)
        choice = self._choose(found, targets, place, numbers=codes is None)
        weight = found.weights(targets, choice.alpha) / scale[:, None] * choice.slope
        bias = targets.mean(axis=0) * choice.slope - mean @ weight
        learnt = LearntLinear(weight=weight, bias=bias, codes=codes, classes=classes, chosen={"alpha": choice.alpha})
        words = "left-out log loss" if classes else "left-out squared error"
        remarks = {words: choice.loss} if np.isfinite(choice.loss) else {}
        return replace(_each_class(learnt, choice.offset), remarks=remarks)

    def _choose(self, found: _Products, targets: Floats, place: Array, *, numbers: bool) -> _Choice:
        if len(place) < 3 or not targets.shape[1]:
            return _Choice(np.nan, 1.0, 1.0, 0.0)
        best = _Choice(np.inf, 1.0, 1.0, 0.0)
        for alpha in self.alphas:
            answers = found.left_out(targets, alpha)
            if numbers:
                choice = _Choice(float(((answers - targets) ** 2).mean()), alpha, 1.0, 0.0)
            else:
                loss, slope, offset = fit_slope(answers, place)
                choice = _Choice(loss, alpha, slope, offset)
            best = min(best, choice, key=lambda one: one.loss)
        return best


class _Choice(NamedTuple):
    loss: float
    alpha: float
    slope: float
    offset: float


class _Products(NamedTuple):
    """Columns, and eigenvectors of the products between rows (or, if these are fewer, between columns)."""

    columns: Floats  # (row, column)
    rows: Floats  # (row, component): eigenvectors of columns @ columns.T
    squares: Floats  # (component,): its eigenvalues

    @classmethod
    def of(cls, columns: Floats) -> _Products:
        if len(columns) <= columns.shape[1]:
            squares, rows = np.linalg.eigh(columns @ columns.T)
            kept = squares > squares.max(initial=0) * 1e-12
            return cls(columns, rows[:, kept], squares[kept])
        squares, axes = np.linalg.eigh(columns.T @ columns)
        kept = squares > squares.max(initial=0) * 1e-12
        return cls(columns, columns @ axes[:, kept] / np.sqrt(squares[kept]), squares[kept])

    def weights(self, targets: Floats, alpha: float) -> Floats:
        """**Shape**: ``(column, target)``."""
        along = self.rows.T @ (targets - targets.mean(axis=0))
        return np.asarray(self.columns.T @ (self.rows @ (along / (self.squares + alpha)[:, None])))

    def left_out(self, targets: Floats, alpha: float) -> Floats:
        """What each row would be answered had it been left out. **Shape**: ``(row, target)`` in and out."""
        mean = targets.mean(axis=0)
        shrunk = self.squares / (self.squares + alpha)
        errors = targets - mean - self.rows @ (shrunk[:, None] * (self.rows.T @ (targets - mean)))
        pull = 1 / len(targets) + self.rows**2 @ shrunk
        return np.asarray(targets - errors / np.maximum(1 - pull, LEAST_LEFT)[:, None])


def _targets(place: Array, codes: Array | None) -> Floats:
    """What each line learns; for two classes one, of the second; none for a single class."""
    if codes is None:
        return np.asarray(place, np.float64)[:, None]
    columns = np.arange(len(codes))[1:] if len(codes) <= 2 else np.arange(len(codes))
    return np.where(place[:, None] == columns, 1.0, -1.0)


def _each_class(learnt: LearntLinear, offset: float) -> LearntLinear:
    """With a column for each class that the rows had: the first of two, or an only one, has a column of zeros."""
    if learnt.codes is None or len(learnt.codes) == len(learnt.bias):
        return learnt
    weight = np.hstack((np.zeros((len(learnt.weight), 1)), learnt.weight))
    return replace(learnt, weight=weight, bias=np.concatenate(([0.0], learnt.bias + offset)))
