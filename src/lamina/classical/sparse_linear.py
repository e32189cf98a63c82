r"""Linear models of texts: logistic or ridge regression where nearly all numbers are 0.

    classes   p = softmax(x W + b)      minimise   mean(-log p_truth) + |W|^2 / (2 C rows)
    numbers   y = x w + b               minimise   |y - x w - b|^2 + alpha |w|^2

As in `linear`, with the same pair of columns for two classes; but columns are taken as they are: to centre them would
write out every zero, and the scale of a term is what its weight (`terms`) is about. C or alpha is the one of five with
the smallest log loss, or squared error, on inner folds; from the strongest penalty on, each fit begins where the one
before ended, and the search ends once two in turn were worse than the best.

Sources: Joachims (1998), doi:10.1007/BFb0026683 (linear models and texts); Liu and Nocedal (1989),
doi:10.1007/BF01589116 (L-BFGS); Paige and Saunders (1982), doi:10.1145/355984.355989 (LSQR, for numbers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lamina.classical.folds import fold_count, inner_splits
from lamina.classical.learnt import Array, Floats, check_training, class_scores, mean_log_loss
from lamina.classical.linear import LearntLinear, loss_and_slope
from lamina.classical.wide import Wide
from lamina.foundation.specs import check, setting

STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0)  # C: rows of length 1 bear weights that are larger than those of `linear`
PENALTIES = (100.0, 10.0, 1.0, 0.1, 0.01)  # alpha
PATIENCE = 2


class Fit(NamedTuple):
    """Weights, biases, and how many steps they took."""

    weight: Floats  # (column, score)
    bias: Floats  # (score,)
    steps: int
    converged: bool


Fitting = Callable[[Any, Array, float, Fit | None], Fit]


@dataclass(frozen=True, kw_only=True)
class SparseLinear:
    """Logistic or ridge regression on wide rows, with a strength that is chosen inside the training rows.

    >>> x = np.eye(2, dtype=np.float32)[[0, 1] * 20]
    >>> learnt = SparseLinear().fit(x, np.array([0, 1] * 20), classes=2, seed=0)
    >>> learnt.scores(np.eye(2)).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "linear"
    title: ClassVar[str] = "Linear model"
    clipped: ClassVar[bool] = True  # columns are not scaled here: a tail would outweigh all words
    most_rows: ClassVar[int | None] = None
    wide: ClassVar[bool] = True

    folds: int = setting(3, "inner folds to choose the strength by", low=2, high=20)
    most_steps: int = setting(200, "steps of L-BFGS or LSQR at most", low=1)
    tolerance: float = setting(1e-5, "the largest slope, in nats, at which L-BFGS stops", above=0)

    def __post_init__(self) -> None:
        check(self)

    def fit(self, features: Array | Wide, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntLinear:
        """Choose the strength, then learn from all rows; one core, whatever ``jobs`` is.

        **Shape**: float32 ``(row, feature)`` or a `Wide`, truth ``(row,)``.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        wide = features if isinstance(features, Wide) else _as_wide(features)
        check_training(wide.dense, truth, classes)
        columns = wide.csr()
        codes, place = np.unique(truth, return_inverse=True) if classes else (None, np.asarray(truth, np.float64))
        fitting = self._fit_numbers if codes is None else partial(self._fit_classes, classes=len(codes))
        values = PENALTIES if codes is None else STRENGTHS
        value, error = self._choose(columns, place, codes, fitting, values, seed)
        found = fitting(columns, place, value, None)
        words = "inner squared error" if codes is None else "inner log loss"
        remarks = {"steps": float(found.steps), "converged": float(found.converged)}
        return LearntLinear(
            weight=found.weight,
            bias=found.bias,
            codes=codes,
            classes=classes,
            chosen={"alpha" if codes is None else "C": value},
            remarks=remarks | ({words: error} if np.isfinite(error) else {}),
        )

    def _choose(
        self,
        columns: Any,
        truth: Array,
        codes: Array | None,
        fitting: Fitting,
        values: tuple[float, ...],
        seed: int,
    ) -> tuple[float, float]:
        """The value with the smallest error on held-out rows, and that error."""
        classes = 0 if codes is None else len(codes)
        folds = fold_count(truth, classes, self.folds)
        if not folds:
            return 1.0, np.nan
        splits = list(inner_splits(truth, classes, folds=folds, seed=seed))
        fits: list[Fit | None] = [None] * len(splits)
        errors: list[float] = []
        for value in values:
            lost = rows = 0.0
            for fold, (kept, held) in enumerate(splits):
                fits[fold] = fit = fitting(columns[kept], truth[kept], value, fits[fold])
                lost, rows = lost + _error(fit, columns[held], truth[held], classes), rows + len(held)
            errors.append(lost / rows)
            if len(errors) - 1 - int(np.argmin(errors)) >= PATIENCE:
                break
        best = int(np.argmin(errors))
        return values[best], errors[best]

    def _fit_classes(self, columns: Any, truth: Array, strength: float, start: Fit | None, *, classes: int) -> Fit:
        """The minimum of the log loss for one C; a class without a row among these has a column too."""
        from scipy.optimize import minimize

        penalty = (2 if classes == 2 else 1) / (strength * len(truth))
        first = np.zeros((columns.shape[1] + 1, classes))
        if start is not None:
            first = np.vstack((start.weight, start.bias))
        found = minimize(
            loss_and_slope,
            first.ravel(),
            args=(columns, truth, penalty),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": self.most_steps, "gtol": self.tolerance, "maxls": 50},
        )
        weights = found.x.reshape(-1, classes)
        return Fit(weights[:-1], weights[-1], int(found.nit), found.status == 0)

    def _fit_numbers(self, columns: Any, truth: Array, alpha: float, start: Fit | None) -> Fit:
        """The minimum of the squared error for one alpha, whatever ``start`` is; columns are centred on the way."""
        from scipy.sparse.linalg import LinearOperator, lsqr

        mean, middle = np.asarray(columns.mean(axis=0)).ravel(), float(truth.mean())
        centred = LinearOperator(
            columns.shape,
            matvec=lambda w: columns @ w.ravel() - mean @ w.ravel(),
            rmatvec=lambda e: columns.T @ e.ravel() - mean * e.sum(),
            dtype=np.float64,
        )
        # always from zero: given a start, LSQR would penalise the distance from it
        weight, reason, steps, *_ = lsqr(
            centred, truth - middle, damp=np.sqrt(alpha), iter_lim=self.most_steps, atol=1e-8, btol=1e-8
        )
        return Fit(weight[:, None], np.array([middle - mean @ weight]), int(steps), reason != 7)


def _as_wide(features: Array) -> Wide:
    return Wide(
        dense=np.asarray(features),
        starts=np.zeros(len(features) + 1, np.int64),
        columns=np.zeros(0, np.int64),
        values=np.zeros(0, np.float32),
        width=0,
    )


def _error(fit: Fit, columns: Any, truth: Array, classes: int) -> float:
    """The sum of log losses or squared errors of held-out rows."""
    answers = columns @ fit.weight + fit.bias
    if not classes:
        return float(((answers[:, 0] - truth) ** 2).sum())
    return mean_log_loss(class_scores(answers, np.arange(classes), classes), truth) * len(truth)
