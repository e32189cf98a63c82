"""A run between two epochs: the fleet, what is worth keeping, when members stop, and what is written down."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lamina.networks import Loss
from lamina.training.distributed import ALONE, Ranks, device_for
from lamina.training.fleet import Fleet
from lamina.training.history import Epoch, History
from lamina.training.keeper import Keeper
from lamina.training.order import Step, batch_rows, dealt
from lamina.training.outcome import Progress, Stop, Trained, divergence
from lamina.training.pace import Pace
from lamina.training.rows import Member, Rows
from lamina.training.rules import Knobs
from lamina.training.settling import settled
from lamina.training.spec import Training
from lamina.training.streaming import Blocks, block_steps
from lamina.training.telling import entries_of, progress_of
from lamina.training.watch import Judgement, Monitor, judge, starting_losses

DIVERGED = 100.0  # a training loss this many times the one at birth (and this high) is a run that broke
LOOKS = 10  # how often in a run gradients and units are looked at layer by layer


class Run:
    """A training run between two epochs: the fleet, what is worth keeping, and what has been written down."""

    def __init__(
        self,
        build: Callable[[int], nn.Module],
        pool: Rows,
        members: Sequence[Member],
        training: Training,
        loss: Loss,
        monitor: Monitor | None,
        blocks: Blocks | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        device = device_for(training.device, ranks)
        self.training, self.loss, self.monitor = training, loss, monitor
        self.started = time.monotonic()
        self.pool = pool.to(device, torch.float64 if training.precision == "float64" else torch.float32)
        self.members = [_placed(member, device) for member in members]
        networks = [settled(build(member.seed), pool, member) for member in members]
        self.fleet = Fleet(networks, self.members, training, loss, device, ranks)
        self.keeper = Keeper(self.fleet)
        self.alive = list(range(len(members)))
        self.done = 0  # epochs
        self.epochs: list[list[Epoch]] = [[] for _ in members]
        self.stopped: list[Stop] = ["epochs"] * len(members)
        self.start_losses, self.chance_losses = (
            losses.tolist() for losses in starting_losses(self.fleet, self.pool, loss)
        )
        self.blocks = blocks
        self.rows = [len(member.train) if blocks is None else blocks.rows for member in self.members]
        self.pace = Pace(training, self.members, self.rows)

    @property
    def step_operations(self) -> float:
        """About how many additions and multiplications one training step takes."""
        rows = sum(batch_rows(self.training.rows_a_step, own) for own in self.rows)
        return 6.0 * rows * self.fleet.layout.size

    def epoch(self) -> Progress:
        """One epoch for every member still alive, then judgement."""
        began = time.monotonic()
        self.done += 1
        losses, rows, rates = self._learn()
        judgement = judge(self.fleet, self.pool, self.loss, self.monitor)
        seconds = time.monotonic() - began
        entries = self._write_down(losses, judgement, rates, rows / max(seconds, 1e-9))
        if judgement is not None and self.training.restore_best:
            self.keeper.offer(self.fleet, self.alive, judgement.loss.tolist(), self.done)
        progress = self._progress(entries)
        self._stop_members(entries)
        return progress

    def trained(self) -> Trained:
        """The kept weights of all members.

        Raises:
            TrainingError: every member diverged.
        """
        if all(why == "diverged" for why in self.stopped):
            raise divergence(self.training)
        return self.kept()

    def kept(self) -> Trained:
        """The kept weights of all members, whether or not any of them is sound."""
        parameters = self.fleet.layout.views(self.keeper.parameters)
        weights = {
            name: tensor.detach().cpu().clone() for name, tensor in {**parameters, **self.keeper.buffers}.items()
        }
        histories = tuple(self._history(member) for member in range(len(self.members)))
        return Trained(weights=weights, histories=histories, stopped=tuple(self.stopped))

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Facts and tensors from which `resume` goes on."""
        facts = {
            "done": self.done,
            "alive": self.alive,
            "stopped": self.stopped,
            "best_loss": self.keeper.best_loss,
            "best_epoch": self.keeper.best_epoch,
            "seconds": time.monotonic() - self.started,
            "histories": [self._history(member).to_json() for member in range(len(self.members))],
        }
        return facts, {**self.fleet.tensors(), **self.keeper.tensors()}

    def resume(self, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Go on where `snapshot` was taken."""
        self.done, self.alive, self.stopped = facts["done"], facts["alive"], facts["stopped"]
        self.keeper.best_loss, self.keeper.best_epoch = facts["best_loss"], facts["best_epoch"]
        self.started -= facts["seconds"]
        self.epochs = [list(History.from_json(history).epochs) for history in facts["histories"]]
        if self.alive:
            self.fleet.keep(self.alive)
            self.fleet.load(tensors)
        self.keeper.load(tensors)

    def _history(self, member: int) -> History:
        return History(
            epochs=tuple(self.epochs[member]),
            start_loss=self.start_losses[member],
            chance_loss=self.chance_losses[member],
        )

    def _learn(self) -> tuple[list[float], int, Tensor]:
        count, steps = self._deal()
        rates = self.pace.rates(self.alive, self.done, count).to(self.fleet.parameters)
        decays = self._decays()
        total = torch.zeros(len(self.alive), device=rates.device, dtype=self.fleet.parameters.dtype)
        full, seen = 0, [0] * len(self.alive)  # rows of steps that all filled, and of steps that not all did
        each = rates.mT.unsqueeze(-1).contiguous().unbind()
        with contextlib.closing(steps):
            for (rows, step), rate in zip(steps, each, strict=False):
                if self._late():
                    break
                losses = self.fleet.step(rows, step, Knobs(learning_rate=rate, decay=decays))
                if step.counts is None:
                    total.add_(losses, alpha=step.index.shape[1])
                    full += step.index.shape[1]
                else:
                    total += _weighted(losses, step.counts)
                    seen = [own + more for own, more in zip(seen, step.counts, strict=True)]
        seen = [own + full for own in seen]
        means = [loss / max(own, 1) for loss, own in zip(total.tolist(), seen, strict=True)]
        return means, sum(seen), rates[:, 0]

    def _deal(self) -> tuple[int, Generator[tuple[Rows, Step], None, None]]:
        """How many steps this epoch has, and the steps, each with the rows that it names ``(member, batch, ...)``."""
        if self.blocks is None:
            steps = self.fleet.shuffler.epoch()
            return len(steps), dealt(self.pool, steps)
        placed = self.fleet.parameters.device, self.fleet.parameters.dtype
        asked = self.training.rows_a_step
        return self.pace.steps[0], block_steps(self.blocks, self.done, self.fleet.orders, asked, *placed)

    def _write_down(
        self, losses: list[float], judgement: Judgement | None, rates: Tensor, rows_per_second: float
    ) -> list[Epoch]:
        entries = entries_of(
            self.fleet,
            self.done,
            losses,
            judgement,
            rates,
            monitor=self.monitor,
            looked_at=self.pool if self._looks() else None,
            seconds=time.monotonic() - self.started,
            rows_per_second=rows_per_second,
        )
        for member, entry in zip(self.alive, entries, strict=True):
            self.epochs[member].append(entry)
        return entries

    def _looks(self) -> bool:
        every = max(1, max(self.pace.limits) // LOOKS)
        return self.done % every == 0 or self.done == 1

    def _stop_members(self, entries: Sequence[Epoch]) -> None:
        late = self._late()
        finite = torch.isfinite(self.fleet.result()).all(dim=1).tolist()
        if all(finite) and not late and self._all_go_on(entries):
            return
        reasons = [self._reason(m, entries[i], finite[i], late) for i, m in enumerate(self.alive)]
        if not any(reasons):
            return
        for i, (member, reason) in enumerate(zip(self.alive, reasons, strict=True)):
            if reason is not None:
                self.stopped[member] = reason
                if reason != "diverged" and (
                    math.isinf(self.keeper.best_loss[member]) or not self.training.restore_best
                ):
                    self.keeper.take(self.fleet, self.alive, [i])
        left = [i for i, reason in enumerate(reasons) if reason is None]
        self.alive = [self.alive[i] for i in left]
        if left:
            self.fleet.keep(left)

    def _all_go_on(self, entries: Sequence[Epoch]) -> bool:
        """A quick look that settles most epochs: nobody is done, patient or in trouble."""
        patient = self.training.patience or any(member.patience for member in self.fleet.members)
        calm = all(entry.training_loss <= DIVERGED for entry in entries)  # NaN is not calm
        return not patient and calm and self.done < min(self.pace.limits[member] for member in self.alive)

    def _reason(self, member: int, entry: Epoch, finite: bool, late: bool) -> Stop | None:
        own = self.members[member]
        if not finite or not entry.training_loss <= DIVERGED * max(1.0, self.start_losses[member]):  # or NaN
            return "diverged"
        patience = own.patience or self.training.patience
        if patience and entry.validation_loss is not None and self.done - self.keeper.best_epoch[member] >= patience:
            return "patience"
        if self.done >= self.pace.limits[member]:
            return "epochs"
        return "seconds" if late else None

    def _progress(self, entries: Sequence[Epoch]) -> Progress:
        return progress_of(
            entries,
            epochs=max(self.pace.limits[i] for i in self.alive),
            monitor=self.monitor,
            seconds=time.monotonic() - self.started,
            limit=self.training.seconds,
        )

    def _decays(self) -> Tensor | None:
        decays = [self.training.chosen_optimiser.decay if m.decay is None else m.decay for m in self.fleet.members]
        if not any(decays):
            return None
        return torch.tensor(decays, dtype=self.fleet.parameters.dtype, device=self.fleet.parameters.device)[:, None]

    def _late(self) -> bool:
        limit = self.training.seconds
        return limit is not None and self.fleet.ranks.any(time.monotonic() - self.started >= limit)


def _weighted(losses: Tensor, counts: tuple[int, ...]) -> Tensor:
    rows = torch.tensor(counts, dtype=losses.dtype, device=losses.device)
    return torch.where(rows > 0, losses * rows, 0)  # a member that sits out has no loss, not even NaN


def _placed(member: Member, device: torch.device) -> Member:
    if member.train.device == member.validation.device == device:
        return member
    return dataclasses.replace(member, train=member.train.to(device), validation=member.validation.to(device))
