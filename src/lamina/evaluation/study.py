"""A study: from a source of data to a model, with what it is worth measured on rows that it never saw.

read -> schema -> conform -> checks -> splits -> train all parts together -> judge -> Model
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lamina.data import (
    BUILTIN,
    MISSING_SPELLINGS,
    ClassTarget,
    Note,
    NumberTarget,
    Schema,
    check_before_training,
    check_split,
    conform,
    fit_target,
    hold_out,
    infer_schema,
    infer_task,
    note_rows_without_target,
    read,
    rows_with_target,
)
from lamina.estimators import HELD_BACK_FROM, Fitted, Part, RowNumbers, Task, as_network, fit_networks, loss_for
from lamina.evaluation.plan import Judged, Protocol, judged_parts, number_of_folds
from lamina.evaluation.result import Study, scores_of
from lamina.foundation.errors import SchemaError, SpecError
from lamina.foundation.randomness import derive_seed
from lamina.model import Card, Model, environment_here
from lamina.networks import Network
from lamina.training import Progress, Training, diagnose


def fit(
    data: Any,
    target: str | None = None,
    *,
    network: Network | str | None = None,
    training: Training | None = None,
    task: Task | None = None,
    protocol: Protocol | None = None,
    members: int = 1,
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
        members: networks that answer together, by the mean of what they say.
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
    spec, training = as_network(network), training or Training()
    if not spec.by_gradient:
        raise _not_by_gradient(spec)
    protocol = protocol or Protocol()
    raw = read(data, missing=missing)
    schema = infer_schema(raw, target=_target(raw.name, target, raw.table.column_names), kinds=kinds or {}, task=task)
    schema = _without_group(schema, protocol)
    task = task or infer_task(schema)
    table, notes = conform(raw, schema, need_target=True)
    folds = number_of_folds(table.num_rows, protocol)
    findings = check_before_training(table, schema, task=task, folds=folds)
    notes = (*raw.notes, *notes, *note_rows_without_target(table, str(schema.target)))
    table = table.take(rows_with_target(table, str(schema.target)))
    judged = judged_parts(table, schema, protocol, seed=seed, stratify=task == "classification")
    findings = (*findings, *check_split(table, schema, judged[0].train, judged[0].test))

    column = table.column(schema.target)
    kind = schema.column(str(schema.target))
    every = fit_target(column, kind, task)

    def target_for(rows: RowNumbers) -> ClassTarget | NumberTarget:
        return every if isinstance(every, ClassTarget) else fit_target(column.take(rows), kind, task)

    seeds = tuple(seed if not i else derive_seed(seed, "member", i) for i in range(members))
    parts = _parts(table, judged, seeds, task, column)
    if seconds is not None:
        left = max(0.01, seconds - (time.monotonic() - began))
        training = dataclasses.replace(training, seconds=left)
    if len(parts) > 1:  # the watched rows are those that judge: nothing may be chosen by them
        training = dataclasses.replace(training, restore_best=False, patience=None)
    fitted = fit_networks(
        table, schema, parts, target_for, network=spec, training=training, task=task, on_epoch=on_epoch
    )

    def model_of(one: Fitted, rows: int, metrics: Mapping[str, Mapping[str, float | None]]) -> Model:
        return _model(one, schema, task, training, rows, raw.name, seeds, metrics, notes, _fingerprint(raw.table))

    judges = [model_of(one, len(part.train), {}) for one, part in zip(fitted, parts, strict=True)]
    measured = [judges[i].evaluate_table(table.take(pair.test)) for i, pair in enumerate(judged)]
    scores = scores_of(measured)
    kept = fitted[-1]
    model = model_of(kept, len(parts[-1].train), {_split_name(judged): {s.name: s.mean for s in scores}})
    return Study(
        model=model,
        scores=scores,
        judged=tuple((len(pair.train), len(pair.test)) for pair in judged),
        rows=table.num_rows,
        findings=findings,
        notes=notes,
        histories=kept.histories,
        diagnoses=diagnose(kept.histories[0]),
        stopped=kept.stopped,
        seconds=time.monotonic() - began,
    )


def _parts(
    table: pa.Table, judged: Sequence[Judged], seeds: tuple[int, ...], task: Task, column: pa.ChunkedArray
) -> list[Part]:
    """What is trained: every fold and, last, the whole; or the one training side, with a part of it watched."""
    if len(judged) > 1:
        folds = [Part(train=pair.train, watch=pair.test, seeds=seeds) for pair in judged]
        return [*folds, Part(train=np.arange(table.num_rows), watch=np.arange(0), seeds=seeds)]
    train = judged[0].train
    if len(train) < HELD_BACK_FROM:
        return [Part(train=train, watch=np.arange(0), seeds=seeds)]
    labels = column.take(train) if task == "classification" else None
    teach, watch = hold_out(len(train), fraction=0.1, seed=derive_seed(seeds[0], "validation"), labels=labels)
    return [Part(train=train[teach], watch=train[watch], seeds=seeds)]


def _model(
    fitted: Fitted,
    schema: Schema,
    task: Task,
    training: Training,
    rows: int,
    name: str,
    seeds: tuple[int, ...],
    metrics: Mapping[str, Mapping[str, float | None]],
    notes: Sequence[Note],
    fingerprint: str,
) -> Model:
    target = fitted.target
    return Model(
        schema=schema,
        encoder=fitted.encoder,
        target=target,
        predictor=fitted.predictor,
        link=loss_for(task, training).link,
        quantiles=tuple(getattr(training.loss, "quantiles", ())),
        history=[history.to_json() for history in fitted.histories],
        card=Card(
            name=name,
            task=task,
            target=str(schema.target),
            classes=target.classes if isinstance(target, ClassTarget) else (),
            rows=rows,
            metrics=metrics,
            created=datetime.datetime.now(datetime.UTC).date().isoformat(),
            seeds=seeds,
            data=name,
            fingerprint=fingerprint,
            environment=environment_here(training.device if training.device != "auto" else "cpu"),
            notes=tuple(note.sentence for note in notes),
            limits=("Rows unlike those it learnt from: other places, times or ways of measuring.",),
        ),
    )


def _target(name: str, target: str | None, columns: Sequence[str]) -> str:
    if target is not None:
        return target
    if name in BUILTIN:
        return BUILTIN[name].target
    raise SchemaError(
        wrong="no target was named.",
        expected=f"the column to predict, one of {', '.join(repr(c) for c in columns[:8])}"
        f"{' and others' if len(columns) > 8 else ''}.",
        remedy=f"try target={columns[-1]!r}.",
    )


def _without_group(schema: Schema, protocol: Protocol) -> Schema:
    """A group is never an input: the groups that are asked about later are new ones."""
    if protocol.group is None:
        return schema
    from lamina.data import Identifier

    schema.column(protocol.group)
    columns = tuple(
        Identifier(name=c.name, reason="its values are the groups of the splits") if c.name == protocol.group else c
        for c in schema.columns
    )
    return dataclasses.replace(schema, columns=columns)


def _split_name(judged: Sequence[Judged]) -> str:
    return "held out" if len(judged) == 1 else f"{len(judged)} folds"


def _fingerprint(table: pa.Table) -> str:
    """A digest of names, types and cells, to recognise the data by."""
    total = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        total.update(f"{name}\0{column.type}\0{len(column)}\0".encode())
        for chunk in (
            column.combine_chunks().chunks
            if isinstance(column.combine_chunks(), pa.ChunkedArray)
            else [column.combine_chunks()]
        ):
            for buffer in chunk.buffers():
                if buffer is not None:
                    total.update(buffer)
    return total.hexdigest()


def _not_by_gradient(spec: Network) -> SpecError:
    return SpecError(
        wrong=f"{type(spec).__name__} is not trained by gradients.",
        expected="a network such as MLP(widths=(64, 64)) or Table().",
        remedy='for a smooth threshold unit try network="1 logistic".',
    )
