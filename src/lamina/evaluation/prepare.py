"""From a source of data to the rows that a study can learn from, with everything noticed on the way.

read -> schema -> conform -> checks -> rows with a known target
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lamina.data import (
    BUILTIN,
    Finding,
    Identifier,
    Note,
    Schema,
    check_before_training,
    conform,
    infer_schema,
    infer_task,
    kind_notes,
    note_rows_without_target,
    read,
    rows_with_target,
)
from lamina.estimators import Task
from lamina.evaluation.protocol import Protocol, number_of_folds
from lamina.foundation.errors import SchemaError


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Rows to learn from: conformed to the schema, each with a target.

    ``fingerprint`` is a digest of the source, by which it can be recognised.
    """

    table: pa.Table
    schema: Schema
    task: Task
    name: str
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    fingerprint: str


def prepare(
    data: Any,
    target: str | None,
    *,
    task: Task | None,
    protocol: Protocol,
    kinds: Mapping[str, str],
    missing: Sequence[str],
) -> Prepared:
    """Read, infer, conform and check; the arguments are those of `lamina.evaluation.fit`.

    Raises:
        DataError: the data cannot be read or learnt from.
        SchemaError: the target or another column is not there.
    """
    raw = read(data, missing=missing)
    target = named_target(raw.name, target, raw.table.column_names)
    schema = _without_group(infer_schema(raw, target=target, kinds=kinds, task=task), protocol)
    task = task or infer_task(schema)
    table, notes = conform(raw, schema, need_target=True)
    known = rows_with_target(table, target)
    findings = check_before_training(table, schema, task=task, folds=number_of_folds(len(known), protocol))
    return Prepared(
        table=table.take(pa.array(known)),
        schema=schema,
        task=task,
        name=raw.name,
        findings=findings,
        notes=(*notes, *_doubts(schema), *note_rows_without_target(table, target)),
        fingerprint=fingerprint(raw.table),
    )


def fingerprint(table: pa.Table) -> str:
    """A digest of names, types and cells; equal for equal columns, however they lie in memory.

    >>> whole = pa.table({"a": [1, 2, 3]})
    >>> fingerprint(whole) == fingerprint(pa.concat_tables([whole[:1], whole[1:]])) != fingerprint(whole[1:])
    True
    """
    total = _Digest()
    for name in table.column_names:  # one at a time: only one column is ever copied
        column = table.select([name]).replace_schema_metadata(None).combine_chunks()
        with pa.ipc.new_stream(pa.PythonFile(total, "w"), column.schema) as stream:
            stream.write_table(column)
    return total.sha256.hexdigest()


class _Digest:
    """A file that keeps nothing of what is written but its sha256."""

    closed = False  # what pyarrow asks of a file

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, content: Any) -> int:
        self.sha256.update(content)
        return len(content)

    def close(self) -> None:
        """Nothing was opened."""


def named_target(name: str, target: str | None, columns: Sequence[str]) -> str:
    """The target that was named, or that of a built-in set.

    Raises:
        SchemaError: there is neither.
    """
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


def _doubts(schema: Schema) -> list[Note]:
    """Where a guess about a kind could be wrong; what is left out is among the findings already."""
    return [note for note in kind_notes(schema) if schema.column(str(note.column)).used]


def _without_group(schema: Schema, protocol: Protocol) -> Schema:
    """A group is never an input: the groups that are asked about later are new ones."""
    if protocol.group is None:
        return schema
    group = Identifier(name=schema.column(protocol.group).name, reason="its values are the groups of the splits.")
    return dataclasses.replace(schema, columns=tuple(group if c.name == group.name else c for c in schema.columns))
