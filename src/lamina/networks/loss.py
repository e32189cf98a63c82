r"""What a loss is: one number a row, its gradient by the scores in closed form, and how rows become one number.

    per_row = loss(scores, truth)        gradient = d per_row / d scores
    objective = sum over rows of w per_row / sum over rows of w

**Shape**: scores ``(..., batch, score)``; truth int64 ``(..., batch)`` for classes, floating ``(..., batch, score)``
for labels, numbers and counts; weights ``(..., batch)``; per-row losses ``(..., batch)``; objective ``(...)``. The
leading axes are members of a fleet, which never meet.

Losses are in nats where they are logarithms of chances, else in the unit of the truth (or its square). Everything here
can be differentiated by autograd too; the closed form saves recording a graph.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor

Link = Literal["softmax", "sigmoid", "identity", "exp"]  # the function that turns scores into answers
Needs = Literal["classes", "labels", "numbers", "counts"]  # what the truth holds


class Loss(ABC):
    """The contract of every loss; a loss is a frozen spec that adds its settings and the abstract methods."""

    link: ClassVar[Link]
    needs: ClassVar[Needs]

    @abstractmethod
    def __call__(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The loss of each row ``(..., batch)``."""

    @abstractmethod
    def gradient(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The derivative of each row's loss by its scores ``(..., batch, score)``, in closed form."""

    def loss_and_gradient(self, scores: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Both at once; cheaper than two calls where they share work."""
        return self(scores, truth), self.gradient(scores, truth)

    def reduce(self, per_row: Tensor, weights: Tensor | None = None) -> Tensor:
        """Per-row losses ``(..., batch)`` as one number ``(...)``: their weighted mean, 0 where all weights are 0.

        A row of weight 0 contributes nothing, even if its loss is NaN.
        """
        return weighted_mean(per_row, weights)

    def reduce_gradient(self, per_row: Tensor, weights: Tensor | None = None) -> Tensor:
        """The derivative of `reduce` by the per-row losses ``(..., batch)``: each row's share of the weight."""
        return shares(per_row, weights)

    def objective(self, scores: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
        """The number to minimise ``(...)``, safe for autograd: rows of weight 0 may hold NaN or any class code."""
        if weights is not None:
            scores, truth = _silence(scores, truth, weights)
        return self.reduce(self(scores, truth), weights)

    def objective_and_gradient(
        self, scores: Tensor, truth: Tensor, weights: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`objective` ``(...)`` and its derivative by the scores ``(..., batch, score)``, in closed form."""
        if weights is not None:
            scores, truth = _silence(scores, truth, weights)
        per_row, gradient = self.loss_and_gradient(scores, truth)
        return self.reduce(per_row, weights), gradient * self.reduce_gradient(per_row, weights).unsqueeze(-1)

    def scores_for(self, outputs: int) -> int:
        """How many scores a network must give for this many outputs (classes, labels or numbers).

        Raises:
            SpecError: this loss cannot serve so many outputs.
        """
        return outputs


class ScoreLoss(Loss):
    """A loss that looks at each score alone; a row's loss is the **mean over its scores**, not their sum.

    With more scores the gradient of each therefore shrinks, and a learning rate means the same for any number of them.
    """

    @abstractmethod
    def each(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The loss of each score ``(..., batch, score)``."""

    @abstractmethod
    def slope(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The derivative of `each` by its own score ``(..., batch, score)``."""

    def __call__(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The mean over the scores of each row ``(..., batch)``."""
        each = self.each(scores, matching(truth, scores))
        return each.squeeze(-1) if each.shape[-1] == 1 else each.mean(-1)

    def gradient(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The slope of each score over the number of scores ``(..., batch, score)``."""
        slope = self.slope(scores, matching(truth, scores))
        return slope if scores.shape[-1] == 1 else slope / scores.shape[-1]


def weighted_mean(per_row: Tensor, weights: Tensor | None = None) -> Tensor:
    """The mean ``(...)`` over the batch of ``(..., batch)``; rows of weight 0 are left out, whatever they hold.

    >>> weighted_mean(torch.tensor([1.0, 4.0, torch.nan]), torch.tensor([2.0, 1.0, 0.0]))
    tensor(2.)
    """
    if weights is None:
        return per_row.mean(-1)
    share = _shares(weights, per_row)
    return (per_row * share).masked_fill(share == 0, 0).sum(-1)


def shares(per_row: Tensor, weights: Tensor | None = None) -> Tensor:
    """Each row's part of the weight, shaped like ``per_row`` ``(..., batch)``; all 0 where all weights are 0.

    >>> shares(torch.zeros(3), torch.tensor([2.0, 1.0, 1.0]))
    tensor([0.5000, 0.2500, 0.2500])
    """
    if weights is None:
        return torch.full_like(per_row, 1 / per_row.shape[-1])
    return _shares(weights, per_row).expand_as(per_row)


def row_of(values: tuple[float, ...], like: Tensor) -> Tensor:
    """The values as a tensor ``(value,)``, filled where it lies: a copy from the host would make a GPU wait."""
    return torch.cat([like.new_full((1,), value) for value in values])


def _shares(weights: Tensor, like: Tensor) -> Tensor:
    weights = weights.to(like.dtype)
    total = weights.sum(-1, keepdim=True)
    return weights / total.masked_fill(total == 0, 1)


def matching(truth: Tensor, scores: Tensor) -> Tensor:
    """The truth in the dtype of the scores, which must have the same shape."""
    # without this, truth (batch,) against scores (batch, 1) would spread to (batch, batch)
    assert truth.shape == scores.shape, f"truth {tuple(truth.shape)} does not match scores {tuple(scores.shape)}"
    return truth.to(scores.dtype)


def _silence(scores: Tensor, truth: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    # before the loss, not after: autograd would multiply the 0 from above by a NaN derivative
    silent = weights == 0
    wide = silent.unsqueeze(-1)
    return scores.masked_fill(wide, 0), truth.masked_fill(wide if truth.dim() == scores.dim() else silent, 0)
