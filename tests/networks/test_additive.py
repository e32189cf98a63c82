"""Additive attention: the formula, weights that add up to 1 over what is there, nothing from what is not."""

import math

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lamina.networks.additive import AdditivePool, fill_pool

UNITS, HIDDEN = 3, 4


def pool(seed: int = 0) -> AdditivePool:
    """A pool with drawn weights, its question and biases included."""
    stream = torch.Generator().manual_seed(seed)
    made = fill_pool(AdditivePool(UNITS, HIDDEN), stream=stream)
    nn.init.normal_(made.question, generator=stream)
    nn.init.normal_(made.key.bias, generator=stream)
    return made.double()


def items(*sizes: int) -> Tensor:
    """Normal numbers."""
    return torch.randn(*sizes, UNITS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_it_is_the_formula() -> None:
    """Scores by hand, item by item, then their softmax."""
    made, x = pool(), items(1, 5)
    answer, weights = made.with_weights(x)
    scores = [(made.question @ torch.tanh(made.key.weight @ one + made.key.bias)).item() for one in x[0]]
    powers = [math.exp(math.sqrt(HIDDEN) * score) for score in scores]
    wanted = torch.tensor([p / sum(powers) for p in powers], dtype=torch.float64)
    torch.testing.assert_close(weights[0].detach(), wanted)
    torch.testing.assert_close(answer[0].detach(), wanted @ x[0])
    assert weights.std() > 0.01


def test_a_new_pool_is_a_mean() -> None:
    """The question starts at zero: all items count alike."""
    made, x = fill_pool(AdditivePool(UNITS, HIDDEN), stream=torch.Generator().manual_seed(0)), items(2, 5).float()
    torch.testing.assert_close(made(x), x.mean(1))
    assert made.key.weight.any()


def test_weights_add_up_over_what_is_there() -> None:
    """1 for each row with an item, 0 at what is missing and for a row without any."""
    present = torch.tensor([[True, True, False, True], [False, True, False, False], [False] * 4])
    answer, weights = pool().with_weights(items(3, 4), present)
    torch.testing.assert_close(weights.sum(-1), torch.tensor([1.0, 1, 0], dtype=torch.float64))
    assert (weights[~present] == 0).all()
    assert (answer[2] == 0).all()
    torch.testing.assert_close(answer[1], items(3, 4)[1, 1])


def test_what_is_missing_has_no_part() -> None:
    """NaN in the place of a missing item changes no answer, and takes a gradient of exactly 0."""
    made, x = pool(), items(3, 4)
    present = torch.tensor([[True, True, False, True], [False, True, False, False], [False] * 4])
    spoilt = x.masked_fill(~present.unsqueeze(-1), torch.nan).requires_grad_()
    answer = made(spoilt, present)
    torch.testing.assert_close(answer, made(x, present))
    (slopes,) = torch.autograd.grad(answer.square().sum(), spoilt)
    assert (slopes[~present] == 0).all()
    assert (slopes[present] != 0).all()


def test_gradients() -> None:
    """Finite differences agree with the gradients, a row without items included."""
    made, x = pool(), items(3, 4).requires_grad_()
    present = torch.tensor([[True, True, False, True], [False, True, False, False], [False] * 4])
    named = dict(made.named_parameters())

    def answer(x: Tensor, *weights: Tensor) -> Tensor:
        found: Tensor = functional_call(made, dict(zip(named, weights, strict=True)), (x, present))
        return found

    assert torch.autograd.gradcheck(answer, (x, *named.values()))
