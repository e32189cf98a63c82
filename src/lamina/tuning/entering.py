"""Entering a search and leaving it: the first line of the journal says which search it is, and only the same one may
go on; a line at the end says that the outer rows were opened.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from lamina.estimators import Mirrors
from lamina.evaluation import Protocol
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.foundation.errors import DataError
from lamina.foundation.specs import code
from lamina.tuning.ground import Ground
from lamina.tuning.journal import Entry, Journal
from lamina.tuning.records import Records
from lamina.tuning.space import Space

FORMAT = 3


def header_of(prepared: Prepared, ground: Ground, space: Space, plan: Plan, epochs: int, protocol: Protocol) -> Entry:
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
        "start": code(space.start),
        "epochs": epochs,
        "space": space.to_json(),
    }


def enter(journal: Journal, header: Entry, *, resume: bool) -> None:
    """Begin the journal, or see that it is of the same search, to go on with it.

    One that has not ended (its process was killed, or is at it this moment) is gone on with as it is. One that has
    ended opened the outer rows: to go on costs a second look at them, so that it must be wished for by ``resume``.

    Raises:
        DataError: the search in the folder is another one, or has ended and nobody asked to go on with it.
    """

    def begun(entries: list[Entry]) -> list[Entry]:
        if not entries:
            return [header]
        other = sorted(name for name in header if entries[0].get(name) != header[name])
        if other:
            raise _another(journal, other)
        if not resume and any(entry["kind"] == "opened" for entry in entries):
            raise _ended(journal)
        return []

    journal.add(begun)


def told_mirrors(journal: Journal, ask: Callable[[], Mirrors | None]) -> Mirrors | None:
    """What the rows say of mirror images: whoever comes first asks them and writes it down, the others read it.

    The answer depends on the time that there is for it, and all who share a search must start from the same.
    """

    def asked(entries: list[Entry]) -> list[Entry]:
        if any(entry["kind"] == "mirrors" for entry in entries):
            return []
        found = ask()
        return [{"kind": "mirrors", "found": None if found is None else dataclasses.asdict(found)}]

    journal.add(asked)
    found = next(entry["found"] for entry in journal.read() if entry["kind"] == "mirrors")
    return None if found is None else Mirrors(**found)


def opened(journal: Journal, records: Records) -> int:
    """Write down that the outer rows are opened; returns how often they were, each time after more trials.

    Who looks again and again until chance is kind must be told a stricter test.
    """
    now = {"kind": "opened", "finished": len(records.finished)}
    journal.add(lambda seen: [] if now in seen else [now])
    return sum(entry["kind"] == "opened" for entry in journal.read())


def _ended(journal: Journal) -> DataError:
    return DataError(
        wrong=f"the folder {str(journal.path.parent)!r} holds this search already, and it has ended.",
        expected="a folder without one, or the wish to search on, which opens the rows set aside once more.",
        remedy="add --resume (in Python resume=True), or choose another place: --out somewhere-else.",
    )


def _another(journal: Journal, other: Sequence[str]) -> DataError:
    return DataError(
        wrong=f"the search in {str(journal.path.parent)!r} is another one: it differs in {', '.join(other)}.",
        expected="the same data, target, metric, seed, protocol and start, by the same lamina.",
        remedy="repeat the command as it was first given, or choose another place: --out somewhere-else.",
    )
