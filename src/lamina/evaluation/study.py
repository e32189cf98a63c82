"""A study: from a source of data to a model, with what it is worth measured on rows that it never saw.

prepare -> splits -> train all parts together -> judge -> Model
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from lamina.data import MISSING_SPELLINGS, check_split
from lamina.estimators import Fitted, Part, Task, as_network, as_training, fit_networks, member_seeds, to_model
from lamina.evaluation.plan import Judged, judged_parts, parts_to_train
from lamina.evaluation.prepare import Prepared, prepare
from lamina.evaluation.protocol import Protocol
from lamina.evaluation.result import Score, Study, finite_or_none, scores_of
from lamina.model import Model
from lamina.networks import Network
from lamina.training import Progress, Training, diagnose

LEAST_SECONDS = 0.01  # of a training whose time was up before it began
LIMITS = ("Rows unlike those it learnt from: other places, times or ways of measuring.",)


def fit(
    data: Any,
    target: str | None = None,
    *,
    network: Network | str | None = None,
    training: Training | None = None,
    task: Task | None = None,
    protocol: Protocol | None = None,
    members: int | None = None,
    kinds: Mapping[str, str] | None = None,
    missing: Sequence[str] = MISSING_SPELLINGS,
    seed: int = 0,
    seconds: float | None = None,
    on_epoch: Callable[[Progress], None] | None = None,
) -> Study:
    """Train a network on a table and measure it on rows it never saw.

    Args:
        data: a path, a built-in name, any data frame, or a dict of lists.
        target: the column to predict; a built-in set knows its own.
        network: a spec, a string such as ``"64 relu, 64 relu"``, or None for the default.
        training: how it learns; None for the default.
        task: classification or regression; None lets the target decide.
        protocol: how the result is judged; None lets the number of rows decide.
        members: networks that answer together, by the mean of what they say; None lets the number of rows decide.
        kinds: kinds of columns that are not to be inferred, such as ``{"zip": "category"}``.
        missing: how missing values are spelt.
        seed: of everything that is drawn.
        seconds: wall-clock limit of the training.
        on_epoch: called after every epoch.

    Raises:
        DataError: the data cannot be read or learnt from.
        SchemaError: the target or another column is not there.
        SpecError: the network or the training makes no sense.
        TrainingError: training diverged.

    >>> study = fit("iris", network="8 tanh", training=Training(epochs=40))
    >>> study.headline.name, study.headline.mean > 0.8
    ('accuracy', True)
    """
    began = time.monotonic()
    network, training = as_network(network), as_training(training)
    if seconds is not None:
        training = dataclasses.replace(training, seconds=seconds)
    protocol = protocol or Protocol()
    prepared = prepare(data, target, task=task, protocol=protocol, kinds=kinds or {}, missing=missing)
    seeds = member_seeds(seed, members, network, rows=prepared.table.num_rows)
    judged = judged_parts(prepared, protocol, seed=seed)
    parts = parts_to_train(prepared, judged, protocol, seeds=seeds)
    training = _as_judged(_with_time_left(training, time.monotonic() - began), judged)
    fitted = fit_networks(
        prepared.table,
        prepared.schema,
        parts,
        network=network,
        training=training,
        task=prepared.task,
        on_epoch=on_epoch,
    )
    scores = _judge(prepared, judged, parts, fitted, training)
    kept = fitted[-1]
    return Study(
        model=_model(prepared, parts[-1], kept, training, metrics=_metrics(judged, scores)),
        scores=scores,
        judged=tuple((len(pair.train), len(pair.test)) for pair in judged),
        rows=prepared.table.num_rows,
        findings=(*prepared.findings, *check_split(prepared.table, prepared.schema, judged[0].train, judged[0].test)),
        notes=prepared.notes,
        histories=kept.histories,
        diagnoses=diagnose(fitted[0].histories[0]),  # of the first fold: only there is a validation loss
        stopped=kept.stopped,
        seconds=time.monotonic() - began,
    )


def _with_time_left(training: Training, spent: float) -> Training:
    """The training with its limit shortened by the seconds that reading and checking took."""
    if training.seconds is None:
        return training
    return dataclasses.replace(training, seconds=max(LEAST_SECONDS, training.seconds - spent))


def _as_judged(training: Training, judged: Sequence[Judged]) -> Training:
    """With folds, the rows that are watched are those that judge: then nothing may be chosen by them."""
    return training if len(judged) == 1 else dataclasses.replace(training, restore_best=False, patience=None)


def _judge(
    prepared: Prepared, judged: Sequence[Judged], parts: Sequence[Part], fitted: Sequence[Fitted], training: Training
) -> tuple[Score, ...]:
    """The scores of each split's networks on the rows that they never saw."""
    pairs = zip(judged, parts, fitted, strict=False)  # no rows are left to judge the whole
    return scores_of(
        [
            _model(prepared, part, one, training).evaluate_table(prepared.table.take(pa.array(pair.test)))
            for pair, part, one in pairs
        ]
    )


def _metrics(judged: Sequence[Judged], scores: Sequence[Score]) -> dict[str, dict[str, float | None]]:
    split = "held out" if len(judged) == 1 else f"{len(judged)} folds"
    return {split: {score.name: finite_or_none(score.mean) for score in scores}}


def _model(prepared: Prepared, part: Part, fitted: Fitted, training: Training, **facts: Any) -> Model:
    return to_model(
        fitted,
        prepared.schema,
        part,
        training,
        task=prepared.task,
        name=prepared.name,
        data=prepared.name,
        fingerprint=prepared.fingerprint,
        notes=tuple(note.sentence for note in prepared.notes),
        limits=LIMITS,
        **facts,
    )
