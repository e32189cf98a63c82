r"""The perceptron: threshold units that learn from their mistakes, one row at a time.

    scores = W (x, 1)      the class with the highest score wins; of two classes, a step of the difference
    a row of class t is a mistake when  margin = score_t - max over c != t of score_c  <= 0;  with c the rival:
        W_t <- W_t + (x, 1)        W_c <- W_c - (x, 1)

A step has no gradient (zero everywhere, none at the jump), so this rule is not gradient descent on anything smooth.
W starts at zero, which counts as a mistake (the margin is 0), or nothing would ever start. If some weights of length 1
separate two classes with margin gamma, and every (x, 1) is at most R long, then there are never more than (R / gamma)^2
mistakes, in whatever order the rows come (Novikoff). Classes that no plane separates, such as XOR, are never finished.

Sources: Rosenblatt (1958), doi:10.1037/h0042519; Novikoff (1962), "On convergence proofs for perceptrons"; Gallant
(1990), doi:10.1109/72.80230 (pocket); Freund and Schapire (1999), doi:10.1023/A:1007662407062 (averaging).
We differ: the bias is the weight of an extra input 1; more than two classes by the rival rule above.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.foundation.randomness import numpy_stream
from lamina.foundation.signature import Signature
from lamina.foundation.specs import check, setting
from lamina.networks.layers import Affine
from lamina.networks.refuse import refuse_fields

Keep = Literal["average", "pocket", "last"]
_LOOK_AHEAD = 256  # rows scored at once in search of the next mistake


@dataclass(frozen=True, kw_only=True)
class Perceptron:
    """A layer of threshold units, described but not yet built; it learns by its own rule, not by a gradient.

    ``keep`` says which weights answer in the end when the classes could not be separated: ``"average"`` over all rows
    seen (the steadiest), ``"pocket"`` for those that got most training rows right, ``"last"`` for Rosenblatt's own.
    Once an epoch passes without a mistake, the weights that did it are kept, and learning ends.

    >>> import torch
    >>> network = Perceptron().build(Signature(features=2, scores=2), seed=0)
    >>> rows = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> network.learn(rows, torch.tensor([0, 0, 0, 1]), seed=0).separated  # AND
    True
    >>> network(rows).argmax(-1)
    tensor([0, 0, 0, 1])
    """

    categories: ClassVar[Literal["onehot", "codes"]] = "onehot"  # how an encoder should hand over categories
    by_gradient: ClassVar[bool] = False  # a step has no gradient
    reads_fields: ClassVar[bool] = False  # images, texts and series

    epochs: int = setting(50, "how often all rows are shown, at most", low=1, high=1_000_000, log=True)
    keep: Keep = setting("average", "which weights answer in the end")

    def __post_init__(self) -> None:
        check(self)

    def build(self, signature: Signature, *, seed: int) -> PerceptronNetwork:
        """The untaught network: all weights zero, whatever the seed.

        Raises:
            SpecError: fewer than two scores (a perceptron tells classes apart), categories as codes, or fields.
        """
        refuse_fields("Perceptron", signature.fields)
        if signature.scores < 2:
            raise SpecError(
                wrong=f"Perceptron was asked for {signature.scores} score.",
                expected="a score for each of at least 2 classes: its answer is a class, never a number.",
                remedy="use MLP() or Table() to predict numbers.",
            )
        if signature.categories:
            raise SpecError(
                wrong=f"Perceptron was asked to take {len(signature.categories)} category column(s) as codes.",
                expected="numbers only: categories as one-hot features.",
                remedy='encode with categories="onehot".',
            )
        return PerceptronNetwork(self, signature)


@dataclass(frozen=True, kw_only=True)
class PerceptronResult:
    """What learning was like.

    Attributes:
        mistakes: how many rows were mistaken, epoch by epoch.
        separated: whether an epoch passed without a mistake, so that a plane separates the classes.
    """

    mistakes: tuple[int, ...]
    separated: bool


class PerceptronNetwork(nn.Module):
    """Scores ``W x + b``, with a rule to learn them from.

    **Shape**: float32 ``(batch, feature)`` in, scores ``(batch, score)`` out; as in every network here, parameters and
    rows may carry ``member`` in front.
    """

    def __init__(self, spec: Perceptron, signature: Signature) -> None:
        super().__init__()
        self.spec = spec
        self.affine = Affine(signature.features, signature.scores)

    def forward(self, numbers: Tensor) -> Tensor:
        """The scores; the highest one is the answer."""
        scores: Tensor = self.affine(numbers)
        return scores

    def learn(self, numbers: Tensor, truth: Tensor, *, seed: int) -> PerceptronResult:
        """Learn from scratch, one row at a time in a fresh random order each epoch, and keep the weights.

        **Shape**: ``numbers`` ``(batch, feature)``, ``truth`` int64 ``(batch,)`` with codes of classes.
        """
        inputs = np.column_stack([numbers.numpy(force=True), np.ones(len(numbers))]).astype(np.float64)
        weights, result = learn(inputs, truth.numpy(force=True), self.affine.weight.shape[0], self.spec, seed=seed)
        with torch.no_grad():
            self.affine.weight.copy_(torch.from_numpy(weights[:, :-1]))
            self.affine.bias.copy_(torch.from_numpy(weights[:, -1]))
        return result


def learn(
    inputs: NDArray[np.float64], truth: NDArray[np.int64], classes: int, spec: Perceptron, *, seed: int
) -> tuple[NDArray[np.float64], PerceptronResult]:
    """The rule itself, on rows that already carry their 1.

    **Shape**: ``inputs`` ``(batch, feature + 1)``, ``truth`` ``(batch,)`` in; weights ``(class, feature + 1)`` out.
    """
    weights = np.zeros((classes, inputs.shape[1]))
    stream, kept, mistakes = numpy_stream(seed, "order"), _Kept(weights), list[int]()
    while len(mistakes) < spec.epochs and 0 not in mistakes[-1:]:
        runs = 0
        for rows in _show(inputs, truth, weights, stream.permutation(len(truth))):
            runs += 1
            if spec.keep == "average":
                kept.average(weights, rows)
            elif spec.keep == "pocket" and rows > kept.rows:
                kept.replace(weights, rows, right=int((_margins(inputs @ weights.T, truth)[0] > 0).sum()))
        mistakes.append(runs - 1)  # a mistake ends every run but the last
    separated = mistakes[-1] == 0
    answer = weights if separated or spec.keep == "last" else kept.weights
    return answer, PerceptronResult(mistakes=tuple(mistakes), separated=separated)


class _Kept:
    """The weights that answer in the end: the mean over all rows judged, or the best so far, in the pocket."""

    def __init__(self, weights: NDArray[np.float64]) -> None:
        self.weights = weights.copy()
        self.rows = 0  # judged by the weights that are in the mean, or by those in the pocket in one run
        self.right = -1  # of all rows, how many the weights in the pocket get right

    def average(self, weights: NDArray[np.float64], rows: int) -> None:
        self.rows += rows
        self.weights += (weights - self.weights) * (rows / self.rows)

    def replace(self, weights: NDArray[np.float64], rows: int, *, right: int) -> None:
        if right > self.right:
            self.weights, self.rows, self.right = weights.copy(), rows, right


def _show(
    inputs: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64], order: NDArray[np.int64]
) -> Iterator[int]:
    """Show all rows once and change ``weights`` in place at each mistake.

    Yields how many rows the weights have judged: before each change, and once more at the end.
    """
    judged = 0
    for start in range(0, len(order), _LOOK_AHEAD):
        rows = order[start : start + _LOOK_AHEAD]
        while len(rows):
            margins, rivals = _margins(inputs[rows] @ weights.T, truth[rows])
            wrong = np.flatnonzero(margins <= 0)
            if not len(wrong):
                judged += len(rows)
                break
            first, row = wrong[0], rows[wrong[0]]
            yield judged + int(first) + 1
            weights[truth[row]] += inputs[row]
            weights[rivals[first]] -= inputs[row]
            judged, rows = 0, rows[first + 1 :]
    yield judged


def _margins(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """By how much each row's own class leads, and which other class comes closest."""
    rows = np.arange(len(truth))
    others = scores.copy()
    others[rows, truth] = -np.inf
    rivals = others.argmax(axis=1)
    return scores[rows, truth] - others[rows, rivals], rivals
