"""How a study judges what it trains.

Small tables are judged by folds: every row is held out once, and the network that is kept learns from all rows. Large
ones are judged by one part held out: there a single test is already exact, and folds would cost several trainings.
"""

from __future__ import annotations

from dataclasses import dataclass

from lamina.foundation.specs import check, setting

FOLDED_UP_TO = 5_000  # rows up to which a table is judged by folds


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a study judges what it trains.

    ``folds`` is a number of folds, 1 for one part held out, or None to let the number of rows decide.
    """

    folds: int | None = setting(None, "folds, or 1 to hold out one part", low=1, high=100)
    repeats: int = setting(1, "how often the folds are drawn anew", low=1, high=100)
    held_out: float = setting(0.2, "share of the rows held out where there are no folds", above=0, below=1)
    group: str | None = setting(None, "column whose equal values stay on one side of every split")
    time: str | None = setting(None, "column that orders the rows: the past trains, the future tests")

    def __post_init__(self) -> None:
        check(self)


def number_of_folds(rows: int, protocol: Protocol) -> int:
    """Folds of a table with so many rows; 1 means one part held out.

    >>> number_of_folds(344, Protocol()), number_of_folds(48_842, Protocol()), number_of_folds(344, Protocol(folds=3))
    (5, 1, 3)
    """
    return protocol.folds or (5 if rows <= FOLDED_UP_TO else 1)
