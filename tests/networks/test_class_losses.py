import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lamina.networks.class_losses import SHORT_AXIS, BinaryCrossEntropy, CrossEntropy, Focal, Hinge, log_softmax

chances_of_three = st.lists(st.floats(0.05, 1), min_size=3, max_size=3).map(
    lambda parts: torch.tensor(parts, dtype=torch.float64) / sum(parts)
)


def rows(classes: int = 4, batch: int = 7, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Random scores ``(batch, class)`` and classes ``(batch,)``."""
    stream = torch.Generator().manual_seed(seed)
    scores = torch.randn(batch, classes, generator=stream, dtype=torch.float64) * 3
    return scores, torch.randint(classes, (batch,), generator=stream)


@pytest.mark.parametrize("classes", [2, SHORT_AXIS - 1, SHORT_AXIS, 40])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_agrees_with_torch(classes, smoothing):
    """Values equal torch's cross-entropy for few classes and many, smoothed or not."""
    scores, truth = rows(classes)
    expected = functional.cross_entropy(scores, truth, reduction="none", label_smoothing=smoothing)
    torch.testing.assert_close(CrossEntropy(smoothing=smoothing)(scores, truth), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("classes", [3, SHORT_AXIS])
def test_both_layouts_give_the_same_softmax(classes):
    """Putting the batch last changes the speed only."""
    scores = torch.randn(2, 5, classes, dtype=torch.float64)
    torch.testing.assert_close(log_softmax(scores), torch.log_softmax(scores, -1), rtol=1e-14, atol=1e-14)


def test_cross_entropy_by_hand():
    """Scores (ln 1, ln 3): the true class 1 has chance 3/4."""
    scores = torch.tensor([[0.0, math.log(3)]])
    assert CrossEntropy()(scores, torch.tensor([1])).item() == pytest.approx(math.log(4 / 3))
    assert CrossEntropy().gradient(scores, torch.tensor([1]))[0].tolist() == pytest.approx([0.25, -0.25])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_is_divergence_plus_entropy(smoothing):
    """CE = KL(target | softmax) + H(target), with the one-hot or the smoothed target."""
    scores, truth = rows()
    target = functional.one_hot(truth, 4).double() * (1 - smoothing) + smoothing / 4
    divergence = functional.kl_div(log_softmax(scores), target, reduction="none").sum(-1)
    entropy = -torch.special.xlogy(target, target).sum(-1)
    torch.testing.assert_close(CrossEntropy(smoothing=smoothing)(scores, truth), divergence + entropy)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_gradient_is_softmax_minus_target(smoothing):
    """The textbook gradient, which sums to 0 over the classes of a row."""
    scores, truth = rows()
    target = functional.one_hot(truth, 4).double() * (1 - smoothing) + smoothing / 4
    gradient = CrossEntropy(smoothing=smoothing).gradient(scores, truth)
    torch.testing.assert_close(gradient, torch.softmax(scores, -1) - target, rtol=0, atol=1e-14)
    assert gradient.sum(-1).abs().max() < 1e-14


@pytest.mark.parametrize(("smoothing", "classes"), [(0.1, 2), (0.1, 10), (0.3, 5)])
def test_smoothing_has_its_best_gap(smoothing, classes):
    """The gradient is 0 where the true score leads by ln((1 - e + e / C) / (e / C))."""
    spread = smoothing / classes
    scores = torch.zeros(1, classes, dtype=torch.float64)
    scores[0, 0] = math.log((1 - smoothing + spread) / spread)
    gradient = CrossEntropy(smoothing=smoothing).gradient(scores, torch.tensor([0]))
    assert gradient.abs().max() < 1e-15


@given(true=chances_of_three, asserted=chances_of_three)
def test_cross_entropy_is_proper(true, asserted):
    """The expected loss is least where the asserted chances are the true ones."""
    loss, classes = CrossEntropy(), torch.arange(3)

    def expected(chances: torch.Tensor) -> torch.Tensor:
        return (true * loss(chances.log().expand(3, 3), classes)).sum()

    assert expected(asserted) >= expected(true) - 1e-12


@given(true=st.floats(0.02, 0.98), asserted=st.floats(0.02, 0.98))
def test_binary_cross_entropy_is_proper(true, asserted):
    """The expected loss of a label is least at its true chance; a soft label stands for its chance."""
    loss = BinaryCrossEntropy()
    label = torch.tensor([[true]], dtype=torch.float64)

    def expected(chance: float) -> float:
        return loss(torch.logit(torch.tensor([[chance]], dtype=torch.float64)), label).item()

    assert expected(asserted) >= expected(true) - 1e-12


def test_focal_is_not_proper():
    """The expected focal loss falls when true chances of 0.9 are played down: why it needs calibration."""
    true = torch.tensor([0.9, 0.1], dtype=torch.float64)

    def expected(chance: float) -> float:
        scores = torch.tensor([chance, 1 - chance], dtype=torch.float64).log().expand(2, 2)
        return (true * Focal()(scores, torch.arange(2))).sum().item()

    assert expected(0.8) < expected(0.9)


def test_binary_cross_entropy_agrees_with_torch():
    """Values equal torch's, and a row's loss is the mean over its labels."""
    stream = torch.Generator().manual_seed(0)
    scores = torch.randn(7, 3, generator=stream, dtype=torch.float64) * 3
    truth = torch.randint(2, (7, 3), generator=stream).double()
    expected = functional.binary_cross_entropy(torch.sigmoid(scores), truth, reduction="none").mean(-1)
    torch.testing.assert_close(BinaryCrossEntropy()(scores, truth), expected)


def test_binary_smoothing_by_hand():
    """With e = 0.2 a yes counts as 0.9: the gradient is 0 at the score ln 9."""
    loss, score = BinaryCrossEntropy(smoothing=0.2), torch.tensor([[math.log(9)]], dtype=torch.float64)
    assert loss.gradient(score, torch.ones(1, 1)).item() == pytest.approx(0, abs=1e-15)
    assert loss(score, torch.ones(1, 1)).item() == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))


def test_two_classes_are_one_label():
    """A cross-entropy over scores (0, s) equals a binary one over s."""
    score = torch.linspace(-5, 5, 11, dtype=torch.float64).unsqueeze(-1)
    truth = torch.arange(11) % 2
    binary = BinaryCrossEntropy()(score, truth.double().unsqueeze(-1))
    pair = CrossEntropy()(torch.cat([torch.zeros_like(score), score], dim=-1), truth)
    torch.testing.assert_close(pair, binary)


def test_focal_by_hand():
    """With q = 3/4, g = 2, a = 0.5: 0.5 * (1/4)^2 * ln(4/3)."""
    scores = torch.tensor([[0.0, math.log(3)]], dtype=torch.float64)
    got = Focal(gamma=2.0, alpha=(1.0, 0.5))(scores, torch.tensor([1])).item()
    assert got == pytest.approx(0.5 / 16 * math.log(4 / 3))


def test_focal_without_focus_is_cross_entropy():
    """A gamma of 0 gives the plain cross-entropy, and a larger gamma never more."""
    scores, truth = rows()
    plain = CrossEntropy()(scores, truth)
    torch.testing.assert_close(Focal(gamma=0.0)(scores, truth), plain)
    assert (Focal(gamma=1.0)(scores, truth) <= plain).all()


def test_hinge_by_hand():
    """The lead of 2 classes over the best rival: -0.5 misses 1.5, 0.5 misses 0.5, 3 and 2 miss nothing."""
    scores = torch.tensor([[0.5, 1.0, 0.0], [1.0, 0.5, 0.0], [4.0, 0.0, 1.0], [-5.0, -7.0, -8.0]])
    truth = torch.zeros(4, dtype=torch.int64)
    assert Hinge()(scores, truth).tolist() == pytest.approx([1.5, 0.5, 0, 0])
    assert Hinge().gradient(scores, truth).tolist() == [[-1, 1, 0], [-1, 1, 0], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("margin", [0.5, 2.0])
def test_hinge_agrees_with_torch(margin):
    """With two classes the multi-class hinge is torch's margin loss (times 2, which torch divides by)."""
    scores = torch.tensor([[margin, 0.0], [0.0, margin]], dtype=torch.float64)
    truth = torch.tensor([0, 0])
    expected = functional.multi_margin_loss(scores, truth, reduction="none") * 2
    torch.testing.assert_close(Hinge()(scores, truth), expected)
