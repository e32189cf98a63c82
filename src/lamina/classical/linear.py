r"""Linear models: logistic regression for classes, ridge regression for numbers.

    classes   p = softmax(x W + b)      minimise   mean(-log p_truth) + |W|^2 / (2 C rows)
    numbers   y = x w + b               minimise   |y - x w - b|^2 + alpha |w|^2

The columns of x are centred and have unit variance while learning, so that C and alpha mean the same for each of them;
mean and scale are folded into W and b afterwards. The bias pays nothing. With two classes the columns of W are -w/2 and
w/2: such a pair has half the squared length of w, so it pays twice, and C is that of the usual logistic regression.

C is the one of five with the smallest log loss on inner folds (on one hold-out above 5,000 rows), each fit starting
from the one before; alpha the one of five with the smallest squared error when every row is left out once, which takes
no refitting: the error of a left-out row is (y - y_fitted) / (1 - h), with h the row's pull on its own fitted value.

Sources: Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634; Golub, Heath and Wahba (1979),
doi:10.1080/00401706.1979.10489751 (leave-one-out); Liu and Nocedal (1989), doi:10.1007/BF01589116 (L-BFGS).
We differ: the minimum is that of scikit-learn's ``LogisticRegression`` and ``Ridge`` on columns of unit variance, found
here without them, because this way no warning is raised where the steps run out: a remark is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple, Self

import numpy as np

from lamina.classical.folds import fold_count, inner_splits
from lamina.classical.learnt import (
    Array,
    Axes,
    Floats,
    check_arrays,
    check_codes,
    check_training,
    class_scores,
    log_softmax,
    mean_log_loss,
)
from lamina.classical.wide import Wide
from lamina.foundation.specs import check, setting

STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)  # C
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)  # alpha
CONSTANT = 1e-6  # a column whose spread is this far below its size varies by rounding only


@dataclass(frozen=True, kw_only=True)
class Linear:
    """Logistic or ridge regression with a strength that is chosen inside the training rows.

    >>> x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    >>> learnt = Linear().fit(x, (x[:, 0] > 0).astype(int), classes=2, seed=0)
    >>> learnt.scores(np.array([[-1.0], [1.0]])).argmax(axis=1).tolist()
    [0, 1]
    """

    name: ClassVar[str] = "linear"
    title: ClassVar[str] = "Linear model"
    clipped: ClassVar[bool] = False  # a clipped tail bends the plain law that it should find
    most_rows: ClassVar[int | None] = None

    folds: int = setting(5, "inner folds to choose C by", low=2, high=20)
    most_steps: int = setting(1000, "steps of L-BFGS at most", low=1)
    tolerance: float = setting(1e-6, "the largest slope, in nats, at which L-BFGS stops", above=0)

    def __post_init__(self) -> None:
        check(self)

    def fit(self, features: Array, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntLinear:
        """Choose the strength, then learn from all rows; one core, whatever ``jobs`` is.

        **Shape**: float32 ``(row, feature)``, truth ``(row,)``.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        check_training(features, truth, classes)
        mean, scale = mean_and_scale(features)
        columns = (features - mean) / scale
        learnt = self._fit_classes(columns, truth, classes, seed) if classes else _fit_numbers(columns, truth)
        weight = learnt.weight / scale[:, None]
        return LearntLinear(
            weight=weight,
            bias=learnt.bias - mean @ weight,
            codes=learnt.codes,
            classes=classes,
            chosen=learnt.chosen,
            remarks=learnt.remarks,
        )

    def _fit_classes(self, columns: Floats, truth: Array, classes: int, seed: int) -> LearntLinear:
        folds = fold_count(truth, classes, self.folds)
        if not folds:
            return self._fit_strength(columns, truth, classes, 1.0)
        losses = np.zeros(len(STRENGTHS))
        rows = 0
        for kept, held in inner_splits(truth, classes, folds=folds, seed=seed):
            learnt, known, unknown = None, columns[kept], columns[held]
            for i, strength in enumerate(STRENGTHS):
                learnt = self._fit_strength(known, truth[kept], classes, strength, start=learnt)
                losses[i] += mean_log_loss(learnt.scores(unknown), truth[held]) * len(held)
            rows += len(held)
        best = int(losses.argmin())
        learnt = self._fit_strength(columns, truth, classes, STRENGTHS[best])
        return replace(learnt, remarks={"inner log loss": float(losses[best] / rows), **learnt.remarks})

    def _fit_strength(
        self, columns: Floats, truth: Array, classes: int, strength: float, start: LearntLinear | None = None
    ) -> LearntLinear:
        """The minimum for one C, found from the weights of another fit on the same rows, or from zero."""
        from scipy.optimize import minimize

        codes, present = np.unique(truth, return_inverse=True)
        penalty = (2 if len(codes) == 2 else 1) / (strength * len(truth))
        width = (columns.shape[1] + 1) * len(codes)
        found = minimize(
            loss_and_slope,
            np.zeros(width) if start is None else np.vstack((start.weight, start.bias)).ravel(),
            args=(columns, present, penalty),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": self.most_steps, "gtol": self.tolerance, "ftol": 64 * np.finfo(float).eps, "maxls": 50},
        )
        weights = found.x.reshape(-1, len(codes))
        return LearntLinear(
            weight=weights[:-1],
            bias=weights[-1],
            codes=codes,
            classes=classes,
            chosen={"C": strength},
            remarks={"steps": float(found.nit), "converged": float(found.status == 0)},
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntLinear:
    """One affine map. **Shape**: weight float64 ``(feature, column)``, bias float64 ``(column,)``.

    ``codes`` int64 ``(column,)`` are the classes that the training rows had; there are none for numbers
    (``classes`` is 0), where there is a single column.
    """

    kind: ClassVar[str] = "linear"
    keepable: ClassVar[bool] = True
    holds_rows: ClassVar[bool] = False

    weight: Floats
    bias: Floats
    codes: Array | None
    classes: int
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weight.size + self.bias.size

    @property
    def multiply_adds(self) -> int:
        """One for each weight."""
        return self.weight.size

    def scores(self, features: Array | Wide) -> Floats:
        """**Shape**: ``(row, feature)`` in, logs of probabilities or numbers ``(row, score)`` out."""
        rows = features if isinstance(features, Wide) else np.asarray(features, dtype=np.float64)
        answers = rows @ self.weight + self.bias
        return answers if self.codes is None else class_scores(answers, self.codes, self.classes)

    def arrays(self) -> dict[str, Array]:
        """Weight, bias and, for classes, their codes."""
        codes = {} if self.codes is None else {"codes": self.codes}
        return {"weight": self.weight, "bias": self.bias, **codes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: other arrays than that, or codes that are no classes.
        """
        column = "class" if scores > 1 else 1
        wanted: dict[str, tuple[str, Axes]] = {
            "weight": ("float64", (features, column)),
            "bias": ("float64", (column,)),
        }
        check_arrays(arrays, wanted | ({"codes": ("int64", (column,))} if scores > 1 else {}))
        if scores > 1:
            check_codes(arrays["codes"], scores)
        classes = scores if scores > 1 else 0
        return cls(weight=arrays["weight"], bias=arrays["bias"], codes=arrays.get("codes"), classes=classes)


class Components(NamedTuple):
    """Columns turned so that they do not overlap: ``columns = parts @ axes.T``, ``parts.T @ parts`` diagonal."""

    parts: Floats  # (row, component)
    axes: Floats  # (feature, component)
    squares: Floats  # (component,), the squared length of each part


def mean_and_scale(features: Array) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column; a column that does not vary keeps its scale."""
    mean = features.mean(axis=0, dtype=np.float64)
    scale = features.std(axis=0, dtype=np.float64)
    return mean, np.where(scale <= CONSTANT * np.abs(mean), 1.0, scale)


def loss_and_slope(flat: Floats, columns: Floats, truth: Array, penalty: float) -> tuple[float, Floats]:
    """What is minimised, and its derivative, at weights with the bias as their last row."""
    weights = flat.reshape(columns.shape[1] + 1, -1)
    log_p = log_softmax(columns @ weights[:-1] + weights[-1])
    loss = mean_log_loss(log_p, truth) + penalty / 2 * float((weights[:-1] ** 2).sum())
    error = np.exp(log_p)
    error[np.arange(len(truth)), truth] -= 1
    error /= len(truth)
    slope = np.vstack((columns.T @ error + penalty * weights[:-1], error.sum(axis=0)))
    return loss, slope.ravel()


def _fit_numbers(columns: Floats, truth: Array) -> LearntLinear:
    mean = float(truth.mean())
    parts, axes, squares = _components(columns)
    along = parts.T @ (truth - mean)
    errors = [_left_out_error(parts, squares + alpha, along, truth - mean) for alpha in PENALTIES]
    best = int(np.argmin(errors)) if len(truth) >= 3 else PENALTIES.index(1.0)
    return LearntLinear(
        weight=(axes @ (along / (squares + PENALTIES[best])))[:, None],
        bias=np.array([mean]),
        codes=None,
        classes=0,
        chosen={"alpha": PENALTIES[best]},
        remarks={"left-out squared error": errors[best]} if len(truth) >= 3 else {},
    )


def _components(columns: Floats) -> Components:
    if len(columns) < columns.shape[1]:
        left, lengths, right = np.linalg.svd(columns, full_matrices=False)
        return Components(left * lengths, right.T, lengths**2)
    squares, axes = np.linalg.eigh(columns.T @ columns)  # many rows: far cheaper than the same by svd
    return Components(columns @ axes, axes, np.maximum(squares, 0))


def _left_out_error(parts: Floats, damped: Floats, along: Floats, truth: Floats) -> float:
    """The mean squared error when every row is left out once. **Shape**: ``damped`` and ``along`` ``(component,)``."""
    pull = 1 / len(truth) + parts**2 @ (1 / damped)
    kept = np.maximum(1 - pull, np.finfo(float).eps)  # 0 for a row that alone decides its own value
    return float((((truth - parts @ (along / damped)) / kept) ** 2).mean())
