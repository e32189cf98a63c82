r"""Streams: the schema and the encoder's ground of a table larger than memory, each from one pass over its source.

The first pass (`infer_stream`) holds a `Sketch` of every column and judges it by the rules of `infer_schema`: up to
100,000 different values a column the schemas are equal; beyond, shares of cells are known to about 1 % of themselves,
and that no two of many million values are equal is taken from a sample of them.

The second pass (`survey`) conforms every row once, counts those to learn from, holds the watched ones, and draws a
sample of the others for `fit_encoder` and `fit_target`: up to `SAMPLE_ROWS` rows it has them all, so that the encoder
is the one of the table in memory. Beyond, a quantile of the sample has, with S rows in it, the rank error

    P(sup |F_S - F| > e) <= 2 exp(-2 S e^2)        e = 0.26 % of the rows at 95 % for S = 262,144

(Dvoretzky, Kiefer and Wolfowitz 1956, with the constant of Massart 1990, doi:10.1214/aop/1176990746). What is rare
joins the sample: the rows that first show a level, a missing cell, or a new smallest or largest number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.categories import LEVEL_LIMIT
from lamina.data.cells import blank_cells, one_array, trimmed
from lamina.data.checks import rows_with_target
from lamina.data.columns import Category, Column, Flag, Moment, Number
from lamina.data.conform import conform
from lamina.data.evidence import Cells
from lamina.data.infer import check_asked, judge_columns
from lamina.data.lots import drawn
from lamina.data.notes import Note
from lamina.data.raw import Raw
from lamina.data.schema import Schema
from lamina.data.sketch import LIMIT, MOST_BYTES, Sketch
from lamina.data.sources import Source
from lamina.data.target import Task, all_missing

SAMPLE_ROWS = 262_144  # rows from which centres, scales and levels are learnt
HELD_BYTES = 64 << 20  # of the sample, and of the watched rows: very wide tables get fewer rows
SKETCH_BYTES = 1 << 29  # of the sketches of all columns
WATCHED_ROWS = 65_536  # at most so many rows are watched; more would cost time and tell no more
LEAST_ROWS = 2_048  # of the sample, however wide it is


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the second pass found; ``sample`` and ``watched`` are conformed tables with every target present.

    ``rows`` is the number of rows to learn from, watched ones not included; ``seed`` and ``share`` decide again,
    for any row by its number, whether it is watched. ``notes`` tell what was changed, once a column and kind.
    """

    schema: Schema
    rows: int
    sample: pa.Table
    watched: pa.Table
    seed: int
    share: float
    notes: tuple[Note, ...] = ()

    def learning(self, raw: Raw) -> pa.Table:
        """A piece of the source, conformed, without the rows that are watched or have no target."""
        return self._split(conform(raw, self.schema, need_target=True)[0], raw.before)[0]

    def _split(self, table: pa.Table, start: int) -> tuple[pa.Table, pa.Table, npt.NDArray[np.int64]]:
        """The rows to learn from and those to watch, all with a target; and the places of the former."""
        known = rows_with_target(table, str(self.schema.target))
        watched = drawn(start, start + table.num_rows, self.share, self.seed, "watch")[known]
        places = known[~watched]
        if len(places) == table.num_rows:
            return table, table.schema.empty_table(), places  # a slice would hold the whole table
        return table.take(pa.array(places)), table.take(pa.array(known[watched])), places


def infer_stream(
    source: Source,
    *,
    target: str | None = None,
    kinds: Mapping[str, str | Column] | None = None,
    task: Task | None = None,
    limit: int = LIMIT,
) -> Schema:
    """The schema of a source, from one pass over all of its cells; the arguments are those of `infer_schema`.

    Args:
        limit: how many different values of a column are held.

    Raises:
        SchemaError: the target or a column of ``kinds`` is not there, or cannot be of the kind asked for.
        SpecError: there is no such kind or task.
        DataError: a file is damaged; it is named.
    """
    check_asked(source.columns.names, source.name, target=target, kinds=kinds, task=task)
    asked = {*(kinds or {}), *([] if target is None or task is None else [target])}
    share = SKETCH_BYTES // len(source.columns)
    columns = [_Column(one, settles=one.name not in asked, limit=limit, share=share) for one in source.columns]
    for raw in source.pieces():
        for column, cells in zip(columns, raw.table.columns, strict=True):
            column.add(one_array(cells), raw)
    evidence = (column.cells(source, target, task) for column in columns)
    found = [_told(column, kind) for column, kind in zip(columns, judge_columns(evidence, kinds), strict=True)]
    return Schema(columns=tuple(found), target=target, missing=source.missing)


def survey(source: Source, schema: Schema, *, seed: int, share: float = 0.0) -> Survey:
    """The second pass; see the top of this file.

    Args:
        schema: with a target.
        seed: decides which rows are watched and which are in the sample.
        share: the part of the rows that is watched, at most `WATCHED_ROWS` of them.

    Raises:
        DataError: the target is missing in every row, or a file is damaged.
        SchemaError: most values of a column do not fit the schema; the rows are named.
    """
    most = max(LEAST_ROWS, HELD_BYTES // source.row_bytes)
    share = min(share, WATCHED_ROWS / source.rows, most / source.rows)
    found = Survey(schema=schema, rows=0, sample=pa.table({}), watched=pa.table({}), seed=seed, share=share)
    rare = [_Rare(column, every=column.name == schema.target) for column in schema.columns]
    sample, watched, rows, notes = [], [], 0, _Notes()
    for raw in source.pieces():
        table, told = conform(raw, schema, need_target=True)
        notes.add(told)
        learning, kept, places = found._split(table, raw.before)
        picked = drawn(raw.before, raw.before + raw.rows, min(SAMPLE_ROWS, most) / source.rows, seed, "sample")[places]
        for one in rare:
            one.mark(learning.column(one.column.name), picked)
        sample.append(learning.filter(pa.array(picked)))
        watched.append(kept)
        rows += learning.num_rows
    if not rows:
        raise all_missing(str(schema.target))
    parts = {"sample": pa.concat_tables(sample), "watched": pa.concat_tables(watched)}
    return replace(found, rows=rows, notes=notes.all(), **parts)


class _Column:
    """One column of the first pass."""

    def __init__(self, field: pa.Field, *, settles: bool, limit: int, share: int) -> None:
        self.name, self.declared = field.name, pa.types.is_dictionary(field.type)
        self.kind = field.type.value_type if self.declared else field.type
        self.sketch = Sketch(self.kind, limit=limit, most_bytes=min(MOST_BYTES, share))
        self.exact = True
        self.settles = settles and pa.types.is_floating(self.kind)

    def add(self, cells: pa.Array, raw: Raw) -> None:
        """Look at the cells of a piece; but floats of which two differ and one has a fraction can only be a number."""
        if self.settles and self._settled():
            return
        cells = cells.dictionary_decode() if self.declared else cells
        cells = trimmed(cells) if pa.types.is_string(cells.type) else cells
        blank = blank_cells(cells, raw.missing)
        self.sketch.add(cells.filter(pc.invert(blank)) if blank.true_count else cells)

    def cells(self, source: Source, target: str | None, task: Task | None) -> Cells:
        """What was seen, as the rules of `lamina.data.guess` want it."""
        tally = self.sketch.tally()
        self.exact, self.different, self.held = tally.exact, tally.different, len(tally.values)
        count = int(tally.counts.sum())
        full = tally.total == source.rows or (self.settles and self._settled())
        return Cells(
            name=self.name,
            present=tally.values.dictionary_encode() if self.declared else tally.values,
            times=tally.counts,
            total=tally.total,
            rows=count + (not full),
            target=self.name == target,
            comma=source.comma,
            task=task,
        )

    def _settled(self) -> bool:
        values = np.asarray(self.sketch.values.slice(0, 1_000), np.float64)
        return len(values) > 1 and bool((values != np.floor(values)).any())


def _told(column: _Column, kind: Column) -> Column:
    """A column that was judged by a sample says so where it gives a reason, and where names are missing."""
    if column.exact or (not kind.reason and not isinstance(kind, Category)):
        return kind
    words = f"of about {column.different:,} different values, {column.held:,} were looked at."
    return replace(kind, reason=" ".join(filter(None, (kind.reason, words))))


class _Rare:
    """Marks the rows of a column that show something for the first time."""

    def __init__(self, column: Column, *, every: bool) -> None:
        self.column, self.every = column, every
        self.gap = False  # whether a missing cell was seen
        self.levels: set[object] = set()
        self.low: float | None = None
        self.high: float | None = None

    def mark(self, cells: pa.ChunkedArray, rows: npt.NDArray[np.bool_]) -> None:
        """Set ``rows`` where ``cells`` show a first missing cell, a new level, or a new extreme."""
        values = one_array(cells)
        if values.null_count and not self.gap:
            self.gap = True
            rows[int(np.argmax(np.asarray(values.is_null())))] = True
        if isinstance(self.column, Number | Moment):
            self._mark_extremes(values, rows)
        elif isinstance(self.column, Category | Flag):
            self._mark_levels(values, rows)

    def _mark_extremes(self, values: pa.Array, rows: npt.NDArray[np.bool_]) -> None:
        numbers = pc.cast(values, pa.int64()) if pa.types.is_timestamp(values.type) else values
        ends = pc.min_max(numbers)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        if low is None:
            return
        if self.low is None or low < self.low:
            self.low = low
            rows[pc.index(numbers, low).as_py()] = True
        if self.high is None or high > self.high:
            self.high = high
            rows[pc.index(numbers, high).as_py()] = True

    def _mark_levels(self, values: pa.Array, rows: npt.NDArray[np.bool_]) -> None:
        if not self.every and len(self.levels) > LEVEL_LIMIT:  # then the commonest are kept, and those the sample has
            return
        new = [level for level in pc.unique(values).to_pylist() if level is not None and level not in self.levels]
        if new:
            self.levels.update(new)
            rows[np.asarray(pc.index_in(pa.array(new, values.type), value_set=values))] = True


class _Notes:
    """Notes of many pieces: of each column and kind the first one, and how many there were."""

    def __init__(self) -> None:
        self.first: dict[tuple[str, str | None], Note] = {}
        self.counts: dict[tuple[str, str | None], int] = {}

    def add(self, notes: Sequence[Note]) -> None:
        """Take in the notes of a piece."""
        for note in notes:
            key = note.kind, note.column
            self.first.setdefault(key, note)
            self.counts[key] = self.counts.get(key, 0) + (note.count if note.kind != "columns" else 0)

    def all(self) -> tuple[Note, ...]:
        """One note a column and kind, in the order of their first row."""
        return tuple(self._summed(key, note) for key, note in self.first.items())

    def _summed(self, key: tuple[str, str | None], note: Note) -> Note:
        if self.counts[key] <= note.count:
            return note
        sentence = f"{note.sentence} And so on: {self.counts[key]:,} in all."
        return replace(note, count=self.counts[key], sentence=sentence)
