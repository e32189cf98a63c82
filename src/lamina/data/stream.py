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

Rows can be set aside too: nobody learns from them, watches them or chooses by them, so that they can judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells import blank_cells, is_array, is_list, one_array, trimmed
from lamina.data.checks import rows_with_target
from lamina.data.columns import Category, Column
from lamina.data.conform import conform
from lamina.data.evidence import Cells
from lamina.data.infer import check_asked, judge_columns
from lamina.data.lots import drawn
from lamina.data.notes import Note, Notes
from lamina.data.rare import Rare
from lamina.data.raw import Raw
from lamina.data.schema import Schema
from lamina.data.sketch import LIMIT, MOST_BYTES, Sketch
from lamina.data.sources import Source
from lamina.data.target import Task, all_missing

SAMPLE_ROWS = 262_144  # rows from which centres, scales and levels are learnt
HELD_BYTES = 64 << 20  # of the sample, and of the watched rows: very wide tables get fewer rows
SKETCH_BYTES = 1 << 29  # of the sketches of all columns
WATCHED_ROWS = 65_536  # at most so many rows are watched; more would cost time and tell no more
ASIDE_ROWS = 131_072  # at most so many rows are set aside: a share of them is known to 0.3 points
WHOLE_CELLS, WHOLE_CELLS_A_PIECE = 2_048, 64  # images or series that are looked at in the first pass
LEAST_ROWS = 2_304  # of the sample, however wide it is: 2,000 that teach are asked about mirror images


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the second pass found; ``sample``, ``watched`` and ``aside`` are conformed tables with every target present.

    ``rows`` is the number of rows to learn from, watched ones and those set aside not included; ``seed``, ``share``
    and ``apart`` decide again, for any row by its number, whether it is watched or set aside. ``by_lot`` says which
    rows of the sample were drawn, each with the same chance, and did not join it for being rare. ``notes`` tell what
    was changed, once a column and kind.
    """

    schema: Schema
    rows: int
    sample: pa.Table
    watched: pa.Table
    seed: int
    share: float
    apart: float = 0.0
    aside: pa.Table = field(default_factory=lambda: pa.table({}))
    by_lot: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    notes: tuple[Note, ...] = ()

    def learning(self, raw: Raw) -> pa.Table:
        """A piece of the source, conformed, without the rows that are watched, set aside or have no target."""
        return self._split(conform(raw, self.schema, need_target=True)[0], raw.before).learning

    def _split(self, table: pa.Table, start: int) -> _Split:
        known = rows_with_target(table, str(self.schema.target))
        stop = start + table.num_rows
        aside = drawn(start, stop, self.apart, self.seed, "aside")[known]
        watched = drawn(start, stop, self.share, self.seed, "watch")[known] & ~aside
        places = known[~watched & ~aside]
        if len(places) == table.num_rows:  # a slice would hold the whole table
            none = table.schema.empty_table()
            return _Split(learning=table, watched=none, aside=none, places=places)
        learning, kept, apart = (table.take(pa.array(rows)) for rows in (places, known[watched], known[aside]))
        return _Split(learning=learning, watched=kept, aside=apart, places=places)


@dataclass(frozen=True, kw_only=True)
class _Split:
    """A piece in three parts, all with a target, and the ``places`` in it of the rows to learn from."""

    learning: pa.Table
    watched: pa.Table
    aside: pa.Table
    places: npt.NDArray[np.int64]


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
    columns = [
        _Whole(one) if is_array(one.type) else _Column(one, settles=one.name not in asked, limit=limit, share=share)
        for one in source.columns
    ]
    for raw in source.pieces():
        for column, cells in zip(columns, raw.table.columns, strict=True):
            column.add(one_array(cells), raw)
    evidence = (column.cells(source, target, task) for column in columns)
    found = [_told(column, kind) for column, kind in zip(columns, judge_columns(evidence, kinds), strict=True)]
    return Schema(columns=tuple(found), target=target, missing=source.missing)


def survey(source: Source, schema: Schema, *, seed: int, share: float = 0.0, apart: float = 0.0) -> Survey:
    """The second pass; see the top of this file.

    Args:
        schema: with a target.
        seed: decides which rows are watched, which are set aside, and which are in the sample.
        share: the part of the rows that is watched, at most `WATCHED_ROWS` of them.
        apart: the part of the rows that is set aside, at most `ASIDE_ROWS` of them.

    Raises:
        DataError: the target is missing in every row, or a file is damaged.
        SchemaError: most values of a column do not fit the schema; the rows are named.
    """
    most = max(LEAST_ROWS, HELD_BYTES // source.row_bytes)
    share, apart = (
        min(asked, min(limit, most) / source.rows) for asked, limit in ((share, WATCHED_ROWS), (apart, ASIDE_ROWS))
    )
    odds = min(SAMPLE_ROWS, most) / (source.rows * (1 - share - apart)) if share + apart < 1 else 1.0
    none = pa.table({})
    found = Survey(schema=schema, rows=0, sample=none, watched=none, seed=seed, share=share, apart=apart)
    rare = [Rare(column, every=column.name == schema.target) for column in schema.columns]
    sample, watched, aside, by_lot, rows, notes = [], [], [], [], 0, Notes()
    for raw in source.pieces():
        table, told = conform(raw, schema, need_target=True)
        notes.add(told)
        split = found._split(table, raw.before)
        lot = drawn(raw.before, raw.before + raw.rows, odds, seed, "sample")[split.places]
        picked = lot.copy()
        for one in rare:
            one.mark(split.learning.column(one.column.name), picked)
        sample.append(split.learning.filter(pa.array(picked)))
        by_lot.append(lot[picked])
        watched.append(split.watched)
        aside.append(split.aside)
        rows += split.learning.num_rows
    if not rows:
        raise all_missing(str(schema.target))
    parts = {"sample": sample, "watched": watched, "aside": aside}
    tables = {name: pa.concat_tables(pieces) for name, pieces in parts.items()}
    return replace(found, rows=rows, by_lot=np.concatenate(by_lot), notes=notes.all(), **tables)


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
            folder=source.folder,
        )

    def _settled(self) -> bool:
        values = np.asarray(self.sketch.values.slice(0, 1_000), np.float64)
        return len(values) > 1 and bool((values != np.floor(values)).any())


class _Whole:
    """A column of images or series in the first pass: some cells of every piece, and the longest."""

    exact, different, held = True, 0, 0

    def __init__(self, field: pa.Field) -> None:
        self.name = field.name
        self.kept: list[pa.Array] = [pa.array([], field.type)]

    def add(self, cells: pa.Array, raw: Raw) -> None:
        """Keep the first cells of a piece, and its longest list."""
        present = cells.drop_null()
        room = WHOLE_CELLS - sum(map(len, self.kept))
        self.kept.append(present.slice(0, max(1, min(WHOLE_CELLS_A_PIECE, room))))
        if len(present) and is_list(present.type):
            self.kept.append(present.slice(int(np.argmax(np.asarray(present.value_lengths()))), 1))

    def cells(self, source: Source, target: str | None, task: Task | None) -> Cells:
        """What was kept, as the rules of `lamina.data.guess` want it."""
        present = pa.concat_arrays(self.kept)
        return Cells(
            name=self.name, present=present, rows=source.rows, target=self.name == target, folder=source.folder
        )


def _told(column: _Column | _Whole, kind: Column) -> Column:
    """A column that was judged by a sample says so where it gives a reason, and where names are missing."""
    if column.exact or (not kind.reason and not isinstance(kind, Category)):
        return kind
    words = f"of about {column.different:,} different values, {column.held:,} were looked at."
    return replace(kind, reason=" ".join(filter(None, (kind.reason, words))))
