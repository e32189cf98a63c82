r"""Support vector machines with a radial kernel: a few training rows near the border carry the answer.

    K(x, v) = exp(-gamma |x - v|^2)          gamma = 1 / (features * variance of all features)
    d_c(x)  = sum_v a_vc K(x, v) + b_c       one machine a class: this class against all others
    p       = softmax(slope d)               two classes: one machine, p = softmax(0, slope d + offset)
    y       = sum_v a_v K(x, v) + b          numbers: errors below epsilon cost nothing

The machines of all classes share one table of support vectors. slope and offset are fitted to decisions on inner folds,
where no row was learnt from, and then folded into a and b. C is the one of five with the smallest log loss (squared
error) on the same folds; above `MOST_JUDGED` rows it is chosen on a sample of them, because the time grows with the
square of the rows.

Sources: Cortes and Vapnik (1995), doi:10.1007/BF00994018; Chang and Lin (2011), doi:10.1145/1961189.1961199 (LIBSVM,
which finds a and b). We differ: probabilities come from decisions on inner folds, see `platt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from lamina.classical.folds import fold_count, inner_splits, some_rows
from lamina.classical.learnt import (
    Array,
    Axes,
    Floats,
    blocks,
    check_arrays,
    check_codes,
    check_training,
    class_scores,
)
from lamina.classical.platt import fit_slope
from lamina.foundation.randomness import derive_seed
from lamina.foundation.specs import check, setting

STRENGTHS = (1.0, 0.3, 3.0, 10.0, 30.0)  # C; among equals the first is taken
WIDE = 256  # columns from which on the kernels of all pairs of rows are reckoned beforehand
ROWS_FOR_TABLE = 5_000  # 200 megabytes
EPSILON = 0.1  # of the standard deviation of the truth


class Machine(NamedTuple):
    """One sum over support vectors: which training rows, their weights, and the bias."""

    places: Array  # (vector,)
    weights: Floats  # (vector,)
    bias: float


class Asked(NamedTuple):
    """What LIBSVM is given: rows and gamma, or a table of kernels."""

    rows: Floats
    settings: dict[str, Any]


class Choice(NamedTuple):
    """What the inner folds say about one C."""

    strength: float
    loss: float  # nats, or squared error
    slope: float
    offset: float


@dataclass(frozen=True, kw_only=True)
class SupportVectors:
    """A support vector machine with a radial kernel and a C that is chosen inside the training rows.

    >>> x = np.linspace(-1, 1, 30, dtype=np.float32)[:, None]
    >>> learnt = SupportVectors().fit(x, (abs(x[:, 0]) < 0.5).astype(int), classes=2, seed=0)
    >>> learnt.scores(np.array([[-0.9], [0.0], [0.9]])).argmax(axis=1).tolist()
    [0, 1, 0]
    """

    name: ClassVar[str] = "svm"
    title: ClassVar[str] = "Support vector machine"
    clipped: ClassVar[bool] = True
    most_rows: ClassVar[int | None] = 10_000

    folds: int = setting(3, "inner folds to choose C by", low=2, high=20)
    most_judged: int = setting(2_000, "training rows among which C is chosen, at most", low=10)

    def __post_init__(self) -> None:
        check(self)

    def fit(self, features: Array, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntSupport:
        """Choose C on a sample, then learn from all rows; one core, whatever ``jobs`` is.

        **Shape**: float32 ``(row, feature)``, truth ``(row,)``.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        check_training(features, truth, classes)
        rows = np.asarray(features, dtype=np.float64)
        spread = float(rows.var()) * rows.shape[1]
        gamma = 1 / spread if spread > 0 else 1.0
        choice, remarks = self._choose(rows, truth, classes, gamma, seed)
        codes = np.unique(truth) if classes else None
        asked = _asked(rows, gamma)
        machines = [
            _machine(asked.rows, wanted, choice.strength, numbers=not classes, **asked.settings)
            for wanted in _targets(truth, codes)
        ]
        learnt = _together(rows, machines, choice, codes=codes, classes=classes, gamma=gamma)
        return replace(learnt, chosen={"C": choice.strength}, remarks=remarks)

    def _choose(
        self, rows: Floats, truth: Array, classes: int, gamma: float, seed: int
    ) -> tuple[Choice, dict[str, float]]:
        sample = some_rows(truth, classes, self.most_judged, seed=derive_seed(seed, "sample"))
        folds = fold_count(truth[sample], classes, self.folds)
        if not folds:
            return Choice(1.0, np.nan, 1.0, 0.0), {}
        splits = list(inner_splits(truth[sample], classes, folds=folds, seed=seed))
        table = kernel(rows[sample], rows[sample], gamma)  # one for all folds, classes and values of C
        codes = np.unique(truth) if classes else None  # also of a class that the sample missed
        choices = [_judge(table, truth[sample], codes, splits, strength) for strength in STRENGTHS]
        best = min(choices, key=lambda choice: choice.loss)
        words = "inner log loss" if classes else "inner squared error"
        remarks = {words: best.loss, "rows judged": float(len(sample))}
        return best, remarks | ({"slope": best.slope, "offset": best.offset} if classes else {})


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntSupport:
    """Support vectors and their weights. **Shape**: vectors float32 ``(vector, feature)``, weights float64
    ``(vector, column)``, bias float64 ``(column,)``.

    ``codes`` int64 ``(column,)`` are the classes that the training rows had; there are none for numbers
    (``classes`` is 0), where there is a single column.
    """

    kind: ClassVar[str] = "support"
    keepable: ClassVar[bool] = True
    holds_rows: ClassVar[bool] = True

    vectors: Array
    weights: Floats
    bias: Floats
    gamma: float
    codes: Array | None
    classes: int
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Support vectors, weights, biases and gamma."""
        return self.vectors.size + self.weights.size + self.bias.size + 1

    @property
    def multiply_adds(self) -> int:
        """One for each feature and each weight of each support vector."""
        return self.vectors.size + self.weights.size

    def scores(self, features: Array) -> Floats:
        """**Shape**: ``(row, feature)`` in, logs of probabilities or numbers ``(row, score)`` out."""
        answers = np.empty((len(features), len(self.bias)))
        vectors = self.vectors.astype(np.float64)
        for block in blocks(len(features), len(vectors)):
            rows = np.asarray(features[block], dtype=np.float64)
            answers[block] = kernel(rows, vectors, self.gamma) @ self.weights + self.bias
        return answers if self.codes is None else class_scores(answers, self.codes, self.classes)

    def arrays(self) -> dict[str, Array]:
        """Vectors, weights, bias, gamma and, for classes, their codes."""
        codes = {} if self.codes is None else {"codes": self.codes}
        gamma = np.array([self.gamma], dtype=np.float64)
        return {"vectors": self.vectors, "weights": self.weights, "bias": self.bias, "gamma": gamma, **codes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: other arrays than that, codes that are no classes, or a gamma that is not above 0.
        """
        column: int | str = "class" if scores > 1 else 1
        wanted: dict[str, tuple[str, Axes]] = {
            "vectors": ("float32", ("vector", features)),
            "weights": ("float64", ("vector", column)),
            "bias": ("float64", (column,)),
            "gamma": ("float64", (1,)),
        }
        check_arrays(arrays, wanted | ({"codes": ("int64", (column,))} if scores > 1 else {}))
        if scores > 1:
            check_codes(arrays["codes"], scores)
        if not arrays["gamma"][0] > 0:
            raise ValueError("'gamma' is not above 0.")
        return cls(
            vectors=arrays["vectors"],
            weights=arrays["weights"],
            bias=arrays["bias"],
            gamma=float(arrays["gamma"][0]),
            codes=arrays.get("codes"),
            classes=scores if scores > 1 else 0,
        )


def kernel(rows: Floats, vectors: Floats, gamma: float) -> Floats:
    """``exp(-gamma |x - v|^2)``. **Shape**: ``(row, feature)``, ``(vector, feature)`` in, ``(row, vector)`` out.

    >>> kernel(np.array([[0.0]]), np.array([[0.0], [2.0]]), 0.25).round(4).tolist()
    [[1.0, 0.3679]]
    """
    table = rows @ vectors.T
    table *= -2
    table += (rows**2).sum(axis=1)[:, None]
    table += (vectors**2).sum(axis=1)
    np.maximum(table, 0, out=table)  # rounding may leave a row a little below 0 away from itself
    table *= -gamma
    return np.asarray(np.exp(table, out=table))


def _asked(rows: Floats, gamma: float) -> Asked:
    """Rows as they are, or all their kernels: of wide rows these take longer one by one than as a matrix product."""
    if rows.shape[1] < WIDE or len(rows) > ROWS_FOR_TABLE:
        return Asked(rows, {"gamma": gamma})
    return Asked(kernel(rows, rows, gamma), {"kernel": "precomputed"})


def _targets(truth: Array, codes: Array | None) -> list[Array]:
    """What each machine learns: the numbers, or for each class whether a row is of it; for two classes the second."""
    if codes is None:
        return [truth]
    return [truth == code for code in (codes[1:] if len(codes) <= 2 else codes)]


def _machine(rows: Floats, wanted: Array, strength: float, *, numbers: bool, **kernel_settings: Any) -> Machine:
    """One machine; where all rows are of one kind, a constant decision of 1 or -1."""
    from sklearn.svm import SVC, SVR

    if not numbers and wanted.all() == wanted.any():
        return Machine(np.zeros(0, dtype=np.intp), np.zeros(0), 1.0 if wanted.all() else -1.0)
    found = SVR(C=strength, epsilon=EPSILON, **kernel_settings) if numbers else SVC(C=strength, **kernel_settings)
    found.fit(rows, wanted)
    return Machine(found.support_, found.dual_coef_[0], float(found.intercept_[0]))


def _together(
    rows: Floats, machines: list[Machine], choice: Choice, *, codes: Array | None, classes: int, gamma: float
) -> LearntSupport:
    """All machines over one table of support vectors, with slope and offset folded in."""
    used = np.unique(np.concatenate([m.places for m in machines] or [np.zeros(0, dtype=np.intp)])).astype(np.intp)
    used = used if len(used) else np.array([0])  # a table without rows is no table: one that weighs nothing
    columns = 1 if codes is None else len(codes)
    weights, bias = np.zeros((len(used), columns)), np.zeros(columns)
    for machine, column in zip(machines, range(columns - len(machines), columns), strict=True):
        weights[np.searchsorted(used, machine.places), column] = machine.weights * choice.slope
        bias[column] = machine.bias * choice.slope + choice.offset
    return LearntSupport(
        vectors=rows[used].astype(np.float32), weights=weights, bias=bias, gamma=gamma, codes=codes, classes=classes
    )


def _judge(
    table: Floats, truth: Array, codes: Array | None, splits: list[tuple[Array, Array]], strength: float
) -> Choice:
    """Learn on each inner fold and see how good the answers to the rows held out are."""
    targets = _targets(truth, codes)
    decisions = np.zeros((len(truth), len(targets)))
    for kept, held in splits:
        inner, outer = table[np.ix_(kept, kept)], table[np.ix_(held, kept)]
        for column, wanted in enumerate(targets):
            machine = _machine(inner, wanted[kept], strength, numbers=codes is None, kernel="precomputed")
            decisions[held, column] = outer[:, machine.places] @ machine.weights + machine.bias
    judged = np.concatenate([held for _, held in splits])
    if codes is None:
        return Choice(strength, float(((decisions[judged, 0] - truth[judged]) ** 2).mean()), 1.0, 0.0)
    return Choice(strength, *fit_slope(decisions[judged], np.searchsorted(codes, truth[judged])))
