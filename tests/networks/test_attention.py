"""Attention: torch's own agrees to the last digits, what is left out has no part in anything, members stay apart."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from lamina.networks.attention import Attention, attend, attention_weights, fill_attention, rowwise, softmax_over
from lamina.networks.layers import Dropout

UNITS, HEADS, TIMES = 12, 3, 5
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}


def layer(seed: int = 0, dtype: torch.dtype = torch.float64, **settings: Any) -> Attention:
    """A layer with drawn weights and biases."""
    stream = torch.Generator().manual_seed(seed)
    made = fill_attention(Attention(UNITS, HEADS, **settings), stream=stream)
    for part in (made.query, made.memory, made.out):
        nn.init.normal_(part.bias, std=0.3, generator=stream)
    return made.to(dtype)


def drawn(*sizes: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    """Normal numbers."""
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def twin(ours: Attention) -> nn.MultiheadAttention:
    """Torch's own layer with the same weights."""
    theirs = nn.MultiheadAttention(UNITS, HEADS, batch_first=True, dtype=ours.out.weight.dtype)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat((ours.query.weight, ours.memory.weight)))
        theirs.in_proj_bias.copy_(torch.cat((ours.query.bias, ours.memory.bias)))
        theirs.out_proj.load_state_dict(ours.out.state_dict())
    return theirs.eval()


def some_present(rows: int = 4, keys: int = TIMES) -> Tensor:
    """Rows of unequal length, one of them full."""
    return torch.arange(keys) < torch.arange(keys, keys - rows, -1).unsqueeze(-1)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("masked", [False, True], ids=["all present", "padded"])
@pytest.mark.parametrize("causal", [False, True], ids=["both ways", "causal"])
@pytest.mark.parametrize("other", [False, True], ids=["self", "memory"])
def test_torch_agrees(dtype: torch.dtype, masked: bool, causal: bool, other: bool) -> None:
    """Answers and weights are those of torch.nn.MultiheadAttention with the same weights, by both ways of ours."""
    ours, x = layer(dtype=dtype), drawn(4, TIMES, UNITS, dtype=dtype)
    memory = drawn(4, TIMES, UNITS, seed=2, dtype=dtype) if other else x
    present = some_present() if masked else None
    theirs, theirs_weights = twin(ours)(
        x,
        memory,
        memory,
        key_padding_mask=None if present is None else ~present,
        attn_mask=torch.ones(TIMES, TIMES, dtype=torch.bool).triu(1) if causal else None,
        average_attn_weights=False,
    )
    fused = ours(x, memory if other else None, present=present, causal=causal)
    answers, weights = ours.with_weights(x, memory if other else None, present=present, causal=causal)
    for found, wanted in ((fused, theirs), (answers, theirs), (weights, theirs_weights)):
        torch.testing.assert_close(found, wanted, rtol=0, atol=TOLERANCE[dtype])


def test_it_is_the_formula() -> None:
    """One head by hand, token by token: a softmax of scaled products, then the mean of the values by it."""
    queries, keys, values = (drawn(1, 1, 3, 4, seed=seed) for seed in (1, 2, 3))
    q, k, v = (part[0, 0].tolist() for part in (queries, keys, values))
    for i, answer in enumerate(attend(queries, keys, values)[0, 0].tolist()):
        powers = [math.exp(sum(a * b for a, b in zip(q[i], one, strict=True)) / 2) for one in k]
        expected = [sum(p * one[u] for p, one in zip(powers, v, strict=True)) / sum(powers) for u in range(4)]
        assert answer == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("way", ["forward", "with_weights"])
@pytest.mark.parametrize("causal", [False, True], ids=["both ways", "causal"])
def test_gradients_are_right(way: str, causal: bool) -> None:
    """Numeric and automatic gradients agree by tokens, memory and every parameter, with padding."""
    ours = fill_attention(Attention(4, 2, memory_units=3), stream=torch.Generator().manual_seed(0)).double()
    names, values = zip(*ours.named_parameters(), strict=True)
    present = some_present(2, 3)

    def answer(x: Tensor, memory: Tensor, *parameters: Tensor) -> Tensor:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ours, "forward", getattr(ours, way))
            found = functional_call(
                ours, dict(zip(names, parameters, strict=True)), (x, memory), {"present": present, "causal": causal}
            )
        return found if way == "forward" else found[0]

    inputs = (drawn(2, 3, 4), drawn(2, 3, 3, seed=2), *(value.detach() for value in values))
    assert torch.autograd.gradcheck(answer, tuple(one.clone().requires_grad_() for one in inputs))


@pytest.mark.parametrize("poison", [0.0, 1e9, math.nan, math.inf])
@pytest.mark.parametrize("way", ["forward", "with_weights"])
@pytest.mark.parametrize("causal", [False, True], ids=["both ways", "causal"])
def test_padding_has_no_part_in_anything(poison: float, way: str, causal: bool) -> None:
    """Whatever stands in the padding, answers and all gradients keep their bits, and its own gradient is 0."""

    def run(filler: float) -> tuple[Tensor, Tensor, list[Tensor]]:
        ours, present = layer(), some_present()
        memory = drawn(4, TIMES, UNITS, seed=2).masked_fill(~present.unsqueeze(-1), filler).requires_grad_()
        found = getattr(ours, way)(drawn(4, TIMES, UNITS), memory, present=present, causal=causal)
        answers = found if way == "forward" else found[0]
        answers.square().sum().backward()
        return answers, memory.grad, [parameter.grad for parameter in ours.parameters()]

    answers, gradient, others = run(poison)
    plain_answers, plain_gradient, plain_others = run(7.0)
    assert torch.equal(answers, plain_answers)
    assert torch.equal(gradient, plain_gradient)
    assert not gradient[~some_present()].any()
    assert gradient[some_present()].all()
    assert all(torch.equal(a, b) for a, b in zip(others, plain_others, strict=True))


@pytest.mark.parametrize("way", ["forward", "with_weights"])
def test_a_shorter_memory_is_a_padded_one(way: str) -> None:
    """Tokens that are not there and tokens that are padding give equal answers."""
    ours, x, memory = layer(), drawn(4, TIMES, UNITS), drawn(4, TIMES, UNITS, seed=2)
    present = (torch.arange(TIMES) < 2).expand(4, TIMES)
    padded, short = getattr(ours, way)(x, memory, present=present), getattr(ours, way)(x, memory[:, :2])
    padded, short = (one if way == "forward" else one[0] for one in (padded, short))
    torch.testing.assert_close(padded, short, rtol=0, atol=1e-12)


@pytest.mark.parametrize("way", ["forward", "with_weights"])
def test_a_token_that_may_look_at_nothing_gets_the_bias(way: str) -> None:
    """A row of padding only answers with the bias of the last layer, and its gradients are finite."""
    ours, memory = layer(), drawn(2, TIMES, UNITS, seed=2).requires_grad_()
    found = getattr(ours, way)(drawn(2, TIMES, UNITS), memory, present=torch.zeros(2, TIMES, dtype=torch.bool))
    answers = found if way == "forward" else found[0]
    torch.testing.assert_close(answers, ours.out.bias.expand_as(answers), rtol=0, atol=0)
    answers.sum().backward()
    assert not memory.grad.any()
    assert all(p.grad.isfinite().all() for p in ours.parameters())


@pytest.mark.parametrize("way", ["forward", "with_weights"])
@pytest.mark.parametrize("masked", [False, True], ids=["all present", "padded"])
def test_the_future_is_hidden(way: str, masked: bool) -> None:
    """With a causal mask the derivative of answer t by token s is exactly 0 for all s > t, and not for s <= t."""
    ours, present = layer(), torch.ones(1, TIMES, dtype=torch.bool) if masked else None

    def answer(x: Tensor) -> Tensor:
        found = getattr(ours, way)(x.unsqueeze(0), present=present, causal=True)
        return (found if way == "forward" else found[0])[0]

    jacobian = torch.autograd.functional.jacobian(answer, drawn(TIMES, UNITS))
    reached = jacobian.abs().amax(dim=(1, 3))  # (time of the answer, time of the token)
    assert torch.equal(reached > 0, torch.ones(TIMES, TIMES, dtype=torch.bool).tril())


def test_new_tokens_look_at_the_whole_past() -> None:
    """The last two tokens alone, asking all five, answer as they do among all: decoding may go step by step."""
    ours, x = layer(), drawn(4, TIMES, UNITS)
    torch.testing.assert_close(ours(x[:, 3:], x, causal=True), ours(x, causal=True)[:, 3:], rtol=0, atol=1e-12)


def test_the_order_of_the_memory_does_not_matter() -> None:
    """Attention without a mask over tokens in another order answers alike."""
    ours, x, memory, order = layer(), drawn(4, TIMES, UNITS), drawn(4, 7, UNITS, seed=2), torch.randperm(7)
    torch.testing.assert_close(ours(x, memory[:, order]), ours(x, memory), rtol=0, atol=1e-12)


@pytest.mark.parametrize("way", ["forward", "with_weights"])
@pytest.mark.parametrize("training", [False, True])
def test_a_member_of_a_fleet_is_the_layer_alone(way: str, training: bool) -> None:
    """Stacked parameters on stacked tokens, padded and causal, give each member its own answers."""
    alone = [layer(seed).train(training) for seed in range(3)]
    own = [dict(one.named_parameters()) for one in alone]
    parameters = {name: torch.stack([each[name] for each in own]) for name in own[0]}
    x, memory = drawn(3, 4, TIMES, UNITS), drawn(3, 4, TIMES, UNITS, seed=2)
    present = torch.stack([some_present(), some_present().flip(0), torch.ones(4, TIMES, dtype=torch.bool)])
    fleet = layer().train(training)
    for name, stacked in parameters.items():
        owner, _, last = name.rpartition(".")
        fleet.get_submodule(owner)._parameters[last] = nn.Parameter(stacked)
    together = getattr(fleet, way)(x, memory, present=present, causal=True)
    for i, one in enumerate(alone):
        single = getattr(one, way)(x[i], memory[i], present=present[i], causal=True)
        pairs = [(together, single)] if way == "forward" else list(zip(together, single, strict=True))
        for stacked, wanted in pairs:
            torch.testing.assert_close(stacked[i], wanted, rtol=0, atol=1e-12)


def test_dropout_overlooks_tokens_only_while_training() -> None:
    """While training the asked share of weights is 0 and the others are larger; the mean answer stays; else nothing."""
    ours = layer(dropout=0.25)
    x = drawn(2000, TIMES, UNITS)
    whole = ours.eval().with_weights(x)[1]
    dropped = ours.train().with_weights(x)[1]
    assert (dropped == 0).double().mean().item() == pytest.approx(0.25, abs=0.01)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], whole[kept] / 0.75)
    assert torch.equal(ours.eval()(x), ours(x))
    assert not torch.equal(ours.train()(x), ours.eval()(x))


def test_noise_comes_row_by_row() -> None:
    """Dropout asks for noise with one axis for the rows of a batch and one for all else, as a fleet's streams give."""
    asked: list[torch.Size] = []
    dropout = Dropout(0.5).train()
    dropout.noise = lambda shape, device, dtype: asked.append(shape) or torch.rand(shape, dtype=dtype)
    dropout.chance = torch.full((2,), 0.5)
    rowwise(dropout, torch.zeros(2, 7, HEADS, TIMES, TIMES), axes=3)
    assert [sorted(shape) for shape in asked] == [[2, 7, HEADS * TIMES * TIMES]]


def test_weights_are_shares() -> None:
    """They sum to 1 over what may be looked at, for scores of any size, and are 0 where nothing may be."""
    weights = attention_weights(1e4 * drawn(2, 1, 3, 4), 1e4 * drawn(2, 1, 3, 4, seed=2), causal=True)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 1, 3, dtype=torch.float64))
    hidden = softmax_over(torch.full((2, 2), -torch.inf), torch.tensor([[True, False], [False, False]]))
    assert not hidden[1].any()


def test_no_rows_have_no_answers() -> None:
    """A batch without rows is answered by one without rows, by both ways."""
    ours, none = layer(), torch.zeros(0, TIMES, UNITS, dtype=torch.float64)
    assert ours(none).shape == (0, TIMES, UNITS)
    assert ours.with_weights(none, causal=True)[1].shape == (0, HEADS, TIMES, TIMES)
