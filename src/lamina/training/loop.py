"""The loop: epochs of steps over a fleet, judged, kept, stopped and written down after each.

It knows tensors only. Whether the rows were a table, and what the scores mean, is for others to know.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence

from torch import nn

from lamina.foundation.devices import at_most_threads
from lamina.foundation.errors import TrainingError
from lamina.networks import Loss
from lamina.training.checkpoint import load_checkpoint, run_identity, save_checkpoint
from lamina.training.outcome import Progress, Trained
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
    """Train one network a member, all in one program.

    Args:
        build: makes a member's untrained network from its seed; all of one shape.
        pool: the rows of all members.
        members: which rows each may see, and what it has of its own.
        training: how they learn.
        loss: what is made small (used where ``training.loss`` is None).
        monitor: a metric to follow on the validation rows.
        on_epoch: called after every epoch.
        checkpoint: file to go on from if it exists, and to write at most every ``checkpoint_seconds``.
        blocks: rows to learn from that are too many to hold, the same for all members. Then ``pool`` has the rows to
            be judged on, and as training rows some to measure the losses at birth and the units by.

    Raises:
        TrainingError: no rows to learn from, a checkpoint of another run, or every member diverged.
        DeviceError: ``training.device`` is not here.
    """
    _check_rows(members)
    run = Run(build, pool, members, training, training.loss or loss, monitor, blocks)
    identity = run_identity(training, members, pool) if checkpoint is not None else ""
    if checkpoint is not None and (stored := load_checkpoint(checkpoint, identity)) is not None:
        run.resume(*stored)
    written = time.monotonic()
    with at_most_threads(1) if run.step_operations < WORTH_THREADS else contextlib.nullcontext():
        while run.alive:
            progress = run.epoch()
            if on_epoch is not None:
                on_epoch(progress)
            if checkpoint is not None and (time.monotonic() - written >= checkpoint_seconds or not run.alive):
                save_checkpoint(checkpoint, identity, *run.snapshot())
                written = time.monotonic()
    return run.trained()


def _check_rows(members: Sequence[Member]) -> None:
    for i, member in enumerate(members):
        if not len(member.train):
            raise TrainingError(
                wrong=f"member {i} has no training rows.",
                expected="at least one row to learn from.",
                remedy="give more rows, or hold out fewer of them.",
            )
