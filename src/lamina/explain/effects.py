r"""Effects: how the answer changes with one column, averaged over the rows.

    partial dependence   pdp(v) = mean over rows of f(row with its column set to v)
    accumulated local    ale(z_k) = sum over bins j <= k of the mean, over the rows in bin j, of
                                    f(row with z_j) - f(row with z_{j-1})

Partial dependence asks about rows that may never occur (a newborn of 80 kg) where columns go together. Accumulated
local effects move each row only to the ends of its own bin, so correlated columns do not lead them astray. The bins lie
between quantiles. Levels of a category are first put in an order in which neighbours are alike in the other columns.

Sources: Friedman (2001), doi:10.1214/aos/1013203451; Apley and Zhu (2020), arXiv:1612.08468. We differ: curves of local
effects are shifted so that their mean over the rows is the mean answer (there: zero), so that both kinds read as
chances or as numbers of the target; levels are ordered along the first principal component of their means in the
other encoded numbers (there: by scaled distances).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data import Batch
from lamina.explain.asking import (
    Floats,
    Owners,
    Places,
    all_but,
    decided,
    drawn_rows,
    exchanged,
    output_names,
    owners_of,
)
from lamina.explain.grid import Grid, grid_of
from lamina.foundation.errors import DataError
from lamina.model import Model


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The answer along one column.

    ``x`` holds numbers, dates as text, or the names of levels; ``y`` a curve of as many points for each class, or for
    ``"prediction"`` in the unit of the target.
    """

    column: str
    kind: Literal["ale", "pdp"]
    kind_of_column: str  # number, category, flag or moment
    x: tuple[float, ...] | tuple[str, ...]
    y: dict[str, tuple[float, ...]]


def effect(
    model: Model,
    table: pa.Table,
    column: str,
    *,
    kind: Literal["ale", "pdp"] = "ale",
    points: int = 20,
    rows: int = 1000,
    seed: int = 0,
) -> Effect:
    """How the model's answer changes with one column.

    Args:
        model: any model.
        table: conformed; the target is not needed. Rows without a value of the column are passed over.
        column: a number, category, flag or date that the model uses.
        kind: accumulated local effects, or partial dependence.
        points: points of the curve at most; of a category the levels that occur most often.
        rows: rows that are averaged over, drawn if there are more.
        seed: of that draw.

    Raises:
        SchemaError: the model does not use the column.
        DataError: no row has a value of it.

    >>> import numpy as np
    >>> from lamina import NetworkRegressor, Training
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = NetworkRegressor("8 tanh", Training(epochs=60)).fit(X, X[:, 0]).model_
    >>> curve = effect(model, model.conform({"x0": X[:, 0], "x1": X[:, 1]})[0], "x0", points=5)
    >>> len(curve.x), bool(curve.y["prediction"][0] < curve.y["prediction"][-1])
    (5, True)
    """
    owners = owners_of(model.encoder)
    place = owners.place(column)
    present = table.filter(pc.is_valid(table.column(column)))
    if not present.num_rows:
        raise _no_values(column)
    here = present.take(pa.array(drawn_rows(present, rows, seed=seed, purpose="effect")))
    grid = grid_of(model.schema.column(column), here.column(column), points=points)
    batch = model.encoder.encode(here.take(pa.array(grid.rows)))
    stops = model.encoder.encode(_with_values(here, column, grid.values))
    ask = _Asker(model=model, batch=batch, stops=stops, column=place, owners=owners)
    if kind == "pdp":
        curve = _partial_dependence(ask)
    else:
        curve = _local_levels(ask, grid) if grid.named else _local_numbers(ask, grid)
    names = output_names(model)
    y = {name: tuple(float(v) for v in curve[:, output]) for output, name in enumerate(names)}
    return Effect(column=column, kind=kind, kind_of_column=model.schema.column(column).word, x=grid.x, y=y)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asker:
    """Rows, the stops of the grid as encoded rows, and the column that is moved from stop to stop."""

    model: Model
    batch: Batch
    stops: Batch
    column: int
    owners: Owners

    def at(self, stops: Places, rows: Places | None = None) -> Floats:
        """The answers ``(row, output)`` if each row's column were at its stop ``(row,)`` of the grid."""
        batch = self.batch if rows is None else self.batch.take(rows)
        return decided(
            self.model, exchanged(batch, self.stops.take(stops), all_but(self.column, self.owners), self.owners)
        )


def _with_values(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    """One row for each value; what the other columns hold is of no interest."""
    rows = table.take(pa.array(np.zeros(len(values), np.int64)))
    return rows.set_column(rows.column_names.index(column), column, values)


def _partial_dependence(ask: _Asker) -> Floats:
    rows = np.zeros(ask.batch.rows, np.int64)
    return np.stack([ask.at(rows + stop).mean(axis=0) for stop in range(ask.stops.rows)])


def _local_numbers(ask: _Asker, grid: Grid) -> Floats:
    """The curve at the edges; row i lies in the bin that ends at edge ``grid.stop[i]``, on the first edge in bin 1."""
    if ask.stops.rows == 1:
        return _partial_dependence(ask)
    bins = np.maximum(grid.stop, 1)
    steps = _means(ask.at(bins) - ask.at(bins - 1), bins - 1, ask.stops.rows - 1)
    curve = np.vstack((np.zeros_like(steps[:1]), steps.cumsum(axis=0)))
    middles = (curve[1:] + curve[:-1]) / 2
    return _at_mean_answer(curve, middles[bins - 1].mean(axis=0), ask)


def _local_levels(ask: _Asker, grid: Grid) -> Floats:
    """The curve at the levels: each row moves to the level before and to the one after its own."""
    order = _order_by_likeness(ask, grid)
    rank = np.argsort(order)[grid.stop]
    last = len(order) - 1
    up, down = np.flatnonzero(rank < last), np.flatnonzero(rank > 0)
    changes = np.vstack(
        (
            ask.at(order[rank[up] + 1], up) - ask.at(grid.stop[up], up),
            ask.at(grid.stop[down], down) - ask.at(order[rank[down] - 1], down),
        )
    )
    steps = _means(changes, np.concatenate((rank[up], rank[down] - 1)), last)
    curve = np.vstack((np.zeros((1, changes.shape[1])), steps.cumsum(axis=0)))[np.argsort(order)]
    return _at_mean_answer(curve, curve[grid.stop].mean(axis=0), ask)


def _order_by_likeness(ask: _Asker, grid: Grid) -> Places:
    """The levels in an order in which neighbours are alike in the other encoded numbers."""
    others = ask.batch.numbers[:, ask.owners.features != ask.column].astype(np.float64)
    means = _means(others, grid.stop, ask.stops.rows)
    if means.shape[1] == 0 or len(means) < 3:
        return np.arange(len(means))
    along = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)[0][:, 0]
    order: Places = np.argsort(along, kind="stable")
    return order


def _at_mean_answer(curve: Floats, mean: Floats, ask: _Asker) -> Floats:
    shifted: Floats = curve - mean + decided(ask.model, ask.batch).mean(axis=0)
    return shifted


def _means(values: Floats, groups: Places, count: int) -> Floats:
    """The mean of the rows of each group, ``(group, output)``; 0 for a group without rows."""
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, groups, values)
    sizes = np.bincount(groups, minlength=count)[:, None]
    means: Floats = sums / np.maximum(sizes, 1)
    return means


def _no_values(column: str) -> DataError:
    return DataError(
        wrong=f"no row has a value in the column {column!r}.",
        expected="rows with a value, to see how the answer changes with it.",
        remedy="give other rows, or ask about another column.",
    )
