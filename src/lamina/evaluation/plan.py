"""Which rows teach, which judge, which draw the learning curve, and which are opened once at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data import Note, Schema, folds, given_split, hold_out, split_column
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.protocol import Protocol, number_of_folds, number_of_repeats, share_set_aside
from lamina.foundation.randomness import derive_seed, numpy_stream
from lamina.rivals import NO_ROWS, RowNumbers, Trial


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """The trials of a study, and the rows that none of them sees."""

    trials: tuple[Trial, ...]
    known: RowNumbers  # every row but those that are opened once
    test: RowNumbers
    groups: RowNumbers | None = None  # of every row of the table, the group that it belongs to; None without groups

    @property
    def judged(self) -> tuple[Trial, ...]:
        """The trials that judge."""
        return tuple(trial for trial in self.trials if trial.purpose == "judge")

    @property
    def kept(self) -> int:
        """Which trial makes the model that is kept: the last one."""
        return len(self.trials) - 1


def make_plan(prepared: Prepared, protocol: Protocol, *, seed: int, given: Given | None = None) -> Plan:
    """Set rows aside, split the others, and end with the trial whose model is kept.

    With folds the model that is kept learns from all rows that were not set aside; with one part held out it is the
    one that was judged. A split that was ``given`` with the data (`given_parts`) is kept: only what it leaves open is
    drawn.

    Raises:
        SchemaError: the group or the time is not a column.
        DataError: too few rows, groups or moments for the folds.
    """
    if given is None:
        known, test = _set_aside(prepared, protocol, np.arange(prepared.table.num_rows), seed)
    else:
        known, test = np.sort(np.concatenate((given.train, given.val))), given.test
    if given is not None and len(given.val):
        judged: tuple[Trial, ...] = (Trial(train=given.train, test=given.val),)
    else:
        judged = _judged(prepared, protocol, known, seed)
    keep = (Trial(train=known, test=NO_ROWS, purpose="keep"),) if len(judged) > 1 else ()
    return Plan(
        trials=(*judged, *keep),
        known=known,
        test=test,
        groups=group_codes(prepared.table, prepared.schema, protocol.group),
    )


class Given(NamedTuple):
    """The rows of a split that came with the data; those of ``val`` judge, those of ``test`` are opened once."""

    train: RowNumbers
    val: RowNumbers
    test: RowNumbers

    @property
    def sentence(self) -> str:
        """What is done with it, in words."""
        judge = f"{len(self.val):,} rows judge" if len(self.val) else "it is judged by parts of them"
        last = f", {len(self.test):,} are opened once" if len(self.test) else ""
        return f"the split that came with the data is kept: {len(self.train):,} rows to learn from, {judge}{last}."


def given_parts(prepared: Prepared, protocol: Protocol) -> Given | None:
    """The split that came with the data; None without one, or where folds, a share, groups or a time were asked for."""
    asked = (protocol.folds, protocol.test, protocol.group, protocol.time)
    found = given_split(prepared.table, prepared.schema) if asked == (None,) * len(asked) else None
    return None if found is None else Given(*(found.get(part, NO_ROWS) for part in ("train", "val", "test")))


def saying_what_was_given(prepared: Prepared, given: Given | None) -> Prepared:
    """With a note of the split that came with the data, if there is one, in place of what was found of its column."""
    if given is None:
        return prepared
    name = split_column(prepared.table, prepared.schema)
    words = f"{given.sentence.removesuffix('.')}; its column {name!r} is no input."
    findings = tuple(one for one in prepared.findings if (one.kind, one.column) != ("identifier", name))
    note = Note(kind="split", column=name, sentence=words)
    return replace(prepared, findings=findings, notes=(*prepared.notes, note))


def curve_trials(
    splits: Sequence[Trial], sizes: Sequence[int], *, draws: int, seed: int, groups: RowNumbers | None = None
) -> tuple[Trial, ...]:
    """For each size several draws of so many training rows, judged by the rows of the split that they come from.

    The draws take the splits in turn. The subsets of one draw grow: a larger one holds the smaller ones, which calms
    the curve. With ``groups``, of every row of the table, whole groups are drawn; the last one is cut to the size.
    """
    trials = []
    for draw in range(draws):
        split = splits[draw % len(splits)]
        order = _shuffled(split.train, groups, numpy_stream(seed, "curve", draw))
        trials += [Trial(train=np.sort(order[:size]), test=split.test, purpose="curve", repeat=draw) for size in sizes]
    return tuple(trials)


def _shuffled(rows: RowNumbers, groups: RowNumbers | None, stream: np.random.Generator) -> RowNumbers:
    """The rows in random order; those of a group stay together."""
    mixed = stream.permutation(rows)
    if groups is None:
        return mixed
    places = stream.permutation(groups.max() + 1)
    return mixed[np.argsort(places[groups[mixed]], kind="stable")]


def watched_part(
    prepared: Prepared, protocol: Protocol, train: RowNumbers, *, share: float, seed: int
) -> tuple[RowNumbers, RowNumbers]:
    """Training rows, less a share of them to find the best epoch by, split as strictly as those that judge."""
    teach, watch = hold_out(
        len(train), fraction=share, seed=derive_seed(seed, "validation"), **_ties(prepared, protocol, train)
    )
    return train[teach], train[watch]


def naive_trials(prepared: Prepared, plan: Plan, *, seed: int) -> tuple[Trial, ...]:
    """Splits that pay no heed to groups or time: drawn at random, as they would have been without being told."""
    protocol = Protocol(folds=max(2, len(plan.judged)), repeats=1)
    return _judged(prepared, protocol, plan.known, seed)[: len(plan.judged)]


def _set_aside(prepared: Prepared, protocol: Protocol, every: RowNumbers, seed: int) -> tuple[RowNumbers, RowNumbers]:
    share = share_set_aside(len(every), protocol)
    if not share:
        return every, NO_ROWS
    known, test = hold_out(
        len(every), fraction=share, seed=derive_seed(seed, "test"), **_ties(prepared, protocol, every)
    )
    return every[known], every[test]


def _judged(prepared: Prepared, protocol: Protocol, known: RowNumbers, seed: int) -> tuple[Trial, ...]:
    rows, ties, draw = len(known), _ties(prepared, protocol, known), derive_seed(seed, "judge")
    count = _possible_folds(rows, protocol, ties["groups"])
    if count == 1:
        train, test = hold_out(rows, fraction=protocol.held_out, seed=draw, **ties)
        return (Trial(train=known[train], test=known[test]),)
    pairs = folds(rows, folds=count, repeats=number_of_repeats(rows, protocol), seed=draw, **ties)
    return tuple(
        Trial(train=known[train], test=known[test], repeat=place // count) for place, (train, test) in enumerate(pairs)
    )


def _ties(prepared: Prepared, protocol: Protocol, rows: RowNumbers) -> dict[str, pa.ChunkedArray | None]:
    """What every split must respect: classes dealt evenly, groups kept whole, the past before the future."""
    table, schema = prepared.table, prepared.schema
    taken = pa.array(rows)
    stratify = prepared.task == "classification" and protocol.time is None
    return {
        "labels": table.column(schema.target).take(taken) if stratify else None,
        "groups": None if protocol.group is None else table.column(schema.column(protocol.group).name).take(taken),
        "time": None if protocol.time is None else table.column(schema.column(protocol.time).name).take(taken),
    }


def group_codes(table: pa.Table, schema: Schema, group: str | None) -> RowNumbers | None:
    """The number of each row's group ``(row,)``; rows without one are a group of their own. None without groups.

    Raises:
        SchemaError: the group is not a column.
    """
    if group is None:
        return None
    column = table.column(schema.column(group).name)
    return np.asarray(pc.index_in(column, value_set=column.unique()), np.int64)


def _possible_folds(rows: int, protocol: Protocol, groups: pa.ChunkedArray | None) -> int:
    """The folds that were asked for, or as many as suit the rows and their groups."""
    count = number_of_folds(rows, protocol)
    if protocol.folds is not None or groups is None or count == 1:
        return count
    return max(2, min(count, len(groups.unique())))
