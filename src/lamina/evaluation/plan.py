"""Which rows teach and which rows judge.

Small tables are judged by folds: every row is held out once, and the network that is kept learns from all rows. Large
ones are judged by one part held out: there a single test is already exact, and folds would cost several trainings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data import Schema, folds, hold_out
from lamina.foundation.randomness import derive_seed
from lamina.foundation.specs import check, setting

FOLDED_UP_TO = 5_000  # rows up to which a table is judged by folds
RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a study judges what it trains.

    ``folds`` is a number of folds, 1 for one part held out, or None to let the number of rows decide.
    """

    folds: int | None = setting(None, "folds, or 1 to hold out one part", low=1, high=100)
    repeats: int = setting(1, "how often the folds are drawn anew", low=1, high=100)
    held_out: float = setting(0.2, "share of the rows held out where there are no folds", above=0, below=1)
    group: str | None = setting(None, "column whose equal values stay on one side of every split")
    time: str | None = setting(None, "column that orders the rows: the past trains, the future tests")

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Judged:
    """One split: rows to learn from and rows that only judge, int64 ``(row,)`` each."""

    train: RowNumbers
    test: RowNumbers


def judged_parts(table: pa.Table, schema: Schema, protocol: Protocol, *, seed: int, stratify: bool) -> list[Judged]:
    """The splits of a study.

    Args:
        table: conformed rows, all with a target.
        stratify: whether classes are to be dealt out evenly.

    Raises:
        SchemaError: the group or the time is not a column.
        DataError: too few rows, groups or moments for the folds.
    """
    given = {
        "labels": table.column(schema.target) if stratify and protocol.time is None else None,
        "groups": None if protocol.group is None else table.column(schema.column(protocol.group).name),
        "time": None if protocol.time is None else table.column(schema.column(protocol.time).name),
    }
    count = number_of_folds(table.num_rows, protocol)
    draw = derive_seed(seed, "judge")
    if count == 1:
        return [Judged(*hold_out(table.num_rows, fraction=protocol.held_out, seed=draw, **given))]
    repeats = 1 if protocol.time is not None else protocol.repeats
    return [Judged(*pair) for pair in folds(table.num_rows, folds=count, repeats=repeats, seed=draw, **given)]


def number_of_folds(rows: int, protocol: Protocol) -> int:
    """Folds of a table with so many rows; 1 means one part held out.

    >>> number_of_folds(344, Protocol()), number_of_folds(48_842, Protocol()), number_of_folds(344, Protocol(folds=3))
    (5, 1, 3)
    """
    return protocol.folds or (5 if rows <= FOLDED_UP_TO else 1)
