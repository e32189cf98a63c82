"""Always the same answer: the rival that knows only how often each class comes, or the mean.

    classes: p_c = (rows of class c) / rows        numbers: the mean of the truth

Whoever does not beat it has found nothing in the features. Source: scikit-learn, ``DummyClassifier(strategy="prior")``
and ``DummyRegressor(strategy="mean")``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np

from lamina.classical.learnt import FLOOR, Array, Floats, check_arrays, check_training, log_shares


@dataclass(frozen=True, kw_only=True)
class Constant:
    """Class shares or the mean, whatever the features.

    >>> learnt = Constant().fit(np.zeros((4, 2), np.float32), np.array([0, 1, 1, 1]), classes=2, seed=0)
    >>> np.exp(learnt.scores(np.zeros((1, 2)))).round(6).tolist()
    [[0.25, 0.75]]
    """

    name: ClassVar[str] = "constant"
    title: ClassVar[str] = "Always the same answer"
    clipped: ClassVar[bool] = True
    most_rows: ClassVar[int | None] = None

    def fit(self, features: Array, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> LearntConstant:
        """Count, or take the mean; ``seed`` and ``jobs`` change nothing.

        **Shape**: float32 ``(row, feature)``, truth ``(row,)``.

        Raises:
            ValueError: rows from which nothing can be learnt.
        """
        check_training(features, truth, classes)
        if not classes:
            return LearntConstant(answer=np.array([truth.mean()], dtype=np.float64))
        shares = np.bincount(truth, minlength=classes) / len(truth)
        return LearntConstant(answer=log_shares(shares[None])[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntConstant:
    """One answer for every row. **Shape**: ``answer`` float64 ``(score,)``."""

    kind: ClassVar[str] = "constant"
    keepable: ClassVar[bool] = True
    holds_rows: ClassVar[bool] = False
    multiply_adds: ClassVar[int] = 0

    answer: Floats
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """One number a score."""
        return len(self.answer)

    def scores(self, features: Array) -> Floats:
        """The answer, once a row. **Shape**: ``(row, feature)`` in, ``(row, score)`` out."""
        return np.tile(self.answer, (len(features), 1))

    def arrays(self) -> dict[str, Array]:
        """The answer under its name."""
        return {"answer": self.answer}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: other arrays than that, or logs that are not those of probabilities.
        """
        check_arrays(arrays, {"answer": ("float64", (scores,))})
        answer = arrays["answer"]
        if scores > 1 and (answer.min() < 2 * np.log(FLOOR) or abs(np.exp(answer).sum() - 1) > 1e-6):
            raise ValueError("'answer' does not hold the logs of probabilities that add up to 1.")
        return cls(answer=answer)
