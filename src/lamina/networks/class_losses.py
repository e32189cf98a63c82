r"""Losses for classes and labels: cross-entropy, focal, hinge; binary cross-entropy for labels that may be together.

All take raw scores (logits) s and never probabilities, so that nothing overflows:

    p = softmax(s)        q = p of the true class t        C classes

    CrossEntropy         -ln q                                gradient p - onehot(t)
      smoothed by e      target (1 - e) onehot(t) + e / C     gradient p - target
    Focal                -a_t (1 - q)^g ln q
    Hinge                max(0, 1 + max over c != t of s_c - s_t)
    BinaryCrossEntropy   mean over labels of ln(1 + exp(s)) - y s        gradient (sigmoid(s) - y) / labels

Sources: Szegedy et al. (2016), arXiv:1512.00567 (smoothing); Lin et al. (2017), arXiv:1708.02002 (focal); Crammer and
Singer (2001), JMLR 2 (hinge).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import check, setting
from lamina.networks.loss import Link, Loss, Needs, ScoreLoss, row_of

SHORT_AXIS = 16  # below so many classes a softmax along the last axis cannot fill the processor's vectors


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(Loss):
    """How surprised the network is by the true class, in nats.

    **Shape**: scores ``(..., batch, class)``, truth int64 ``(..., batch)`` in, ``(..., batch)`` out. With a smoothing e
    the best scores put the true class ``ln((1 - e + e / C) / (e / C))`` above the others.

    >>> CrossEntropy()(torch.zeros(1, 3), torch.tensor([2]))  # ln 3
    tensor([1.0986])
    """

    link: ClassVar[Link] = "softmax"
    needs: ClassVar[Needs] = "classes"

    smoothing: float = setting(0.0, "part of the target that is spread over all classes", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)

    def __call__(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The cross-entropy of each row, in nats."""
        chances = log_softmax(scores)
        return self._per_row(chances, _pick(chances, truth).squeeze(-1))

    def gradient(self, scores: Tensor, truth: Tensor) -> Tensor:
        """Softmax minus target ``(..., batch, class)``."""
        return self.loss_and_gradient(scores, truth)[1]

    def loss_and_gradient(self, scores: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Both from one softmax."""
        chances = log_softmax(scores)
        true = _pick(chances, truth)
        per_row = self._per_row(chances, true.squeeze(-1))
        at_truth = true.expm1()  # p - 1, set where the class is: cheaper than adding -1 there
        gradient = chances.exp()
        if self.smoothing:
            spread = self.smoothing / scores.shape[-1]
            at_truth, gradient = at_truth + (self.smoothing - spread), gradient - spread
        return per_row, gradient.scatter_(-1, truth.unsqueeze(-1), at_truth)

    def _per_row(self, chances: Tensor, true: Tensor) -> Tensor:
        if not self.smoothing:
            return -true
        return torch.add((self.smoothing - 1) * true, chances.sum(-1), alpha=-self.smoothing / chances.shape[-1])


@dataclass(frozen=True, kw_only=True)
class Focal(Loss):
    """A cross-entropy that looks away from what is easy, for rare classes.

    ``gamma`` 0 is the plain cross-entropy. Its minimum is not at the true chances, so probabilities need calibration.
    We differ from the paper: any number of classes, by softmax; ``alpha`` holds one weight a class.

    **Shape**: scores ``(..., batch, class)``, truth int64 ``(..., batch)`` in, ``(..., batch)`` out.

    >>> Focal()(torch.zeros(1, 2), torch.tensor([1]))  # (1 - 1/2)^2 ln 2
    tensor([0.1733])
    """

    link: ClassVar[Link] = "softmax"
    needs: ClassVar[Needs] = "classes"

    gamma: float = setting(2.0, "how strongly sure rows are played down", low=0)
    alpha: tuple[float, ...] | None = setting(None, "a weight for each class, in the order of the classes", low=0)

    def __post_init__(self) -> None:
        check(self)

    def __call__(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The focal loss of each row, in nats."""
        true = _pick(log_softmax(scores), truth).squeeze(-1)
        return -self._weight(scores, truth) * _doubt(true).pow(self.gamma) * true

    def gradient(self, scores: Tensor, truth: Tensor) -> Tensor:
        """``a_t (1 - q)^g (1 - g q ln q / (1 - q)) (p - onehot)`` ``(..., batch, class)``."""
        chances = log_softmax(scores)
        true = _pick(chances, truth)
        doubt = _doubt(true)
        slope = chances.exp().scatter_(-1, truth.unsqueeze(-1), true.expm1())
        # where q rounds to 1 the quotient is 0 / tiny = 0, and the slope is 0 as well
        steep = doubt.pow(self.gamma) * (1 - self.gamma * true.exp() * true / doubt)
        return slope * steep * self._weight(scores, truth).unsqueeze(-1)

    def scores_for(self, outputs: int) -> int:
        """One score a class; ``alpha`` must have as many weights.

        Raises:
            SpecError: ``alpha`` has another length.
        """
        if self.alpha is not None and len(self.alpha) != outputs:
            raise SpecError(
                wrong=f"Focal has alpha={self.alpha!r} for {outputs} classes.",
                expected="one weight a class, in the order of the classes.",
                remedy=f"give Focal(alpha=...) {outputs} weights, or leave it out.",
            )
        return outputs

    def _weight(self, scores: Tensor, truth: Tensor) -> Tensor:
        if self.alpha is None:
            return scores.new_ones(())
        return row_of(self.alpha, scores)[truth]


@dataclass(frozen=True, kw_only=True)
class Hinge(Loss):
    """By how much the true class fails to lead every other one by 1: the loss of a support vector machine.

    The scores are margins; a softmax over them ranks the classes, but gives no calibrated chances.

    **Shape**: scores ``(..., batch, class)``, truth int64 ``(..., batch)`` in, ``(..., batch)`` out; 2 classes or more.

    >>> Hinge()(torch.tensor([[0.5, 0.0, -3.0]]), torch.tensor([0]))
    tensor([0.5000])
    """

    link: ClassVar[Link] = "softmax"
    needs: ClassVar[Needs] = "classes"

    def __call__(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The missing lead of each row."""
        return self._lead(scores, truth)[0].squeeze(-1)

    def gradient(self, scores: Tensor, truth: Tensor) -> Tensor:
        """1 at the best rival (the first of equals), -1 at the true class, all 0 where the lead is large enough."""
        missing, rival = self._lead(scores, truth)
        short = (missing > 0).to(scores.dtype)
        return torch.zeros_like(scores).scatter_(-1, rival, short).scatter_(-1, truth.unsqueeze(-1), -short)

    @staticmethod
    def _lead(scores: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        best, rival = scores.scatter(-1, truth.unsqueeze(-1), -torch.inf).max(-1, keepdim=True)
        return torch.relu(1 + best - _pick(scores, truth)), rival


@dataclass(frozen=True, kw_only=True)
class BinaryCrossEntropy(ScoreLoss):
    """The cross-entropy of several yes-or-no labels, each judged alone; a row's loss is the mean over its labels.

    **Shape**: scores ``(..., batch, label)``, truth alike and in [0, 1] in, ``(..., batch)`` out.

    >>> BinaryCrossEntropy()(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))  # ln 2
    tensor([0.6931])
    """

    link: ClassVar[Link] = "sigmoid"
    needs: ClassVar[Needs] = "labels"

    smoothing: float = setting(0.0, "part of the target that is spread over yes and no", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)

    def each(self, scores: Tensor, truth: Tensor) -> Tensor:
        """The cross-entropy of each label, in nats."""
        return functional.binary_cross_entropy_with_logits(scores, self._target(truth), reduction="none")

    def slope(self, scores: Tensor, truth: Tensor) -> Tensor:
        """Sigmoid minus target."""
        return torch.sigmoid(scores) - self._target(truth)

    def _target(self, truth: Tensor) -> Tensor:
        return truth * (1 - self.smoothing) + self.smoothing / 2 if self.smoothing else truth


def log_softmax(scores: Tensor) -> Tensor:
    """Logarithms of the chances ``(..., batch, class)``.

    torch's kernel for the last axis takes 56 microseconds on (50, 32, 3), the one for the axis before it 10, copy
    included; with few classes the batch is therefore put last while it runs.
    """
    if scores.shape[-1] < SHORT_AXIS:
        return torch.log_softmax(scores.mT, -2).mT
    return torch.log_softmax(scores, -1)


def _pick(values: Tensor, truth: Tensor) -> Tensor:
    return values.gather(-1, truth.unsqueeze(-1))


def _doubt(true: Tensor) -> Tensor:
    # 1 - q; kept above 0 because the derivative of a root has no value there
    return (-true.expm1()).clamp(min=torch.finfo(true.dtype).tiny)
