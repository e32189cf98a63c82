r"""Losses for numbers and counts, of the residual r = s - y between score and truth.

    MeanSquaredError       mean over scores of r^2                          gradient 2 r / scores
    RootMeanSquaredError   the same a row; the root is taken over the batch
    Euclidean              sqrt(sum over scores of r^2)                     gradient r / loss, 0 at r = 0
    MeanAbsoluteError      mean over scores of |r|                          gradient sign(r) / scores
    Huber                  r^2 / 2 where |r| <= d, else d (|r| - d / 2)     gradient clamp(r, -d, d) / scores
    Quantile               mean over levels q of max(-q r, (1 - q) r)       gradient (1 where r > 0, else 0) - q
    Poisson                mean over scores of exp(s) - y s                 gradient (exp(s) - y) / scores

MeanSquaredError has no factor 1/2. The Euclidean distance of a row sums inside the root and is then averaged over rows;
RootMeanSquaredError averages squares over scores and rows before its root: they agree only for one row with one score.

Sources: Huber (1964), doi:10.1214/aoms/1177703732; Koenker and Bassett (1978), doi:10.2307/1913643 (quantile).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import check, setting
from lamina.networks.loss import Link, Loss, Needs, ScoreLoss, matching, row_of, shares, weighted_mean

LARGEST_LOG_RATE = (
    30.0  # beyond exp(30) = 1e13 a Poisson loss goes on along its tangent: exp(89) is too much for float32
)


@dataclass(frozen=True, kw_only=True)
class MeanSquaredError(ScoreLoss):
    """The squared residual; its best constant answer is the mean.

    **Shape**: scores and truth ``(..., batch, score)`` in, ``(..., batch)`` out.

    >>> MeanSquaredError()(torch.tensor([[1.0, 4.0]]), torch.tensor([[0.0, 1.0]]))  # (1 + 9) / 2
    tensor([5.])
    """

    link: ClassVar[Link] = "identity"
    needs: ClassVar[Needs] = "numbers"

    def each(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The squared residuals."""
        return (scores - truth).square()

    def slope(self, scores: Tensor, truth: Tensor) -> Tensor:
        """Twice the residuals."""
        return (scores - truth) * 2


@dataclass(frozen=True, kw_only=True)
class RootMeanSquaredError(ScoreLoss):
    """The root of the mean squared residual over a batch, in the unit of the truth.

    A row's loss is its **square**; `reduce` takes the root of the weighted mean over rows. The root has no slope at 0:
    where every row is met exactly the gradient is 0.

    **Shape**: scores and truth ``(..., batch, score)`` in, squares ``(..., batch)`` out.

    >>> loss = RootMeanSquaredError()
    >>> squares = loss(torch.tensor([[3.0], [5.0]]), torch.zeros(2, 1))
    >>> squares, loss.reduce(squares)
    (tensor([ 9., 25.]), tensor(4.1231))
    """

    link: ClassVar[Link] = "identity"
    needs: ClassVar[Needs] = "numbers"

    def each(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The squared residuals."""
        return (scores - truth).square()

    def slope(self, scores: Tensor, truth: Tensor) -> Tensor:
        """Twice the residuals."""
        return (scores - truth) * 2

    def reduce(self, per_row: Tensor, weights: Tensor | None = None) -> Tensor:
        """The root of the weighted mean of the squares ``(...)``."""
        mean = weighted_mean(per_row, weights)
        exact = mean == 0
        return mean.masked_fill(exact, 1).sqrt().masked_fill(exact, 0)

    def reduce_gradient(self, per_row: Tensor, weights: Tensor | None = None) -> Tensor:
        """Each row's share of the weight over twice the root ``(..., batch)``; 0 where the root is 0."""
        root = self.reduce(per_row, weights).unsqueeze(-1)
        exact = root == 0
        return (shares(per_row, weights) / (2 * root.masked_fill(exact, 1))).masked_fill(exact, 0)


@dataclass(frozen=True, kw_only=True)
class Euclidean(Loss):
    """The distance between scores and truth, summed over the scores inside the root; robust to far-off rows.

    **Shape**: scores and truth ``(..., batch, score)`` in, ``(..., batch)`` out.

    >>> Euclidean()(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2))
    tensor([5.])
    """

    link: ClassVar[Link] = "identity"
    needs: ClassVar[Needs] = "numbers"

    def __call__(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The distance of each row; autograd's gradient is 0 at distance 0 too."""
        return _distance(scores - matching(truth, scores)).squeeze(-1)

    def gradient(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The direction from truth to scores ``(..., batch, score)``; 0 where they meet."""
        return self.loss_and_gradient(scores, truth)[1]

    def loss_and_gradient(self, scores: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Both from one distance."""
        residual = scores - matching(truth, scores)
        distance = _distance(residual)
        return distance.squeeze(-1), residual / distance.masked_fill(distance == 0, 1)


@dataclass(frozen=True, kw_only=True)
class MeanAbsoluteError(ScoreLoss):
    """The absolute residual; its best constant answer is the median.

    **Shape**: scores and truth ``(..., batch, score)`` in, ``(..., batch)`` out.

    >>> MeanAbsoluteError()(torch.tensor([[1.0, 4.0]]), torch.zeros(1, 2))
    tensor([2.5000])
    """

    link: ClassVar[Link] = "identity"
    needs: ClassVar[Needs] = "numbers"

    def each(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The absolute residuals."""
        return (scores - truth).abs()

    def slope(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The sign of the residuals, 0 at 0."""
        return (scores - truth).sign()


@dataclass(frozen=True, kw_only=True)
class Huber(ScoreLoss):
    """Squared near the truth, absolute beyond ``delta``: smooth, and robust to outliers.

    **Shape**: scores and truth ``(..., batch, score)`` in, ``(..., batch)`` out. ``delta`` is in the unit of the truth.

    >>> Huber()(torch.tensor([[0.5], [3.0]]), torch.zeros(2, 1))
    tensor([0.1250, 2.5000])
    """

    link: ClassVar[Link] = "identity"
    needs: ClassVar[Needs] = "numbers"

    delta: float = setting(1.0, "residual beyond which the loss grows linearly", above=0, log=True)

    def __post_init__(self) -> None:
        check(self)

    def each(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The Huber loss of each score."""
        return functional.huber_loss(scores, truth, reduction="none", delta=self.delta)

    def slope(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The residuals, cut off at ``delta``."""
        return (scores - truth).clamp(-self.delta, self.delta)


@dataclass(frozen=True, kw_only=True)
class Quantile(ScoreLoss):
    """One score for each quantile of a single number (pinball loss); an interval without any assumed distribution.

    **Shape**: scores ``(..., batch, quantile)``, truth ``(..., batch, 1)`` in, ``(..., batch)`` out. Nothing keeps the
    scores in order; sort them when answering.

    >>> Quantile(quantiles=(0.9,))(torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [2.0]]))
    tensor([0.9000, 0.1000])
    """

    link: ClassVar[Link] = "identity"
    needs: ClassVar[Needs] = "numbers"

    quantiles: tuple[float, ...] = setting((0.1, 0.5, 0.9), "levels to estimate, rising", above=0, below=1)

    def __post_init__(self) -> None:
        check(self)
        if not self.quantiles or any(a >= b for a, b in pairwise(self.quantiles)):
            raise SpecError(
                wrong=f"Quantile has quantiles={self.quantiles!r}.",
                expected="one level or more, each above the one before.",
                remedy="try Quantile(quantiles=(0.1, 0.5, 0.9)), or leave it out.",
            )

    def __call__(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The mean over the levels of each row ``(..., batch)``."""
        return super().__call__(scores, truth.expand_as(scores))

    def gradient(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The slope of each level over the number of levels ``(..., batch, quantile)``."""
        return super().gradient(scores, truth.expand_as(scores))

    def each(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The pinball loss of each level."""
        residual, level = scores - truth, row_of(self.quantiles, scores)
        return torch.maximum(-level * residual, (1 - level) * residual)

    def slope(self, scores: Tensor, truth: Tensor) -> Tensor:
        """``1 - q`` above the truth, ``-q`` below, half way between on it."""
        return (scores - truth).sign().add(1).div(2) - row_of(self.quantiles, scores)

    def scores_for(self, outputs: int) -> int:
        """One score a quantile.

        Raises:
            SpecError: there is more than one number to estimate.
        """
        if outputs != 1:
            raise SpecError(
                wrong=f"Quantile was asked to estimate {outputs} numbers at once.",
                expected="one number, whose quantiles are the scores.",
                remedy="fit one network for each number, or use Huber().",
            )
        return len(self.quantiles)


@dataclass(frozen=True, kw_only=True)
class Poisson(ScoreLoss):
    """For counts: the score is the logarithm of the expected count, which must not be standardised.

    In nats, without the part ``ln(y!)`` that no score can change; it may be negative. Beyond a score of 30 it goes on
    along its tangent, so that it stays finite.

    **Shape**: scores and truth ``(..., batch, score)`` in, ``(..., batch)`` out; truth at least 0.

    >>> Poisson()(torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [2.0]]))  # 1 - 0 and e - 2
    tensor([1.0000, 0.7183])
    """

    link: ClassVar[Link] = "exp"
    needs: ClassVar[Needs] = "counts"

    def each(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The Poisson loss of each score."""
        tame = scores.clamp(max=LARGEST_LOG_RATE)
        return tame.exp() * (1 + scores - tame) - truth * scores

    def slope(self, scores: Tensor, truth: Tensor) -> Tensor:
        """Expected count minus count."""
        return scores.clamp(max=LARGEST_LOG_RATE).exp() - truth


def _distance(residual: Tensor) -> Tensor:
    distance: Tensor = torch.linalg.vector_norm(residual, dim=-1, keepdim=True)
    return distance
