"""A learning rate found by trying: raise it step by step and see where the loss falls fastest.

Source: Smith (2017), "Cyclical learning rates for training neural networks", doi:10.1109/WACV.2017.58.
We differ: all rates are tried at once, each by a member of one fleet for a few steps from the same birth, so that no
rate inherits what an earlier one has learnt or broken.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from lamina.foundation.devices import pick_device
from lamina.networks import Loss
from lamina.training.fleet import Fleet
from lamina.training.order import dealt
from lamina.training.rows import Member, Rows
from lamina.training.rules import Knobs
from lamina.training.spec import Training


@dataclass(frozen=True)
class RateCurve:
    """What each tried learning rate led to: the mean loss of its last steps (infinite where it broke)."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def best(self) -> float:
        """Half the rate with the lowest loss: a margin, because a full run is longer than the trial."""
        return self.rates[self.losses.index(min(self.losses))] / 2


def find_learning_rate(
    build: Callable[[int], nn.Module],
    pool: Rows,
    member: Member,
    training: Training,
    *,
    loss: Loss,
    low: float = 1e-5,
    high: float = 1.0,
    rates: int = 24,
    steps: int = 60,
) -> RateCurve:
    """Try ``rates`` learning rates between ``low`` and ``high`` for ``steps`` steps each, all from one birth.

    Nothing that a later run uses is touched: the trial has networks, streams and moments of its own.
    """
    tried = torch.logspace(math.log10(low), math.log10(high), rates, dtype=torch.float64)
    device = pick_device(training.device)
    placed = dataclasses.replace(member, train=member.train.to(device), validation=member.validation.to(device))
    members = [placed] * rates
    fleet = Fleet([build(member.seed) for _ in members], members, training, training.loss or loss, device)
    rows = pool.to(device, fleet.parameters.dtype)
    decay = training.chosen_optimiser.decay if member.decay is None else member.decay
    knobs = Knobs(
        learning_rate=tried[:, None].to(fleet.parameters), decay=torch.full((rates, 1), decay).to(fleet.parameters)
    )
    losses: list[torch.Tensor] = []
    while len(losses) < steps:
        losses += [fleet.step(own, step, knobs) for own, step in dealt(rows, fleet.shuffler.epoch())]
    last = torch.stack(losses[:steps][-max(1, steps // 4) :]).mean(0)
    found = torch.where(torch.isfinite(last), last, torch.inf)
    return RateCurve(rates=tuple(tried.tolist()), losses=tuple(found.tolist()))
