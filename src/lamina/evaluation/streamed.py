"""Studies of tables larger than memory: the network learns from every row, its rivals from a sample of them.

What is held of the table is prepared by `lamina.evaluation.passes`; here is how the network is made, what has to be
refused, and what a study of the held rows has to say of all others.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lamina.data import Note
from lamina.estimators import Fitted, fit_surveyed, streamed_model
from lamina.evaluation.clock import LEAST_SECONDS
from lamina.evaluation.passes import Streamed
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.protocol import Protocol
from lamina.evaluation.race import OnEpoch, answered
from lamina.evaluation.result import Study
from lamina.foundation.errors import SpecError
from lamina.model import Model
from lamina.networks import Network
from lamina.rivals import Attempt, Trial
from lamina.training import Training


@dataclass(frozen=True, kw_only=True, eq=False)
class StreamedRecipe:
    """How the network of a streamed study is made; see `lamina.evaluation.race.Recipe`."""

    network: Network | None
    training: Training
    seeds: tuple[int, ...]
    streamed: Streamed
    checkpoint: str | os.PathLike[str] | None = None

    def attempts(
        self,
        prepared: Prepared,
        trials: Sequence[Trial],
        *,
        protocol: Protocol,
        until: float | None,
        on_epoch: OnEpoch | None,
    ) -> tuple[Attempt, ...]:
        """The network's one attempt: it learns from the whole source, and answers about the rows set aside."""
        (trial,) = trials
        began = time.process_time()
        fitted = fit_surveyed(
            self.streamed.source,
            self.streamed.survey,
            network=self.network,
            training=self.training,
            task=prepared.task,
            seeds=self.seeds,
            seconds=None if until is None else max(LEAST_SECONDS, until - time.monotonic()),
            on_epoch=on_epoch,
            checkpoint=self.checkpoint,
        )
        return (answered(prepared, trial, fitted, self, time.process_time() - began),)

    def model(self, prepared: Prepared, rows: int, fitted: Fitted, **facts: Any) -> Model:
        """The model of the network; the rows it learnt from are those of the survey."""
        found = self.streamed.survey
        return streamed_model(fitted, found, self.training, task=prepared.task, seeds=self.seeds, **facts)


def refuse_unstreamed(protocol: Protocol, *, quick: bool) -> None:
    """Refuse what needs the whole table in memory.

    Raises:
        SpecError: folds, groups, an order in time, or a quick look were asked for.
    """
    asked = {
        "folds": protocol.folds not in (None, 1),
        "repeats": protocol.repeats not in (None, 1),
        "group": protocol.group is not None,
        "time": protocol.time is not None,
        "quick": quick,
    }
    name = next((name for name, here in asked.items() if here), None)
    if name is not None:
        raise SpecError(
            wrong=f"{name!r} was asked for, but the table is streamed: its rows are never all in memory.",
            expected="one part held out, drawn by lot.",
            remedy=f"leave out --{name}, or read the whole table into memory with --no-stream (stream=False).",
        )


def as_streamed(study: Study, streamed: Streamed, *, curve: bool) -> Study:
    """The study of the held rows as one of the whole source: the verdict says who met what.

    Args:
        curve: whether a learning curve was asked for, which is then said to be missing.
    """
    words, verdict = streamed.sentence(), study.verdict
    note = Note(kind="curve", sentence="no learning curve: it would need the rows in memory, and they were streamed.")
    facts = {
        "rows": streamed.rows,
        "network_rows": streamed.survey.rows,
        "watched_rows": streamed.survey.watched.num_rows,
        "rival_rows": streamed.rival_rows,
        "files": len(streamed.source.parts),
        "sentence": words,
    }
    return replace(
        study,
        rows=streamed.rows,
        notes=(*study.notes, *([note] if curve else [])),
        verdict=None if verdict is None else replace(verdict, sentence=f"{verdict.sentence} {words}"),
        parts={**study.parts, "streamed": facts, "balance": None},  # the held rows are no count of all
    )
