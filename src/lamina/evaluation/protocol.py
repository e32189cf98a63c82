"""How a study judges what it trains.

Small tables are judged by folds drawn anew several times: every row is held out once a time, and what is kept learns
from all rows. Large ones are judged by one part held out: there a single test is already exact, and folds would cost
several trainings. Where rows can be spared, a part is set aside first that no choice sees, and opened once at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from lamina.foundation.specs import check, setting

FOLDED_UP_TO = 5_000  # rows up to which a table is judged by folds
SET_ASIDE_FROM = 2_000  # rows from which a part can be spared that nothing is chosen by
SET_ASIDE = 0.2  # that part
SMALL = 1_000  # rows below which four draws of the folds are worth their cost, and needed


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a study judges what it trains. Where None stands, the number of rows decides.

    ``folds`` 1 is one part held out. ``test`` is the share that is opened once at the end, 0 for none.
    """

    folds: int | None = setting(None, "folds, or 1 to hold out one part", low=1, high=100)
    repeats: int | None = setting(None, "how often the folds are drawn anew", low=1, high=100)
    held_out: float = setting(0.2, "share of the rows held out where there are no folds", above=0, below=1)
    test: float | None = setting(None, "share of the rows that no choice sees, opened once", low=0, below=1)
    group: str | None = setting(None, "column whose equal values stay on one side of every split")
    time: str | None = setting(None, "column that orders the rows: the past trains, the future tests")

    def __post_init__(self) -> None:
        check(self)


def share_set_aside(rows: int, protocol: Protocol) -> float:
    """The share of so many rows that is set aside and opened once.

    >>> share_set_aside(344, Protocol()), share_set_aside(48_842, Protocol()), share_set_aside(344, Protocol(test=0.3))
    (0.0, 0.2, 0.3)
    """
    return protocol.test if protocol.test is not None else SET_ASIDE if rows >= SET_ASIDE_FROM else 0.0


def number_of_folds(rows: int, protocol: Protocol) -> int:
    """Folds of a table with so many rows; 1 means one part held out.

    >>> number_of_folds(344, Protocol()), number_of_folds(48_842, Protocol()), number_of_folds(344, Protocol(folds=3))
    (5, 1, 3)
    """
    return protocol.folds or (5 if rows <= FOLDED_UP_TO else 1)


def number_of_repeats(rows: int, protocol: Protocol) -> int:
    """How often the folds of a table with so many rows are drawn anew; time has one order only.

    >>> number_of_repeats(344, Protocol()), number_of_repeats(1797, Protocol()), number_of_repeats(48_842, Protocol())
    (4, 2, 1)
    """
    if protocol.time is not None or number_of_folds(rows, protocol) == 1:
        return 1
    return protocol.repeats or (4 if rows < SMALL else 2)
