"""Networks that learn from tables larger than memory: three passes over the source, and one for each epoch.

The first pass infers the schema, the second learns the encoder and puts the watched rows aside
(`lamina.data.stream`); then every epoch meets the rows in blocks, encoded by a thread while the network learns
(`lamina.training.streaming`). Held at once are two blocks, the sample that the encoder was fitted to, and the watched
rows: what that takes does not grow with the table.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from lamina.data import (
    Batch,
    ClassTarget,
    Finding,
    NumberTarget,
    Pieces,
    Source,
    Survey,
    block_rows,
    check_before_training,
    fit_encoder,
    fit_target,
    infer_stream,
    kind_notes,
    open_source,
    survey,
    task_of,
)
from lamina.estimators.fitting import LEAST_SECONDS, Fitted, Part
from lamina.estimators.keep import to_model
from lamina.estimators.mirror import mirroring, mirrors_for
from lamina.estimators.recipe import Task, suited, usual_loss, usual_passes, usual_training
from lamina.estimators.truth import check_loss, monitor_for, score_count, truth_of
from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Signature
from lamina.model import Model, Predictor
from lamina.networks import Loss, Network, Table
from lamina.training import Member, Progress, Rows, Training, fit_fleet
from lamina.training.order import epoch_count, epoch_steps

WATCHED = 0.1  # share of the rows that tells the best epoch, as for tables in memory; never more than 65,536 rows
WATCHED_FROM = 2_000  # rows from which on any are watched
MOST_MET = 30_000_000  # rows that all epochs together meet where their number is left open
PROBE_ROWS = 4_096  # training rows on which the losses at birth are measured


@dataclass(frozen=True, kw_only=True)
class TensorBlocks:
    """The pieces of a source as tensors, as the loop wants them."""

    pieces: Pieces
    target: ClassTarget | NumberTarget
    loss: Loss

    @property
    def rows(self) -> int:
        """How many rows an epoch has."""
        return self.pieces.survey.rows

    @property
    def block(self) -> int:
        """How many rows are shuffled together."""
        return self.pieces.rows

    def epoch(self, number: int) -> Iterator[Rows]:
        """Every row to learn from once, piece by piece."""
        for batch, column in self.pieces.epoch(number):
            yield _rows(batch, truth_of(self.target, column, self.loss))


def fit_stream(
    source: str | os.PathLike[str],
    target: str,
    *,
    network: Network | None = None,
    training: Training | None = None,
    task: Task | None = None,
    seed: int = 0,
    seconds: float | None = None,
    on_epoch: Callable[[Progress], None] | None = None,
) -> Model:
    """A network that has learnt from a table of any length, in memory that does not grow with it.

    From `WATCHED_FROM` rows on, a tenth of the rows (65,536 at most) is watched to find the best epoch. Where
    ``training`` leaves the epochs open, they are as many as in memory, but meet no more than `MOST_MET` rows in all.

    Args:
        source: a Parquet or CSV file, or a folder of them; see `lamina.data.sources`.
        target: the column to be predicted.
        network: its spec; None takes the usual one for so many rows.
        training: how it learns; None for the default.
        task: classification or regression; None takes what the target asks for.
        seed: of everything that is drawn.
        seconds: wall-clock limit, the passes before training included; these are not cut short.
        on_epoch: called after every epoch.

    Raises:
        DataError: the source cannot be read, or nothing can be learnt from it.
        SchemaError: the target is not there, the files do not agree, or most values of a column do not fit.
        SpecError: the training needs all rows at once, or its loss is for another task.
        TrainingError: training diverged.
    """
    began = time.monotonic()
    training = training or Training()
    _refuse_whole(training)
    with open_source(source) as opened:
        schema = infer_stream(opened, target=target, task=task)
        task = task or task_of(schema.column(target))
        share = WATCHED if opened.rows >= WATCHED_FROM else 0.0
        found = survey(opened, schema, seed=seed, share=share)
        findings = check_before_training(found.sample, schema, task=task)
        left = _left(seconds, began)
        fitted = fit_surveyed(
            opened, found, network=network, training=training, task=task, seeds=(seed,), seconds=left, on_epoch=on_epoch
        )
        return streamed_model(fitted, found, training, task=task, seeds=(seed,), **_facts(opened, found, findings))


def fit_surveyed(
    source: Source,
    found: Survey,
    *,
    network: Network | None,
    training: Training,
    task: Task,
    seeds: Sequence[int],
    seconds: float | None = None,
    on_epoch: Callable[[Progress], None] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Fitted:
    """Networks, one a seed, that have learnt from every row of a surveyed source but those watched or set aside.

    The arguments are those of `fit_stream`, and ``checkpoint`` is that of `fit_fleet`.
    A member's result does not depend on the others.

    Raises:
        DataError: a file is damaged.
        SpecError: the training needs all rows at once, or its loss is for another task.
        TrainingError: training diverged, or the source has changed since.
    """
    _refuse_whole(training)
    began, plan = time.monotonic(), _Plan.of(source, found, network, training, task)
    pool, train, watch = _pool(plan.blocks)
    limit = min((limit for limit in (seconds, training.seconds) if limit is not None), default=None)
    mirrors = mirrors_for(
        pool,
        len(train),
        network,
        plan.signature,
        many=found.rows,
        loss=plan.blocks.loss,
        training=replace(training, seconds=limit),
        seed=seeds[0],
    )
    spec = mirroring(plan.network, mirrors)
    trained = fit_fleet(
        partial(_build, spec, plan.signature),
        pool,
        [Member(train=train, validation=watch, seed=one) for one in seeds],
        replace(plan.training, seconds=_left(limit, began)),
        loss=plan.blocks.loss,
        monitor=monitor_for(plan.blocks.loss),
        on_epoch=on_epoch,
        blocks=plan.blocks,
        checkpoint=checkpoint,
    )
    return Fitted(
        encoder=plan.blocks.pieces.encoder,
        target=plan.blocks.target,
        predictor=Predictor(spec=spec, signature=plan.signature, weights=trained.weights),
        histories=trained.histories,
        stopped=trained.stopped,
        mirrors=mirrors,
    )


def streamed_model(
    fitted: Fitted, found: Survey, training: Training, *, task: Task, seeds: Sequence[int], **facts: Any
) -> Model:
    """The model of networks that `fit_surveyed` has made; ``facts`` are those of `to_model`."""
    training = replace(training, loss=training.loss or usual_loss(task, found.rows))
    part = Part(train=np.arange(0), watch=np.arange(0), seeds=tuple(seeds))
    return to_model(fitted, found.schema, part, training, task=task, **{**facts, "rows": found.rows})


@dataclass(frozen=True, kw_only=True)
class _Plan:
    network: Network
    training: Training
    blocks: TensorBlocks
    signature: Signature

    @classmethod
    def of(cls, source: Source, found: Survey, network: Network | None, training: Training, task: Task) -> _Plan:
        wanted, loss = network or Table, training.loss or usual_loss(task, found.rows)
        encoder = fit_encoder(found.sample, found.schema, categories=wanted.categories, fields=wanted.reads_fields)
        target = _target(found, task, loss)
        signature = encoder.signature(scores=score_count(target, loss))
        pieces = Pieces(source=source, survey=found, encoder=encoder, rows=block_rows(encoder, source.row_bytes))
        spec = suited(network, found.rows, signature)
        training = usual_training(training, spec, signature, found.rows)
        epochs = streamed_epochs(training, found.rows, usual_passes(training, signature, found.rows))
        return cls(
            network=spec,
            training=replace(training, loss=loss, epochs=epochs),
            blocks=TensorBlocks(pieces=pieces, target=target, loss=loss),
            signature=signature,
        )


def _facts(source: Source, found: Survey, findings: Sequence[Finding]) -> dict[str, Any]:
    """What the card says of the data; the findings are those of the sample."""
    notes = (*source.notes, *kind_notes(found.schema), *found.notes)
    words = [note.sentence for note in notes] + [finding.sentence for finding in findings]
    return {"name": source.name, "data": source.name, "notes": tuple(words)}


def _target(found: Survey, task: Task, loss: Loss) -> ClassTarget | NumberTarget:
    """The target as the sample shows it; its rare rows make sure that no class and no extreme is missing."""
    column = held_rows(found).column(str(found.schema.target))
    every = fit_target(column, found.schema.column(str(found.schema.target)), task)
    check_loss(loss, every, column)
    if isinstance(every, ClassTarget):  # classes are the question: rows that are not learnt from may show them too
        return every
    if loss.link == "exp":  # counts are counts: a logarithm of a scaled one would mean nothing
        return replace(every, mean=0.0, scale=1.0)
    own = found.sample.column(str(found.schema.target))
    return fit_target(own, found.schema.column(str(found.schema.target)), task)


def held_rows(found: Survey) -> pa.Table:
    """Every row that a survey holds: the sample, then the watched rows, then those set aside."""
    parts = [found.sample, found.watched, found.aside]
    return pa.concat_tables([part for part in parts if part.num_columns])


def _pool(blocks: TensorBlocks) -> tuple[Rows, torch.Tensor, torch.Tensor]:
    """What is held throughout: some training rows to look at, then the watched ones; and the places of both."""
    found, encoder = blocks.pieces.survey, blocks.pieces.encoder
    probe = _probe(found.sample, PROBE_ROWS)
    table = pa.concat_tables([probe, found.watched])
    truth = truth_of(blocks.target, table.column(str(found.schema.target)), blocks.loss)
    places = torch.arange(table.num_rows)
    return _rows(encoder.encode(table), truth), places[: probe.num_rows], places[probe.num_rows :]


def _probe(table: pa.Table, rows: int) -> pa.Table:
    """Some rows, evenly from first to last."""
    if table.num_rows <= rows:
        return table
    return table.take(pa.array(np.arange(rows) * table.num_rows // rows))


def _rows(batch: Batch, truth: torch.Tensor) -> Rows:
    codes = [torch.from_numpy(batch.categories)] if batch.categories.shape[1] else []
    fields = map(torch.from_numpy, batch.fields)
    return Rows(inputs=(torch.from_numpy(batch.numbers), *codes, *fields), truth=truth)


def streamed_epochs(training: Training, rows: int, passes: int | None = None) -> int:
    """The epochs asked for; where they are left open, the usual ones, but so few that not too many rows are met.

    ``passes`` are the usual ones of a network of images or texts (`lamina.estimators.recipe.usual_passes`).
    """
    asked = passes or epoch_count(training.epochs, rows, epoch_steps(training.rows_a_step, rows))
    return asked if training.epochs != "auto" else min(asked, max(1, MOST_MET // rows))


def _left(seconds: float | None, began: float) -> float | None:
    """What is left of a limit that holds since ``began``, a moment at the least."""
    return None if seconds is None else max(LEAST_SECONDS, seconds - (time.monotonic() - began))


def _build(network: Network, signature: Signature, seed: int) -> nn.Module:
    return network.build(signature, seed=seed)


def _refuse_whole(training: Training) -> None:
    if training.rows_a_step != "all":
        return
    raise SpecError(
        wrong="the training takes all rows in one step, and a stream never holds them all.",
        expected="steps over some rows at a time.",
        remedy="try Training(batch=1024) with an optimiser such as AdamW().",
    )
