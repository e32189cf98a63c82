r"""What a few rows have in common that rows drawn by chance would not, said in one sentence.

For each column the chance that as many rows, drawn at random, would agree as well:

    c of n rows hold one level, which a share s of all rows holds       at most  C(n, c) s^c
    all n rows lie in a range that holds a share w of all rows          n w^(n-1) - (n - 1) w^n

the second being the chance that n uniform ranks lie within a window of width w. The least likely columns are named, if
that chance times the number of columns (Bonferroni) is below one in twenty.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from lamina.data import Column
from lamina.explain.asking import Floats, Places
from lamina.explain.explanation import value_text
from lamina.model import Model

CHANCE = 0.05
NAMED = 3  # columns that one sentence names


class Likeness(NamedTuple):
    """How rows are alike in one column: the chance of that among random rows, and the words."""

    chance: float
    words: str


def shared_by(model: Model, table: pa.Table, rows: Places) -> str:
    """A sentence on what these rows of a table share, the target among it where the table has one."""
    names = [*([model.card.target] if model.card.target in table.column_names else []), *_single(model)]
    found = [_likeness(model.schema.column(name), table.column(name), rows) for name in names]
    known = sorted((one for one in found if one.chance * len(names) < CHANCE), key=lambda one: one.chance)
    return "; ".join(one.words for one in known[:NAMED]) or "nothing that random rows would not share as well"


def _single(model: Model) -> list[str]:
    """The inputs of single values: two images or texts are hardly ever equal."""
    fields = {column.name for column in model.encoder.field_columns}
    return [name for name in model.encoder.inputs if name not in fields]


def alike_in_level(level: str | None, cells: list[str | None], rows: Places) -> float:
    """The chance that random rows would hold a level as often as these.

    >>> alike_in_level("a", ["a", "a", "b", "b"], np.array([0, 1]))
    0.25
    """
    count = sum(cells[row] == level for row in rows)
    share = sum(cell == level for cell in cells) / len(cells)
    return min(1.0, float(math.comb(len(rows), int(count)) * share**count))


def alike_in_range(values: Floats, rows: Places) -> float:
    """The chance that random rows would lie within a range that holds as few of all rows as theirs; 1 with a gap.

    >>> round(alike_in_range(np.arange(100.0), np.array([10, 11, 12])), 6)
    0.002646
    """
    chosen, present = values[rows], values[np.isfinite(values)]
    if not len(chosen) or not np.isfinite(chosen).all():
        return 1.0
    share = float(((present >= chosen.min()) & (present <= chosen.max())).mean())
    count = len(rows)
    return min(1.0, count * share ** (count - 1) - (count - 1) * share**count)


def _likeness(kind: Column, column: pa.ChunkedArray, rows: Places) -> Likeness:
    if kind.word in ("number", "moment"):
        return _range(kind, column, rows)
    cells = [None if cell is None else value_text(kind, cell) for cell in column.to_pylist()]
    level, count = Counter(cells[row] for row in rows).most_common(1)[0]
    words = f"{kind.name} {'missing' if level is None else level} {count} of {len(rows)}"
    return Likeness(alike_in_level(level, cells, rows), words)


def _range(kind: Column, column: pa.ChunkedArray, rows: Places) -> Likeness:
    values = _floats(column)
    chance = alike_in_range(values, rows)
    if chance >= 1:
        return Likeness(1.0, "")
    present = np.flatnonzero(np.isfinite(values))
    some, everyone = (_ends(kind, column, values, places) for places in (rows, present))
    return Likeness(chance, f"{kind.name} {some} (all rows: {everyone})")


def _ends(kind: Column, column: pa.ChunkedArray, values: Floats, places: Places) -> str:
    ends = (int(places[values[places].argmin()]), int(places[values[places].argmax()]))
    low, high = (value_text(kind, column[end].as_py()) for end in ends)
    return f"{low} to {high}"


def _floats(column: pa.ChunkedArray) -> Floats:
    plain: Any = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    return np.asarray(plain.cast(pa.float64(), safe=False), np.float64)
