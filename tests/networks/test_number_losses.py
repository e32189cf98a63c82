import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from lamina.networks.number_losses import (
    Euclidean,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
    RootMeanSquaredError,
)


def rows(scores: int = 3, batch: int = 7) -> tuple[torch.Tensor, torch.Tensor]:
    """Random scores and truth ``(batch, score)``."""
    stream = torch.Generator().manual_seed(0)
    return tuple(torch.randn(batch, scores, generator=stream, dtype=torch.float64) * 2 for _ in range(2))


def constants(low: float, high: float) -> torch.Tensor:
    """Many constant answers to choose from."""
    return torch.linspace(low, high, 20001, dtype=torch.float64)


@pytest.mark.parametrize(
    ("loss", "twin"),
    [
        (MeanSquaredError(), functional.mse_loss),
        (MeanAbsoluteError(), functional.l1_loss),
        (Huber(), functional.huber_loss),
        (Huber(delta=0.3), lambda s, y, reduction: functional.huber_loss(s, y, reduction=reduction, delta=0.3)),
        (Poisson(), lambda s, y, reduction: functional.poisson_nll_loss(s, y, log_input=True, reduction=reduction)),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_values_agree_with_torch(loss, twin):
    """A row's loss is the mean over its scores of torch's loss."""
    scores, truth = rows()
    torch.testing.assert_close(loss(scores, truth), twin(scores, truth, reduction="none").mean(-1))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (MeanSquaredError(), (9 + 16) / 2),
        (RootMeanSquaredError(), (9 + 16) / 2),
        (Euclidean(), 5),
        (MeanAbsoluteError(), 3.5),
        (Huber(), (2.5 + 3.5) / 2),
        (Huber(delta=4.0), (4.5 + 8) / 2),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_values_by_hand(loss, expected):
    """Residuals 3 and -4."""
    got = loss(torch.tensor([[4.0, -3.0]]), torch.tensor([[1.0, 1.0]]))
    assert got.tolist() == pytest.approx([expected])


def test_root_is_taken_over_the_batch():
    """RMSE of residuals 3 and 5 is sqrt(17), not the mean 4 of the rows' roots."""
    loss = RootMeanSquaredError()
    scores, truth = torch.tensor([[3.0], [5.0]]), torch.zeros(2, 1)
    assert loss.objective(scores, truth).item() == pytest.approx(math.sqrt(17))
    assert Euclidean().objective(scores, truth).item() == pytest.approx(4)


def test_weighted_root_by_hand():
    """sqrt((3 * 9 + 1 * 25) / 4) = sqrt(13)."""
    value = RootMeanSquaredError().reduce(torch.tensor([9.0, 25.0]), torch.tensor([3.0, 1.0]))
    assert value.item() == pytest.approx(math.sqrt(13))


def test_euclidean_is_not_rmse():
    """One row: the distance sums its scores inside the root, RMSE averages them; the ratio is sqrt(scores)."""
    scores, truth = rows(scores=3, batch=1)
    ratio = Euclidean().objective(scores, truth) / RootMeanSquaredError().objective(scores, truth)
    assert ratio.item() == pytest.approx(math.sqrt(3))


@pytest.mark.parametrize(
    "loss", [Euclidean(), RootMeanSquaredError()], ids=lambda value: getattr(value, "__name__", repr(value))
)
def test_no_gradient_where_truth_is_met(loss):
    """At residual 0 the root has no slope: the gradient is 0, closed and by autograd, and never NaN."""
    truth = torch.ones(4, 3)
    value, gradient = loss.objective_and_gradient(truth.clone(), truth)
    scores = truth.clone().requires_grad_()
    (by_autograd,) = torch.autograd.grad(loss.objective(scores, truth), scores)
    assert value == 0
    assert (gradient == 0).all()
    assert (by_autograd == 0).all()


def test_one_exact_member_leaves_the_other_its_gradient():
    """A member that meets its truth does not stop the root of another."""
    loss = RootMeanSquaredError()
    scores, truth = torch.tensor([[[1.0], [1.0]], [[3.0], [5.0]]]), torch.tensor([[[1.0], [1.0]], [[0.0], [0.0]]])
    value, gradient = loss.objective_and_gradient(scores, truth)
    assert value.tolist() == pytest.approx([0, math.sqrt(17)])
    assert gradient[1].flatten().tolist() == pytest.approx([3 / 2 / math.sqrt(17), 5 / 2 / math.sqrt(17)])


@given(truth=st.lists(st.floats(-10, 10), min_size=1, max_size=15), level=st.sampled_from([0.1, 0.25, 0.5, 0.9]))
def test_pinball_is_least_at_the_quantile(truth, level):
    """No constant answer has a lower pinball loss than the empirical quantile."""
    loss = Quantile(quantiles=(level,))
    y = torch.tensor(truth, dtype=torch.float64)
    best = np.quantile(truth, level, method="inverted_cdf")

    def mean_loss(answers: torch.Tensor) -> torch.Tensor:
        scores = answers[:, None, None].expand(-1, len(y), 1)
        return loss.objective(scores, y[None, :, None].expand_as(scores))

    assert mean_loss(torch.tensor([best])).item() <= mean_loss(constants(-11, 11)[::50]).min().item() + 1e-12


def test_pinball_by_hand():
    """Level 0.9, one unit off: too low costs 0.9, too high 0.1; a row's loss is the mean over its levels."""
    loss = Quantile(quantiles=(0.5, 0.9))
    per_row = loss(torch.tensor([[1.0, 1.0], [3.0, 3.0]]), torch.tensor([[2.0], [2.0]]))
    assert per_row.tolist() == pytest.approx([(0.5 + 0.9) / 2, (0.5 + 0.1) / 2])


def test_pinball_slope_on_the_truth():
    """Where a score meets the truth the slope is half way between both sides, as in autograd: 1/2 - q."""
    loss, truth = Quantile(quantiles=(0.1, 0.9)), torch.ones(1, 1)
    scores = torch.ones(1, 2, requires_grad=True)
    (by_autograd,) = torch.autograd.grad(loss(scores, truth).sum(), scores)
    for gradient in (loss.gradient(scores.detach(), truth), by_autograd):
        assert gradient[0].tolist() == pytest.approx([0.2, -0.2])


@pytest.mark.parametrize(
    ("loss", "best"),
    [(MeanSquaredError(), 22 / 5), (MeanAbsoluteError(), 2.0), (Poisson(), math.log(22 / 5)), (Huber(delta=3.0), 2.75)],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_best_constant(loss, best):
    """Of the counts 1, 1, 2, 4, 14: the mean, the median, the log of the mean, and Huber's point between."""
    truth = torch.tensor([1.0, 1, 2, 4, 14], dtype=torch.float64)
    answers = constants(0, 10)
    scores = answers[:, None, None].expand(-1, 5, 1)
    values = loss.objective(scores, truth[None, :, None].expand_as(scores))
    assert answers[values.argmin()].item() == pytest.approx(best, abs=1e-3)


def test_poisson_goes_on_along_its_tangent():
    """Beyond a score of 30 value and slope continue without a jump."""
    loss, truth = Poisson(), torch.zeros(3, 1, dtype=torch.float64)
    scores = torch.tensor([[30.0 - 1e-9], [30.0], [32.0]], dtype=torch.float64)
    below, at, beyond = loss(scores, truth).tolist()
    assert below == pytest.approx(at, rel=1e-8)
    assert beyond == pytest.approx(3 * math.exp(30))
    assert loss.gradient(scores, truth).flatten().tolist() == pytest.approx([math.exp(30)] * 3, rel=1e-8)


@given(residual=st.floats(-5, 5), delta=st.floats(0.1, 3))
def test_huber_lies_between_square_and_line(residual, delta):
    """Half the square near the truth, never more than it, and never steeper than delta."""
    loss, r = Huber(delta=delta), torch.tensor([[residual]], dtype=torch.float64)
    zero = torch.zeros_like(r)
    assert loss(r, zero).item() <= residual**2 / 2 + 1e-12
    assert abs(loss.gradient(r, zero).item()) <= delta
