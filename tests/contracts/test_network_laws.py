"""Laws for every network that is trained by gradients. A new family inherits them by being listed in CASES."""

import json
import math
from dataclasses import replace
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from lamina.foundation.signature import Field, Signature
from lamina.foundation.specs import from_json, to_json
from lamina.networks import (
    MLP,
    NETWORK_KINDS,
    NETWORKS,
    Affine,
    Dropout,
    FTTransformer,
    Network,
    Periodic,
    Piecewise,
    Table,
    Transformer,
    describe,
    parse_network,
)
from lamina.networks.convnet import Conv, ConvNet, Pooling
from lamina.networks.fcn import FCN
from lamina.networks.inception_time import InceptionTime
from lamina.networks.recurrent_series import RecurrentSeries
from lamina.networks.resnet import ResNet

NUMBERS = Signature(features=6, scores=3)
MIXED = Signature(features=4, scores=3, categories=(4, 30))
CATEGORIES = Signature(features=0, scores=3, categories=(40, 30, 20))
IMAGES = Signature(features=0, scores=3, fields=(Field(holds="image", shape=(2, 6, 7)),))
SERIES = Signature(features=0, scores=3, fields=(Field(holds="series", shape=(2, 9)),))
EVERYTHING = Signature(features=4, scores=3, categories=(4, 30), fields=(Field(holds="image", shape=(1, 4, 4)),) * 2)
SMALL = Transformer(blocks=2, units=16, heads=2)


class Case(NamedTuple):
    """A spec and what it is built for."""

    spec: Network
    signature: Signature = NUMBERS


CASES = {
    "mlp": Case(MLP(widths=(32, 32))),
    "linear": Case(MLP(widths=()), Signature(features=20, scores=3)),  # a plane needs room to memorise in
    "mlp of three activations": Case(MLP(widths=(32, 24, 16), activation=("tanh", "selu", "gelu"))),
    "mlp with dropout": Case(MLP(widths=(32, 32), dropout=(0.1, 0.3))),
    "mlp with layer norm": Case(MLP(widths=(32, 32), norm="layer")),
    "mlp with batch norm": Case(MLP(widths=(32, 32), norm="batch")),
    "mlp with orthogonal weights": Case(MLP(widths=(32, 16), activation="tanh", initialisation="orthogonal")),
    "residual mlp": Case(MLP(widths=(32, 32, 16), shortcut="residual", dropout=0.1)),
    "residual mlp without norm": Case(MLP(widths=(32, 32), shortcut="residual", norm="none")),
    "residual mlp with batch norm": Case(MLP(widths=(32, 32), shortcut="residual", norm="batch")),
    "concat mlp": Case(MLP(widths=(16, 16), shortcut="concat", norm="layer")),
    "table of numbers": Case(Table()),
    "table": Case(Table(), MIXED),
    "table of embeddings": Case(Table(one_hot=0), MIXED),
    "table of categories": Case(Table(), CATEGORIES),
    "table of ramps": Case(Table(numbers=Piecewise(bins=12, width=3)), MIXED),
    "table of ramps alone": Case(Table(numbers=Piecewise(bins=4, width=8))),
    "table of waves": Case(Table(numbers=Periodic(waves=5, width=2)), MIXED),
    "residual table": Case(Table(trunk=MLP(widths=(32, 32), shortcut="residual", norm="batch")), MIXED),
    "table of images": Case(Table(image=ConvNet(layers=(Conv(channels=8), Pooling()))), IMAGES),
    "table with images": Case(
        Table(image=ConvNet(layers=(Conv(channels=4, norm="batch", padding="same"), Pooling()))), EVERYTHING
    ),
    "residual network": Case(Table(image=ResNet(blocks=(1, 1), widths=(4, 8))), IMAGES),
    "convolved series": Case(Table(series=FCN(widths=(8, 16), sizes=(4, 3))), SERIES),
    "series by inception": Case(Table(series=InceptionTime(filters=4, sizes=(6, 3), depth=2, shortcut=1)), SERIES),
    "remembered series": Case(Table(series=RecurrentSeries(units=8)), SERIES),
    "ft-transformer of numbers": Case(FTTransformer(trunk=SMALL, numbers=None)),
    "ft-transformer": Case(FTTransformer(trunk=replace(SMALL, attention_dropout=0.0)), MIXED),
    "ft-transformer of ramps": Case(FTTransformer(trunk=SMALL, numbers=Piecewise(bins=4, width=3)), MIXED),
    "ft-transformer of waves": Case(FTTransformer(trunk=SMALL, numbers=Periodic(waves=3, width=2))),
    "ft-transformer of categories": Case(FTTransformer(trunk=replace(SMALL, blocks=1)), CATEGORIES),
    "ft-transformer without a gate": Case(
        FTTransformer(trunk=replace(SMALL, activation="gelu", residual_dropout=0.1), numbers=None)
    ),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def built(case: Case, seed: int = 0, scores: int = 3) -> nn.Module:
    """The network of a case, for so many scores."""
    return case.spec.build(replace(case.signature, scores=scores), seed=seed)


def rows(case: Case, *front: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> tuple[Tensor, ...]:
    """Random inputs ``(*front, feature)`` and, if the network takes them, codes ``(*front, category)`` and fields."""
    stream = torch.Generator().manual_seed(seed)
    numbers = torch.randn((*front, case.signature.features), generator=stream, dtype=dtype)
    codes = [torch.randint(0, size, front, generator=stream) for size in case.signature.categories]
    fields = [drawn(field, *front, stream=stream) for field in case.signature.fields]
    return (numbers, *([torch.stack(codes, -1)] if codes else []), *fields)


def drawn(field: Field, *front: int, stream: torch.Generator) -> Tensor:
    """Random rows ``(*front, *shape)`` of a field."""
    if field.holds == "series":
        series = torch.randn((*front, *field.shape), generator=stream)
        series[..., 1::3, :, -3:] = torch.nan  # every third is shorter
        return series
    return torch.randint(0, 256, (*front, *field.shape), generator=stream, dtype=torch.uint8)


def quiet(network: nn.Module) -> nn.Module:
    """The network with dropout that drops by place in the batch and unit, alike for one member and for many."""
    for module in network.modules():
        if isinstance(module, Dropout):
            module.noise = lambda shape, device, dtype: (
                torch.linspace(0, 0.999, math.prod(shape[-2:]), dtype=dtype).view(shape[-2:]).expand(shape)
            )
    return network


def stacked(networks: list[nn.Module]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Parameters (as leaves) and buffers of some networks, with ``member`` in front."""
    parameters = [dict(network.named_parameters()) for network in networks]
    buffers = [dict(network.named_buffers()) for network in networks]
    return (
        {k: torch.stack([p[k].detach() for p in parameters]).requires_grad_() for k in parameters[0]},
        {k: torch.stack([b[k] for b in buffers]) for k in buffers[0]},
    )


def learn(network: nn.Module, inputs: tuple[Tensor, ...], truth: Tensor, steps: int, rate: float) -> float:
    """Train on all rows at once with Adam, gradients clipped to length 1; the last loss in nats."""
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    loss = torch.tensor(math.nan)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = cross_entropy(network(*inputs), truth)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    return loss.item()


def test_every_kind_has_its_cases() -> None:
    """No kind that is trained by gradients escapes the laws, and each kind says how it wants its categories."""
    assert {type(case.spec) for case in CASES.values()} == {kind for kind in NETWORKS if kind.by_gradient}
    assert all(kind.categories in ("onehot", "codes") for kind in NETWORKS)


@every_case
def test_a_spec_survives_json_and_words(case: Case) -> None:
    """Spec, JSON text, spec; and spec, words, spec."""
    assert from_json(json.loads(json.dumps(to_json(case.spec))), NETWORK_KINDS) == case.spec
    assert parse_network(describe(case.spec)) == case.spec


@every_case
def test_seeds_decide_the_weights(case: Case) -> None:
    """Equal seeds give equal bits, another seed other weights, and torch's own stream is not disturbed."""
    before = torch.random.get_rng_state()
    first, again, other = (dict(built(case, seed).named_parameters()) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    matrices = [name for name, tensor in first.items() if tensor.dim() == 2 and tensor.any()]
    assert matrices
    assert not any(torch.equal(first[name], other[name]) for name in matrices)


@every_case
@pytest.mark.parametrize("batch", [0, 1, 5])
def test_a_score_for_every_row(case: Case, batch: int) -> None:
    """Scores are float32 ``(batch, score)``, for a batch of any size."""
    network = built(case).eval()
    scores = network(*rows(case, batch))
    assert scores.shape == (batch, 3)
    assert scores.dtype == torch.float32
    assert scores.isfinite().all()


@every_case
def test_every_parameter_gets_a_finite_gradient(case: Case) -> None:
    """After one step, when no weight is zero by design, a gradient reaches every parameter and is finite."""
    network, inputs, truth = quiet(built(case)), rows(case, 64), torch.arange(64) % 3
    learn(network, inputs, truth, steps=3, rate=0.01)
    cross_entropy(network(*inputs), truth).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


@every_case
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_loss_at_birth_is_that_of_guessing(case: Case, classes: int) -> None:
    """Before learning, all classes are about as likely: a loss within 10 % of ln(classes)."""
    network = quiet(built(case, scores=classes))
    loss = cross_entropy(network(*rows(case, 300)), torch.arange(300) % classes)
    assert loss.item() == pytest.approx(math.log(classes), rel=0.1)


@every_case
def test_eight_rows_are_memorised(case: Case) -> None:
    """A few hundred steps bring the loss on eight rows with any labels below 0.01 nats."""
    network, inputs, truth = built(case), rows(case, 8), torch.tensor([0, 1, 2, 2, 1, 0, 0, 1])
    for module in network.modules():
        if isinstance(module, Dropout):
            module.chance.zero_()
    assert learn(network, inputs, truth, steps=300, rate=0.02) < 0.01


@every_case
def test_an_answer_is_free_of_its_batch(case: Case) -> None:
    """In evaluation a row gets the same scores alone, among others, and in another order, to 1e-12."""
    network, inputs, truth = built(case).double(), rows(case, 16, dtype=torch.float64), torch.arange(16) % 3
    learn(network, inputs, truth, steps=3, rate=0.01)
    network.eval()
    together, order = network(*inputs), torch.arange(15, -1, -1)
    alone = torch.cat([network(*(x[i : i + 1] for x in inputs)) for i in range(16)])
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-12)
    torch.testing.assert_close(network(*(x[order] for x in inputs)), together[order], rtol=0, atol=1e-12)


@every_case
@pytest.mark.parametrize("training", [True, False])
def test_a_member_of_a_fleet_is_the_network_alone(case: Case, training: bool) -> None:
    """Scores, gradients and buffers of each member in a stack are those of the same network by itself, to 1e-12."""
    networks = [quiet(built(case, seed)).double().train(training) for seed in range(3)]
    inputs, truth = rows(case, 3, 10, dtype=torch.float64), torch.arange(10) % 3
    parameters, buffers = stacked(networks)
    scores = functional_call(networks[0], {**parameters, **buffers}, inputs)
    sum(cross_entropy(one, truth) for one in scores).backward()
    for i, network in enumerate(networks):
        alone = network(*(x[i] for x in inputs))
        cross_entropy(alone, truth).backward()
        torch.testing.assert_close(scores[i], alone, rtol=0, atol=1e-12)
        for name, parameter in network.named_parameters():
            torch.testing.assert_close(parameters[name].grad[i], parameter.grad, rtol=0, atol=1e-12)
        for name, buffer in network.named_buffers():
            torch.testing.assert_close(buffers[name][i], buffer, rtol=0, atol=1e-12)


@every_case
def test_members_do_not_touch_each_other(case: Case) -> None:
    """The gradient of one member's loss by the parameters of all others is exactly zero."""
    networks = [quiet(built(case, seed)) for seed in range(3)]
    parameters, buffers = stacked(networks)
    scores = functional_call(networks[0], {**parameters, **buffers}, rows(case, 3, 10))
    cross_entropy(scores[1], torch.arange(10) % 3).backward()
    for name, parameter in parameters.items():
        assert not parameter.grad[[0, 2]].any(), name
    assert any(parameter.grad[1].any() for parameter in parameters.values())


DEEP = ["relu", "leaky_relu", "elu", "selu", "tanh", "lecun_tanh"]


def signal(network: nn.Sequential, x: Tensor) -> tuple[list[float], list[float]]:
    """The spread of each affine layer's sums, and the length of each one's weight gradient, at birth."""
    spreads, affine = [], [layer for layer in network if isinstance(layer, Affine)]
    for layer in network:
        x = layer(x)
        spreads += [x.std().item()] if isinstance(layer, Affine) else []
    cross_entropy(x, torch.arange(len(x)) % x.shape[1]).backward()
    return spreads, [layer.weight.grad.norm().item() for layer in affine]


@pytest.mark.parametrize("initialisation", ["auto", "orthogonal"])
@pytest.mark.parametrize("activation", DEEP)
def test_the_signal_lives_through_twenty_layers(activation: str, initialisation: str) -> None:
    """Layer 20 spreads between half and twice as much as layer 1, and their gradients differ by less than ten times."""
    spec = MLP(widths=(256,) * 20, activation=activation, initialisation=initialisation)
    network = spec.build(Signature(features=64, scores=3), seed=0)
    spreads, gradients = signal(network, torch.randn(256, 64, generator=torch.Generator().manual_seed(0)))
    assert 0.5 <= spreads[19] / spreads[0] <= 2
    assert 0.1 <= gradients[0] / gradients[19] <= 10


def moons(rows: int = 200) -> tuple[Tensor, Tensor]:
    """Two interleaved half circles with a little noise."""
    stream = torch.Generator().manual_seed(0)
    angle, truth = torch.rand(rows, generator=stream) * math.pi, torch.arange(rows) % 2
    side = 1.0 - 2.0 * truth
    points = torch.stack((side * angle.cos() + truth - 0.5, side * angle.sin() + 0.5 * truth - 0.25), 1)
    return points + 0.1 * torch.randn(rows, 2, generator=stream), truth


def accuracy_on_moons(network: nn.Module, steps: int, rate: float) -> float:
    """The share of rows answered rightly after training on them."""
    points, truth = moons()
    learn(network, (points,), truth, steps, rate)
    return (network.eval()(points).argmax(-1) == truth).float().mean().item()


@pytest.mark.parametrize(
    "spec",
    [
        MLP(widths=(32,) * 30),
        MLP(widths=(32,) * 30, activation="tanh", initialisation="orthogonal"),
        MLP(widths=(16,) * 50, shortcut="residual"),
        MLP(widths=(4,) * 30, shortcut="concat"),
    ],
    ids=["30 plain", "30 tanh", "50 residual", "30 concat"],
)
def test_deep_networks_train(spec: MLP) -> None:
    """Thirty layers without any road past them, fifty residual and thirty concatenated ones tell two moons apart."""
    network = spec.build(Signature(features=2, scores=2), seed=0)
    assert accuracy_on_moons(network, steps=150, rate=1e-3) > 0.95


def test_torchs_own_first_weights_stay_at_chance() -> None:
    """The same thirty layers, drawn as torch.nn.Linear draws them, learn nothing: the test above can fail."""
    network = MLP(widths=(32,) * 30).build(Signature(features=2, scores=2), seed=0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for layer in network:
            if isinstance(layer, Affine):
                layer.load_state_dict(nn.Linear(*reversed(layer.weight.shape)).state_dict())
    assert accuracy_on_moons(network, steps=150, rate=1e-3) < 0.65
