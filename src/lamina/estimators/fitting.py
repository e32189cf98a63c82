"""Where tables meet the loop: rows of a table in, trained networks with their encoders out.

Several parts of a table (folds, say) are trained together: as one fleet wherever their encoded shapes agree.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import nn

from lamina.data import ClassTarget, Encoder, NumberTarget, Schema, fit_encoder, fit_target
from lamina.estimators.recipe import Task, usual_loss, usual_network
from lamina.estimators.truth import check_loss, monitor_for, score_count, truth_of
from lamina.foundation.signature import Signature
from lamina.model import Predictor
from lamina.networks import Loss, Network
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

RowNumbers = npt.NDArray[np.int64]
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


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    part: Part
    encoder: Encoder
    target: ClassTarget | NumberTarget
    signature: Signature
    rows: Rows


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
    checkpoint: str | None = None,
) -> tuple[Fitted, ...]:
    """Train networks on parts of a table; encoders and targets see each part's training rows only.

    Args:
        table: conformed to ``schema``, every target present.
        parts: which rows, and with which seeds.
        network: the spec of every network; None takes the usual one for so many rows.
        weights: how much each row counts ``(row,)``.
        checkpoint: as in `fit_fleet`; only where all parts can be trained as one fleet.

    Raises:
        TrainingError: a part's networks all diverged, or there is nothing to learn from.
    """
    network = network or usual_network(table.num_rows)
    loss = training.loss or usual_loss(task, table.num_rows)
    target_for = _targets(table, schema, task, loss)
    prepared = [_prepare(table, schema, part, target_for(part.train), network, loss, weights) for part in parts]
    groups = _alike(prepared)
    clock = _Clock(training.seconds, len(parts))
    fitted: dict[int, Fitted] = {}
    for signature, positions in groups.items():
        group = [prepared[i] for i in positions]
        members, pool = _members(group)
        trained = fit_fleet(
            partial(_build, network, signature),
            pool,
            members,
            replace(training, seconds=clock.share(len(group))),
            loss=loss,
            monitor=monitor_for(loss),
            on_epoch=on_epoch,
            checkpoint=checkpoint if len(groups) == 1 else None,
        )
        fitted.update(zip(positions, _share_out(group, trained, network, training), strict=True))
    return tuple(fitted[i] for i in range(len(parts)))


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


def _targets(
    table: pa.Table, schema: Schema, task: Task, loss: Loss
) -> Callable[[RowNumbers], ClassTarget | NumberTarget]:
    """The target as training rows show it: numbers are scaled by them; classes are the same for all, by name.

    Raises:
        SpecError: the loss is not for such a target.
    """
    column, kind = table.column(schema.target), schema.column(str(schema.target))
    every = fit_target(column, kind, task)
    check_loss(loss, every, column)
    if isinstance(every, ClassTarget):
        return lambda rows: every
    if loss.link == "exp":  # counts are counts: a logarithm of a scaled one would mean nothing
        return lambda rows: replace(every, mean=0.0, scale=1.0)
    return lambda rows: fit_target(column.take(rows), kind, task)


def _alike(prepared: Sequence[_Prepared]) -> dict[Signature, list[int]]:
    """Which parts can be one fleet: those whose encoded shapes agree."""
    alike: dict[Signature, list[int]] = defaultdict(list)
    for i, one in enumerate(prepared):
        alike[one.signature].append(i)
    return dict(alike)


def _prepare(
    table: pa.Table,
    schema: Schema,
    part: Part,
    target: ClassTarget | NumberTarget,
    network: Network,
    loss: Loss,
    weights: npt.NDArray[np.float64] | None,
) -> _Prepared:
    encoder = fit_encoder(table.take(part.train), schema, categories=network.categories)
    used = np.concatenate([part.train, part.watch])
    seen = table.take(used)
    batch = encoder.encode(seen)
    inputs = [torch.from_numpy(batch.numbers)]
    if batch.categories.shape[1]:
        inputs.append(torch.from_numpy(batch.categories))
    truth = truth_of(target, seen.column(schema.target), loss)
    rows = Rows(
        inputs=tuple(inputs),
        truth=truth,
        weights=None if weights is None else torch.from_numpy(weights[used].astype(np.float32)),
    )
    signature = encoder.signature(scores=score_count(target, loss))
    return _Prepared(part=part, encoder=encoder, target=target, signature=signature, rows=rows)


def _build(network: Network, signature: Signature, seed: int) -> nn.Module:
    return network.build(signature, seed=seed)


def _members(group: Sequence[_Prepared]) -> tuple[list[Member], Rows]:
    """One pool of all parts' rows, end to end, and for each seed of each part its stretch of the pool."""
    members, start = [], 0
    for one in group:
        middle, end = start + len(one.part.train), start + len(one.rows)
        for seed in one.part.seeds:
            members.append(Member(train=torch.arange(start, middle), validation=torch.arange(middle, end), seed=seed))
        start = end
    return members, _end_to_end([one.rows for one in group])


def _end_to_end(pools: Sequence[Rows]) -> Rows:
    if len(pools) == 1:
        return pools[0]
    weights = [pool.weights for pool in pools if pool.weights is not None]
    return Rows(
        inputs=tuple(torch.cat(same) for same in zip(*(pool.inputs for pool in pools), strict=True)),
        truth=torch.cat([pool.truth for pool in pools]),
        weights=torch.cat(weights) if weights else None,
    )


def _share_out(group: Sequence[_Prepared], trained: Trained, network: Network, training: Training) -> list[Fitted]:
    fitted, start = [], 0
    for one in group:
        own = range(start, start + len(one.part.seeds))
        start = own.stop
        sound = [i for i in own if trained.stopped[i] != "diverged"]
        if not sound:
            raise divergence(training)
        fitted.append(
            Fitted(
                encoder=one.encoder,
                target=one.target,
                predictor=Predictor(
                    spec=network,
                    signature=one.signature,
                    weights={name: tensor[sound].clone() for name, tensor in trained.weights.items()},
                ),
                histories=tuple(trained.histories[i] for i in own),
                stopped=tuple(trained.stopped[i] for i in own),
            )
        )
    return fitted
