"""What a fitted estimator of scikit-learn's contract answers, turned into the scores that every rival gives."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from lamina.classical.learnt import Array, Floats, class_scores, log_shares

SMOOTHING = 0.05  # the share of certainty that a label gives away to all classes alike
Way = Literal["number", "probabilities", "decision", "labels"]


class Fitted(NamedTuple):
    """A fitted estimator and the meaning of its answers: it calls the classes ``codes`` 0, 1, 2, ...; None: numbers."""

    estimator: Any
    codes: Array | None
    classes: int
    way: Way

    def scores(self, features: Array) -> Floats:
        """**Shape**: ``(row, feature)`` in, logs of probabilities or numbers ``(row, score)`` out.

        Raises:
            ValueError: answers of another shape, or that are not finite.
        """
        rows = np.ascontiguousarray(features, np.float64)
        if not len(rows):
            return np.zeros((0, max(1, self.classes)))  # many estimators refuse to answer nothing
        if self.codes is None:
            return _shaped(self.estimator.predict(rows), len(rows), 1)
        if self.way == "decision":
            return class_scores(_decision(self.estimator, rows), self.seen(), self.classes)
        if self.way == "labels":
            hits = _shaped(self.estimator.predict(rows), len(rows), 1) == np.arange(len(self.codes))
            return self._spread(hits * (1 - SMOOTHING) + SMOOTHING / len(self.codes), self.codes)
        seen = self.seen()
        return self._spread(_shaped(self.estimator.predict_proba(rows), len(rows), len(seen)), seen)

    def seen(self) -> Array:
        """The codes of the estimator's columns."""
        assert self.codes is not None
        names = getattr(self.estimator, "classes_", np.arange(len(self.codes)))
        codes: Array = self.codes[np.asarray(names, np.int64)]
        return codes

    def remarks(self) -> dict[str, float]:
        """Where probabilities had to be made, and of what."""
        if self.way == "decision":
            return {"probabilities made from the decision function": 1.0}
        return {"probabilities made from labels, smoothed by": SMOOTHING} if self.way == "labels" else {}

    def _spread(self, shares: Floats, codes: Array) -> Floats:
        full = np.zeros((len(shares), self.classes))
        full[:, codes] = shares
        return log_shares(full)


def fitted(estimator: Any, codes: Array | None, classes: int, rows: Array) -> Fitted:
    """A fitted estimator with the best way of asking it, once it has answered a few ``rows``.

    Raises:
        ValueError: answers of another shape than one number, or one probability a class, for each row.
    """
    found = Fitted(estimator, codes, classes, _way(estimator, codes, rows))
    found.scores(rows)
    return found


def _way(estimator: Any, codes: Array | None, rows: Array) -> Way:
    if codes is None:
        return "number"
    if hasattr(estimator, "predict_proba"):
        return "probabilities"
    if not hasattr(estimator, "decision_function"):
        return "labels"
    # some give one decision for each pair of classes, which says nothing of a class's probability
    return "decision" if _decision(estimator, rows).shape[1] == len(codes) else "labels"


def _decision(estimator: Any, rows: Array) -> Floats:
    """One logit a class; a single decision is that of the second of two classes."""
    decision = np.asarray(estimator.decision_function(rows), np.float64)
    columns = decision if decision.ndim == 2 else np.stack([np.zeros(len(rows)), decision], axis=1)
    return _shaped(columns, len(rows), columns.shape[1])


def _shaped(answers: Any, rows: int, columns: int) -> Floats:
    table = np.asarray(answers, np.float64)
    if table.shape not in {(rows, columns), (rows,) if columns == 1 else (rows, columns)}:
        raise ValueError(f"{rows} rows are answered by an array of shape {table.shape}, not {(rows, columns)}.")
    if not np.isfinite(table).all():
        raise ValueError("a row is answered by something that is not a finite number.")
    return table.reshape(rows, columns)
