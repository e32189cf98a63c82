"""The search itself: round after round of successive halving until the time is up, everything told to the journal.

The first round is the recipe that the search starts from, alone and in full: whatever happens later there is something
to keep, and its pace says how much fits into the time. A round belongs to whoever holds its lock. One that nobody holds
and that is not over was left by a process that ended: it is taken up where it was, before a new one is begun.
"""

from __future__ import annotations

import contextlib
import io
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lamina.estimators import Fitted
from lamina.foundation.storage import atomic_write
from lamina.metrics import format_metric
from lamina.model import Model
from lamina.tuning.ensemble import Answers
from lamina.tuning.fleets import Order, train
from lamina.tuning.ground import Ground
from lamina.tuning.halving import Rung, epochs_of, rungs_of, settings_in_time
from lamina.tuning.journal import Entry, Journal
from lamina.tuning.locks import locked_if_free
from lamina.tuning.moment import Moment
from lamina.tuning.records import DEFAULT, Records, Round, Told, Trial, make_round, records_of
from lamina.tuning.sampler import Way, draw
from lamina.tuning.space import Space

BLIND = 9  # settings of a round before anything is known of the pace
LAST_SHARE = 0.4  # of the time that is left, which the rungs before the last one must leave to it
UNKNOWN = 3.0  # times the pace of the default: what other settings may take while none was tried
FINAL_SHARE, FINAL_SECONDS = 0.05, (1.0, 30.0)  # of the budget for the end, and its limits
REFITS = 3  # settings that are about to be trained anew at the end, where there are folds
MOST_REFIT_SHARE = 0.4


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """Everything that the search needs to know, made once and never changed.

    ``ends`` is when (`time.monotonic`) the whole search must be over, None for no limit; ``rounds`` how many rounds
    there may be. ``members`` are the networks of a model that is trained anew at the end.
    """

    folder: Path
    journal: Journal
    ground: Ground
    space: Space
    epochs: int
    members: int
    way: Way
    seed: int
    began: float
    ends: float | None
    rounds: int | None
    say: Callable[[Moment], None]

    def records(self) -> Records:
        """What the journal says now."""
        return records_of(self.journal.read())

    def until(self, records: Records) -> float | None:
        """When training of candidates must end, so that enough is left for the end."""
        if self.ends is None:
            return None
        whole = self.ends - self.began
        low, high = FINAL_SECONDS
        reserve = min(max(FINAL_SHARE * whole, low), high, whole / 2)
        if self.ground.folded:
            default = records.finished.get(DEFAULT)
            once = 0.0 if default is None else default.seconds / (len(self.ground.splits) - 1)  # one network, all rows
            reserve += min(REFITS * self.members * once, MOST_REFIT_SHARE * whole)
        return self.ends - reserve

    def path(self, trial: int, kind: str) -> Path:
        """Where the answers (``npy``) or the model (``lamina``) of a trial are kept."""
        return self.folder / "trials" / f"{trial}.{kind}"


def explore(search: Search) -> None:
    """Work on rounds until the time is up or there may be no more of them."""
    while True:
        with contextlib.ExitStack() as held:
            number = _taken(search, held)
            if number is None or not _work(search, number):
                return


def answers_of(search: Search, trial: int) -> Answers:
    """What a trial answered to the held-out rows when it was trained in full."""
    answers: Answers = np.load(search.path(trial, "npy"), allow_pickle=False).astype(np.float64)
    return answers


def _taken(search: Search, held: contextlib.ExitStack) -> int | None:
    """A round to work on, its lock held: one that was left, else a new one; None if there is none to begin."""
    for one in search.records().rounds:
        if one.due() is not None and held.enter_context(locked_if_free(_lock(search, one.number))):
            return one.number
    added = search.journal.add(lambda entries: _new_round(search, records_of(entries)))
    for entry in added:
        if held.enter_context(locked_if_free(_lock(search, entry["round"]))):
            return int(entry["round"])
        return _taken(search, held)  # someone who looked for work that was left was quicker
    return None


def _lock(search: Search, number: int) -> Path:
    return search.folder / "rounds" / f"{number}.lock"


def _new_round(search: Search, records: Records) -> list[Entry]:
    number, first = records.next_numbers()
    if number == DEFAULT:
        return [make_round(DEFAULT, DEFAULT, rungs_of(1, search.epochs), [search.space.start_point]).entry()]
    if (search.rounds is not None and number > search.rounds) or not search.space.axes:
        return []
    settings = _settings(search, records)
    if not settings:
        return []
    points = draw(search.space, records, settings, way=search.way, seed=search.seed)
    return [make_round(number, first, rungs_of(settings, search.epochs), points).entry()]


def _settings(search: Search, records: Records) -> int:
    """How many settings the next round begins with; 0 if there is no time for one."""
    until, pace = search.until(records), records.epoch_seconds
    if until is None or pace is None:
        return BLIND
    pace *= UNKNOWN if len(records.rounds) == 1 else 1
    return settings_in_time(until - time.monotonic(), search.epochs, pace)


def _work(search: Search, number: int) -> bool:
    """Train what is due in a round until it is over; False if the time is up."""
    while True:
        records = search.records()
        one, until = records.rounds[number], search.until(records)
        due = one.due()
        if due is None:
            return True
        late = until is not None and time.monotonic() >= until
        if late and (number != DEFAULT or DEFAULT in records.finished):  # without the default there is no answer
            return False
        rung, trials = due
        if until is not None and rung < one.last:
            if _hurry(search, records, one, rung, until):
                continue
            until -= LAST_SHARE * max(0.0, until - time.monotonic())
        _train_rung(search, one, rung, trials, until=until)


def _hurry(search: Search, records: Records, one: Round, rung: int, until: float) -> bool:
    """Send the best straight to the last rung if there is no time for those between; whether that was done."""
    left, pace = until - time.monotonic(), records.epoch_seconds or 0.0
    if epochs_of(one.rungs[rung:]) * pace <= left:
        return False
    fitting = max(1, int(left / (pace * search.epochs)))
    entry = one.go_straight(rung, min(fitting, one.rungs[-1].settings))
    if entry is not None:
        search.journal.append([entry])
    return entry is not None


def _train_rung(search: Search, one: Round, rung: int, trials: Sequence[Trial], *, until: float | None) -> None:
    """Train some trials of a round on a rung, and tell the journal fleet by fleet."""
    orders, whose = _orders(search, one.rungs[rung], trials)
    waiting = _Waiting(search, one, rung, {trial.number: trial for trial in trials})

    def heard(done: Mapping[int, Fitted | None], seconds: float) -> None:
        waiting.take({whose[place]: fitted for place, fitted in done.items()}, seconds)

    train(orders, until=until, on_fleet=heard)
    if waiting.told:
        search.say(Moment(words=_rung_words(search, one, rung, waiting.told)))


def _orders(search: Search, rung: Rung, trials: Sequence[Trial]) -> tuple[list[Order], list[tuple[int, int]]]:
    """One order for each trial and split, and which trial and split each is for."""
    ground, orders, whose = search.ground, [], []
    for trial in trials:
        recipe = ground.learning(search.space.recipe(trial.point), rung.epochs)
        for place in range(len(ground.splits)):
            orders.append(Order(recipe=recipe, side=ground.side(recipe, place), seeds=(ground.first_seed(),)))
            whose.append((trial.number, place))
    return orders, whose


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
        if len(sound) < len(every):
            epochs = self.round.rungs[self.rung].epochs
            return Told(
                trial=number,
                rung=self.rung,
                worth=(-math.inf,),
                score=None,
                epochs=epochs,
                seconds=self.seconds[number],
            )
        return self._judged(number, sound)

    def _judged(self, number: int, fitted: Sequence[Fitted]) -> Told:
        ground, recipe = self.search.ground, self.search.space.recipe(self.trials[number].point)
        seeds = (ground.first_seed(),)
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
            epochs=max(len(one.histories[0].epochs) for one in fitted),
            seconds=self.seconds[number],
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
    many = f"{len(told)} setting{'s' if len(told) > 1 else ''}, {epochs} epoch{'s' if epochs > 1 else ''}{cut}"
    place = f"round {one.number}, rung {rung + 1} of {len(one.rungs)}"
    return f"{place}: {many}: best {value} ({search.space.words(trial.point)})  {seconds}"
