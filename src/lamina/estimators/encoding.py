"""From rows of a table to what the loop takes: numbers, codes and truth as tensors.

Encoder and target are learnt from the rows that teach and from no others, so rows that judge stay unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from lamina.data import ClassTarget, Encoder, NumberTarget, Schema, fit_encoder, fit_target
from lamina.estimators.recipe import Task
from lamina.estimators.truth import check_loss, score_count, truth_of
from lamina.foundation.signature import Signature
from lamina.networks import Loss
from lamina.training import Rows

RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """Encoded rows of a table: the first ``learning`` of them teach, the others are watched."""

    encoder: Encoder
    target: ClassTarget | NumberTarget
    signature: Signature
    rows: Rows
    learning: int


def encode_part(
    table: pa.Table,
    schema: Schema,
    learn: RowNumbers,
    watch: RowNumbers,
    *,
    categories: Literal["onehot", "codes"],
    target: ClassTarget | NumberTarget,
    loss: Loss,
    weights: npt.NDArray[np.float64] | None = None,
    fields: bool = False,
) -> Encoded:
    """Rows to learn from and rows to watch, encoded by what those to learn from show.

    Args:
        categories: how the network wants them.
        target: as the rows to learn from show it (`targets_for`).
        weights: how much each row of the table counts ``(row,)``.
        fields: whether it reads images, texts and series.
    """
    encoder = fit_encoder(table.take(learn), schema, categories=categories, fields=fields)
    used = np.concatenate([learn, watch])
    rows = rows_of(table.take(used), encoder, target, str(schema.target), loss)
    counts = None if weights is None else torch.from_numpy(weights[used].astype(np.float32))
    return Encoded(
        encoder=encoder,
        target=target,
        signature=encoder.signature(scores=score_count(target, loss)),
        rows=replace(rows, weights=counts),
        learning=len(learn),
    )


def rows_of(table: pa.Table, encoder: Encoder, target: ClassTarget | NumberTarget, column: str, loss: Loss) -> Rows:
    """All rows of a table as tensors; ``column`` holds the truth."""
    batch = encoder.encode(table)
    inputs = [torch.from_numpy(batch.numbers)]
    if batch.categories.shape[1]:
        inputs.append(torch.from_numpy(batch.categories))
    inputs += [torch.from_numpy(field) for field in batch.fields]
    return Rows(inputs=tuple(inputs), truth=truth_of(target, table.column(column), loss))


def targets_for(
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


def end_to_end(pools: Sequence[Rows]) -> Rows:
    """One pool with the rows of all of them, one pool after the other."""
    if len(pools) == 1:
        return pools[0]
    weights = [pool.weights for pool in pools if pool.weights is not None]
    return Rows(
        inputs=tuple(torch.cat(same) for same in zip(*(pool.inputs for pool in pools), strict=True)),
        truth=torch.cat([pool.truth for pool in pools]),
        weights=torch.cat(weights) if weights else None,
    )
