"""The schema of a table: which columns, of which kinds, which one is to be predicted, how missing values are spelt."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from lamina.data.columns import (
    COLUMN_KINDS,
    Category,
    Column,
    Constant,
    Flag,
    Identifier,
    Image,
    Moment,
    Number,
    Series,
    Text,
)
from lamina.foundation import specs
from lamina.foundation.errors import SchemaError, nearest
from lamina.foundation.signature import FieldKind

MISSING_SPELLINGS: tuple[str, ...] = (
    *("", "NA", "N/A", "n/a", "na", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NaT"),
    *("null", "NULL", "Null", "None", "?", "-", "--", "."),
    *("#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!"),  # what a spreadsheet writes for a failed formula
)
_FIELDS: dict[type, FieldKind] = {Image: "image", Text: "text", Series: "series"}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What a table must look like to be learnt from or predicted for.

    ``missing`` lists the cells that mean "no value", compared after spaces at both ends are cut off.

    >>> schema = Schema(columns=(Number(name="mass_g"), Identifier(name="id"), Category(name="species")),
    ...                 target="species")
    >>> [column.name for column in schema.features]
    ['mass_g']

    Raises:
        SchemaError: two columns have one name, or the target is not a column.
    """

    columns: tuple[Number | Category | Flag | Moment | Text | Image | Series | Identifier | Constant, ...] = (
        specs.setting(meaning="the columns, in order")
    )
    target: str | None = specs.setting(None, "the name of the column to be predicted, if any")
    missing: tuple[str, ...] = specs.setting(MISSING_SPELLINGS, "how a missing value is spelt")

    def __post_init__(self) -> None:
        specs.check(self)
        names = self.names
        if len(set(names)) < len(names):
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise SchemaError(
                wrong=f"the schema has two columns named {twice!r}.",
                expected="a name of its own for every column.",
                remedy="rename one of them.",
            )
        if self.target is not None:
            self.column(self.target)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The columns used as input: not the target, no identifier, no constant."""
        return tuple(column for column in self.columns if column.used and column.name != self.target)

    @property
    def features(self) -> tuple[Column, ...]:
        """The inputs with a single value in each row: no image, no text, no series."""
        return tuple(column for column in self.inputs if type(column) not in _FIELDS)

    @property
    def field_kinds(self) -> tuple[FieldKind, ...]:
        """Which kinds of whole arrays the inputs hold beside single values, each once: "image", "text", "series"."""
        held = {type(column) for column in self.inputs}
        return tuple(word for kind, word in _FIELDS.items() if kind in held)

    @property
    def target_column(self) -> Column | None:
        """The column to be predicted, if the schema names one."""
        return None if self.target is None else self.column(self.target)

    def column(self, name: str) -> Column:
        """The column called ``name``.

        Raises:
            SchemaError: there is none; the nearest names are offered.
        """
        if name in self._by_name:
            return self._by_name[name]
        raise SchemaError(
            wrong=f"there is no column {name!r}.",
            expected=f"the name of one of the {len(self.columns):,} columns.",
            remedy=nearest(name, self.names),
        )

    @functools.cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def to_json(self) -> specs.Json:
        """The schema as plain JSON values."""
        return specs.to_json(self)

    @staticmethod
    def from_json(data: specs.Json) -> Schema:
        """The schema that `to_json` wrote.

        Raises:
            SpecError: unknown kinds or settings.
            SchemaError: the columns contradict each other.
        """
        schema = specs.from_json(data, (Schema, *COLUMN_KINDS))
        if not isinstance(schema, Schema):
            raise SchemaError(
                wrong="these JSON values do not hold a schema.",
                expected='an object with "kind": "Schema".',
                remedy="write it again with Schema.to_json().",
            )
        return schema
