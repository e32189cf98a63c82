"""What a loss is told about the target: codes, labels, numbers or counts, and what is watched meanwhile."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from lamina.data import ClassTarget, NumberTarget
from lamina.foundation.errors import SpecError
from lamina.networks import Loss, Quantile
from lamina.training import Monitor, accuracy, label_accuracy, r_squared

Target = ClassTarget | NumberTarget


def check_loss(loss: Loss, target: Target, column: pa.ChunkedArray) -> None:
    """Refuse a loss that is made for another kind of target.

    Raises:
        SpecError: classes were given to a loss for numbers or the other way round, three classes to one for two, or
            something below zero to one for counts.
    """
    classes = len(target.classes) if isinstance(target, ClassTarget) else 0
    what = f"{classes} classes" if classes else "numbers"
    fits = {
        "classes": classes > 0,
        "labels": classes == 2,
        "numbers": classes == 0,
        "counts": classes == 0,
    }[loss.needs]
    if fits and loss.needs == "counts" and float(np.min(np.asarray(column, np.float64))) < 0:
        fits, what = False, "numbers below zero"
    if not fits:
        wanted = {"labels": "two classes", "counts": "counts: numbers from zero on"}.get(loss.needs, loss.needs)
        raise SpecError(
            wrong=f"{type(loss).__name__} was given {what} to learn.",
            expected=f"{wanted}.",
            remedy="leave the loss out: Training() takes the usual one for the target.",
        )


def truth_of(target: Target, column: pa.ChunkedArray, loss: Loss) -> Tensor:
    """The truth as the loss wants it: int64 codes ``(row,)``, or float32 ``(row, 1)``."""
    truth = torch.from_numpy(target.encode(column))
    return truth.to(torch.float32).unsqueeze(-1) if loss.needs == "labels" else truth


def score_count(target: Target, loss: Loss) -> int:
    """Scores a row: one for two classes that are one label, else as the loss says."""
    return 1 if loss.needs == "labels" else loss.scores_for(target.scores)


def monitor_for(loss: Loss) -> Monitor | None:
    """What to watch beside the loss; nothing where scores are no answers yet (logarithms, quantiles)."""
    if loss.needs == "classes":
        return Monitor("accuracy", "higher", accuracy)
    if loss.needs == "labels":
        return Monitor("accuracy", "higher", label_accuracy)
    return None if loss.needs == "counts" or isinstance(loss, Quantile) else Monitor("r2", "higher", r_squared)
