"""A search from end to end: rows set aside, settings tried until the time is up, the outer rows opened once.

prepare -> set rows aside -> split the others -> rounds of halving -> choose -> open the outer rows -> keep
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from lamina.data import MISSING_SPELLINGS
from lamina.estimators import Task, as_network, as_training, member_seeds, usual_loss, usual_network
from lamina.evaluation import Protocol, check_folder
from lamina.evaluation.asked import check_asked, headline_of
from lamina.evaluation.clock import Clock
from lamina.evaluation.contenders import THE_NETWORK
from lamina.evaluation.plan import Plan, make_plan
from lamina.evaluation.prepare import Prepared, prepare
from lamina.foundation.devices import pick_device
from lamina.foundation.errors import DataError, SpecError
from lamina.foundation.specs import Json, code
from lamina.model import environment_here
from lamina.networks import Network
from lamina.training import Training
from lamina.training.order import batch_rows, epoch_count, epoch_steps
from lamina.tuning.contestants import cast_of
from lamina.tuning.explore import Search, explore
from lamina.tuning.final import Final, final_of
from lamina.tuning.ground import Ground, Split
from lamina.tuning.journal import Entry, Journal
from lamina.tuning.moment import Moment
from lamina.tuning.records import Records
from lamina.tuning.result import Tuning
from lamina.tuning.sampler import way_of
from lamina.tuning.space import Recipe, Space, space_of

FORMAT = 1
FOLDED_UP_TO = 2_000  # rows up to which candidates are judged by folds
FOLDS = 5
OUTER, OUTER_SMALL = 0.2, 0.3  # share of the rows that the search never sees; few rows need more of them to judge by


def tune(
    data: Any,
    target: str | None = None,
    *,
    folder: str | os.PathLike[str],
    seconds: float | None = None,
    rounds: int | None = None,
    resume: bool = False,
    network: Network | str | None = None,
    training: Training | None = None,
    task: Task | None = None,
    protocol: Protocol | None = None,
    metric: str | None = None,
    sampler: str | None = None,
    kinds: Mapping[str, str] | None = None,
    missing: Sequence[str] = MISSING_SPELLINGS,
    seed: int = 0,
    on_moment: Callable[[Moment], None] | None = None,
) -> Tuning:
    """Search for settings that do better than the default, and say honestly whether they do.

    Args:
        data: a path, a built-in name, any data frame, or a dict of lists.
        target: the column to predict; a built-in set knows its own.
        folder: for the journal, the model and ``tune.json``; processes with the same folder share one search.
        seconds: wall-clock limit of this call; one that goes on with a search gets it anew.
        rounds: how many rounds of settings in all; None for as many as there is time for.
        resume: go on with the search in the folder, or join the processes that are at it.
        network: a spec or a string to start from in place of the default.
        training: how it learns at the start.
        task: classification or regression; None lets the target decide.
        protocol: group or time column, and the share of rows that the search never sees (``test``).
        metric: what decides; None for the headline of `lamina.fit`.
        sampler: ``"tpe"`` or ``"random"``; None for TPE where Optuna is installed.
        kinds: kinds of columns that are not to be inferred.
        missing: how missing values are spelt.
        seed: of everything that is drawn.
        on_moment: called with a sentence at every moment worth telling.

    Raises:
        DataError: the data cannot be read or learnt from, or the folder holds a search already, or another one.
        SchemaError: the target or another column is not there.
        SpecError: what was asked for makes no sense.
        DeviceError: the device is not here.
        TrainingError: the default diverged.
    """
    clock, say = Clock(seconds), on_moment or (lambda moment: None)
    if seconds is None and rounds is None:
        raise SpecError(
            wrong="the search has no end.",
            expected="a limit of seconds, of rounds, or of both.",
            remedy="try seconds=600.",
        )
    asked_network, asked_training = as_network(network), as_training(training)
    pick_device(asked_training.device)
    check_asked(metric, None, (THE_NETWORK,), seed)
    way, how = way_of(sampler)
    protocol = protocol or Protocol()
    check_folder(folder)
    prepared = prepare(data, target, task=task, protocol=protocol, kinds=kinds or {}, missing=missing)
    metric = headline_of(prepared, metric)
    plan = outer_plan(prepared, protocol, seed=seed)
    ground, epochs, space = _ground(prepared, plan, asked_network, asked_training, metric=metric, seed=seed)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    journal = Journal(place / "journal.jsonl")
    _enter(journal, _header(prepared, ground, space, plan, epochs, protocol), resume=resume)
    search = Search(
        folder=place,
        journal=journal,
        ground=ground,
        space=space,
        epochs=epochs,
        members=len(member_seeds(seed, None, asked_network, rows=prepared.table.num_rows)),
        way=way,
        seed=seed,
        began=clock.began,
        ends=clock.until(1.0),
        rounds=rounds,
        say=say,
    )
    say(Moment(words=_opening(search, plan, how), findings=prepared.findings, notes=prepared.notes))
    explore(search)
    records = search.records()
    words = {trial.number: space.words(trial.point) for trial in records.trials}
    final = final_of(search, cast_of(search, records), prepared, plan.test, words)
    tuning = Tuning(
        model=final.model,
        beats_default=final.beaten,
        sentence=final.sentence,
        facts=_facts(search, prepared, plan, records, final, words, how, clock),
        folder=place,
    )
    tuning.save()
    return tuning


def outer_plan(prepared: Prepared, protocol: Protocol, *, seed: int) -> Plan:
    """Rows that the search never sees (``test``), and how the others are split to judge candidates."""
    small = prepared.table.num_rows < FOLDED_UP_TO
    asked = dataclasses.replace(
        protocol,
        folds=protocol.folds or (FOLDS if small else 1),
        repeats=1,
        test=protocol.test or (OUTER_SMALL if small else OUTER),
    )
    return make_plan(prepared, asked, seed=seed)


def _ground(
    prepared: Prepared, plan: Plan, network: Network | None, training: Training, *, metric: str, seed: int
) -> tuple[Ground, int, Space]:
    """The rows that the search may see, how many epochs a full training has, and where to look."""
    seen = dataclasses.replace(prepared, table=prepared.table.take(pa.array(plan.known)))
    splits = tuple(
        Split(learn=np.searchsorted(plan.known, trial.train), held=np.searchsorted(plan.known, trial.test))
        for trial in plan.judged
    )
    rows, learn = prepared.table.num_rows, min(len(split.learn) for split in splits)
    loss = training.loss or usual_loss(prepared.task, rows)
    batch: int | Literal["all"] = "all" if training.rows_a_step == "all" else batch_rows(training.rows_a_step, learn)
    epochs = epoch_count(training.epochs, learn, epoch_steps(batch, learn))
    start = Recipe(
        network=network or usual_network(rows),
        training=dataclasses.replace(training, loss=loss, batch=batch, epochs=epochs),
    )
    ground = Ground(prepared=seen, splits=splits, metric=metric, loss=loss, seed=seed)
    return ground, epochs, space_of(start)


def _header(prepared: Prepared, ground: Ground, space: Space, plan: Plan, epochs: int, protocol: Protocol) -> Entry:
    """What must be equal for two processes to be at one search."""
    return {
        "kind": "search",
        "format": FORMAT,
        "data": prepared.fingerprint,
        "target": prepared.schema.target,
        "task": prepared.task,
        "metric": ground.metric,
        "seed": ground.seed,
        "protocol": code(protocol),
        "outer_rows": len(plan.test),
        "splits": len(ground.splits),
        "start": f"{code(space.start.network)}, {code(space.start.training)}",
        "epochs": epochs,
        "space": space.to_json(),
    }


def _enter(journal: Journal, header: Entry, *, resume: bool) -> None:
    """Begin the journal, or see that it is of the same search.

    Raises:
        DataError: there is a search already and nobody asked to go on with it, or it is another one.
    """

    def begun(entries: list[Entry]) -> list[Entry]:
        if not entries:
            return [header]
        if not resume:
            raise _already(journal)
        other = sorted(name for name in header if entries[0].get(name) != header[name])
        if other:
            raise _another(journal, other)
        return []

    journal.add(begun)


def _opening(search: Search, plan: Plan, how: str) -> str:
    seen, splits = search.ground.prepared.table.num_rows, len(search.ground.splits)
    by = (
        f"{splits} folds of them" if search.ground.folded else f"{len(search.ground.splits[0].held):,} of them held out"
    )
    return (
        f"{len(plan.test):,} rows are set aside and opened once; the search sees {seen:,} and judges by {by}. "
        f"{len(search.space.axes)} settings of {search.space.words(search.space.start_point)}. {how}"
    )


def _facts(
    search: Search,
    prepared: Prepared,
    plan: Plan,
    records: Records,
    final: Final,
    words: Mapping[int, str],
    how: str,
    clock: Clock,
) -> dict[str, Json]:
    """The content of ``tune.json``."""
    return {
        "format": FORMAT,
        "name": prepared.name,
        "task": prepared.task,
        "target": prepared.schema.target,
        "metric": search.ground.metric,
        "sentence": final.sentence,
        **final.facts,
        "rows": {"search": len(plan.known), "outer": len(plan.test), "splits": len(search.ground.splits)},
        "fingerprint": prepared.fingerprint,
        "seed": search.seed,
        "sampler": how,
        "start": {"network": code(search.space.start.network), "training": code(search.space.start.training)},
        "epochs": search.epochs,
        "space": search.space.to_json(),
        "trials": [
            {
                "trial": trial.number,
                "round": trial.round,
                "settings": words[trial.number],
                "point": trial.point,
                "rungs": [
                    {"rung": t.rung, "epochs": t.epochs, "score": t.score, "seconds": t.seconds, "whole": t.whole}
                    for t in trial.told.values()
                ],
            }
            for trial in records.trials
        ],
        "budget": clock.seconds,
        "seconds": clock.passed,
        "environment": environment_here(pick_device(search.space.start.training.device)),
    }


def _already(journal: Journal) -> DataError:
    return DataError(
        wrong=f"the folder {str(journal.path.parent)!r} holds a search already.",
        expected="a folder without one, or the wish to go on with it.",
        remedy="add --resume (in Python resume=True), or choose another place: --out somewhere-else.",
    )


def _another(journal: Journal, other: Sequence[str]) -> DataError:
    return DataError(
        wrong=f"the search in {str(journal.path.parent)!r} is another one: it differs in {', '.join(other)}.",
        expected="the same data, target, metric, seed, protocol and start.",
        remedy="repeat the command as it was first given, or choose another place: --out somewhere-else.",
    )
