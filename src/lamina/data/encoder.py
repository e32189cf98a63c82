"""The encoder: from a conformed table to a Batch. It learns from training rows only, and then never changes.

Every row is encoded by itself, so an answer never depends on which other rows were asked about with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from lamina.data.batch import Batch
from lamina.data.categories import CodeEncoder, FlagEncoder, OneHotEncoder, PairEncoder, fit_category, fit_flag
from lamina.data.columns import Column, Flag, Image, Moment, Number, Series, Text
from lamina.data.images import ImageEncoder, fit_image
from lamina.data.moments import MomentEncoder, fit_moment
from lamina.data.numbers import NumberEncoder, as_floats, fit_number
from lamina.data.schema import Schema
from lamina.data.series import SeriesEncoder, fit_series
from lamina.data.texts import TextEncoder, fit_text
from lamina.foundation import specs
from lamina.foundation.errors import DataError, SchemaError, nearest
from lamina.foundation.signature import Field, Signature

CHUNK_ROWS = 65_536  # rows encoded at a time; bounds the float64 intermediates, whatever the length of the table

FeatureEncoder = NumberEncoder | FlagEncoder | PairEncoder | OneHotEncoder | MomentEncoder
FieldEncoder = ImageEncoder | TextEncoder | SeriesEncoder
ColumnEncoder = FeatureEncoder | CodeEncoder | FieldEncoder


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """How each column becomes numbers or codes; made by `fit_encoder`.

    All state is plain numbers and strings: no training rows are kept.

    >>> schema = Schema(columns=(Number(name="mass_g"),))
    >>> encoder = fit_encoder(pa.table({"mass_g": [3000.0, 4000.0, 5000.0]}), schema, categories="codes")
    >>> encoder.encode(pa.table({"mass_g": [4000.0, 5000.0, None]})).numbers.round(2).tolist()
    [[0.0], [0.949999988079071], [0.0]]
    """

    columns: tuple[ColumnEncoder, ...] = specs.setting(meaning="one encoder for each column that is used, in order")

    def __post_init__(self) -> None:
        specs.check(self)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns a table must have to be encoded."""
        return tuple(column.name for column in self.columns)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each column of ``Batch.numbers``."""
        return tuple(name for encoder in self._features for name in encoder.feature_names)

    @property
    def category_names(self) -> tuple[str, ...]:
        """One name for each column of ``Batch.categories``."""
        return tuple(encoder.name for encoder in self._codes)

    @property
    def fields(self) -> tuple[Field, ...]:
        """What each array of ``Batch.fields`` is."""
        return tuple(encoder.field for encoder in self.field_columns)

    @property
    def field_names(self) -> tuple[str, ...]:
        """The column of each array of ``Batch.fields``."""
        return tuple(encoder.name for encoder in self.field_columns)

    @property
    def field_columns(self) -> tuple[FieldEncoder, ...]:
        """The encoders of images, texts and series, in order."""
        return tuple(encoder for encoder in self.columns if isinstance(encoder, FieldEncoder))

    @property
    def row_bytes(self) -> int:
        """What an encoded row takes."""
        whole = sum(math.prod(f.shape) * np.dtype(f.dtype).itemsize for f in self.fields)
        return 4 * len(self.feature_names) + 8 * len(self.category_names) + whole

    def signature(self, *, scores: int) -> Signature:
        """What a network must take in to read the batches, and give out to make ``scores`` scores a row."""
        sizes = tuple(encoder.size for encoder in self._codes)
        return Signature(features=len(self.feature_names), scores=scores, categories=sizes, fields=self.fields)

    def encode(self, table: pa.Table) -> Batch:
        """The rows of a conformed table, encoded.

        **Shape**: numbers float32 ``(row, feature)``, categories int64 ``(row, category)``; all finite, whatever the
        table holds. Each field ``(row, ...)`` as `lamina.foundation.signature.Field` says. Memory: these arrays, and
        what `CHUNK_ROWS` rows of one column take.

        Raises:
            SchemaError: a column is missing.
        """
        self._check_columns(table)
        numbers = np.empty((table.num_rows, len(self.feature_names)), np.float32)
        codes = np.empty((table.num_rows, len(self._codes)), np.int64)
        fields = tuple(np.empty((table.num_rows, *f.shape), f.dtype) for f in self.fields)
        for start in range(0, table.num_rows, CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            chunk = table.slice(start, CHUNK_ROWS)
            part = tuple(field[rows] for field in fields)
            self._write(chunk, Batch(numbers=numbers[rows], categories=codes[rows], fields=part))
        return Batch(numbers=numbers, categories=codes, fields=fields)

    def to_json(self) -> specs.Json:
        """The encoder as plain JSON values; floats keep every bit."""
        return specs.to_json(self)

    @staticmethod
    def from_json(data: specs.Json) -> Encoder:
        """The encoder that `to_json` wrote; it encodes bitwise alike.

        Raises:
            SpecError: unknown kinds or settings, or values out of bounds.
            SchemaError: the values do not hold an encoder.
        """
        encoder = specs.from_json(data, ENCODER_KINDS)
        if not isinstance(encoder, Encoder):
            raise SchemaError(
                wrong="these JSON values do not hold an encoder.",
                expected='an object with "kind": "Encoder".',
                remedy="write it again with Encoder.to_json().",
            )
        return encoder

    @property
    def _features(self) -> tuple[FeatureEncoder, ...]:
        return tuple(encoder for encoder in self.columns if not isinstance(encoder, CodeEncoder | FieldEncoder))

    @property
    def _codes(self) -> tuple[CodeEncoder, ...]:
        return tuple(encoder for encoder in self.columns if isinstance(encoder, CodeEncoder))

    def _write(self, table: pa.Table, batch: Batch) -> None:
        """Fill the arrays of ``batch`` from ``table``, column by column."""
        start = 0
        for encoder in self._features:
            stop = start + len(encoder.feature_names)
            encoder.write(table.column(encoder.name), batch.numbers[:, start:stop])
            start = stop
        for place, coder in enumerate(self._codes):
            coder.write(table.column(coder.name), batch.categories[:, place])
        for whole, field in zip(self.field_columns, batch.fields, strict=True):
            whole.write(table.column(whole.name), field)

    def _check_columns(self, table: pa.Table) -> None:
        here = set(table.column_names)  # asked for once: pyarrow makes the list anew each time
        missing = [name for name in self.inputs if name not in here]
        if missing:
            raise SchemaError(
                wrong=f"the table has no column {missing[0]!r}, which the encoder was fitted on.",
                expected=f"the {len(self.inputs)} columns of training, {len(missing)} of which are missing.",
                remedy=nearest(missing[0], table.column_names),
            )


ENCODER_KINDS: tuple[type, ...] = (
    *(Encoder, NumberEncoder, FlagEncoder, PairEncoder, OneHotEncoder, CodeEncoder, MomentEncoder),
    *(ImageEncoder, TextEncoder, SeriesEncoder),
)


def fit_encoder(
    table: pa.Table,
    schema: Schema,
    *,
    categories: Literal["codes", "onehot"],
    clipped: bool = True,
    fields: bool = False,
) -> Encoder:
    """Learn from the rows of ``table`` how to encode the features of ``schema``.

    Pass training rows only (``table.take(train_rows)``): centres, scales and levels all come from them. A column that
    does not vary in these rows gives no feature.

    Args:
        table: conformed to the schema, so that every column has its stored type.
        schema: says which columns are inputs, and of which kind.
        categories: "codes" for a network with embeddings, "onehot" for one that reads numbers only. Flags and
            categories with two levels are one number in both.
        clipped: whether numbers are smoothly clipped (see `lamina.data.numbers`); False for a linear learner, which
            should see the plain law.
        fields: whether images, texts and series are encoded, as arrays of their own; a learner that reads numbers only
            is spared them.

    Raises:
        DataError: no column varies, so there is nothing to learn from.
        SchemaError: a column of the schema is not in the table.
    """
    chosen = schema.inputs if fields else schema.features
    fitted = _fit_columns(table, chosen, as_codes=categories == "codes", clipped=clipped)
    encoder = Encoder(columns=tuple(fitted))
    if not encoder.columns and not chosen and schema.inputs:
        kinds = ", ".join(dict.fromkeys(f"{column.word} {column.name!r}" for column in schema.inputs))
        raise DataError(
            wrong=f"there is nothing to read beside {kinds}, and this learner reads only numbers and categories.",
            expected="a column of single values: numbers, categories, flags, dates; or a learner that reads others.",
            remedy="leave the network out for the usual one, which reads them, or name one with an encoder for them.",
        )
    if not encoder.columns:
        raise DataError(
            wrong=f"none of the {len(chosen)} input columns varies in the {table.num_rows:,} training rows.",
            expected=f"at least one column of {'' if fields else 'single values: '}numbers, categories, flags or dates"
            f"{', or of images, texts or series,' if fields else ''} with two different values.",
            remedy="bring more rows or other columns; identifiers and constants are not used as input.",
        )
    return encoder


def _fit_columns(
    table: pa.Table, columns: Sequence[Column], *, as_codes: bool, clipped: bool
) -> Iterator[ColumnEncoder]:
    here = set(table.column_names)
    for column in columns:
        if column.name not in here:
            raise SchemaError(
                wrong=f"the table has no column {column.name!r}, which the schema names.",
                expected="a table that was conformed to the schema.",
                remedy=nearest(column.name, table.column_names),
            )
        fitted = _fit_column(column, table.column(column.name), as_codes=as_codes, clipped=clipped)
        if fitted is not None:
            yield fitted


def _fit_column(column: Column, values: pa.ChunkedArray, *, as_codes: bool, clipped: bool) -> ColumnEncoder | None:
    if isinstance(column, Number):
        return fit_number(column.name, as_floats(values), clipped=clipped)
    if isinstance(column, Flag):
        return fit_flag(column.name, values)
    if isinstance(column, Moment):
        return fit_moment(column.name, values, clipped=clipped)
    if isinstance(column, Image):
        return fit_image(column.name, values)
    if isinstance(column, Text):
        return fit_text(column.name, values)
    if isinstance(column, Series):
        return fit_series(column.name, values)
    return fit_category(column.name, values, as_codes=as_codes)
