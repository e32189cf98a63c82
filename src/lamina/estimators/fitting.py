"""Where tables meet the loop: rows of a table in, trained networks with their encoders out.

Several parts of a table (folds, say) are trained together: as one fleet wherever their encoded shapes agree.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import nn

from lamina.data import ClassTarget, Encoder, NumberTarget, Schema
from lamina.estimators.encoding import Encoded, RowNumbers, encode_part, end_to_end, targets_for
from lamina.estimators.mirror import Mirrors, mirroring, mirrors_for
from lamina.estimators.recipe import Task, suited, usual_loss, usual_passes, usual_training
from lamina.estimators.truth import monitor_for
from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Signature
from lamina.model import Predictor
from lamina.networks import Network, Table
from lamina.training import (
    Member,
    Progress,
    Rows,
    Stop,
    Trained,
    Training,
    divergence,
    fit_fleet,
)
from lamina.training.history import History

LEAST_SECONDS = 0.01  # what a fleet gets if the time is up: one step, so that there is a network at all


@dataclass(frozen=True, kw_only=True)
class Part:
    """Rows to learn from, rows to watch, and a seed for each network that is to learn from them.

    ``watch`` may be empty. Positions are int64 ``(row,)`` into the table.
    """

    train: RowNumbers
    watch: RowNumbers
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What was learnt from one part: encoder, target and the networks, with how they got there."""

    encoder: Encoder
    target: ClassTarget | NumberTarget
    predictor: Predictor
    histories: tuple[History, ...]
    stopped: tuple[Stop, ...]
    mirrors: Mirrors | None = None


def fit_networks(
    table: pa.Table,
    schema: Schema,
    parts: Sequence[Part],
    *,
    network: Network | None,
    training: Training,
    task: Task,
    weights: npt.NDArray[np.float64] | None = None,
    on_epoch: Callable[[Progress], None] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> tuple[Fitted, ...]:
    """Train networks on parts of a table; encoders and targets see each part's training rows only.

    Args:
        table: conformed to ``schema``, every target present.
        parts: which rows, and with which seeds.
        network: the spec of every network; None takes the usual one for so many rows.
        weights: how much each row counts ``(row,)``.
        checkpoint: as in `fit_fleet`; a file for a single part, a folder for several.

    Raises:
        SpecError: a checkpoint that is no folder, and several parts.
        TrainingError: a part's networks all diverged, or there is nothing to learn from.
    """
    loss = training.loss or usual_loss(task, table.num_rows)
    target_for, asked_for = targets_for(table, schema, task, loss), network or Table
    encoded = [
        encode_part(
            table,
            schema,
            part.train,
            part.watch,
            categories=asked_for.categories,
            fields=asked_for.reads_fields,
            target=target_for(part.train),
            loss=loss,
            weights=weights,
        )
        for part in parts
    ]
    if checkpoint is not None and len(parts) > 1 and not Path(checkpoint).is_dir():
        raise _no_folder(checkpoint, len(parts))
    clock = _Clock(training.seconds, len(parts))
    asking = replace(training, seconds=None if training.seconds is None else training.seconds / len(parts))
    ask = partial(mirrors_for, many=table.num_rows, loss=loss, training=asking, seed=parts[0].seeds[0])
    mirrors = [ask(one.rows, one.learning, network, one.signature) for one in encoded]
    groups = _alike(encoded, mirrors)
    fitted: dict[int, Fitted] = {}
    for (signature, _), positions in groups.items():
        group, asked = [encoded[i] for i in positions], [parts[i] for i in positions]
        members, pool = _members(asked, group, training)
        spec = mirroring(suited(network, table.num_rows, signature), mirrors[positions[0]])
        settled = usual_training(training, spec, signature, table.num_rows)
        trained = fit_fleet(
            partial(_build, spec, signature),
            pool,
            members,
            replace(settled, seconds=clock.share(len(group))),
            loss=loss,
            monitor=monitor_for(loss),
            on_epoch=on_epoch,
            checkpoint=checkpoint,
        )
        fitted.update(zip(positions, _share_out(asked, group, trained, spec, settled), strict=True))
    return tuple(replace(fitted[i], mirrors=mirrors[i]) for i in range(len(parts)))


def _no_folder(checkpoint: str | os.PathLike[str], parts: int) -> SpecError:
    return SpecError(
        wrong=f"the checkpoint {os.fspath(checkpoint)!r} is no folder, and {parts} parts may train as several fleets.",
        expected="a folder that is there, for a file of each fleet: parts differ in shape, or in what may be mirrored.",
        remedy="make a folder, and give its name as checkpoint.",
    )


class _Clock:
    """Shares a wall-clock limit among fleets that train one after the other, by how many parts each has."""

    def __init__(self, seconds: float | None, parts: int) -> None:
        self.ends = None if seconds is None else time.monotonic() + seconds
        self.parts = parts

    def share(self, parts: int) -> float | None:
        """The seconds that the next fleet may take."""
        share = parts / self.parts
        self.parts -= parts
        return None if self.ends is None else max(LEAST_SECONDS, (self.ends - time.monotonic()) * share)


def _alike(encoded: Sequence[Encoded], mirrors: Sequence[Mirrors | None]) -> dict[tuple[Signature, bool], list[int]]:
    """Which parts can be one fleet: those whose encoded shapes agree, and all or none of which learn from mirrors."""
    alike: dict[tuple[Signature, bool], list[int]] = defaultdict(list)
    for i, (one, mirror) in enumerate(zip(encoded, mirrors, strict=True)):
        alike[one.signature, mirror is not None and mirror.flip].append(i)
    return dict(alike)


def _build(network: Network, signature: Signature, seed: int) -> nn.Module:
    return network.build(signature, seed=seed)


def _members(parts: Sequence[Part], group: Sequence[Encoded], training: Training) -> tuple[list[Member], Rows]:
    """One pool of all parts' rows, end to end, and for each seed of each part its stretch of the pool."""
    members, start = [], 0
    for part, one in zip(parts, group, strict=True):
        middle, end = start + one.learning, start + len(one.rows)
        train, watch = torch.arange(start, middle), torch.arange(middle, end)
        passes = usual_passes(training, one.signature, one.learning)
        members += [Member(train=train, validation=watch, seed=seed, epochs=passes) for seed in part.seeds]
        start = end
    return members, end_to_end([one.rows for one in group])


def _share_out(
    parts: Sequence[Part], group: Sequence[Encoded], trained: Trained, network: Network, training: Training
) -> list[Fitted]:
    fitted, start = [], 0
    for part, encoded in zip(parts, group, strict=True):
        own = range(start, start + len(part.seeds))
        start = own.stop
        one = learnt_by(encoded, network, trained, own)
        if one is None:
            raise divergence(training)
        fitted.append(one)
    return fitted


def learnt_by(encoded: Encoded, network: Network, trained: Trained, own: Sequence[int]) -> Fitted | None:
    """What some members of a fleet learnt from the same rows; None if all of them diverged.

    Args:
        encoded: the rows.
        network: the spec of each of these members.
        own: their places in the fleet.
    """
    sound = [place for place in own if trained.stopped[place] != "diverged"]
    if not sound:
        return None
    return Fitted(
        encoder=encoded.encoder,
        target=encoded.target,
        predictor=Predictor(
            spec=network,
            signature=encoded.signature,
            weights={name: tensor[sound].clone() for name, tensor in trained.weights.items()},
        ),
        histories=tuple(trained.histories[place] for place in own),
        stopped=tuple(trained.stopped[place] for place in own),
    )
