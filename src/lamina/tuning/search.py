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

from lamina.data import MISSING_SPELLINGS, Note, fit_encoder
from lamina.estimators import (
    Mirrors,
    Task,
    as_network,
    as_training,
    member_seeds,
    mirroring,
    mirrors_for,
    suited,
    usual_loss,
    usual_passes,
    usual_training,
)
from lamina.evaluation import Protocol, check_folder
from lamina.evaluation.asked import check_asked, headline_of
from lamina.evaluation.clock import Clock
from lamina.evaluation.contenders import THE_NETWORK
from lamina.evaluation.plan import Plan, saying_what_was_given
from lamina.evaluation.prepare import Prepared, prepare
from lamina.foundation.devices import pick_device
from lamina.foundation.errors import SpecError
from lamina.foundation.processes import refuse_several
from lamina.networks import Network
from lamina.training import Training
from lamina.training.order import batch_rows, epoch_count, epoch_steps
from lamina.tuning.contestants import cast_of
from lamina.tuning.entering import enter, header_of, opened, told_mirrors
from lamina.tuning.explore import explore
from lamina.tuning.facts import facts_of
from lamina.tuning.final import final_of
from lamina.tuning.ground import Ground, Split
from lamina.tuning.journal import Journal
from lamina.tuning.moment import Moment
from lamina.tuning.outer import outer_parts, outer_plan
from lamina.tuning.recipe import Recipe
from lamina.tuning.result import Tuning
from lamina.tuning.sampler import way_of
from lamina.tuning.setup import Search
from lamina.tuning.space import space_of


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
    members: int | None = None,
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
        resume: go on with a search in the folder that has ended; one that has not is gone on with, or joined, anyway.
        network: a spec or a string to start from in place of the default.
        training: how it learns at the start.
        members: networks that answer together at the start; None for as many as the default has.
        task: classification or regression; None lets the target decide.
        protocol: group or time column, and the share of rows that the search never sees (``test``).
        metric: what decides; None for the headline of `lamina.fit`.
        sampler: ``"tpe"`` or ``"random"``; None for TPE where Optuna is installed.
        kinds: kinds of columns that are not to be inferred.
        missing: how missing values are spelt.
        seed: of everything that is drawn.
        on_moment: called with a sentence at every moment worth telling.

    Raises:
        DataError: the data cannot be read or learnt from, or the folder holds another search, or this one and
            it has ended.
        SchemaError: the target or another column is not there.
        SpecError: what was asked for makes no sense.
        DeviceError: the device is not here.
        TrainingError: the default diverged.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tuning = tune("iris", folder=folder, rounds=1, network="4 tanh", training=Training(epochs=2))
    >>> tuning.facts["rows"], tuning.model.card.target
    ({'search': 105, 'outer': 45, 'splits': 5}, 'species')
    """
    refuse_several(
        "lamina tune", remedy="type the command without torchrun, in as many places as you like: they share it."
    )
    clock, say = Clock(seconds), on_moment or (lambda moment: None)
    if seconds is None and rounds is None:
        raise _no_end()
    asked_network, asked_training = as_network(network), as_training(training)
    pick_device(asked_training.device)
    check_asked(metric, None, (THE_NETWORK,), seed)
    way, how = way_of(sampler)
    protocol = protocol or Protocol()
    check_folder(folder)
    prepared = prepare(data, target, task=task, protocol=protocol, kinds=kinds or {}, missing=missing)
    metric = headline_of(prepared, metric)
    given = outer_parts(prepared, protocol)
    prepared = saying_what_was_given(prepared, given)
    plan = outer_plan(prepared, protocol, given, seed=seed)
    rows, fields = prepared.table.num_rows, prepared.schema.field_kinds
    many = len(member_seeds(seed, members, asked_network, rows=rows, kinds=fields))
    begin = (asked_network, asked_training, many)
    ground, epochs, start = _ground(prepared, plan, *begin, metric=metric, seed=seed)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    journal = Journal(place / "journal.jsonl")
    enter(journal, header_of(prepared, ground, space_of(start), plan, epochs, protocol), resume=resume)
    mirrors = told_mirrors(journal, lambda: _mirrors(ground, start, asked_network, asked_training, seconds))
    start = dataclasses.replace(start, network=mirroring(start.network, mirrors))
    if mirrors is not None:
        note = Note(kind="mirrors", sentence=mirrors.sentence)
        prepared = dataclasses.replace(prepared, notes=(*prepared.notes, note))
    search = Search(
        folder=place,
        journal=journal,
        ground=ground,
        space=space_of(start),
        epochs=epochs,
        way=way,
        seed=seed,
        began=clock.began,
        ends=clock.until(1.0),
        rounds=rounds,
        say=say,
    )
    say(Moment(words=_opening(search, plan, how), findings=prepared.findings, notes=prepared.notes))
    explore(search)
    tuning = _ended(search, prepared, plan, how, clock)
    tuning.save()
    return tuning


def _ended(search: Search, prepared: Prepared, plan: Plan, how: str, clock: Clock) -> Tuning:
    """Choose by what the search saw, then open the outer rows."""
    records = search.records()
    words = {trial.number: search.space.words(trial.point) for trial in records.trials}
    cast = cast_of(search, records)
    final = final_of(search, cast, prepared, plan, words, looks=opened(search.journal, records))
    return Tuning(
        model=final.model,
        beats_default=final.beaten,
        sentence=final.sentence,
        facts=facts_of(search, prepared, plan, records, final, words, how, clock),
        folder=search.folder,
    )


def _ground(
    prepared: Prepared,
    plan: Plan,
    network: Network | None,
    training: Training,
    members: int,
    *,
    metric: str,
    seed: int,
) -> tuple[Ground, int, Recipe]:
    """The rows that the search may see, how many epochs a full training has, and where the search starts."""
    seen = dataclasses.replace(prepared, table=prepared.table.take(pa.array(plan.known)))
    splits = tuple(
        Split(learn=np.searchsorted(plan.known, trial.train), held=np.searchsorted(plan.known, trial.test))
        for trial in plan.judged
    )
    rows, learn = prepared.table.num_rows, min(len(split.learn) for split in splits)
    loss = training.loss or usual_loss(prepared.task, rows)
    batch: int | Literal["all"] = "all" if training.rows_a_step == "all" else batch_rows(training.rows_a_step, learn)
    first = seen.table.take(pa.array(splits[0].learn))
    signature = fit_encoder(first, seen.schema, categories="codes", fields=True).signature(scores=1)
    passes = usual_passes(training, signature, learn) or training.epochs
    epochs = epoch_count(passes, learn, epoch_steps(batch, learn))
    spec = suited(network, rows, signature)
    optimiser = usual_training(training, spec, signature, rows).optimiser
    start = Recipe(
        network=spec,
        training=dataclasses.replace(training, loss=loss, batch=batch, epochs=epochs, optimiser=optimiser),
        members=members,
    )
    ground = Ground(prepared=seen, splits=splits, metric=metric, loss=loss, seed=seed)
    return ground, epochs, start


def _mirrors(
    ground: Ground, start: Recipe, network: Network | None, training: Training, seconds: float | None
) -> Mirrors | None:
    """Whether the search starts from mirror images too, asked of the rows that teach where it is judged first."""
    side, limits = ground.side(start, 0), (seconds, training.seconds)
    limit = min((one for one in limits if one is not None), default=None)
    return mirrors_for(
        side.rows,
        side.learning,
        network,
        side.signature,
        many=ground.prepared.table.num_rows,
        loss=ground.loss,
        training=dataclasses.replace(training, seconds=limit),
        seed=ground.seed,
    )


def _opening(search: Search, plan: Plan, how: str) -> str:
    seen, splits = search.ground.prepared.table.num_rows, len(search.ground.splits)
    by = (
        f"{splits} folds of them" if search.ground.folded else f"{len(search.ground.splits[0].held):,} of them held out"
    )
    labels = ", ".join(axis.label for axis in search.space.axes)
    tried = sum(len(trial.told) > 0 for trial in search.records().trials)
    return (
        f"{len(plan.test):,} rows are set aside and opened once; the search sees {seen:,} and judges by {by}. "
        f"It starts from {search.space.words(search.space.start_point)} and changes {labels or 'nothing'}. {how}"
        + (f" It goes on where it was: {tried} setting{'s' if tried > 1 else ''} tried so far." if tried else "")
    )


def _no_end() -> SpecError:
    return SpecError(
        wrong="the search has no end.",
        expected="a limit of seconds, of rounds, or of both.",
        remedy="try seconds=600.",
    )
