"""A fleet's losses and their gradient where scores lie ``(member, score, batch)``, the batch last.

Every loss is asked in its own layout; the cross-entropy of classes, which most networks learn by, is written out in
this one. It is the same formula in fewer calls: 31 instead of 49 microseconds for 50 members, 32 rows and 3 classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.networks import CrossEntropy, Loss
from lamina.networks.losses import shares
from lamina.training.rows import Rows


def objective_and_slope(loss: Loss, scores: Tensor, rows: Rows) -> tuple[Tensor, Tensor]:
    """Losses ``(member,)`` of scores ``(member, score, batch)`` and their derivative by these, in the same shape.

    >>> rows = Rows(inputs=(), truth=torch.tensor([[0, 1]]))
    >>> objective_and_slope(CrossEntropy(), torch.zeros(1, 2, 2), rows)[1]
    tensor([[[-0.2500,  0.2500],
             [ 0.2500, -0.2500]]])
    """
    if isinstance(loss, CrossEntropy) and not loss.smoothing:
        if rows.weights is None:
            return _cross_entropy(scores, rows.truth, 1 / scores.shape[-1])
        silent = rows.weights == 0  # rows that do not count may hold NaN or any class code
        scores, truth = scores.masked_fill(silent.unsqueeze(1), 0), rows.truth.masked_fill(silent, 0)
        return _cross_entropy(scores, truth, shares(scores[:, 0], rows.weights).unsqueeze(1))
    losses, slope = loss.objective_and_gradient(scores.mT, rows.truth, rows.weights)
    return losses, slope.mT


def _cross_entropy(scores: Tensor, truth: Tensor, share: Tensor | float) -> tuple[Tensor, Tensor]:
    """``share``: what each row counts, ``(member, 1, batch)`` or one number."""
    chances, here = torch.log_softmax(scores, 1), truth.unsqueeze(1)
    true = chances.gather(1, here)
    losses = (true * share).sum((1, 2)).neg_()
    return losses, chances.exp_().scatter_(1, here, true.expm1_()).mul_(share)
