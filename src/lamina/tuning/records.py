"""What the journal says, put in order: the rounds of a search, their trials, what each trial reached, what is due next.

A journal holds one line for the search itself, then, for each round, a line with its rungs and the settings of its
trials (written before anything is trained), and one for every result. Nothing else is remembered anywhere, so a process
that begins knows what every other one has done.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lamina.foundation.specs import Json
from lamina.tuning.halving import Rung, survivors
from lamina.tuning.journal import Entry
from lamina.tuning.space import Point

Worth = tuple[float, ...]  # higher is better; a later number decides between equals
DEFAULT = 0  # the trial, and the round, of the recipe that the search starts from


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a trial reached on a rung: ``score`` is that of the metric, None if it diverged.

    ``networks`` were trained on each split, each for so many ``epochs``. ``whole`` says that these were all that it
    asked for; the time may have been up before.
    """

    trial: int
    rung: int
    worth: Worth
    score: float | None
    epochs: int
    seconds: float
    networks: int = 1
    whole: bool = True

    def entry(self) -> Entry:
        """The line of the journal."""
        worth = [one if math.isfinite(one) else None for one in self.worth]
        return {"kind": "told", **self.__dict__, "worth": worth}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Settings that are tried, and what they reached on each rung."""

    number: int
    round: int
    point: Point
    told: Mapping[int, Told] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round of successive halving.

    ``straight`` are trials that go straight to the last rung, because there was no time for those between; None if the
    round takes its course.
    """

    number: int
    rungs: tuple[Rung, ...]
    trials: tuple[Trial, ...]
    straight: tuple[int, ...] | None = None

    @property
    def last(self) -> int:
        """The rung on which trials are trained in full."""
        return len(self.rungs) - 1

    def due(self) -> tuple[int, tuple[Trial, ...]] | None:
        """The rung to train now and the trials on it that are not done; None when the round is over."""
        on, by_number = self.trials, {trial.number: trial for trial in self.trials}
        if self.straight is not None:
            on = tuple(by_number[number] for number in self.straight)
        for place in range(0 if self.straight is None else self.last, len(self.rungs)):
            missing = tuple(trial for trial in on if place not in trial.told or not trial.told[place].whole)
            if missing:
                return place, missing
            if place < self.last:
                best = survivors({t.number: t.told[place].worth for t in on}, self.rungs[place + 1].settings)
                on = tuple(by_number[number] for number in best)
        return None

    def go_straight(self, rung: int, settings: int) -> Entry | None:
        """The line that sends the best so many, by what is known on this rung or the one before, straight to the last.

        None where nothing is known of any of them yet.
        """
        for place in (rung, rung - 1):
            worth = {trial.number: trial.told[place].worth for trial in self.trials if place in trial.told}
            if worth:
                return {"kind": "straight", "round": self.number, "trials": list(survivors(worth, settings))}
        return None

    def entry(self) -> Entry:
        """The line of the journal."""
        return {
            "kind": "round",
            "round": self.number,
            "rungs": [{"settings": rung.settings, "epochs": rung.epochs} for rung in self.rungs],
            "trials": [{"trial": trial.number, "point": trial.point} for trial in self.trials],
        }


@dataclass(frozen=True, kw_only=True)
class Records:
    """All rounds so far."""

    rounds: tuple[Round, ...]

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials of all rounds, in order."""
        return tuple(trial for one in self.rounds for trial in one.trials)

    @property
    def finished(self) -> dict[int, Told]:
        """What every trial reached that came to the last rung of its round and did not diverge, the default first."""
        return {
            trial.number: trial.told[one.last]
            for one in self.rounds
            for trial in one.trials
            if one.last in trial.told and trial.told[one.last].score is not None
        }

    @property
    def epoch_seconds(self) -> float | None:
        """Seconds that one epoch of one network took on all splits, on average; None if nothing was trained yet."""
        told = [result for trial in self.trials for result in trial.told.values()]
        epochs = sum(result.epochs * result.networks for result in told)
        return sum(result.seconds for result in told) / epochs if epochs else None

    def next_numbers(self) -> tuple[int, int]:
        """The numbers of the next round and of its first trial."""
        return len(self.rounds), len(self.trials)


def records_of(entries: Sequence[Entry]) -> Records:
    """The journal in order; of two results of one trial on one rung the whole one counts, else the later."""
    told: dict[int, dict[int, Told]] = {}
    for entry in entries:
        if entry["kind"] == "told":
            result = _told(entry)
            before = told.setdefault(result.trial, {}).get(result.rung)
            if before is None or not before.whole:
                told[result.trial][result.rung] = result
    straight = {entry["round"]: tuple(entry["trials"]) for entry in entries if entry["kind"] == "straight"}
    rounds = (_round(entry, told, straight) for entry in entries if entry["kind"] == "round")
    return Records(rounds=tuple(rounds))


def make_round(number: int, first: int, rungs: Sequence[Rung], points: Sequence[Point]) -> Round:
    """A round that has not begun; its trials are numbered from ``first`` on."""
    trials = tuple(Trial(number=first + place, round=number, point=point) for place, point in enumerate(points))
    return Round(number=number, rungs=tuple(rungs), trials=trials)


def _round(entry: Entry, told: Mapping[int, Mapping[int, Told]], straight: Mapping[int, tuple[int, ...]]) -> Round:
    return Round(
        straight=straight.get(entry["round"]),
        number=entry["round"],
        rungs=tuple(Rung(**rung) for rung in entry["rungs"]),
        trials=tuple(
            Trial(number=t["trial"], round=entry["round"], point=t["point"], told=told.get(t["trial"], {}))
            for t in entry["trials"]
        ),
    )


def _told(entry: Entry) -> Told:
    plain: dict[str, Any] = {name: value for name, value in entry.items() if name != "kind"}
    return Told(**{**plain, "worth": tuple(map(_worth, entry["worth"]))})


def _worth(value: Json) -> float:
    return -math.inf if value is None else float(value)
