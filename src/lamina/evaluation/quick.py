"""A first look: fewer rivals, one draw of the folds, few sizes of the learning curve, rows enough to see something."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pyarrow as pa

from lamina.data import Note, hold_out
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.protocol import Protocol
from lamina.foundation.signature import FieldKind

QUICK_CONTENDERS = ("linear", "forest", "boosting", "hog-linear", "kernels")
QUICK_DRAWS = 1  # of each size of the learning curve
QUICK_ROWS = 10_000


def quick_contenders(kinds: Sequence[FieldKind]) -> tuple[str, ...]:
    """Who takes part where the rows hold these kinds of whole arrays.

    Not boosting on pixels: with ten classes it takes longer than all other rivals together.

    >>> quick_contenders(["image"])
    ('linear', 'forest', 'hog-linear', 'kernels')
    """
    return tuple(name for name in QUICK_CONTENDERS if name != "boosting" or "image" not in kinds)


def quick_protocol(protocol: Protocol) -> Protocol:
    """The protocol with one draw of the folds, where nothing else was asked for.

    >>> quick_protocol(Protocol()).repeats, quick_protocol(Protocol(folds=10)).folds
    (1, 10)
    """
    return dataclasses.replace(protocol, repeats=protocol.repeats or 1)


def quick_rows(prepared: Prepared, protocol: Protocol, *, seed: int) -> Prepared:
    """At most `QUICK_ROWS` of the rows, drawn at random, classes in proportion; the latest ones by time."""
    rows = prepared.table.num_rows
    if rows <= QUICK_ROWS:
        return prepared
    labels = prepared.table.column(prepared.schema.target) if prepared.task == "classification" else None
    ordered = None if protocol.time is None else prepared.table.column(protocol.time)
    ties = {"time": ordered} if ordered is not None else {"labels": labels}
    _, taken = hold_out(rows, fraction=QUICK_ROWS / rows, seed=seed, **ties)
    words = f"a quick look at {len(taken):,} of {rows:,} rows; without --quick all are used."
    note = Note(kind="quick", column=None, rows=(), count=rows - len(taken), sentence=words)
    table = prepared.table.take(pa.array(taken))
    return dataclasses.replace(prepared, table=table, notes=(*prepared.notes, note))
