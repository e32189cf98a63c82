"""The loop: epochs of steps over a fleet, judged, kept, stopped and written down after each.

It knows tensors only. Whether the rows were a table, and what the scores mean, is for others to know.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import nn

from lamina.foundation.devices import at_most_threads, pick_device
from lamina.foundation.errors import TrainingError
from lamina.foundation.memory import memory_kept
from lamina.networks import Loss
from lamina.training.checkpoint import checkpoint_file, load_checkpoint, save_checkpoint
from lamina.training.convoy import Convoy
from lamina.training.distributed import check_shareable, ranks_here
from lamina.training.order import batch_rows
from lamina.training.outcome import Progress, Trained
from lamina.training.plan_fleet import FleetPlan, plan_fleet, together_because
from lamina.training.rows import Member, Rows
from lamina.training.run import Run
from lamina.training.spec import Training
from lamina.training.streaming import Blocks
from lamina.training.watch import Monitor

WORTH_THREADS = 100e6  # operations of a step from which on a second thread pays; below, threads wait for each other


def fit_fleet(
    build: Callable[[int], nn.Module],
    pool: Rows,
    members: Sequence[Member],
    training: Training,
    *,
    loss: Loss,
    monitor: Monitor | None = None,
    on_epoch: Callable[[Progress], None] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_seconds: float = 30.0,
    blocks: Blocks | None = None,
) -> Trained:
    """Train one network a member, all in one program or in several, whichever costs less (`plan_fleet`).

    Under torchrun all processes must call it alike, and share the rows of every step; each gets the same weights.
    Against one process they differ by rounding alone, dropout included (see `lamina.training.distributed`).

    Args:
        build: makes a member's untrained network from its seed; all of one shape.
        pool: the rows of all members.
        members: which rows each may see, and what it has of its own.
        training: how they learn.
        loss: what is made small (used where ``training.loss`` is None).
        monitor: a metric to follow on the validation rows.
        on_epoch: called after every epoch; of several processes only in the first.
        checkpoint: file to go on from if it exists, and to write at most every ``checkpoint_seconds``; in a folder it
            is a file named after the run. Only the first of several processes reads and writes it.
        blocks: rows to learn from that are too many to hold, the same for all members. Then ``pool`` has the rows to
            be judged on, and as training rows some to measure the losses at birth and the units by.

    Raises:
        TrainingError: no rows to learn from, a checkpoint of another run, every member diverged, or the processes
            that were to share the run do not agree on it.
        SpecError: a loss or a layer that cannot be shared among processes.
        DeviceError: ``training.device`` is not here, or not for so many processes.
    """
    _check_rows(members)
    ranks = ranks_here()
    check_shareable(training.loss or loss, ranks)
    plan = _plan(build, pool, members, training, alone=blocks is None and not ranks.several)
    groups = [[members[i] for i in group] for group in plan.groups]
    runs = [Run(build, pool, group, training, training.loss or loss, monitor, blocks, ranks) for group in groups]
    run = Convoy(runs, plan)
    identity = run.identity(pool) if checkpoint is not None or ranks.several else ""
    ranks.check_same(f"{identity} {training.seconds is None}")
    path = checkpoint_file(checkpoint, identity)
    if (stored := load_checkpoint(path, identity, ranks)) is not None:
        run.resume(*stored)
    resumed = run.done
    written = time.monotonic()
    with at_most_threads(1) if run.step_operations < WORTH_THREADS else memory_kept():
        while run.alive:
            progress = run.epoch()
            if on_epoch is not None and ranks.first:
                on_epoch(replace(progress, resumed=resumed))
            resumed = 0
            due = time.monotonic() - written >= checkpoint_seconds or not run.alive
            if path is not None and ranks.first and due:
                save_checkpoint(path, identity, *run.snapshot())
                written = time.monotonic()
    return run.trained()


def _plan(
    build: Callable[[int], nn.Module], pool: Rows, members: Sequence[Member], training: Training, *, alone: bool
) -> FleetPlan:
    """One program, unless several cost less and nothing keeps the members together."""
    if len(members) == 1:
        return together_because(1, "there is no other to share a program with.")
    if not alone:
        return together_because(len(members), "they share rows that are dealt out once.")
    if training.seconds is not None:
        return together_because(len(members), "under a limit of time all get the same share of it.")
    batch = max(batch_rows(training.rows_a_step, len(member.train)) for member in members)
    return plan_fleet(build(members[0].seed), pool.inputs, batch, len(members), pick_device(training.device))


def _check_rows(members: Sequence[Member]) -> None:
    for i, member in enumerate(members):
        if not len(member.train):
            raise TrainingError(
                wrong=f"member {i} has no training rows.",
                expected="at least one row to learn from.",
                remedy="give more rows, or hold out fewer of them.",
            )
