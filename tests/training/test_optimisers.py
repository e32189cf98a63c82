"""Optimisers against torch.optim, against hand calculations, and against each other in a fleet."""

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Signature
from lamina.foundation.specs import from_json, to_json
from lamina.networks import Table
from lamina.networks.layers import Affine, Embedding
from lamina.training.adaptive import AdaGrad, Adam, AdamW, RMSProp
from lamina.training.descent import SGD, GradientDescent
from lamina.training.layout import Layout
from lamina.training.muon import Muon, hidden, orthogonal
from lamina.training.optimisers import NAMED_OPTIMISERS, OPTIMISERS, named_optimiser
from lamina.training.rules import Knobs, Optimiser, Rule, State, by_momentum, by_scale, chain, descend

LAYOUT = Layout(
    names=("0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias"),
    shapes=((6, 4), (6,), (3, 6), (3,), (2, 3), (2,)),
)
STEPS = 200
Problem = Callable[[Tensor], Tensor]  # parameters (parameter,) to loss ()


def quadratic() -> Problem:
    """Half p^T A p - b^T p with eigenvalues of A from 0.1 to 2."""
    stream = torch.Generator().manual_seed(1)
    basis = torch.linalg.qr(torch.randn(LAYOUT.size, LAYOUT.size, generator=stream, dtype=torch.float64)).Q
    a = basis @ torch.diag(torch.linspace(0.1, 2, LAYOUT.size, dtype=torch.float64)) @ basis.T
    b = torch.randn(LAYOUT.size, generator=stream, dtype=torch.float64)
    return lambda p: 0.5 * p @ a @ p - b @ p


def logistic() -> Problem:
    """The logistic loss of random rows, linear in the parameters."""
    stream = torch.Generator().manual_seed(2)
    rows = torch.randn(80, LAYOUT.size, generator=stream, dtype=torch.float64)
    signs = torch.sign(rows[:, 0] + torch.randn(80, generator=stream, dtype=torch.float64))
    return lambda p: torch.nn.functional.softplus(-signs * (rows @ p)).mean()


PROBLEMS = {"quadratic": quadratic(), "logistic": logistic()}
problems = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS.keys())
TORCH = {
    "descent": (GradientDescent(decay=0.1), torch.optim.SGD, {}),
    "sgd": (SGD(learning_rate=0.1, decay=0.1), torch.optim.SGD, {}),
    "momentum": (SGD(momentum=0.9, decay=0.1), torch.optim.SGD, {"momentum": 0.9}),
    "nesterov": (SGD(momentum=0.9, nesterov=True, decay=0.1), torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "adagrad": (AdaGrad(learning_rate=0.1, decay=0.1), torch.optim.Adagrad, {}),
    # a short step: at its minimum RMSProp jumps to and fro like the sign of the gradient, which makes rounding grow
    "rmsprop": (RMSProp(learning_rate=0.002, decay=0.1), torch.optim.RMSprop, {}),
    "adam": (Adam(learning_rate=0.01, decay=0.1), torch.optim.Adam, {}),
    "adam-betas": (Adam(betas=(0.5, 0.95), eps=1e-6), torch.optim.Adam, {"betas": (0.5, 0.95), "eps": 1e-6}),
    "adamw": (AdamW(learning_rate=0.01, decay=0.1), torch.optim.AdamW, {}),
}
EVERY = {**{name: spec for name, (spec, _, _) in TORCH.items()}, "muon": Muon(other_rate=0.01, decay=0.1)}
every = pytest.mark.parametrize("spec", EVERY.values(), ids=EVERY.keys())


def start(members: int = 1) -> Tensor:
    """Random parameters ``(member, parameter)``."""
    stream = torch.Generator().manual_seed(3)
    return torch.randn(members, LAYOUT.size, generator=stream, dtype=torch.float64)


def knobs_of(spec: Optimiser, rates: Tensor | None = None, decays: Tensor | None = None) -> Knobs:
    """The spec's own learning rate and decay for one member, or the given ones."""
    rates = torch.tensor([spec.learning_rate], dtype=torch.float64) if rates is None else rates
    decays = torch.full_like(rates, spec.decay) if decays is None else decays
    return Knobs(learning_rate=rates[:, None], decay=decays[:, None])


def slopes(problem: Problem, parameters: Tensor) -> Tensor:
    """Each member's gradient, worked out by itself."""
    rows = [row.clone().requires_grad_() for row in parameters]
    return torch.stack([torch.autograd.grad(problem(row), row)[0] for row in rows])


def walk(rule: Rule, parameters: Tensor, knobs: Knobs, problem: Problem, steps: int = STEPS) -> Iterator[Tensor]:
    """The parameters after each step."""
    parameters = parameters.clone()
    state = rule.init(parameters)
    for _ in range(steps):
        rule.update(slopes(problem, parameters), state, parameters, knobs)
        yield parameters.clone()


def torch_walk(
    optimisers: list[torch.optim.Optimizer], tensors: dict[str, Tensor], problem: Problem
) -> Iterator[Tensor]:
    """The same walk by torch.optim."""
    for _ in range(STEPS):
        row = torch.cat([tensors[name].flatten() for name in LAYOUT.names])
        for tensor, gradient in zip(tensors.values(), torch.autograd.grad(problem(row), tensors.values()), strict=True):
            tensor.grad = gradient
        for optimiser in optimisers:
            optimiser.step()
        yield torch.cat([tensors[name].detach().flatten() for name in LAYOUT.names])[None]


def leaves(parameters: Tensor) -> dict[str, Tensor]:
    """One member's named parameters as leaves that torch.optim can hold."""
    return {name: view[0].clone().requires_grad_() for name, view in LAYOUT.views(parameters).items()}


def compare(ours: Iterator[Tensor], theirs: Iterator[Tensor], tolerance: float = 1e-12) -> None:
    """Assert that two walks take the same steps, and do move."""
    first = last = None
    for mine, yours in zip(ours, theirs, strict=True):
        first = mine if first is None else first
        last = mine
        torch.testing.assert_close(mine, yours, rtol=0, atol=tolerance)
    assert first is not None
    assert last is not None
    assert (first - last).abs().max() > 1e-2


@problems
@pytest.mark.parametrize("name", TORCH)
def test_trajectory_equals_torch(name: str, problem: Problem) -> None:
    """Every optimiser takes the same 200 steps as torch's, with decay on matrices only."""
    spec, kind, options = TORCH[name]
    tensors = leaves(start())
    groups = [
        {"params": [t for t in tensors.values() if t.dim() == 2], "weight_decay": spec.decay},
        {"params": [t for t in tensors.values() if t.dim() == 1], "weight_decay": 0.0},
    ]
    theirs = torch_walk([kind(groups, lr=spec.learning_rate, **options)], tensors, problem)
    compare(walk(spec.rule(LAYOUT), start(), knobs_of(spec), problem), theirs)


def quintic_by_svd(matrix: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """Newton-Schulz as what it does to the singular values."""
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    s = s / matrix.norm().clamp(min=eps)
    a, b, c = coefficients
    for _ in range(steps):
        s = a * s + b * s**3 + c * s**5
    return u @ torch.diag(s) @ v


def torch_muon(spec: Muon, problem: Problem) -> Iterator[Tensor]:
    """Muon as torch has it on the hidden matrices and its AdamW on the rest."""
    tensors = leaves(start())
    muon = [tensors["0.weight"], tensors["1.weight"]]
    rest = [
        {"params": [tensors["2.weight"]], "weight_decay": spec.decay},
        {"params": [t for t in tensors.values() if t.dim() == 1], "weight_decay": 0.0},
    ]
    optimisers = [
        torch.optim.Muon(muon, lr=spec.learning_rate, weight_decay=spec.decay, nesterov=spec.nesterov),
        torch.optim.AdamW(rest, lr=spec.other_rate, betas=spec.betas, eps=spec.eps),
    ]
    return torch_walk(optimisers, tensors, problem)


@problems
@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_equals_torch(problem: Problem, nesterov: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Muon takes torch's 200 steps once torch's bfloat16 iteration is replaced by its meaning in float64."""
    monkeypatch.setattr("torch.optim._muon._zeropower_via_newtonschulz", quintic_by_svd)
    spec = Muon(other_rate=0.01, decay=0.1, nesterov=nesterov)
    compare(walk(spec.rule(LAYOUT), start(), knobs_of(spec), problem), torch_muon(spec, problem), tolerance=1e-10)


def test_muon_is_near_torch_in_bfloat16() -> None:
    """As torch ships it, with the iteration in bfloat16, the first steps agree to bfloat16's three digits."""
    spec, problem = Muon(), PROBLEMS["quadratic"]
    ours, theirs = walk(spec.rule(LAYOUT), start(), knobs_of(spec), problem), torch_muon(spec, problem)
    for _ in range(3):
        torch.testing.assert_close(next(ours), next(theirs), rtol=0, atol=2e-3)


@problems
@every
def test_fleet_member_walks_as_it_would_alone(spec: Optimiser, problem: Problem) -> None:
    """Members with different learning rates and decays take the steps each would take alone."""
    rates = spec.learning_rate * torch.tensor([1.0, 0.1, 0.5], dtype=torch.float64)
    decays = torch.tensor([0.0, 0.3, 0.01], dtype=torch.float64)
    rule, parameters = spec.rule(LAYOUT), start(3)
    fleet = list(walk(rule, parameters, knobs_of(spec, rates, decays), problem))
    for i in range(3):
        one = slice(i, i + 1)
        alone = walk(rule, parameters[one], knobs_of(spec, rates[one], decays[one]), problem)
        compare((step[one] for step in fleet), alone)


@pytest.mark.parametrize("poison", [math.nan, math.inf, 1e300])
@every
def test_poisoned_member_leaves_the_others_bitwise_unchanged(spec: Optimiser, poison: float) -> None:
    """A member whose gradients break disturbs no bit of its neighbours."""
    stream = torch.Generator().manual_seed(5)
    gradients = torch.randn(20, 4, LAYOUT.size, generator=stream, dtype=torch.float64)
    broken = gradients.clone()
    broken[5:, 2] = poison
    rule, knobs = spec.rule(LAYOUT), knobs_of(spec, torch.full((4,), 0.1, dtype=torch.float64))
    ends = [push(rule, start(4), sequence, knobs) for sequence in (gradients, broken)]
    others = [0, 1, 3]
    assert torch.equal(ends[0][others], ends[1][others])
    assert not torch.equal(ends[0][2], ends[1][2])


def push(rule: Rule, parameters: Tensor, gradients: Tensor, knobs: Knobs) -> Tensor:
    """The parameters after a given sequence of gradients ``(step, member, parameter)``."""
    state = rule.init(parameters)
    for gradient in gradients:
        rule.update(gradient, state, parameters, knobs)
    return parameters


@every
def test_gradient_is_left_as_it_was(spec: Optimiser) -> None:
    """An update writes into parameters and state only."""
    gradient, parameters, knobs = torch.ones(1, LAYOUT.size, dtype=torch.float64), start(), knobs_of(spec)
    rule = spec.rule(LAYOUT)
    state = rule.init(parameters)
    for _ in range(3):
        rule.update(gradient, state, parameters, knobs)
        assert torch.equal(gradient, torch.ones_like(gradient))
    assert all(not torch.equal(value, parameters) for value in state.values())


@every
def test_state_can_be_stored_and_members_taken_out(spec: Optimiser) -> None:
    """State and parameters are all there is: copied, or cut down to some members, they go on as before."""
    stream = torch.Generator().manual_seed(6)
    gradients = torch.randn(8, 3, LAYOUT.size, generator=stream, dtype=torch.float64)
    rates = spec.learning_rate * torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
    whole = push(spec.rule(LAYOUT), start(3), gradients, knobs_of(spec, rates))
    parameters, rule = start(3), spec.rule(LAYOUT)
    state = rule.init(parameters)
    for gradient in gradients[:4]:
        rule.update(gradient, state, parameters, knobs_of(spec, rates))
    rows = [2, 0]
    parameters, later = parameters[rows], spec.rule(LAYOUT)
    state = {name: value[rows].clone() for name, value in state.items()}
    assert all(value.shape[0] == 2 for value in state.values())
    for gradient in gradients[4:]:
        later.update(gradient[rows], state, parameters, knobs_of(spec, rates[rows]))
    torch.testing.assert_close(parameters, whole[rows], rtol=0, atol=1e-12)


@every
def test_members_may_have_taken_different_numbers_of_steps(spec: Optimiser) -> None:
    """A member that starts anew among others walks as if all did: corrections for short memories are its own."""
    stream = torch.Generator().manual_seed(11)
    gradients = torch.randn(8, 2, LAYOUT.size, generator=stream, dtype=torch.float64)
    rule, parameters, knobs = spec.rule(LAYOUT), start(2), knobs_of(spec, torch.full((2,), 0.1, dtype=torch.float64))
    state, fresh = rule.init(parameters), rule.init(parameters)
    for i, gradient in enumerate(gradients):
        if i == 4:
            parameters[1] = start(2)[1]
            for name in state:
                state[name][1] = fresh[name][1]
        rule.update(gradient, state, parameters, knobs)
    alone = push(spec.rule(LAYOUT), start(2), gradients[4:], knobs)
    torch.testing.assert_close(parameters[1], alone[1], rtol=0, atol=1e-12)


@every
def test_no_decay_is_decay_of_zero(spec: Optimiser) -> None:
    """Knobs without decay walk as with a decay of zero."""
    gradients = torch.ones(5, 1, LAYOUT.size, dtype=torch.float64)
    rates = torch.full((1, 1), 0.01, dtype=torch.float64)
    without = push(spec.rule(LAYOUT), start(), gradients, Knobs(learning_rate=rates))
    assert torch.equal(
        without, push(spec.rule(LAYOUT), start(), gradients, Knobs(learning_rate=rates, decay=torch.zeros_like(rates)))
    )


@every
def test_decay_touches_matrices_only(spec: Optimiser) -> None:
    """Without any gradient the biases stay where they are, bit for bit, and matrices shrink."""
    before = start()
    after = push(spec.rule(LAYOUT), before.clone(), torch.zeros(3, *before.shape, dtype=torch.float64), knobs_of(spec))
    matrices = LAYOUT.where(LAYOUT.matrices)
    assert torch.equal(before[:, ~matrices], after[:, ~matrices])
    if spec.decay:
        assert not torch.equal(before[:, matrices], after[:, matrices])


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_of_the_parameters_rules(spec: Optimiser, dtype: torch.dtype) -> None:
    """State is of the parameters' dtype; float32 follows float64 closely."""
    parameters, rule = start(2).to(dtype), spec.rule(LAYOUT)
    state = rule.init(parameters)
    assert {value.dtype for value in state.values()} <= {dtype}
    knobs = Knobs(learning_rate=torch.full((2, 1), 0.01, dtype=dtype), decay=torch.full((2, 1), 0.1, dtype=dtype))
    gradients = torch.sin(torch.arange(5 * 2 * LAYOUT.size)).view(5, 2, -1)
    exact = Knobs(learning_rate=knobs.learning_rate.double(), decay=knobs.decay.double())
    ours = push(rule, parameters, gradients.to(dtype), knobs)
    torch.testing.assert_close(ours.double(), push(rule, start(2), gradients.double(), exact), rtol=0, atol=1e-4)


def test_first_step_of_adam_is_the_sign() -> None:
    """Adam's first step has the length of the learning rate in every direction that has a slope."""
    gradient = torch.tensor([[3.0, -0.02, 1e4, 0.0]], dtype=torch.float64)
    rule = Adam().rule(Layout(names=("weight",), shapes=((4,),)))
    after = push(rule, torch.zeros(1, 4, dtype=torch.float64), gradient[None], knobs_of(Adam(learning_rate=0.1)))
    torch.testing.assert_close(after, -0.1 * gradient.sign(), rtol=0, atol=1e-7)


def test_adam_keeps_its_hats() -> None:
    """After t equal gradients Adam's two means are the gradient and its square: the bias is corrected."""
    layout, gradient = Layout(names=("weight",), shapes=((1,),)), torch.full((1, 1), 3.0, dtype=torch.float64)
    rule = Adam().rule(layout)
    parameters = torch.zeros(1, 1, dtype=torch.float64)
    state = rule.init(parameters)
    for t in range(1, 6):
        rule.update(gradient, state, parameters, knobs_of(Adam()))
        assert state["mean"].item() == pytest.approx(3, abs=1e-14)
        assert state["square"].item() == pytest.approx(9, abs=1e-13)
        seen = [(1 - 0.9**t) / (1 - 0.9), (1 - 0.999**t) / (1 - 0.999)]
        assert state["seen"].flatten().tolist() == pytest.approx(seen)


def test_adamw_shrinks_by_rate_times_decay() -> None:
    """Without gradients AdamW leaves p (1 - learning_rate decay)^t."""
    spec = AdamW(learning_rate=0.1, decay=0.5)
    rule = spec.rule(Layout(names=("weight",), shapes=((1, 2),)))
    parameters = torch.tensor([[2.0, -3.0]], dtype=torch.float64)
    after = push(rule, parameters.clone(), torch.zeros(7, 1, 2, dtype=torch.float64), knobs_of(spec))
    torch.testing.assert_close(after, parameters * (1 - 0.1 * 0.5) ** 7, rtol=1e-14, atol=0)


def test_decay_in_adam_is_not_decay_in_adamw() -> None:
    """An L2 penalty inside Adam and decoupled decay are two optimisers."""
    gradients = torch.ones(5, 1, LAYOUT.size, dtype=torch.float64)
    ends = [push(spec.rule(LAYOUT), start(), gradients, knobs_of(spec)) for spec in (Adam(decay=0.1), AdamW(decay=0.1))]
    assert (ends[0] - ends[1]).abs().max() > 1e-5


def test_adagrad_shrinks_with_the_root_of_the_steps() -> None:
    """On a steady gradient AdaGrad's step t is learning_rate / sqrt(t)."""
    rule = AdaGrad().rule(Layout(names=("weight",), shapes=((1,),)))
    parameters = torch.zeros(1, 1, dtype=torch.float64)
    state, knobs = rule.init(parameters), knobs_of(AdaGrad(learning_rate=0.5))
    for t in range(1, 20):
        before = parameters.item()
        rule.update(torch.full((1, 1), 7.0, dtype=torch.float64), state, parameters, knobs)
        assert before - parameters.item() == pytest.approx(0.5 / math.sqrt(t))


@pytest.mark.parametrize("nesterov", [True, False])
def test_momentum_ends_up_faster(nesterov: bool) -> None:
    """On a steady gradient momentum m walks 1 / (1 - m) times the learning rate a step."""
    spec = SGD(learning_rate=0.1, momentum=0.9, nesterov=nesterov)
    rule, parameters = spec.rule(Layout(names=("b",), shapes=((1,),))), torch.zeros(1, 1, dtype=torch.float64)
    push_two = [
        push(rule, parameters.clone(), torch.ones(n, 1, 1, dtype=torch.float64), knobs_of(spec)) for n in (300, 301)
    ]
    assert (push_two[0] - push_two[1]).item() == pytest.approx(0.1 / (1 - 0.9))


@pytest.mark.parametrize("shape", [(64, 16), (16, 64), (40, 20), (20, 40)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_orthogonal_brings_singular_values_near_one(shape: tuple[int, int], dtype: torch.dtype) -> None:
    """Where sides differ by two or more, all singular values end in [0.67, 1.2], and vectors are kept."""
    matrices = torch.randn(3, *shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    inner = u.mT @ orthogonal(matrices.to(dtype)).double() @ v.mT
    values = inner.diagonal(dim1=-2, dim2=-1)
    assert values.min() > 0.67
    assert values.max() < 1.2
    assert (inner - torch.diag_embed(values)).abs().max() < 1e-4


def test_orthogonal_of_square_matrices() -> None:
    """Square matrices keep singular values near zero, but every direction with some weight is brought near one."""
    matrix = torch.randn(1, 32, 32, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    u, s, v = torch.linalg.svd(matrix)
    values = (u.mT @ orthogonal(matrix) @ v.mT).diagonal(dim1=-2, dim2=-1)
    heavy = values[s > 0.02 * matrix.norm()]
    assert heavy.min() > 0.6
    assert values.max() < 1.25


def test_orthogonal_of_nothing_is_nothing() -> None:
    """A matrix of zeros gives zeros, not NaN."""
    assert torch.equal(orthogonal(torch.zeros(2, 3, 5)), torch.zeros(2, 3, 5))


def test_muon_takes_no_vectors_embeddings_heads_or_first_convolutions() -> None:
    """Biases, embeddings, the last matrix and a first convolution are left to AdamW."""
    layout = Layout(
        names=("embeddings.0.weight", "0.weight", "0.bias", "1.weight", "head.weight", "head.bias"),
        shapes=((9, 3), (6, 4), (6,), (6, 6), (2, 6), (2,)),
    )
    assert hidden(layout) == (False, True, False, True, False, False)
    assert hidden(Layout(names=("a", "b", "c"), shapes=((8, 1, 3, 3), (8, 8, 3, 3), (2, 8)))) == (False, True, False)
    assert hidden(Layout(names=("bias",), shapes=((3,),))) == (False,)
    velocity = Muon().rule(layout).init(torch.zeros(1, layout.size))["velocity"]
    assert velocity.shape == (1, 6 * 4 + 6 * 6)


def test_muon_leaves_out_the_embeddings_of_a_table() -> None:
    """In the default network for tables Muon takes the trunk, but neither embeddings nor the last layer."""
    table = Table().build(Signature(features=3, scores=2, categories=(40, 50)), seed=0)
    layout = Layout.of(dict(table.named_parameters()))
    embeddings = {f"{name}.weight" for name, layer in table.named_modules() if isinstance(layer, Embedding)}
    affine = [f"{name}.weight" for name, layer in table.named_modules() if isinstance(layer, Affine)]
    taken = [name for name, yes in zip(layout.names, hidden(layout), strict=True) if yes]
    assert embeddings <= set(layout.names)
    assert len(embeddings) == 2
    assert taken == affine[:-1]


def test_muon_without_hidden_matrices_is_adamw() -> None:
    """A network of one layer learns by AdamW at Muon's other rate."""
    layout = Layout(names=("weight", "bias"), shapes=((2, 3), (2,)))
    gradients = torch.randn(5, 1, 8, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    muon, adamw = Muon(decay=0.1), AdamW(learning_rate=3e-4, decay=0.1, betas=(0.9, 0.95), eps=1e-10)
    parameters = torch.ones(1, 8, dtype=torch.float64)
    ends = [push(s.rule(layout), parameters.clone(), gradients, knobs_of(s)) for s in (muon, adamw)]
    torch.testing.assert_close(*ends, rtol=0, atol=1e-14)


def test_muon_flattens_convolutions() -> None:
    """A convolution's kernel is one matrix a member: output channels by everything else."""
    layout = Layout(names=("first", "second", "head"), shapes=((4, 1, 3, 3), (4, 4, 3, 3), (2, 4)))
    gradients = torch.randn(1, 2, layout.size, generator=torch.Generator().manual_seed(10), dtype=torch.float64)
    spec = Muon(nesterov=False, decay=0.0)
    parameters = torch.zeros(2, layout.size, dtype=torch.float64)
    knobs = knobs_of(spec, torch.full((2,), 0.5, dtype=torch.float64))
    step = layout.views(push(spec.rule(layout), parameters, gradients, knobs))["second"]
    wanted = orthogonal(layout.views(gradients[0])["second"].flatten(2))
    torch.testing.assert_close(step.flatten(2), -0.5 * wanted, rtol=0, atol=1e-12)


def test_links_compose_and_scale() -> None:
    """Chains nest without changing the walk, and two links cannot share a memory."""
    nested = descend(chain(by_scale(2.0)), chain(by_momentum(0.5)))
    flat = descend(by_scale(2.0), by_momentum(0.5))
    knobs, gradients = Knobs(learning_rate=torch.ones(1, 1)), torch.ones(3, 1, 2)
    assert torch.equal(*(push(rule, torch.zeros(1, 2), gradients, knobs) for rule in (nested, flat)))
    with pytest.raises(AssertionError, match="velocity"):
        descend(by_momentum(0.5), by_momentum(0.9)).init(torch.zeros(1, 2))


def test_plain_descent_remembers_nothing() -> None:
    """Gradient descent and SGD without momentum have no state."""
    states: list[State] = [spec.rule(LAYOUT).init(start()) for spec in (GradientDescent(), SGD())]
    assert states == [{}, {}]


@every
def test_spec_survives_json(spec: Optimiser) -> None:
    """A spec comes back equal from JSON."""
    assert from_json(to_json(spec), OPTIMISERS) == spec


def test_only_gradient_descent_takes_the_whole_set() -> None:
    """The loop can tell from the spec whether a step is made of all rows."""
    assert [kind for kind in OPTIMISERS if kind.whole] == [GradientDescent]


@pytest.mark.parametrize("kind", OPTIMISERS)
@pytest.mark.parametrize("field", ["learning_rate", "decay"])
def test_nonsense_is_refused(kind: type, field: str) -> None:
    """Negative or infinite learning rates and decays are refused by name."""
    for value in (-1.0, math.inf, "fast"):
        with pytest.raises(SpecError, match=rf"{kind.__name__} has {field}="):
            kind(**{field: value})


def test_nesterov_needs_momentum() -> None:
    """Nesterov without momentum is refused with the spec that was meant."""
    with pytest.raises(SpecError, match=r"try SGD\(momentum=0.9, nesterov=True\)"):
        SGD(nesterov=True)


def test_optimisers_are_found_by_name() -> None:
    """Every name people look for gives its optimiser; a misspelt one offers the nearest."""
    assert {type(spec) for spec in NAMED_OPTIMISERS.values()} == set(OPTIMISERS)
    assert named_optimiser("Nesterov") == SGD(learning_rate=0.01, momentum=0.9, nesterov=True)
    with pytest.raises(SpecError, match="did you mean 'nesterov'"):
        named_optimiser("nestorov")
