"""The stops of an effect: the values of a column at which the model is asked, and the stop of each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data import Column, Flag, Moment, Number
from lamina.explain.asking import Places


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """The values of one column, ascending, at which a model is asked.

    **Shape**: ``values`` and ``x`` ``(stop,)``; ``rows`` int64, the rows that have a value that counts; ``stop`` int64,
    for each of them its own level, or the end of the bin that it lies in (the first value: stop 0).
    """

    values: pa.Array  # as the table stores them
    x: tuple[float, ...] | tuple[str, ...]  # as a person reads them
    named: bool  # levels of a category or of a flag, with nothing between them
    rows: Places
    stop: Places


def grid_of(kind: Column, column: pa.ChunkedArray, *, points: int) -> Grid:
    """The quantiles of numbers and dates, the most frequent levels of categories and flags; at most ``points``.

    >>> grid_of(Number(name="mass"), pa.chunked_array([[1.0, 5.0, None, 2.0]]), points=2).x
    (1.0, 5.0)
    >>> grid_of(Flag(name="fresh", true="yes", false="no"), pa.chunked_array([[True, False]]), points=9).x
    ('no', 'yes')
    """
    column = column.combine_chunks()
    if isinstance(kind, Number | Moment):
        return _quantiles(kind, column, points)
    return _levels(kind, column, points)


def _quantiles(kind: Column, column: pa.Array, points: int) -> Grid:
    dates = isinstance(kind, Moment)
    # dates as whole microseconds, which an int64 holds without rounding
    plain = pc.cast(column, pa.int64()) if dates else column
    rows = np.flatnonzero(np.asarray(pc.is_valid(plain)))
    present = np.asarray(plain.drop_null())
    if not len(present):
        return Grid(values=column[:0], x=(), named=False, rows=rows, stop=rows)
    # values that occur, so that whole numbers stay whole and dates are days of the data
    edges = np.unique(np.quantile(present, np.linspace(0, 1, max(points, 2)), method="inverted_cdf"))
    values = pa.array(edges).cast(column.type)
    x = tuple(str(m) for m in values.to_pylist()) if dates else tuple(float(edge) for edge in edges)
    stop = np.searchsorted(edges, present, side="left")
    return Grid(values=values, x=x, named=False, rows=rows, stop=stop)


def _levels(kind: Column, column: pa.Array, points: int) -> Grid:
    counts = {item["values"]: item["counts"] for item in pc.value_counts(column.drop_null()).to_pylist()}
    most = sorted(sorted(counts), key=lambda level: -counts[level])[: max(points, 2)]
    values = pa.array(sorted(most), column.type)
    places = pc.index_in(column, value_set=values) if len(values) else pa.nulls(len(column), pa.int32())
    rows = np.flatnonzero(np.asarray(pc.is_valid(places)))
    stop = np.asarray(places.drop_null()).astype(np.int64)
    names = tuple(kind.levels[v] if isinstance(kind, Flag) else str(v) for v in values.to_pylist())
    return Grid(values=values, x=names, named=True, rows=rows, stop=stop)
