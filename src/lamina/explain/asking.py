"""Asking a model what it would answer if some columns of a row were others: the question behind every explanation.

Rows are encoded once; a column is then exchanged among the encoded rows, all of its features and its code together.
That costs no second reading of the table, and works for any model: an encoder and scores are all it needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data import Batch, ClassTarget, Encoder
from lamina.data.categories import CodeEncoder
from lamina.data.encoder import FieldEncoder
from lamina.foundation.errors import DataError, SchemaError, nearest
from lamina.foundation.randomness import numpy_stream
from lamina.model import Model

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
CELLS_AT_ONCE = 8_000_000  # encoded numbers held at a time: 32 MB


@dataclass(frozen=True, kw_only=True, eq=False)
class Owners:
    """Which column of the table each encoded feature and each code belongs to.

    **Shape**: ``features`` int64 ``(feature,)``, ``codes`` int64 ``(category,)`` and ``fields`` int64 ``(field,)`` hold
    places in ``names``.
    """

    names: tuple[str, ...]
    features: Places
    codes: Places
    fields: Places = field(default_factory=lambda: np.empty(0, np.int64))

    def place(self, column: str) -> int:
        """Where a column lies in ``names``.

        Raises:
            SchemaError: the model does not use it.
        """
        if column not in self.names:
            raise SchemaError(
                wrong=f"the model does not use a column {column!r}.",
                expected=f"one of the {len(self.names):,} columns that it learnt from.",
                remedy=nearest(column, self.names),
            )
        return self.names.index(column)


def owners_of(encoder: Encoder) -> Owners:
    """The owner of every number that the encoder makes."""
    features, codes, fields = [], [], []
    for place, column in enumerate(encoder.columns):
        if isinstance(column, CodeEncoder):
            codes.append(place)
        elif isinstance(column, FieldEncoder):
            fields.append(place)
        else:
            features += [place] * len(column.feature_names)
    return Owners(
        names=encoder.inputs,
        features=np.array(features, np.int64),
        codes=np.array(codes, np.int64),
        fields=np.array(fields, np.int64),
    )


def zero_row(encoder: Encoder) -> Batch:
    """The baseline: every number at its median, no flag, no category known, no image, text or series."""
    return Batch(
        numbers=np.zeros((1, len(encoder.feature_names)), np.float32),
        categories=np.zeros((1, len(encoder.category_names)), np.int64),
        fields=tuple(column.blank[None] for column in encoder.field_columns),
    )


def exchanged(batch: Batch, donor: Batch, keep: npt.NDArray[np.bool_], owners: Owners) -> Batch:
    """The columns of ``batch`` where ``keep`` says so, and those of ``donor`` elsewhere.

    **Shape**: ``keep`` bool ``(row, column)``; it, ``batch`` and ``donor`` may have 1 row, which then stands for all.
    """
    return Batch(
        numbers=np.where(keep[:, owners.features], batch.numbers, donor.numbers),
        categories=np.where(keep[:, owners.codes], batch.categories, donor.categories),
        fields=tuple(
            np.where(keep[:, place].reshape(-1, *(1,) * (own.ndim - 1)), own, other)
            for place, own, other in zip(owners.fields, batch.fields, donor.fields, strict=True)
        ),
    )


def all_but(column: int, owners: Owners) -> npt.NDArray[np.bool_]:
    """What `exchanged` must keep to exchange one column in every row: bool ``(1, column)``."""
    keep = np.ones((1, len(owners.names)), np.bool_)
    keep[:, column] = False
    return keep


def decided(model: Model, batch: Batch) -> Floats:
    """The chances of the classes, or the number that the model answers, for encoded rows.

    **Shape**: float64 ``(row, output)``, with the outputs that `output_names` lists.
    """
    answers, chances = model._decide(model.predictor.scores(batch))
    return chances if isinstance(model.target, ClassTarget) else np.asarray(answers, np.float64)[:, None]


def output_names(model: Model) -> tuple[str, ...]:
    """The classes, or ``("prediction",)`` for a number."""
    return model.target.classes if isinstance(model.target, ClassTarget) else ("prediction",)


def truth_of(model: Model, table: pa.Table) -> npt.NDArray[Any]:
    """The known answers: int64 codes or float64 numbers ``(row,)``.

    Raises:
        SchemaError: the table has no such column, or a row has no answer.
    """
    if model.card.target not in table.column_names:
        raise SchemaError(
            wrong=f"the table has no column {model.card.target!r}, the target.",
            expected="rows whose answer is known, conformed with it.",
            remedy="conform the data with model.conform(data, need_target=True).",
        )
    known = table.column(model.card.target)
    if isinstance(model.target, ClassTarget):
        return model.target.encode(known)
    model.target.encode(known)  # refuses what is no finite number
    return np.asarray(known, np.float64)


def drawn_rows(table: pa.Table, most: int, *, seed: int, purpose: str) -> Places:
    """At most so many rows of a table, drawn without replacement, in ascending order.

    Raises:
        DataError: the table has no rows.
    """
    if not table.num_rows:
        raise DataError(
            wrong="an explanation was asked for of a table without rows.",
            expected="at least 1 row.",
            remedy="give the rows that the model should be explained on.",
        )
    if table.num_rows <= most:
        return np.arange(table.num_rows)
    return np.sort(numpy_stream(seed, "explain", purpose).choice(table.num_rows, most, replace=False))
