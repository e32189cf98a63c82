"""Every contender tries every trial: the networks in this process, all together, their rivals beside them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from typing import Protocol as Interface

import numpy as np
import pyarrow as pa

from lamina.data import Batch, NumberTarget
from lamina.estimators import Fitted, Part, fit_networks, to_model
from lamina.evaluation.contenders import NETWORK, Contender
from lamina.evaluation.plan import watched_part
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.protocol import Protocol
from lamina.foundation.randomness import derive_seed
from lamina.model import Model, numbers, probabilities
from lamina.networks import Network
from lamina.rivals import NO_ROWS, Attempt, Crew, Job, Trial
from lamina.training import Progress, Training

HELD_BACK_FROM = 2_000  # training rows from which a tenth can be spared to find the best epoch
WATCHED = 0.1  # share of the training rows that is held back for that


OnEpoch = Callable[[Progress], None]


class Recipe(Interface):
    """How the network that takes part is made, and from which rows."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """A seed for each member."""

    def attempts(
        self,
        prepared: Prepared,
        trials: Sequence[Trial],
        *,
        protocol: Protocol,
        until: float | None,
        on_epoch: OnEpoch | None,
    ) -> tuple[Attempt, ...]:
        """The networks' attempts at all trials, best so far when the clock (`time.monotonic`) shows ``until``."""

    def model(self, prepared: Prepared, rows: int, fitted: Fitted, **facts: Any) -> Model:
        """The model of networks whose trial had so many training rows; ``facts`` are fields of its card."""


@dataclass(frozen=True, kw_only=True)
class NetworkRecipe:
    """How the network that takes part is made: None is the usual one for so many rows; a seed for each member.

    ``choosing`` says that rows of their own find the best epoch. With folds they do not: the rows that could be
    watched are those that judge, and nothing may be chosen by them.
    """

    network: Network | None
    training: Training
    seeds: tuple[int, ...]
    choosing: bool
    checkpoint: str | os.PathLike[str] | None = None

    @property
    def learning(self) -> Training:
        """The training, without any choice where there is nothing to choose by."""
        return self.training if self.choosing else replace(self.training, restore_best=False, patience=None)

    def attempts(
        self,
        prepared: Prepared,
        trials: Sequence[Trial],
        *,
        protocol: Protocol,
        until: float | None,
        on_epoch: OnEpoch | None,
    ) -> tuple[Attempt, ...]:
        """The networks of all trials, trained together; see `network_attempts`."""
        return network_attempts(prepared, trials, recipe=_in_time(self, until), protocol=protocol, on_epoch=on_epoch)

    def model(self, prepared: Prepared, rows: int, fitted: Fitted, **facts: Any) -> Model:
        """The model of networks that learnt from so many rows."""
        part = Part(train=np.arange(rows), watch=NO_ROWS, seeds=self.seeds)
        return to_model(fitted, prepared.schema, part, self.learning, task=prepared.task, **facts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What a contender did in each trial, in their order; none if it was ``left_out``, and then why."""

    contender: Contender
    attempts: tuple[Attempt, ...] = ()
    left_out: str | None = None


def rival_jobs(contenders: Sequence[Contender], trials: Mapping[str, Trial], *, seed: int) -> list[Job]:
    """One job for each rival and trial; a rival at a time, in their order: a budget then leaves whole rivals."""
    return [
        Job(
            contender=contender.name,
            family=contender.family,
            source=contender.source,
            trial=name,
            seed=derive_seed(seed, contender.name, name),
            keep=trial.purpose == "keep" or len(trials) == 1,
        )
        for contender in contenders
        if contender.name != NETWORK
        for name, trial in trials.items()
    ]


def race(
    prepared: Prepared,
    contenders: Sequence[Contender],
    trials: Sequence[Trial],
    *,
    recipe: Recipe,
    protocol: Protocol,
    seed: int,
    workers: int,
    until: float | None = None,
    on_step: Callable[[Progress | None, int, int], None] = lambda epoch, done, total: None,
) -> tuple[Outcome, ...]:
    """What every contender said in every trial, in their order.

    A rival that is not done when the clock shows ``until`` is left out; the network stops there with its best so far.
    Rivals that share this process with it may take half of the time: it would use up all of it.

    Raises:
        TrainingError: the network diverged, or a process ended by itself.
    """
    named = {str(place): trial for place, trial in enumerate(trials)}
    jobs = rival_jobs(contenders, named, seed=seed)
    crew = Crew(prepared.table, prepared.schema, prepared.task, named, jobs, workers=workers)
    networks: tuple[Attempt, ...] = ()
    with crew:
        crew.work(until=None if until is None else (time.monotonic() + until) / 2)
        if any(one.name == NETWORK for one in contenders):
            networks = recipe.attempts(
                prepared,
                trials,
                protocol=protocol,
                until=until,
                on_epoch=lambda epoch: on_step(epoch, crew.done, len(jobs)),
            )
        done = crew.results(until=until, on_done=lambda done: on_step(None, done, len(jobs)))
    return tuple(
        Outcome(contender=one, attempts=networks) if one.name == NETWORK else _outcome(one, named, done)
        for one in contenders
    )


def network_attempts(
    prepared: Prepared,
    trials: Sequence[Trial],
    *,
    recipe: NetworkRecipe,
    protocol: Protocol,
    on_epoch: OnEpoch | None,
) -> tuple[Attempt, ...]:
    """The networks' attempts at all trials, trained together; each holds its `Fitted` networks.

    The seconds of an attempt are its share, by training rows, of what the fleet of all of them took.
    """
    parts = network_parts(prepared, trials, recipe=recipe, protocol=protocol)
    began = time.process_time()
    fitted = fit_networks(
        prepared.table,
        prepared.schema,
        parts,
        network=recipe.network,
        training=recipe.learning,
        task=prepared.task,
        on_epoch=on_epoch,
        checkpoint=recipe.checkpoint,
    )
    second = (time.process_time() - began) / max(1, sum(len(part.train) for part in parts))  # of one training row
    return tuple(
        answered(prepared, trial, one, recipe, second * len(part.train))
        for trial, part, one in zip(trials, parts, fitted, strict=True)
    )


def network_parts(
    prepared: Prepared, trials: Sequence[Trial], *, recipe: NetworkRecipe, protocol: Protocol
) -> list[Part]:
    """What the networks learn from and watch.

    With folds the first one is watched by the rows that judge it, for the pictures: nothing is chosen by them.
    Otherwise a tenth of the training side is held back to find the best epoch, if there are rows to spare.
    """
    if recipe.choosing:
        sides = [_watched(prepared, protocol, trial, recipe.seeds[0]) for trial in trials]
    else:
        sides = [(trial.train, NO_ROWS if place else trial.test) for place, trial in enumerate(trials)]
    return [Part(train=train, watch=watch, seeds=recipe.seeds) for train, watch in sides]


def _watched(prepared: Prepared, protocol: Protocol, trial: Trial, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if len(trial.train) < HELD_BACK_FROM:
        return trial.train, NO_ROWS
    return watched_part(prepared, protocol, trial.train, share=WATCHED, seed=seed)


def answered(prepared: Prepared, trial: Trial, fitted: Fitted, recipe: Recipe, seconds: float) -> Attempt:
    """What networks that took so many processor seconds to train say about the rows that judge."""
    model = recipe.model(prepared, len(trial.train), fitted, name=prepared.name)
    judged = prepared.table.take(pa.array(trial.test))
    answers, chances = model.decide(judged)
    return Attempt(
        answers=chances if prepared.task == "classification" else np.asarray(answers, np.float64),
        cpu_seconds=seconds,
        predict_seconds=_seconds_to_answer(model, model.encoder.encode(judged)),
        learnt=fitted,
    )


def _seconds_to_answer(model: Model, batch: Batch) -> float:
    """Processor seconds to answer encoded rows, as of a rival; the networks have answered once and are in place."""
    began = time.process_time()
    scores = model.predictor.scores(batch)
    if isinstance(model.target, NumberTarget):
        numbers(scores, model.link, model.target)
    else:
        probabilities(scores, model.link)
    return time.process_time() - began


def _in_time(recipe: NetworkRecipe, until: float | None) -> NetworkRecipe:
    if until is None:
        return recipe
    left = max(0.01, until - time.monotonic())
    asked = recipe.training.seconds
    return replace(recipe, training=replace(recipe.training, seconds=left if asked is None else min(left, asked)))


def _outcome(contender: Contender, trials: Mapping[str, Trial], done: Mapping[tuple[str, str], Attempt]) -> Outcome:
    attempts = [done.get((contender.name, name)) for name in trials]
    failed = next((one.failed for one in attempts if one is not None and one.failed), None)
    if failed is not None:
        return Outcome(contender=contender, left_out=failed)
    if any(one is None for one in attempts):
        return Outcome(contender=contender, left_out="the budget was used up")
    return Outcome(contender=contender, attempts=tuple(one for one in attempts if one is not None))
