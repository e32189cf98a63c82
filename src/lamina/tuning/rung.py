"""One rung of a round: its settings train side by side, are judged, kept if this was the whole training, and told."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Mapping, Sequence

import numpy as np

from lamina.estimators import Fitted
from lamina.foundation.errors import DataError
from lamina.foundation.storage import atomic_write
from lamina.metrics import format_metric
from lamina.model import Model
from lamina.tuning.ensemble import Answers
from lamina.tuning.fleets import Order, train
from lamina.tuning.moment import Moment
from lamina.tuning.recipe import Recipe
from lamina.tuning.records import DEFAULT, Round, Told, Trial
from lamina.tuning.setup import Search

_SHARES = {0: "all epochs", 1: "a third of the epochs", 2: "a ninth of the epochs"}  # by the rungs that follow


def train_rung(search: Search, one: Round, rung: int, trials: Sequence[Trial], *, until: float | None) -> None:
    """Train some trials of a round on a rung, and tell the journal fleet by fleet."""
    orders, whose = _orders(search, one, rung, trials)
    waiting = _Waiting(search, one, rung, {trial.number: trial for trial in trials})

    def heard(done: Mapping[int, Fitted | None], seconds: float) -> None:
        waiting.take({whose[place]: fitted for place, fitted in done.items()}, seconds)

    train(orders, until=until, on_fleet=heard)
    if waiting.told:
        search.say(Moment(words=_rung_words(search, one, rung, waiting.told)))


def _orders(
    search: Search, one: Round, rung: int, trials: Sequence[Trial]
) -> tuple[list[Order], list[tuple[int, int]]]:
    """One order for each trial and split, and which trial and split each is for."""
    ground, orders, whose = search.ground, [], []
    for trial in trials:
        recipe = ground.learning(search.space.recipe(trial.point), one.rungs[rung].epochs / search.epochs)
        seeds = ground.seeds(_networks(one, rung, recipe))
        for place in range(len(ground.splits)):
            orders.append(Order(recipe=recipe, side=ground.side(recipe, place), seeds=seeds))
            whose.append((trial.number, place))
    return orders, whose


def _networks(one: Round, rung: int, recipe: Recipe) -> int:
    """How many networks of a setting train: all on the last rung; before it, one tells it apart as well."""
    return recipe.members if rung == one.last else 1


class _Waiting:
    """Collects what was learnt on each split until a trial is complete, then judges it and tells."""

    def __init__(self, search: Search, one: Round, rung: int, trials: Mapping[int, Trial]) -> None:
        self.search, self.round, self.rung, self.trials = search, one, rung, trials
        self.fitted: dict[int, dict[int, Fitted | None]] = {number: {} for number in trials}
        self.seconds = dict.fromkeys(trials, 0.0)
        self.told: list[Told] = []
        self.judge = search.ground.judge()

    def take(self, done: Mapping[tuple[int, int], Fitted | None], seconds: float) -> None:
        """What a fleet learnt, by trial and split."""
        for (number, place), fitted in done.items():
            self.fitted[number][place] = fitted
            self.seconds[number] += seconds / len(done)
        complete = {n for n, _ in done if len(self.fitted[n]) == len(self.search.ground.splits)}
        told = [self._tell(number) for number in sorted(complete)]
        last = self.rung == self.round.last
        kept = [one for one in told if one.whole or last]  # half a short training tells nothing
        self.search.journal.append([one.entry() for one in kept])
        self.told += kept

    def _tell(self, number: int) -> Told:
        every = [self.fitted[number][place] for place in range(len(self.search.ground.splits))]
        sound = [fitted for fitted in every if fitted is not None]
        recipe = self.search.space.recipe(self.trials[number].point)
        seconds, networks = self.seconds[number], _networks(self.round, self.rung, recipe)
        if len(sound) == len(every):
            return self._judged(number, sound, recipe, networks)
        return Told(
            trial=number,
            rung=self.rung,
            worth=(-math.inf,),
            score=None,
            epochs=self.round.rungs[self.rung].epochs,
            seconds=seconds,
            networks=networks,
        )

    def _judged(self, number: int, fitted: Sequence[Fitted], recipe: Recipe, networks: int) -> Told:
        ground = self.search.ground
        seeds = ground.seeds(networks)
        models = [ground.model(recipe, f, s.learn, seeds) for f, s in zip(fitted, ground.splits, strict=True)]
        answers = ground.answers(models)
        worth = self.judge(answers)
        finite = math.isfinite(worth[0])
        if self.rung == self.round.last and finite:
            _keep(self.search, number, answers, None if ground.folded else models[0])
        return Told(
            trial=number,
            rung=self.rung,
            worth=worth,
            score=(worth[0] if ground.measure.better == "higher" else -worth[0]) if finite else None,
            epochs=max(len(history.epochs) for one in fitted for history in one.histories),
            seconds=self.seconds[number],
            networks=networks,
            whole=all(why != "seconds" for one in fitted for why in one.stopped),
        )


def _keep(search: Search, trial: int, answers: Answers, model: Model | None) -> None:
    """Put the answers (and the model, where it is not trained anew) of a trial on disk, before it is told."""
    place = search.path(trial, "npy")
    place.parent.mkdir(parents=True, exist_ok=True)
    if model is not None:
        model.save(search.path(trial, "lamina"))
    content = io.BytesIO()
    np.save(content, answers.astype(np.float32), allow_pickle=False)
    atomic_write(place, content.getvalue())


def _rung_words(search: Search, one: Round, rung: int, told: Sequence[Told]) -> str:
    """What came of a rung, in one line."""
    epochs = one.rungs[rung].epochs
    best = max(told, key=lambda result: (result.worth, -result.trial))
    trial = next(trial for trial in one.trials if trial.number == best.trial)
    metric = search.ground.measure
    value = "diverged" if best.score is None else f"{metric.label} {format_metric(metric, best.score)}"
    cut = "" if all(result.whole for result in told) else ", cut short by the clock"
    seconds = f"{time.monotonic() - search.began:.0f} s"
    if one.number == DEFAULT:
        return f"default: {epochs} epochs{cut}: {value} ({search.space.words(trial.point)})  {seconds}"
    share = _SHARES.get(one.last - rung, "a part of the epochs")
    many = f"{len(told)} setting{'s' if len(told) > 1 else ''}, {share}{cut}"
    place = f"round {one.number}, rung {rung + 1} of {len(one.rungs)}"
    return f"{place}: {many}: best {value} ({search.space.words(trial.point)})  {seconds}"


def answers_of(search: Search, trial: int) -> Answers:
    """What a trial answered to the held-out rows when it was trained in full.

    Raises:
        DataError: its file is not there any more, or damaged.
    """
    place = search.path(trial, "npy")
    try:
        answers: Answers = np.load(place, allow_pickle=False).astype(np.float64)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            wrong=f"the answers of trial {trial} cannot be read from {str(place)!r}: {error}.",
            expected="the file that the search wrote when the trial was done.",
            remedy="bring it back, or begin a new search in another folder.",
        ) from error
    return answers
