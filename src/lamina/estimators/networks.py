"""Networks as scikit-learn estimators: `NetworkClassifier` and `NetworkRegressor`.

They drop into ``Pipeline``, ``GridSearchCV``, ``cross_val_score`` and ``clone``. What they learnt is a
`lamina.model.Model` in ``model_``, which saves to one file.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from lamina.data import Column, Number, hold_out
from lamina.estimators.arrays import (
    category_of,
    has_names,
    row_weights,
    table_to_answer,
    table_to_fit,
    target_name,
    with_target,
)
from lamina.estimators.asked import as_network, as_training, member_seeds
from lamina.estimators.fitting import Part, fit_networks
from lamina.estimators.keep import to_model
from lamina.estimators.recipe import Task
from lamina.estimators.things import axes_of
from lamina.foundation.errors import DataError
from lamina.foundation.randomness import derive_seed
from lamina.foundation.signature import FieldKind
from lamina.networks import Network
from lamina.training import Training

HELD_BACK_FROM = 2_000  # rows from which a part is held back to find the best epoch; smaller sets need every row


class NetworkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A neural network that tells classes apart.

    **Shape**: X ``(row, feature)``, numbers with NaN for missing, or a data frame of columns of any kind; y ``(row,)``.
    As in an NPZ file X may be series ``(row, channel, step)`` or uint8 images ``(row, height, width[, channel])``, and
    also a list of texts or of Pillow images.

    Args:
        network: a spec such as ``MLP(widths=(10, 10))``, a string such as ``"10 relu, 10 tanh"``, or None for `Table`.
        training: how it learns; None for the default.
        members: networks that answer by the mean of their probabilities; None takes one, but four of
            the default network below 1,000 rows.
        validation: share of the rows held back to find the best epoch; None holds a tenth back from 2,000 rows on.
        class_weight: ``"balanced"``, or a dict from class to weight.
        random_state: seed of everything that is drawn.

    Attributes:
        classes_: the classes, sorted.
        model_: the `Model`; ``model_.save(path)`` keeps it.
        histories_: how each member learnt.

    >>> import numpy as np
    >>> X = np.array([[0.0], [0.1], [0.2], [0.8], [0.9], [1.0]])
    >>> NetworkClassifier("8 tanh", Training(epochs=60)).fit(X, [0, 0, 0, 1, 1, 1]).predict([[0.05], [0.95]])
    array([0, 1])
    """

    def __init__(
        self,
        network: Network | str | None = None,
        training: Training | None = None,
        *,
        members: int | None = None,
        validation: float | None = None,
        class_weight: str | dict[Any, float] | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.network = network
        self.training = training
        self.members = members
        self.validation = validation
        self.class_weight = class_weight
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows ``X`` and classes ``y``.

        Raises:
            DataError: fewer than two classes, or nothing to learn from.
            TrainingError: training diverged.
        """
        self.axes_ = axes_of(X)
        self.framed_ = self.axes_ is not None or has_names(X)
        table, self.schema_, y = table_to_fit(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        _refuse_one_class(self.classes_)
        weights = row_weights(sample_weight, table.num_rows)
        if self.class_weight is not None:
            weights = (1.0 if weights is None else weights) * compute_sample_weight(self.class_weight, y)
        kind = category_of(target_name(self.schema_), self.classes_)
        _learn(self, table, kind, pa.array(codes.astype(str)), "classification", weights)
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """The chance of each class, ``(row, class)`` in the order of ``classes_``."""
        check_is_fitted(self)
        chances: npt.NDArray[np.float64] = self.model_.decide(table_to_answer(self, X))[1]
        return chances

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The most probable class of each row, ``(row,)``."""
        check_is_fitted(self)
        answers: npt.NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return answers

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class NetworkRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A neural network that predicts a number.

    **Shape**: X ``(row, feature)``, numbers with NaN for missing, or a data frame of columns of any kind; y ``(row,)``.
    As in an NPZ file X may be series ``(row, channel, step)`` or uint8 images ``(row, height, width[, channel])``, and
    also a list of texts or of Pillow images.

    Args:
        network: a spec such as ``MLP(widths=(10, 10))``, a string such as ``"10 relu, 10 tanh"``, or None for `Table`.
        training: how it learns; None for the default.
        members: networks that answer by their mean; None takes one, but four of
            the default network below 1,000 rows.
        validation: share of the rows held back to find the best epoch; None holds a tenth back from 2,000 rows on.
        random_state: seed of everything that is drawn.

    Attributes:
        model_: the `Model`; ``model_.save(path)`` keeps it.
        histories_: how each member learnt.
    """

    def __init__(
        self,
        network: Network | str | None = None,
        training: Training | None = None,
        *,
        members: int | None = None,
        validation: float | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.network = network
        self.training = training
        self.members = members
        self.validation = validation
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows ``X`` and numbers ``y``.

        Raises:
            DataError: nothing to learn from.
            TrainingError: training diverged.
        """
        self.axes_ = axes_of(X)
        self.framed_ = self.axes_ is not None or has_names(X)
        table, self.schema_, y = table_to_fit(self, X, y, y_numeric=True)
        kind, weights = Number(name=target_name(self.schema_)), row_weights(sample_weight, table.num_rows)
        _learn(self, table, kind, pa.array(np.asarray(y, np.float64)), "regression", weights)
        return self

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """The number of each row, ``(row,)``."""
        check_is_fitted(self)
        answers: npt.NDArray[np.float64] = self.model_.decide(table_to_answer(self, X))[0]
        return answers

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _learn(
    estimator: Any,
    table: pa.Table,
    kind: Column,
    values: pa.Array,
    task: Task,
    weights: npt.NDArray[np.float64] | None,
) -> None:
    """Train and set ``model_``, ``histories_`` and ``n_iter_``."""
    network, training = as_network(estimator.network), as_training(estimator.training)
    table, schema = with_target(table, estimator.schema_, values, kind)
    labels = table.column(kind.name) if task == "classification" else None
    part = _part(estimator, table.num_rows, labels, schema.field_kinds)
    (fitted,) = fit_networks(table, schema, [part], network=network, training=training, task=task, weights=weights)
    estimator.model_ = to_model(fitted, schema, part, training, task=task, name=type(estimator).__name__)
    estimator.histories_ = fitted.histories
    estimator.n_iter_ = max(len(history.epochs) for history in fitted.histories)


def _part(estimator: Any, rows: int, labels: pa.ChunkedArray | None, kinds: tuple[FieldKind, ...]) -> Part:
    """All rows to learn from, or all but those held back to watch."""
    seed = _seed(estimator.random_state)
    seeds = member_seeds(seed, estimator.members, estimator.network, rows=rows, kinds=kinds)
    share = estimator.validation if estimator.validation is not None else (0.1 if rows >= HELD_BACK_FROM else 0.0)
    if not share:
        return Part(train=np.arange(rows), watch=np.arange(0), seeds=seeds)
    train, watch = hold_out(rows, fraction=share, seed=derive_seed(seed, "validation"), labels=labels)
    return Part(train=train, watch=watch, seeds=seeds)


def _seed(random_state: Any) -> int:
    """The seed itself, or one drawn from a random state; None means numpy's own, as everywhere in scikit-learn."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


def _refuse_one_class(classes: npt.NDArray[Any]) -> None:
    if len(classes) < 2:
        raise DataError(
            wrong=f"y holds only one class, {classes[0]!r}.",
            expected="at least two classes to tell apart.",
            remedy="bring rows of another class, or predict a number with NetworkRegressor.",
        )
