"""What two passes over a source hold of it, and who is to learn from what.

Three kinds of rows, each drawn by lot while the source goes by, so that their numbers do not grow with it: those set
aside, which judge everybody and are learnt from by nobody; the rivals' sample, as many rows as `RIVAL_BYTES` hold once
they are encoded; and all others, which only the network meets. Whatever is held lies in one table, and from there on a
streamed study is judged, told and kept like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lamina.data import (
    Note,
    Schema,
    Source,
    Survey,
    check_before_training,
    fit_encoder,
    infer_stream,
    kind_notes,
    survey,
    task_of,
)
from lamina.estimators import WATCHED, WATCHED_FROM, Task, held_rows, streamed_epochs
from lamina.evaluation.estimate import Work
from lamina.evaluation.plan import Plan, given_parts
from lamina.evaluation.prepare import Prepared, fingerprint
from lamina.evaluation.protocol import Protocol, share_set_aside
from lamina.foundation.errors import DataError
from lamina.foundation.randomness import derive_seed, numpy_stream
from lamina.rivals import RowNumbers, Trial
from lamina.training import Training

RIVAL_BYTES = 256 << 20  # of the encoded rows that a rival learns from
LEAST_RIVAL_ROWS = 2_000  # however wide they are
LEAST_JUDGED = 20  # rows that judge; with fewer, streaming was a mistake
NOT_KEPT = Note(
    kind="split",
    sentence="a split came with the data, but the rows of a stream are dealt by lot, and some of those for tests are "
    "learnt from. To keep it, read the whole table (--no-stream, stream=False).",
)
ROW_SECONDS = 4e-5  # to read a row and learn from it once, with the usual network, on a 2-core machine


@dataclass(frozen=True, kw_only=True, eq=False)
class Streamed:
    """A source after two passes: what is held of it, and who learns from what.

    ``prepared`` and ``plan`` are those of the held rows; ``survey`` knows of all others.
    """

    source: Source
    survey: Survey
    prepared: Prepared
    plan: Plan

    @property
    def rows(self) -> int:
        """Rows with a target, whatever they are for."""
        return int(self.survey.rows + self.survey.watched.num_rows + self.survey.aside.num_rows)

    @property
    def rival_rows(self) -> int:
        """Rows that each rival learns from."""
        return len(self.plan.judged[0].train)

    def sentence(self) -> str:
        """Who met which rows: by some the network finds its best epoch, from the others it learns."""
        met = self.survey.rows + self.survey.watched.num_rows
        if self.rival_rows == met:
            return f"The network and its rivals met the same {met:,} rows."
        return f"The network met all {met:,} rows not held out, its rivals a random sample of {self.rival_rows:,}."

    def estimated_seconds(self, training: Training, work: Work, members: int) -> float:
        """How long the networks will take, to within a factor of about two."""
        rows = self.survey.rows
        met = members * rows * streamed_epochs(training, rows, work.epochs(rows))
        return max(ROW_SECONDS, work.sample) * met + work.sample * work.question(rows)


def stream(
    source: Source, target: str, *, task: Task | None, protocol: Protocol, kinds: Mapping[str, str], seed: int
) -> Streamed:
    """Two passes over a source: its schema, then the rows that are held.

    Raises:
        DataError: a file is damaged, the target is missing everywhere, or there are too few rows to hold some out.
        SchemaError: the target or another column is not there.
    """
    schema = infer_stream(source, target=target, kinds=kinds, task=task)
    task = task or task_of(schema.column(target))
    tested = share_set_aside(source.rows, protocol)
    apart = tested + (1 - tested) * protocol.held_out
    watched = WATCHED if source.rows >= WATCHED_FROM else 0.0
    found = survey(source, schema, seed=seed, share=watched, apart=apart)
    plan = _plan(found, tested / apart, seed)
    streamed = Streamed(source=source, survey=found, prepared=_prepared(source, found, task), plan=plan)
    note = Note(kind="stream", sentence=f"streamed. {streamed.sentence()}")
    given = given_parts(streamed.prepared, protocol)
    notes = (note, *streamed.prepared.notes, *([NOT_KEPT] if given is not None else []))
    return replace(streamed, prepared=replace(streamed.prepared, notes=notes))


def _plan(found: Survey, tested: float, seed: int) -> Plan:
    """The one trial of everybody, in the table of the held rows; ``tested`` of those set aside are opened once."""
    start, count = found.sample.num_rows + found.watched.num_rows, found.aside.num_rows
    mixed = start + numpy_stream(derive_seed(seed, "test"), "aside").permutation(count)
    cut = round(count * tested)
    if count - cut < LEAST_JUDGED:
        raise _too_few(found, count - cut)
    test, judged = np.sort(mixed[:cut]), np.sort(mixed[cut:])
    known = np.concatenate([np.arange(start), judged])
    return Plan(trials=(Trial(train=_rival_rows(found, seed), test=judged),), known=known, test=test)


def _rival_rows(found: Survey, seed: int) -> RowNumbers:
    """Where in the held rows the rivals' sample is: uniform over all that anybody may learn from."""
    if found.sample.num_rows == found.rows:  # all of them are held
        places = np.arange(found.rows + found.watched.num_rows)
    else:
        places = np.flatnonzero(found.by_lot)
    wide = fit_encoder(found.sample, found.schema, categories="onehot", fields=True).row_bytes
    most = max(LEAST_RIVAL_ROWS, RIVAL_BYTES // max(wide, 1))
    return np.sort(numpy_stream(seed, "rivals").permutation(places)[:most])


def _prepared(source: Source, found: Survey, task: Task) -> Prepared:
    table = held_rows(found)
    return Prepared(
        table=table,
        schema=found.schema,
        task=task,
        name=source.name,
        findings=check_before_training(table, found.schema, task=task),
        notes=(*source.notes, *found.notes, *_doubts(found.schema), *_without_target(source, found)),
        fingerprint=_fingerprint(source),
    )


def _doubts(schema: Schema) -> list[Note]:
    return [note for note in kind_notes(schema) if schema.column(str(note.column)).used]


def _without_target(source: Source, found: Survey) -> tuple[Note, ...]:
    lacking = source.rows - found.rows - found.watched.num_rows - found.aside.num_rows
    if not lacking:
        return ()
    words = f"{lacking:,} rows have no value of the target {found.schema.target!r}: left out."
    return (Note(kind="rows", count=lacking, sentence=words),)


def _fingerprint(source: Source) -> str:
    """A digest of names, types and cells, from one more pass; how the rows are dealt to files does not matter to it."""
    total = hashlib.sha256()
    for raw in source.pieces():
        total.update(fingerprint(raw.table).encode())
    return total.hexdigest()


def _too_few(found: Survey, judged: int) -> DataError:
    rows = found.rows + found.watched.num_rows + found.aside.num_rows
    return DataError(
        wrong=f"of {rows:,} rows, {judged:,} would be left to judge by.",
        expected=f"at least {LEAST_JUDGED}, for a table that is streamed.",
        remedy="leave out --stream (stream=True): so few rows are judged by folds, in memory.",
    )
