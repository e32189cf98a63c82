r"""Schedules: how the learning rate moves from the first step to the last.

A schedule gives one factor a step, by which every member's own learning rate is multiplied. With u the part of the
schedule that is done, 0 at its first step and 1 at its last:

    Constant    1
    StepDecay   factor^(milestones passed)
    Cosine      floor + (1 - floor) (1 + cos(pi u)) / 2
    OneCycle    half a cosine from start up to 1, then one from 1 down to end
    WarmUp      a straight line up to 1, then another schedule

Factors are known before training starts, so a killed run goes on exactly where it was.

Sources: Loshchilov and Hutter (2017), arXiv:1608.03983 (cosine); Smith and Topin (2018), arXiv:1708.07120 (one cycle);
Goyal et al. (2017), arXiv:1706.02677 (warm-up). We differ: no restarts, and momentum is not cycled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import check, setting


class Schedule(Protocol):
    """The spec of a schedule."""

    def factors(self, steps: int) -> Tensor:
        """**Shape**: float64 ``(step,)``: what the base learning rate is multiplied by at each of ``steps`` steps."""


@dataclass(frozen=True, kw_only=True)
class Constant:
    """The learning rate stays as it is."""

    def factors(self, steps: int) -> Tensor:
        """Ones. **Shape**: float64 ``(step,)``."""
        return torch.ones(steps, dtype=torch.float64)


@dataclass(frozen=True, kw_only=True)
class StepDecay:
    """The learning rate is multiplied by ``factor`` at each milestone.

    >>> StepDecay(milestones=(0.5,), factor=0.1).factors(4)
    tensor([1.0000, 1.0000, 0.1000, 0.1000], dtype=torch.float64)
    """

    milestones: tuple[float, ...] = setting((0.5, 0.75), "parts of training after which it falls", low=0, high=1)
    factor: float = setting(0.1, "what is left after a milestone", above=0, high=1, log=True)

    def __post_init__(self) -> None:
        check(self)

    @classmethod
    def every(cls, part: float, *, factor: float = 0.1) -> StepDecay:
        """Milestones at every such part of training.

        >>> StepDecay.every(0.25).milestones
        (0.25, 0.5, 0.75)

        Raises:
            SpecError: the part is not above 0 and at most 1.
        """
        if not 0 < part <= 1:
            raise SpecError(
                wrong=f"StepDecay.every got {part}.",
                expected="a part of training: above 0, at most 1.",
                remedy="try StepDecay.every(0.25).",
            )
        inside = math.ceil(1 / part - 1e-9) - 1  # at the very end there is nothing left to train
        return cls(milestones=tuple(part * (i + 1) for i in range(inside)), factor=factor)

    def factors(self, steps: int) -> Tensor:
        """A staircase down. **Shape**: float64 ``(step,)``."""
        done = torch.arange(steps, dtype=torch.float64) / max(steps, 1)
        # a hair's breadth, so that 0.3 of 10 steps is passed at step 3 in spite of rounding
        passed = torch.bucketize(done + 1e-9, torch.tensor(sorted(self.milestones), dtype=torch.float64))
        return torch.full((steps,), self.factor, dtype=torch.float64) ** passed


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """Half a cosine from 1 at the first step down to ``floor`` at the last.

    >>> Cosine().factors(3)
    tensor([1.0000, 0.5000, 0.0000], dtype=torch.float64)
    """

    floor: float = setting(0.0, "factor of the last step", low=0, high=1)

    def __post_init__(self) -> None:
        check(self)

    def factors(self, steps: int) -> Tensor:
        """Half a wave. **Shape**: float64 ``(step,)``; a single step gets 1."""
        return _swing(1.0, self.floor, steps)


@dataclass(frozen=True, kw_only=True)
class OneCycle:
    """Up to the full learning rate by ``peak`` of the way, then down to nearly nothing.

    >>> OneCycle(peak=0.4, start=0.5, end=0.0).factors(5)
    tensor([0.5000, 1.0000, 0.7500, 0.2500, 0.0000], dtype=torch.float64)
    """

    peak: float = setting(0.3, "part of training at which the learning rate is full", low=0, high=1)
    start: float = setting(0.04, "factor of the first step", low=0, high=1)
    end: float = setting(4e-6, "factor of the last step", low=0, high=1)

    def __post_init__(self) -> None:
        check(self)

    def factors(self, steps: int) -> Tensor:
        """Two half waves that meet at 1. **Shape**: float64 ``(step,)``; a single step gets 1."""
        top = max(round(self.peak * steps) - 1, 0)  # the step that has the whole learning rate
        return torch.cat((_swing(self.start, 1.0, top + 1)[:top], _swing(1.0, self.end, steps - top)))


@dataclass(frozen=True, kw_only=True)
class WarmUp:
    """A straight line up to 1 over the first part of training, then another schedule for the rest.

    >>> WarmUp(fraction=0.5, then=Constant()).factors(4)
    tensor([0.5000, 1.0000, 1.0000, 1.0000], dtype=torch.float64)
    """

    fraction: float = setting(0.05, "part of training that warms up", low=0, high=1)
    then: Constant | StepDecay | Cosine | OneCycle = setting(Cosine(), "the schedule of the rest")

    def __post_init__(self) -> None:
        check(self)

    def factors(self, steps: int) -> Tensor:
        """A ramp that starts above 0, then ``then``. **Shape**: float64 ``(step,)``."""
        warm = round(self.fraction * steps)
        ramp = torch.arange(1, warm + 1, dtype=torch.float64) / max(warm, 1)
        return torch.cat((ramp, self.then.factors(steps - warm)))


SCHEDULES = (Constant, StepDecay, Cosine, OneCycle, WarmUp)


def _swing(first: float, last: float, steps: int) -> Tensor:
    done = torch.arange(steps, dtype=torch.float64) / max(steps - 1, 1)
    return last + (first - last) * (1 + torch.cos(torch.pi * done)) / 2
