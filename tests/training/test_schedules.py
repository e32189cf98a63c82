"""Schedules: their shapes, their ends, and the same curves as torch draws."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import from_json, to_json
from lamina.training.schedules import SCHEDULES, Constant, Cosine, OneCycle, Schedule, StepDecay, WarmUp

EVERY = [
    Constant(),
    StepDecay(),
    StepDecay(milestones=(0.0, 1.0), factor=0.5),
    StepDecay(milestones=()),
    Cosine(),
    Cosine(floor=0.1),
    OneCycle(),
    OneCycle(peak=0.0),
    OneCycle(peak=1.0),
    WarmUp(),
    WarmUp(fraction=1.0),
    WarmUp(fraction=0.0),
    WarmUp(fraction=0.3, then=StepDecay()),
    WarmUp(fraction=0.5, then=OneCycle()),
]
every = pytest.mark.parametrize("schedule", EVERY, ids=lambda value: getattr(value, "__name__", repr(value)))


def by_torch(make: Callable[[torch.optim.Optimizer], Any], steps: int) -> Tensor:
    """The learning rates a torch scheduler gives from a base of 1."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, rates = make(optimiser), []
    for _ in range(steps):
        rates.append(optimiser.param_groups[0]["lr"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch counts the last step as one too many
            optimiser.step()
            scheduler.step()
    return torch.tensor(rates, dtype=torch.float64)


@every
@pytest.mark.parametrize("steps", [0, 1, 2, 3, 10, 1000])
def test_a_factor_for_every_step(schedule: Schedule, steps: int) -> None:
    """Any number of steps gets that many factors: float64, finite, from 0 to 1, the first above 0."""
    factors = schedule.factors(steps)
    assert factors.shape == (steps,)
    assert factors.dtype == torch.float64
    assert bool(((factors >= 0) & (factors <= 1 + 1e-12)).all())
    assert steps == 0 or factors[0] > 0


@every
def test_spec_survives_json(schedule: Schedule) -> None:
    """A schedule comes back equal from JSON, with the schedule inside it."""
    assert from_json(to_json(schedule), SCHEDULES) == schedule


def test_constant_is_one() -> None:
    """A constant schedule changes nothing."""
    assert torch.equal(Constant().factors(7), torch.ones(7, dtype=torch.float64))


def test_step_decay_falls_at_its_milestones() -> None:
    """The factor is applied once for each milestone that was passed."""
    factors = StepDecay(milestones=(0.3, 0.6), factor=0.1).factors(10)
    torch.testing.assert_close(factors, torch.tensor([1.0] * 3 + [0.1] * 3 + [0.01] * 4, dtype=torch.float64))
    theirs = by_torch(lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [3, 6], gamma=0.1), 10)
    torch.testing.assert_close(factors, theirs, rtol=0, atol=1e-15)


def test_step_decay_every_part() -> None:
    """`StepDecay.every` falls after each such part, but not at the very end."""
    factors = StepDecay.every(0.2, factor=0.5).factors(10)
    theirs = by_torch(lambda o: torch.optim.lr_scheduler.StepLR(o, 2, gamma=0.5), 10)
    torch.testing.assert_close(factors, theirs, rtol=0, atol=1e-15)
    assert len(StepDecay.every(0.1).milestones) == 9


@pytest.mark.parametrize("floor", [0.0, 0.25])
def test_cosine_ends_at_its_floor(floor: float) -> None:
    """The cosine starts at 1, ends at the floor exactly, never rises, and is torch's."""
    factors = Cosine(floor=floor).factors(101)
    assert factors[0] == 1
    assert factors[-1] == floor
    assert factors[50].item() == pytest.approx((1 + floor) / 2)
    assert bool((factors.diff() <= 0).all())
    theirs = by_torch(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 100, eta_min=floor), 101)
    torch.testing.assert_close(factors, theirs, rtol=0, atol=1e-12)


def test_one_cycle_peaks_where_it_should() -> None:
    """One cycle rises to 1 at its peak, falls to its end, and is torch's."""
    factors = OneCycle(peak=0.3, start=0.04, end=4e-6).factors(100)
    assert factors.argmax() == 29
    assert factors[29] == 1
    assert factors[0].item() == pytest.approx(0.04)
    assert factors[-1].item() == pytest.approx(4e-6)
    assert bool((factors[:30].diff() > 0).all())
    assert bool((factors[29:].diff() < 0).all())
    theirs = by_torch(lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 1.0, 100, cycle_momentum=False), 100)
    torch.testing.assert_close(factors, theirs, rtol=0, atol=1e-12)


def test_warm_up_is_a_straight_line() -> None:
    """Warm-up rises by equal steps to 1, starts above 0, and hands over to the next schedule at its beginning."""
    factors = WarmUp(fraction=0.2, then=Cosine(floor=0.1)).factors(50)
    torch.testing.assert_close(factors[:10], torch.arange(1, 11, dtype=torch.float64) / 10)
    assert torch.equal(factors[10:], Cosine(floor=0.1).factors(40))


@pytest.mark.parametrize("steps", [1, 2])
@every
def test_very_short_runs_learn(schedule: Schedule, steps: int) -> None:
    """Even in one or two steps some step has at least half of the learning rate."""
    assert schedule.factors(steps).max() >= 0.5 or schedule == StepDecay(milestones=(0.0, 1.0), factor=0.5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: WarmUp(fraction=1.5), "WarmUp has fraction=1.5"),
        (lambda: WarmUp(then=WarmUp()), "WarmUp has then="),
        (lambda: Cosine(floor=-0.1), "Cosine has floor=-0.1"),
        (lambda: OneCycle(peak=math.nan), "OneCycle has peak=nan"),
        (lambda: StepDecay(factor=0.0), "StepDecay has factor=0.0"),
        (lambda: StepDecay(milestones=(0.5, 2.0)), r"StepDecay has milestones=\(0.5, 2.0\)"),
        (lambda: StepDecay.every(0.0), "StepDecay.every got 0.0"),
        (lambda: StepDecay.every(1.5), "StepDecay.every got 1.5"),
    ],
)
def test_nonsense_is_refused(make: Callable[[], Schedule], words: str) -> None:
    """Values out of bounds are refused by name."""
    with pytest.raises(SpecError, match=words):
        make()
