"""The search itself: round after round of successive halving until the time is up, everything told to the journal.

The first round is the recipe that the search starts from, alone and in full: whatever happens later there is something
to keep, and its pace says how much fits into the time. A round belongs to whoever holds its lock. One that nobody holds
and that is not over was left by a process that ended: it is taken up where it was, before a new one is begun.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from lamina.tuning.halving import epochs_of, rungs_of, settings_in_time
from lamina.tuning.journal import Entry
from lamina.tuning.locks import locked, locked_if_free
from lamina.tuning.records import DEFAULT, Records, Round, make_round, records_of
from lamina.tuning.rung import train_rung
from lamina.tuning.sampler import draw
from lamina.tuning.setup import Search

BLIND = 9  # settings of a round before anything is known of the pace
LAST_SHARE = 0.4  # of the time that is left, which the rungs before the last one must leave to it
UNKNOWN = 2.0  # times the pace of the default: what other settings may take while none was tried


def explore(search: Search) -> None:
    """Work on rounds until the time is up or there may be no more of them; the default is always done in the end."""
    while _work_on_one(search):
        pass
    if DEFAULT not in search.records().finished:  # whoever was at it is not done, or was killed
        with locked(_lock(search, DEFAULT)):
            _work(search, DEFAULT)


def _work_on_one(search: Search) -> bool:
    """Work on a round that was left or a new one; False if there is none to begin or the time is up."""
    with contextlib.ExitStack() as held:
        number = _taken(search, held)
        return number is not None and _work(search, number)


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
    left, members = until - time.monotonic(), search.space.start.members
    doubt = UNKNOWN if len(records.rounds) == 1 else 1.0
    return settings_in_time(left, search.epochs, doubt * pace, members) or settings_in_time(
        left, search.epochs, pace, members, most=1
    )


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
        train_rung(search, one, rung, trials, until=until)


def _hurry(search: Search, records: Records, one: Round, rung: int, until: float) -> bool:
    """Send the best straight to the last rung if there is no time for those between; whether that was done."""
    left, pace = until - time.monotonic(), records.epoch_seconds or 0.0
    members = search.space.start.members
    if not pace or epochs_of(one.rungs[rung:], members) * pace <= left:
        return False
    fitting = max(1, int(left / (pace * search.epochs * members)))
    entry = one.go_straight(rung, min(fitting, one.rungs[-1].settings))
    if entry is not None:
        search.journal.append([entry])
    return entry is not None
