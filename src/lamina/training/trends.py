"""What a history says in single numbers: where it began, where it ended, how much it moved in between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import fmean

from lamina.training.history import Epoch, History


def start_of(history: History) -> float:
    """The training loss at the start: before the first step, else by chance, else in the first epoch."""
    return first_known(history.start_loss, history.chance_loss, history.training_losses[0])


def reference_of(history: History) -> float:
    """The loss of knowing nothing: by chance, else before the first step, else in the first epoch."""
    return first_known(history.chance_loss, history.start_loss, history.training_losses[0])


def first_known(*losses: float | None) -> float:
    """The first loss that was measured and is finite; infinity if none is.

    >>> first_known(None, 2.0, 1.0)
    2.0
    """
    return next((loss for loss in losses if loss is not None and math.isfinite(loss)), math.inf)


def late_mean(losses: Sequence[float]) -> float:
    """The mean of the last tenth: one lucky epoch should not decide.

    >>> late_mean([9.0] * 18 + [2.0, 1.0])
    1.5
    """
    return fmean(losses[-max(1, len(losses) // 10) :])


def swing_of(losses: Sequence[float]) -> tuple[float, float]:
    """Mean size of the changes from epoch to epoch in the later half, and the share of them that go up.

    >>> swing_of([4.0, 3.0, 2.0, 3.0, 2.0, 3.0])
    (1.0, 0.5)
    """
    changes = [b - a for a, b in pairwise(losses[len(losses) // 2 :])]
    return (fmean(abs(c) for c in changes), fmean(c > 0 for c in changes)) if changes else (0.0, 0.0)


def loss_at(history: History, part: float) -> float:
    """The training loss when this part of the walk was done, by the sum of the learning rates so far.

    By that sum and not by epochs, because a schedule that ends near zero bends every curve.
    """
    rates = [e.learning_rate if e.learning_rate > 0 else 0.0 for e in history.epochs]
    walked = list(accumulate(rates if sum(rates) > 0 else [1.0] * len(rates)))
    return next(loss for loss, w in zip(history.training_losses, walked, strict=True) if w >= part * walked[-1])


def norm_of(epoch: Epoch) -> float:
    """The length of the whole gradient, from its layers if it was not measured; NaN if nothing was."""
    if not math.isnan(epoch.gradient_norm) or not epoch.layer_norms:
        return epoch.gradient_norm
    return math.hypot(*epoch.layer_norms.values())


def end_norms(epoch: Epoch) -> tuple[float, float]:
    """The gradient norms of the first and the last layer; zeros where there are not two layers."""
    norms = list(epoch.layer_norms.values())
    return (norms[0], norms[-1]) if len(norms) > 1 else (0.0, 0.0)
