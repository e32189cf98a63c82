"""The closed list of losses, and the one that is taken when none is named.

Enters: scores and truth as tensors. Leaves: a loss a row and its gradient (see `lamina.networks.loss`).
"""

from __future__ import annotations

from lamina.foundation.errors import SpecError, nearest
from lamina.networks.class_losses import BinaryCrossEntropy, CrossEntropy, Focal, Hinge
from lamina.networks.loss import Loss, shares, weighted_mean
from lamina.networks.number_losses import (
    Euclidean,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
    RootMeanSquaredError,
)

__all__ = [
    "LOSSES",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Euclidean",
    "Focal",
    "Hinge",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "Quantile",
    "RootMeanSquaredError",
    "loss_for",
    "shares",
    "weighted_mean",
]

LOSSES: tuple[type[Loss], ...] = (
    CrossEntropy,
    BinaryCrossEntropy,
    Focal,
    Hinge,
    MeanSquaredError,
    RootMeanSquaredError,
    Euclidean,
    MeanAbsoluteError,
    Huber,
    Quantile,
    Poisson,
)


def loss_for(task: str) -> Loss:
    """The loss of a task when none is named.

    Raises:
        SpecError: the task is not known.

    >>> loss_for("regression")
    MeanSquaredError()
    """
    usual: dict[str, Loss] = {"classification": CrossEntropy(), "regression": MeanSquaredError()}
    if task not in usual:
        raise SpecError(
            wrong=f"the task {task!r} is not known.",
            expected=f"one of {', '.join(usual)}.",
            remedy=nearest(task, usual),
        )
    return usual[task]
