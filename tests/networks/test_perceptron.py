"""The perceptron: what it can learn it learns within Novikoff's bound, and XOR it cannot."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Signature
from lamina.networks.perceptron import Perceptron, learn

CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
GATES = {"and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "nand": [1, 1, 1, 0]}


def taught(spec: Perceptron, numbers: Tensor, truth: Tensor, seed: int = 0) -> tuple[float, tuple[int, ...]]:
    """The share of rows answered rightly after learning, and the mistakes of each epoch."""
    network = spec.build(Signature(features=numbers.shape[1], scores=int(truth.max()) + 1), seed=0)
    result = network.learn(numbers, truth, seed=seed)
    return (network(numbers).argmax(-1) == truth).float().mean().item(), result.mistakes


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("keep", ["average", "pocket", "last"])
@pytest.mark.parametrize("gate", GATES)
def test_simple_gates_are_learnt(gate: str, keep: str, seed: int) -> None:
    """With inputs -1 and 1, AND, OR and NAND are answered without fault after fewer than ten epochs."""
    share, mistakes = taught(Perceptron(keep=keep), 2 * CORNERS - 1, torch.tensor(GATES[gate]), seed)
    assert share == 1
    assert len(mistakes) < 10
    assert mistakes[-1] == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("gate", GATES)
def test_gates_of_zeros_and_ones_are_learnt_within_the_bound(gate: str, seed: int) -> None:
    """With inputs 0 and 1 the margin is narrow, 0.5 / sqrt(1 + 1 + 1.5^2) or wider, and R is sqrt(3): 51 mistakes."""
    share, mistakes = taught(Perceptron(), CORNERS, torch.tensor(GATES[gate]), seed)
    assert share == 1
    assert sum(mistakes) <= 51


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("keep", ["average", "pocket", "last"])
def test_xor_is_never_learnt(keep: str, seed: int) -> None:
    """No plane separates XOR: all epochs are used, and at most three of the four rows are right."""
    share, mistakes = taught(Perceptron(keep=keep), CORNERS, torch.tensor([0, 1, 1, 0]), seed)
    assert share <= 0.75
    assert len(mistakes) == 50


def separable(margin: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows with their 1 attached, at least ``margin`` away from a plane whose normal has length 1."""
    random = np.random.default_rng(seed)
    normal = random.normal(size=4)
    normal /= np.linalg.norm(normal)
    points = np.column_stack([random.uniform(-1, 1, size=(4000, 3)), np.ones(4000)])
    distance = points @ normal
    far = np.abs(distance) >= margin
    return points[far], (distance[far] > 0).astype(np.int64)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("margin", [0.05, 0.2])
def test_mistakes_stay_within_novikoffs_bound(margin: float, seed: int) -> None:
    """With margin gamma and rows at most R long there are never more than (R / gamma)^2 mistakes in all epochs."""
    inputs, truth = separable(margin, seed)
    radius = np.linalg.norm(inputs, axis=1).max()
    _, result = learn(inputs, truth, 2, Perceptron(epochs=10_000), seed=seed)
    assert result.separated
    assert 0 < sum(result.mistakes) <= (radius / margin) ** 2


def one_by_one(inputs: np.ndarray, truth: np.ndarray, classes: int, seed: int, epochs: int) -> tuple[np.ndarray, list]:
    """The rule as Rosenblatt would show it, row by row, with the mean of the weights over all rows shown."""
    from lamina.foundation.randomness import numpy_stream

    weights, total, mistakes = np.zeros((classes, inputs.shape[1])), np.zeros((classes, inputs.shape[1])), []
    stream = numpy_stream(seed, "order")
    for _ in range(epochs):
        mistakes.append(0)
        for row in stream.permutation(len(truth)):
            scores = weights @ inputs[row]
            total += weights
            rival = max((c for c in range(classes) if c != truth[row]), key=lambda c: scores[c])
            if scores[truth[row]] <= scores[rival]:
                weights[truth[row]] += inputs[row]
                weights[rival] -= inputs[row]
                mistakes[-1] += 1
    return total / (epochs * len(truth)), mistakes


def test_looking_ahead_changes_nothing() -> None:
    """Scoring blocks of rows at once gives the mistakes and the averaged weights of showing them one by one."""
    random = np.random.default_rng(0)
    inputs = random.integers(-4, 5, size=(1500, 4)).astype(float)  # whole numbers: sums are exact in any order
    truth = np.where(np.arange(1500) < 2, 2, (inputs[:, 0] > 0).astype(np.int64))
    inputs[:, 0] += np.where(inputs[:, 0] > 0, 9, -9)  # a wide margin, so that several blocks pass without a mistake
    weights, result = learn(inputs, truth, 3, Perceptron(epochs=4), seed=7)
    expected, mistakes = one_by_one(inputs, truth, 3, seed=7, epochs=4)
    assert list(result.mistakes) == mistakes
    np.testing.assert_allclose(weights, expected, rtol=1e-12)


def test_the_pocket_holds_the_best_weights() -> None:
    """On rows with wrong labels the pocket is as good as the last weights for every seed, and better for one."""
    random = np.random.default_rng(0)
    numbers = torch.from_numpy(random.normal(size=(300, 3))).float()
    truth = torch.from_numpy(((numbers[:, 0].numpy() > 0) ^ (random.random(300) < 0.15)).astype(np.int64))
    pocket, last = (
        [taught(Perceptron(epochs=5, keep=keep), numbers, truth, seed)[0] for seed in range(5)]
        for keep in ("pocket", "last")
    )
    assert all(p >= q for p, q in zip(pocket, last, strict=True))
    assert sum(pocket) > sum(last)


def test_the_average_is_steadier_than_the_last_weights() -> None:
    """On rows of which 15 % are labelled wrongly the averaged weights beat the last ones on average over seeds."""
    random = np.random.default_rng(0)
    numbers = torch.from_numpy(random.normal(size=(600, 3))).float()
    truth = torch.from_numpy(((numbers[:, 0].numpy() > 0) ^ (random.random(600) < 0.15)).astype(np.int64))
    average, last = (
        np.mean([taught(Perceptron(epochs=10, keep=keep), numbers, truth, seed)[0] for seed in range(5)])
        for keep in ("average", "last")
    )
    assert average > 0.8
    assert average > last


def test_three_classes_are_learnt() -> None:
    """Three clouds far apart are separated."""
    centres = torch.tensor([[0.0, 5.0], [5.0, -5.0], [-5.0, -5.0]])
    truth = torch.arange(90) % 3
    numbers = centres[truth] + torch.randn(90, 2, generator=torch.Generator().manual_seed(0))
    assert taught(Perceptron(), numbers, truth)[0] == 1


def test_learning_repeats_with_its_seed() -> None:
    """The same seed shows the rows in the same order, another seed in another."""
    random = np.random.default_rng(0)
    inputs, truth = random.normal(size=(200, 3)), random.integers(0, 2, 200)
    first, again, other = (learn(inputs, truth, 2, Perceptron(epochs=3), seed=s)[0] for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_learning_leaves_its_rows_alone() -> None:
    """Neither numbers nor truth are changed."""
    numbers, truth = CORNERS.clone(), torch.tensor([0, 0, 0, 1])
    taught(Perceptron(), numbers, truth)
    assert torch.equal(numbers, CORNERS)
    assert truth.tolist() == [0, 0, 0, 1]


def test_numbers_cannot_be_predicted() -> None:
    """One score means a number, and a perceptron only tells classes apart."""
    with pytest.raises(SpecError, match="use MLP"):
        Perceptron().build(Signature(features=2, scores=1), seed=0)


def test_codes_cannot_be_taken() -> None:
    """Category columns must come as one-hot features."""
    with pytest.raises(SpecError, match="onehot"):
        Perceptron().build(Signature(features=2, scores=2, categories=(3,)), seed=0)


def test_epochs_must_be_positive() -> None:
    """No epochs would mean no learning."""
    with pytest.raises(SpecError, match="epochs"):
        Perceptron(epochs=0)
