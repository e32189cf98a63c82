"""What every loss must keep, each by being listed in LOSSES."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import from_json, to_json
from lamina.networks.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    Euclidean,
    Focal,
    Hinge,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
    RootMeanSquaredError,
)

EXAMPLES: tuple[Loss, ...] = (
    CrossEntropy(),
    CrossEntropy(smoothing=0.1),
    BinaryCrossEntropy(),
    BinaryCrossEntropy(smoothing=0.2),
    Focal(),
    Focal(gamma=0.5, alpha=(0.2, 0.5, 1.0)),
    Focal(gamma=0.0),
    Hinge(),
    MeanSquaredError(),
    RootMeanSquaredError(),
    Euclidean(),
    MeanAbsoluteError(),
    Huber(),
    Huber(delta=0.3),
    Quantile(),
    Poisson(),
)
SHAPES = [(6, 3), (2, 6, 3), (2, 4, 6, 3)]  # one network, a fleet, a fleet of fleets


def name_of(value: object) -> str:
    """How a test names it."""
    return repr(value)


def suits(loss: Loss, scores: int) -> bool:
    """Whether an example can be used with so many scores: some have a setting for each of three."""
    return scores == 3 or not (isinstance(loss, Quantile) or getattr(loss, "alpha", None))


def draw(
    loss: Loss, shape: tuple[int, ...], dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Random scores of that shape and a truth that suits the loss."""
    stream = torch.Generator().manual_seed(seed)
    scores = torch.randn(shape, generator=stream, dtype=dtype) * 2
    if loss.needs == "classes":
        return scores, torch.randint(shape[-1], shape[:-1], generator=stream)
    wide = (*shape[:-1], 1) if isinstance(loss, Quantile) else shape
    truth = torch.randn(wide, generator=stream, dtype=dtype)
    if loss.needs == "labels":
        return scores, torch.sigmoid(truth)
    return scores, truth.abs().mul(3).round() if loss.needs == "counts" else truth


def test_every_kind_has_an_example():
    """A new loss is under test from the day it is listed."""
    assert {type(example) for example in EXAMPLES} == set(LOSSES)


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_shapes(loss, shape):
    """Scores (..., batch, score) give one number a row and a gradient like the scores."""
    scores, truth = draw(loss, shape)
    per_row, gradient = loss.loss_and_gradient(scores, truth)
    assert per_row.shape == loss(scores, truth).shape == shape[:-1]
    assert gradient.shape == loss.gradient(scores, truth).shape == shape
    assert loss.reduce(per_row).shape == loss.objective(scores, truth).shape == shape[:-2]


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_gradcheck(loss):
    """Autograd through the loss equals finite differences, away from kinks."""
    scores, truth = draw(loss, (6, 3))
    assert torch.autograd.gradcheck(lambda s: loss(s, truth), (scores.requires_grad_(),))


@pytest.mark.parametrize(
    ("loss", "shape"),
    [*itertools.product(EXAMPLES, SHAPES), *((x, (5, 20)) for x in EXAMPLES if suits(x, 20))],
    ids=name_of,
)
def test_closed_form_equals_autograd(loss, shape):
    """The closed form is autograd's gradient, with and without members, for few scores and for many."""
    scores, truth = draw(loss, shape)
    per_row = loss(scores.requires_grad_(), truth)
    (expected,) = torch.autograd.grad(per_row.sum(), scores)
    shared_row, shared = loss.loss_and_gradient(scores.detach(), truth)
    torch.testing.assert_close(shared_row, per_row.detach(), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(shared, expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(loss.gradient(scores.detach(), truth), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_gradient_of_the_objective(loss, weighted):
    """The closed gradient of the (weighted) objective is autograd's, and so is that of `reduce`."""
    scores, truth = draw(loss, (2, 6, 3))
    weights = torch.rand(2, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64) if weighted else None
    value, gradient = loss.objective_and_gradient(scores, truth, weights)
    scores.requires_grad_()
    objective = loss.objective(scores, truth, weights)
    (expected,) = torch.autograd.grad(objective.sum(), scores)
    torch.testing.assert_close(value, objective.detach(), rtol=1e-13, atol=0)
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-12)
    per_row = loss(scores.detach(), truth).requires_grad_()
    (by_row,) = torch.autograd.grad(loss.reduce(per_row, weights).sum(), per_row)
    torch.testing.assert_close(loss.reduce_gradient(per_row.detach(), weights), by_row, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_members_do_not_meet(loss):
    """A member's losses and gradients are the ones it has alone."""
    scores, truth = draw(loss, (3, 6, 3))
    weights = torch.rand(3, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    values, gradients = loss.objective_and_gradient(scores, truth, weights)
    for i in range(3):
        value, gradient = loss.objective_and_gradient(scores[i], truth[i], weights[i])
        torch.testing.assert_close(values[i], value, rtol=1e-14, atol=0)
        torch.testing.assert_close(gradients[i], gradient, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_memory_layout_does_not_matter(loss):
    """Scores that lie transposed in memory, as the explicit backward pass keeps them, give the same numbers."""
    scores, truth = draw(loss, (2, 6, 3))
    turned = scores.mT.contiguous().mT
    for got, expected in zip(
        loss.objective_and_gradient(turned, truth), loss.objective_and_gradient(scores, truth), strict=True
    ):
        torch.testing.assert_close(got, expected, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_inputs_stay_as_they_were(loss):
    """Scores and truth are read, never written."""
    scores, truth = draw(loss, (2, 6, 3))
    before = scores.clone(), truth.clone()
    loss.objective_and_gradient(scores, truth, torch.tensor([0.0, 1, 1, 1, 1, 1], dtype=torch.float64))
    assert torch.equal(scores, before[0])
    assert torch.equal(truth, before[1])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_far_off_scores_stay_finite(loss, dtype):
    """Scores of +-1e4 give finite losses and gradients in the dtype of the scores, closed and by autograd."""
    scores, truth = draw(loss, (8, 3), dtype)
    scores = (scores.sign() * 1e4).requires_grad_()
    value = loss.objective(scores, truth)
    (by_autograd,) = torch.autograd.grad(value, scores)
    per_row, gradient = loss.loss_and_gradient(scores.detach(), truth)
    assert all(x.isfinite().all() for x in (value, by_autograd, per_row, gradient))
    assert value.dtype == by_autograd.dtype == per_row.dtype == gradient.dtype == dtype


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_one_score_may_lead_by_far(loss):
    """A score that is far ahead, rightly or wrongly, gives the same finite gradient closed and by autograd."""
    scores, truth = draw(loss, (9, 3))
    scores = torch.zeros_like(scores)
    scores[torch.arange(9), torch.arange(9) % 3] = 1e4
    (expected,) = torch.autograd.grad(loss(scores.requires_grad_(), truth).sum(), scores)
    torch.testing.assert_close(loss.gradient(scores.detach(), truth), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_a_silent_row_cannot_poison(loss):
    """A row of weight 0 may hold NaN and a nonsensical class: value and gradient are those without the row."""
    scores, truth = draw(loss, (2, 6, 3))
    weights = torch.tensor([1.0, 2, 0, 3, 1, 1], dtype=torch.float64).expand(2, 6)
    kept = torch.tensor([0, 1, 3, 4, 5])
    expected = loss.objective_and_gradient(scores[:, kept], truth[:, kept], weights[:, kept])
    scores[:, 2] = torch.nan
    truth[:, 2] = -1 if loss.needs == "classes" else torch.nan
    value, gradient = loss.objective_and_gradient(scores, truth, weights)
    scores.requires_grad_()
    objective = loss.objective(scores, truth, weights)
    (by_autograd,) = torch.autograd.grad(objective.sum(), scores)
    for got in (value, objective.detach()):
        torch.testing.assert_close(got, expected[0], rtol=1e-14, atol=0)
    for got in (gradient, by_autograd):
        torch.testing.assert_close(got[:, kept], expected[1], rtol=1e-12, atol=1e-15)
        assert (got[:, 2] == 0).all()


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_a_poisoned_row_that_counts_is_not_hidden(loss):
    """NaN in a row with weight comes out as NaN: trouble is never mended in silence."""
    scores, truth = draw(loss, (6, 3))
    scores[2] = torch.nan
    assert loss.objective(scores, truth).isnan()
    assert loss.objective(scores, truth, torch.ones(6, dtype=torch.float64)).isnan()


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_all_rows_silent(loss):
    """A batch whose weights are all 0 has loss 0 and gradient 0, not 0 / 0."""
    scores, truth = draw(loss, (6, 3))
    value, gradient = loss.objective_and_gradient(scores, truth, torch.zeros(6))
    assert value == 0
    assert (gradient == 0).all()


@given(weights=st.lists(st.integers(0, 5), min_size=6, max_size=6).filter(any))
@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_a_weight_is_a_number_of_copies(loss, weights):
    """Whole weights mean what repeated rows mean."""
    scores, truth = draw(loss, (6, 3))
    index = torch.repeat_interleave(torch.arange(6), torch.tensor(weights))
    torch.testing.assert_close(
        loss.objective(scores, truth, torch.tensor(weights)),
        loss.objective(scores[index], truth[index]),
        rtol=1e-12,
        atol=1e-15,
    )


def test_weighted_mean_by_hand():
    """(2 * 1 + 1 * 4) / (2 + 1) = 2: divided by the sum of the weights, not by the number of rows."""
    per_row, weights = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 1.0])
    assert MeanSquaredError().reduce(per_row, weights).item() == pytest.approx(2)
    assert MeanSquaredError().reduce_gradient(per_row, weights).tolist() == pytest.approx([2 / 3, 1 / 3])


def test_mean_leaves_out_rows_of_weight_0():
    """The mean of per-row losses passes over a row of weight 0, even one that holds NaN, and so does its gradient."""
    per_row, weights = torch.tensor([3.0, torch.nan, 5.0], requires_grad=True), torch.tensor([1.0, 0.0, 1.0])
    value = MeanSquaredError().reduce(per_row, weights)
    (by_row,) = torch.autograd.grad(value, per_row)
    assert value.item() == pytest.approx(4)
    assert by_row.tolist() == [0.5, 0, 0.5]


def test_one_row_of_weights_serves_all_members():
    """Weights (batch,) are used for every member."""
    per_row = torch.tensor([[1.0, 4.0], [3.0, 0.0]])
    weights = torch.tensor([3.0, 1.0])
    assert MeanSquaredError().reduce(per_row, weights).tolist() == pytest.approx([7 / 4, 9 / 4])
    assert MeanSquaredError().reduce_gradient(per_row, weights).tolist() == [[0.75, 0.25], [0.75, 0.25]]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (CrossEntropy(), math.log(3)),
        (CrossEntropy(smoothing=0.3), math.log(3)),
        (Focal(), (2 / 3) ** 2 * math.log(3)),
        (Hinge(), 1.0),
        (BinaryCrossEntropy(), math.log(2)),
        (Poisson(), 1.0),
    ],
    ids=name_of,
)
def test_loss_at_birth(loss, expected):
    """Scores of 0 give ln C, ln 2 and their like: a missing or doubled softmax would show here."""
    truth = draw(loss, (6, 3))[1]
    assert loss(torch.zeros(6, 3), truth).tolist() == pytest.approx([expected] * 6)


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_round_trip(loss):
    """A loss comes back equal from JSON."""
    assert from_json(to_json(loss), LOSSES) == loss


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (CrossEntropy, {"smoothing": 1.0}),
        (CrossEntropy, {"smoothing": -0.1}),
        (BinaryCrossEntropy, {"smoothing": 1.0}),
        (Focal, {"gamma": -1.0}),
        (Focal, {"alpha": (0.5, -0.5)}),
        (Huber, {"delta": 0.0}),
        (Quantile, {"quantiles": (0.0, 0.5)}),
        (Quantile, {"quantiles": (0.5, 0.1)}),
        (Quantile, {"quantiles": (0.5, 0.5)}),
        (Quantile, {"quantiles": ()}),
    ],
)
def test_nonsense_is_refused(kind, values):
    """A setting out of bounds is refused with the name of the loss, the setting and its value."""
    with pytest.raises(SpecError) as caught:
        kind(**values)
    (name,) = values
    assert kind.__name__ in caught.value.wrong
    assert f"{name}={values[name]!r}" in caught.value.wrong
    assert kind.__name__ in caught.value.remedy


@pytest.mark.parametrize("loss", EXAMPLES, ids=name_of)
def test_scores_for_three_outputs(loss):
    """A network gives one score an output, except that quantiles are scores of one number."""
    if isinstance(loss, Quantile):
        assert Quantile(quantiles=(0.05, 0.95)).scores_for(1) == 2
        with pytest.raises(SpecError, match="estimate 3 numbers"):
            loss.scores_for(3)
    else:
        assert loss.scores_for(3) == 3


def test_focal_needs_a_weight_for_each_class():
    """A wrong number of class weights is refused before training starts."""
    with pytest.raises(SpecError, match="for 3 classes"):
        Focal(alpha=(0.75, 0.25)).scores_for(3)


@pytest.mark.parametrize("loss", [x for x in EXAMPLES if x.needs != "classes" and type(x) is not Quantile], ids=name_of)
def test_truth_of_another_shape_is_refused(loss):
    """Truth (batch,) against scores (batch, 1) must not spread to (batch, batch)."""
    with pytest.raises(AssertionError, match="does not match"):
        loss(torch.zeros(4, 1), torch.zeros(4))
    with pytest.raises(AssertionError, match="does not match"):
        loss.gradient(torch.zeros(4, 3), torch.zeros(4, 1))
