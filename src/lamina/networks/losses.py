"""The closed list of losses, and the one that is taken when none is named.

Enters: scores and truth as tensors. Leaves: a loss a row and its gradient (see `lamina.networks.loss`).
"""

from __future__ import annotations

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
