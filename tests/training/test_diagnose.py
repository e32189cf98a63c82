"""Diagnoses: real runs that have a fault, real runs that have none, and histories made by hand at the thresholds."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.training.diagnose import Diagnosis, diagnose
from lamina.training.history import Epoch, History

Rows = tuple[Tensor, Tensor]


def moons(rows: int, seed: int, noise: float = 0.15) -> Rows:
    """Two half circles that interlock: inputs ``(row, 2)``, classes ``(row,)``."""
    stream = torch.Generator().manual_seed(seed)
    angle = math.pi * torch.rand(rows, generator=stream)
    label = torch.arange(rows) % 2
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    points = torch.where(label[:, None] == 0, upper, lower)
    return points + noise * torch.randn(rows, 2, generator=stream), label


def network(widths: Sequence[int], activation: Callable[[], nn.Module], gain: float | None = None) -> nn.Sequential:
    """An MLP; weights by He (gain 2), or with the given variance times fan-in, biases 0."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        linear = nn.Linear(inputs, outputs)
        nn.init.normal_(linear.weight, std=math.sqrt((2.0 if gain is None else gain) / inputs))
        nn.init.zeros_(linear.bias)
        layers += [linear, activation()]
    return nn.Sequential(*layers[:-1])


def learn(
    net: nn.Sequential,
    train: Rows,
    validation: Rows | None = None,
    *,
    rate: float = 0.01,
    epochs: int = 30,
    batch: int = 32,
    kind: type[torch.optim.Optimizer] = torch.optim.Adam,
    cosine: bool = False,
) -> History:
    """Train with a plain loop and write a history, gradient norms before clipping (there is none)."""
    x, y = train
    stream = torch.Generator().manual_seed(1)
    optimiser = kind(net.parameters(), lr=rate)
    shares = y.bincount() / len(y)
    chance = -(shares * shares.log()).sum().item()
    history = History(start_loss=functional.cross_entropy(net(x), y).item(), chance_loss=chance)
    for epoch in range(epochs):
        now = rate * (1 + math.cos(math.pi * epoch / epochs)) / 2 if cosine else rate
        for group in optimiser.param_groups:
            group["lr"] = now
        total = 0.0
        for index in torch.randperm(len(x), generator=stream).split(batch):
            optimiser.zero_grad()
            loss = functional.cross_entropy(net(x[index]), y[index])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index) / len(x)
        history = history.add(look(net, train, validation, epoch + 1, total, now))
        if not math.isfinite(total):
            break
    return history


@torch.no_grad()
def look(net: nn.Sequential, train: Rows, validation: Rows | None, epoch: int, loss: float, rate: float) -> Epoch:
    """What one epoch leaves in a history."""
    dead, h = {}, train[0]
    for name, layer in net.named_children():
        h = layer(h)
        if not isinstance(layer, nn.Linear):
            dead[name] = (h == 0).all(0).float().mean().item()
    slopes = {name: p.grad.norm().item() for name, p in net.named_parameters() if p.dim() == 2 and p.grad is not None}
    judged = None if validation is None else functional.cross_entropy(net(validation[0]), validation[1]).item()
    return Epoch(
        epoch=epoch,
        seconds=float(epoch),
        training_loss=loss,
        validation_loss=judged,
        learning_rate=rate,
        gradient_norm=math.hypot(*slopes.values()),
        layer_norms=slopes,
        dead_units=dead,
    )


def kinds(findings: Sequence[Diagnosis]) -> set[str]:
    """What was found."""
    return {finding.kind for finding in findings}


def healthy_small() -> History:
    """A small relu network on moons."""
    return learn(network((2, 32, 32, 2), nn.ReLU), moons(300, 1), moons(300, 2))


def healthy_deep() -> History:
    """Ten layers, initialised as He says."""
    return learn(network((2, *[32] * 10, 2), nn.SiLU), moons(300, 1), moons(300, 2), rate=0.001)


def healthy_tanh() -> History:
    """A tanh network whose learning rate ends at zero."""
    net = network((2, 16, 16, 2), nn.Tanh, gain=1.0)
    return learn(net, moons(300, 1), moons(300, 2), cosine=True)


def healthy_sgd() -> History:
    """Plain SGD at a fitting rate, and no validation rows."""
    return learn(network((2, 32, 2), nn.ReLU), moons(300, 1), rate=0.5, kind=torch.optim.SGD, epochs=60)


def healthy_many_rows() -> History:
    """So many rows that nearly all is learnt within the first epoch."""
    net = network((2, 32, 2), nn.ReLU)
    return learn(net, moons(8000, 1, noise=0.4), moons(2000, 2, noise=0.4), batch=64, epochs=6)


def overfitted() -> History:
    """A large network on 40 noisy rows."""
    net = network((2, 256, 256, 2), nn.Tanh, gain=1.0)
    return learn(net, moons(40, 1, noise=0.5), moons(300, 2, noise=0.5), rate=0.003, epochs=150)


def random_labels() -> History:
    """Labels that have nothing to do with the inputs, and a network that cannot learn them by heart."""
    x, y = moons(400, 1)
    return learn(network((2, 2, 2), nn.Tanh), (x, y[torch.randperm(400)]), epochs=20)


def linear_on_rings() -> History:
    """A network without hidden layers on two rings, which no line parts."""
    stream = torch.Generator().manual_seed(3)
    angle, label = 2 * math.pi * torch.rand(400, generator=stream), torch.arange(400) % 2
    x = torch.stack([angle.cos(), angle.sin()], 1) * (1 + label[:, None])
    return learn(network((2, 2), nn.Identity, gain=0.1), (x, label), epochs=30)


def rate_too_high() -> History:
    """SGD with steps that overshoot."""
    return learn(network((2, 32, 32, 2), nn.ReLU), moons(300, 1), moons(300, 2), rate=20.0, kind=torch.optim.SGD)


def rate_far_too_high() -> History:
    """Adam with steps a thousand times too long."""
    return learn(network((2, 32, 32, 2), nn.ReLU), moons(300, 1), moons(300, 2), rate=10.0)


def rate_too_high_to_survive() -> History:
    """SGD with steps so long that numbers run out."""
    return learn(network((2, 32, 32, 2), nn.Softplus), moons(300, 1), rate=1e30, kind=torch.optim.SGD)


def rate_too_low() -> History:
    """Adam with steps a thousand times too short."""
    return learn(network((2, 32, 32, 2), nn.ReLU), moons(300, 1), moons(300, 2), rate=1e-5, epochs=20)


def rate_too_low_cosine() -> History:
    """The same with a schedule that bends the curve."""
    net = network((2, 32, 32, 2), nn.ReLU)
    return learn(net, moons(300, 1), moons(300, 2), rate=1e-5, epochs=20, cosine=True)


def vanishing() -> History:
    """Twelve sigmoid layers."""
    return learn(network((2, *[16] * 12, 2), nn.Sigmoid, gain=1.0), moons(200, 1), epochs=10)


def vanishing_relu() -> History:
    """Thirty relu layers that start as small as torch's default makes them."""
    return learn(network((2, *[32] * 30, 2), nn.ReLU, gain=1 / 3), moons(200, 1), epochs=6)


def exploding() -> History:
    """Twelve layers that start five times too large."""
    return learn(network((2, *[32] * 12, 2), nn.ReLU, gain=10.0), moons(200, 1), rate=1e-4, epochs=10)


def dying() -> History:
    """A relu network whose biases were pushed far below zero."""
    net = network((2, 32, 32, 2), nn.ReLU)
    with torch.no_grad():
        net[2].bias[:20] = -100.0
    return learn(net, moons(300, 1), moons(300, 2))


HEALTHY = (healthy_small, healthy_deep, healthy_tanh, healthy_sgd, healthy_many_rows)
SICK = {
    overfitted: "overfitting",
    random_labels: "underfitting",
    linear_on_rings: "underfitting",
    rate_too_high: "rate too high",
    rate_far_too_high: "rate too high",
    rate_too_high_to_survive: "rate too high",
    rate_too_low: "rate too low",
    rate_too_low_cosine: "rate too low",
    vanishing: "vanishing gradients",
    vanishing_relu: "vanishing gradients",
    exploding: "exploding gradients",
    dying: "dead units",
}


@cache
def run(make: Callable[[], History]) -> History:
    """Each run is made once."""
    return make()


@pytest.mark.parametrize("make", HEALTHY, ids=lambda f: f.__name__)
def test_healthy_run_is_called_healthy(make: Callable[[], History]) -> None:
    """A run without faults gets no diagnosis but that."""
    assert kinds(diagnose(run(make))) == {"healthy"}


@pytest.mark.parametrize(("make", "kind"), SICK.items(), ids=[f.__name__ for f in SICK])
def test_sick_run_is_found_out(make: Callable[[], History], kind: str) -> None:
    """A run with a fault gets that fault's name, words for it, something to try, and the numbers."""
    findings = diagnose(run(make))
    assert kind in kinds(findings)
    assert "healthy" not in kinds(findings)
    for finding in findings:
        assert finding.sentence.endswith(".")
        assert finding.advice.endswith(".")
        assert all(isinstance(value, int | float) for value in finding.evidence.values())


def by_hand(training: Sequence[float], validation: Sequence[float] | None = None, **facts: object) -> History:
    """A history of these losses that began at 1; other facts are the same in every epoch."""
    epochs = [
        Epoch(
            epoch=i + 1,
            seconds=float(i),
            training_loss=loss,
            validation_loss=None if validation is None else validation[i],
            **facts,  # type: ignore[arg-type]
        )
        for i, loss in enumerate(training)
    ]
    return History(epochs=tuple(epochs), start_loss=1.0, chance_loss=1.0)


FALLING = [0.7**i for i in range(1, 13)]


@pytest.mark.parametrize(
    ("history", "found"),
    [
        (by_hand(FALLING), "healthy"),
        (by_hand(FALLING, [loss + 0.05 for loss in FALLING]), "healthy"),
        (by_hand(FALLING, [math.nan] * 12), "healthy"),
        (by_hand(FALLING, FALLING[:6] + [0.3] * 6), "overfitting"),
        (by_hand(FALLING, FALLING[:6] + [FALLING[5] * 1.05] * 6), "healthy"),
        (by_hand(FALLING, [0.5] * 12), "overfitting"),
        (by_hand(FALLING, [0.25] * 12), "healthy"),
        (by_hand([*FALLING[:5], math.nan]), "rate too high"),
        (by_hand([math.inf]), "rate too high"),
        (by_hand([*FALLING[:5], 1.5]), "rate too high"),
        (by_hand([5.0, *FALLING]), "rate too high"),
        (by_hand([1.3] * 10), "rate too high"),
        (by_hand([0.8, 0.5] * 5), "rate too high"),
        (by_hand([0.52, 0.5] * 5), "healthy"),
        (by_hand([1 - 0.02 * i for i in range(1, 11)]), "rate too low"),
        (by_hand([0.6 + 0.4 * 0.5**i for i in range(1, 11)]), "healthy"),
        (by_hand([0.97] * 10), "underfitting"),
        (by_hand(FALLING, layer_norms={"a": 1e-4, "b": 1.0}), "vanishing gradients"),
        (by_hand(FALLING, layer_norms={"a": 1e-2, "b": 1.0}), "healthy"),
        (by_hand(FALLING, layer_norms={"a": 0.0, "b": 1.0}), "healthy"),
        (by_hand(FALLING, layer_norms={"a": 2000.0, "b": 1.0}), "exploding gradients"),
        (by_hand(FALLING, gradient_norm=1e5), "exploding gradients"),
        (by_hand(FALLING, gradient_norm=100.0), "healthy"),
        (by_hand(FALLING, dead_units={"1": 0.1, "3": 0.5}), "dead units"),
        (by_hand(FALLING, dead_units={"1": 0.1, "3": 0.3}), "healthy"),
    ],
)
def test_thresholds(history: History, found: str) -> None:
    """Each sign by itself is found on its own side of the threshold, and nothing else is."""
    assert kinds(diagnose(history)) == {found}


def test_guessing_is_measured_by_chance_and_not_by_a_bad_start() -> None:
    """A network that started badly and ended at chance has learnt nothing."""
    assert kinds(diagnose(dataclasses.replace(by_hand([0.95] * 10), start_loss=3.0))) == {"underfitting"}
    assert kinds(diagnose(dataclasses.replace(by_hand(FALLING, [0.5] * 12), start_loss=9.0))) == {"overfitting"}


def test_what_a_fault_explains_is_not_reported_too() -> None:
    """Vanishing gradients explain a slow fall; steps that are too long explain vanishing and a bad fit."""
    slow = by_hand([1 - 0.02 * i for i in range(1, 11)], layer_norms={"a": 1e-9, "b": 1.0})
    assert kinds(diagnose(slow)) == {"vanishing gradients"}
    broken = by_hand([*FALLING[:5], math.nan], [5.0] * 6, layer_norms={"a": 1e-9, "b": 1.0})
    assert kinds(diagnose(broken)) == {"rate too high"}


def test_growing_gradients_explode() -> None:
    """A gradient that grows a thousandfold is exploding, however small it began."""
    small, large = by_hand(FALLING[:6], gradient_norm=0.01), by_hand(FALLING, gradient_norm=20.0)
    grown = History(epochs=small.epochs + large.epochs[6:], start_loss=1.0)
    assert kinds(diagnose(grown)) == {"exploding gradients"}


def test_slow_start_of_a_large_set_is_not_a_low_rate() -> None:
    """Where the loss before the first step is not known, a flat curve is not taken for a slow one."""
    flat = by_hand([0.300, 0.292, 0.288, 0.285, 0.283])
    assert kinds(diagnose(History(epochs=flat.epochs))) == {"healthy"}


def test_a_schedule_that_ends_at_zero_hides_no_low_rate() -> None:
    """Progress is measured against the learning rates walked so far, not against epochs."""
    rates = [(1 + math.cos(math.pi * i / 20)) / 2 for i in range(20)]
    walked = [sum(rates[: i + 1]) for i in range(20)]
    epochs = [
        Epoch(epoch=i + 1, seconds=0.0, training_loss=1 - 0.02 * w, learning_rate=r)
        for i, (r, w) in enumerate(zip(rates, walked, strict=True))
    ]
    assert kinds(diagnose(History(epochs=tuple(epochs), start_loss=1.0))) == {"rate too low"}


def test_nothing_to_judge() -> None:
    """Without epochs nothing is claimed."""
    assert kinds(diagnose(History())) == {"unjudged"}


def test_a_stored_history_gives_the_same_diagnosis() -> None:
    """A diagnosis can be made from the file: nothing it needs is lost in JSON."""
    for make in (overfitted, rate_too_high_to_survive, vanishing, dying):
        assert kinds(diagnose(History.from_json(run(make).to_json()))) == kinds(diagnose(run(make)))
