"""Which rows teach, which are watched, and which only judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lamina.data import folds, hold_out
from lamina.estimators import HELD_BACK_FROM, Part, RowNumbers
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.protocol import Protocol, number_of_folds
from lamina.foundation.randomness import derive_seed

WATCHED = 0.1  # share of the training rows that is held back to find the best epoch


@dataclass(frozen=True)
class Judged:
    """One split: rows to learn from and rows that only judge, int64 ``(row,)`` each."""

    train: RowNumbers
    test: RowNumbers


def judged_parts(prepared: Prepared, protocol: Protocol, *, seed: int) -> list[Judged]:
    """The splits of a study.

    Raises:
        SchemaError: the group or the time is not a column.
        DataError: too few rows, groups or moments for the folds.
    """
    rows, ties = prepared.table.num_rows, _ties(prepared, protocol)
    count = number_of_folds(rows, protocol)
    draw = derive_seed(seed, "judge")
    if count == 1:
        return [Judged(*hold_out(rows, fraction=protocol.held_out, seed=draw, **ties))]
    repeats = 1 if protocol.time is not None else protocol.repeats
    return [Judged(*pair) for pair in folds(rows, folds=count, repeats=repeats, seed=draw, **ties)]


def parts_to_train(
    prepared: Prepared, judged: Sequence[Judged], protocol: Protocol, *, seeds: tuple[int, ...]
) -> list[Part]:
    """What is trained. The last part makes the model that is kept.

    With folds: each fold, watched by the rows that judge it, and then all rows together. Without: the training side,
    of which a tenth is held back to find the best epoch if there are rows to spare.
    """
    none = np.arange(0)
    if len(judged) > 1:
        whole = Part(train=np.arange(prepared.table.num_rows), watch=none, seeds=seeds)
        return [*(Part(train=pair.train, watch=pair.test, seeds=seeds) for pair in judged), whole]
    train = judged[0].train
    if len(train) < HELD_BACK_FROM:
        return [Part(train=train, watch=none, seeds=seeds)]
    ties = {name: None if values is None else values.take(train) for name, values in _ties(prepared, protocol).items()}
    draw = derive_seed(seeds[0], "validation")
    teach, watch = hold_out(len(train), fraction=WATCHED, seed=draw, **ties)
    return [Part(train=train[teach], watch=train[watch], seeds=seeds)]


def _ties(prepared: Prepared, protocol: Protocol) -> dict[str, pa.ChunkedArray | None]:
    """What every split must respect: classes dealt evenly, groups kept whole, the past before the future."""
    table, schema = prepared.table, prepared.schema
    stratify = prepared.task == "classification" and protocol.time is None
    return {
        "labels": table.column(schema.target) if stratify else None,
        "groups": None if protocol.group is None else table.column(schema.column(protocol.group).name),
        "time": None if protocol.time is None else table.column(schema.column(protocol.time).name),
    }
