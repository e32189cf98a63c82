"""What a training run tells: its progress after every epoch, and what it ends with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from lamina.foundation.errors import TrainingError
from lamina.foundation.specs import code
from lamina.training.history import History
from lamina.training.plan_fleet import FleetPlan
from lamina.training.spec import Training

Stop = Literal["epochs", "patience", "seconds", "diverged"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What a display needs to know after an epoch; figures are means over the members still learning.

    ``resumed`` is, in the first epoch of a run that goes on from a checkpoint, the epochs that were done; else 0.
    """

    epoch: int
    epochs: int
    members: int
    training_loss: float
    validation_loss: float | None
    metric: float | None
    metric_name: str
    learning_rate: float
    rows_per_second: float
    seconds: float
    seconds_left: float
    resumed: int = 0


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A fleet that has learnt.

    Args:
        weights: every parameter and buffer by name, ``(member, *shape)``, on the CPU.
        histories: one a member.
        stopped: why each member stopped.
        plan: how many members learnt in one program, and why.
    """

    weights: dict[str, Tensor]
    histories: tuple[History, ...]
    stopped: tuple[Stop, ...]
    plan: FleetPlan | None = None

    @property
    def sound(self) -> tuple[int, ...]:
        """Positions of the members that did not diverge."""
        return tuple(i for i, why in enumerate(self.stopped) if why != "diverged")


def divergence(training: Training) -> TrainingError:
    """The error of a run in which no member learnt anything usable."""
    optimiser, rate = training.chosen_optimiser, training.chosen_optimiser.learning_rate
    smaller = dataclasses.replace(optimiser, learning_rate=float(f"{rate / 10:.3g}"))  # type: ignore[type-var]
    return TrainingError(
        wrong=f"training diverged: the loss grew beyond all bounds with learning rate {rate:g}.",
        expected="a loss that falls; the steps are too large for this network and these data.",
        remedy=f"try a tenth of it: {code(smaller)}, or let `find_learning_rate` look.",
    )
