"""A fleet in several programs: runs that go on side by side, an epoch of each in turn.

To whoever watches, checkpoints or takes the result it is one run: progress is told once an epoch, for all members.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lamina.training.checkpoint import run_identity
from lamina.training.outcome import Progress, Trained, divergence
from lamina.training.plan_fleet import FleetPlan
from lamina.training.rows import Rows
from lamina.training.run import Run


class Convoy:
    """Runs whose members are those of one fleet, in order; usually a single one."""

    def __init__(self, runs: Sequence[Run], plan: FleetPlan) -> None:
        self.runs, self.plan = list(runs), plan
        for run in self.runs:
            run.started = self.runs[0].started

    @property
    def alive(self) -> bool:
        """Whether anybody still learns."""
        return any(run.alive for run in self.runs)

    @property
    def done(self) -> int:
        """Epochs behind the member that has learnt longest."""
        return max(run.done for run in self.runs)

    @property
    def step_operations(self) -> float:
        """About how many additions and multiplications the largest training step takes."""
        return max(run.step_operations for run in self.runs)

    def epoch(self) -> Progress:
        """One epoch for every member still alive, and how they do on the whole."""
        return joint([run.epoch() for run in self.runs if run.alive])

    def trained(self) -> Trained:
        """The kept weights of all members.

        Raises:
            TrainingError: every member diverged.
        """
        if all(why == "diverged" for run in self.runs for why in run.stopped):
            raise divergence(self.runs[0].training)
        ends = [run.kept() for run in self.runs]
        return Trained(
            weights={name: torch.cat([end.weights[name] for end in ends]) for name in ends[0].weights},
            histories=tuple(history for end in ends for history in end.histories),
            stopped=tuple(why for end in ends for why in end.stopped),
            plan=self.plan,
        )

    def identity(self, pool: Rows) -> str:
        """What only a convoy of the same settings, members, rows and networks has (see `run_identity`)."""
        each = [run_identity(run.training, run.members, pool, run.fleet) for run in self.runs]
        return each[0] if len(each) == 1 else hashlib.sha256("".join(each).encode()).hexdigest()

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Facts and tensors from which `resume` goes on."""
        each = [run.snapshot() for run in self.runs]
        tensors = {f"{i}.{name}": tensor for i, (_, own) in enumerate(each) for name, tensor in own.items()}
        return {"runs": [facts for facts, _ in each]}, tensors

    def resume(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Go on where `snapshot` was taken."""
        for i, (run, own) in enumerate(zip(self.runs, facts["runs"], strict=True)):
            start = f"{i}."
            run.resume(own, {name.removeprefix(start): t for name, t in tensors.items() if name.startswith(start)})


def joint(progresses: Sequence[Progress]) -> Progress:
    """The progress of several runs as one: means over their members, times as of the last.

    >>> one = dict(epoch=1, epochs=2, metric=None, metric_name="", learning_rate=0.1, rows_per_second=9.0, seconds=1.0)
    >>> one |= dict(validation_loss=None, seconds_left=1.0)
    >>> both = [Progress(members=1, training_loss=4.0, **one), Progress(members=3, training_loss=0.0, **one)]
    >>> joint(both).training_loss
    1.0
    """
    if len(progresses) == 1:
        return progresses[0]
    last = progresses[-1]

    def mean(name: str) -> float | None:
        known = [(getattr(one, name), one.members) for one in progresses]
        known = [(value, members) for value, members in known if value is not None and not math.isnan(value)]
        return sum(value * members for value, members in known) / sum(m for _, m in known) if known else None

    training = mean("training_loss")
    return Progress(
        epoch=max(one.epoch for one in progresses),
        epochs=max(one.epochs for one in progresses),
        members=sum(one.members for one in progresses),
        training_loss=math.nan if training is None else training,
        validation_loss=mean("validation_loss"),
        metric=mean("metric"),
        metric_name=last.metric_name,
        learning_rate=mean("learning_rate") or 0.0,
        rows_per_second=mean("rows_per_second") or 0.0,
        seconds=last.seconds,
        seconds_left=max(one.seconds_left for one in progresses),
    )
