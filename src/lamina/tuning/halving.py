"""Successive halving: many settings train a few epochs each, the best third goes on with three times as many.

    rung i of k:   epochs_i = epochs / 3^(k - 1 - i)        settings_i = settings / 3^i

Every rung begins anew with its whole schedule, down to a learning rate of 0: a short training that is finished tells
more of a long one than the first part of a long one does, and all that has to be remembered is a number. That costs
half as much again as going on would.

Source: Jamieson and Talwalkar (2016), arXiv:1502.07943. We differ: rungs begin anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamina.foundation.specs import check, setting

SHARE = 3  # one of so many goes on, with so many times the epochs
MOST = 18  # settings of a round: enough to halve twice; the next round then knows of them
MOST_RUNGS = 3  # a ninth of the epochs is the shortest training that tells anything


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One level of a round: how many settings train, each for how many epochs."""

    settings: int = setting(meaning="settings that train", low=1)
    epochs: int = setting(meaning="epochs of each", low=1)

    def __post_init__(self) -> None:
        check(self)


def rungs_of(settings: int, epochs: int) -> tuple[Rung, ...]:
    """The rungs of a round that begins with so many settings and ends with the whole number of epochs.

    >>> [(rung.settings, rung.epochs) for rung in rungs_of(18, 30)]
    [(18, 4), (6, 10), (2, 30)]
    >>> [(rung.settings, rung.epochs) for rung in rungs_of(2, 30)]
    [(2, 30)]
    """
    levels = min(MOST_RUNGS, 1 + int(math.log(settings + 0.5, SHARE)), 1 + int(math.log(epochs + 0.5, SHARE)))
    return tuple(
        Rung(settings=max(1, settings // SHARE**level), epochs=math.ceil(epochs / SHARE ** (levels - 1 - level)))
        for level in range(levels)
    )


def epochs_of(rungs: Sequence[Rung], members: int = 1) -> int:
    """All epochs of all networks of a round, which is what it costs; the last rung trains so many for each setting."""
    *before, last = rungs
    return sum(rung.settings * rung.epochs for rung in before) + members * last.settings * last.epochs


def settings_in_time(seconds: float, epochs: int, epoch_seconds: float, members: int = 1, *, most: int = MOST) -> int:
    """How many settings a round may begin with to end in time; 0 if there is no time for one.

    Args:
        epoch_seconds: what one epoch of one network takes.
        members: networks of each setting on the last rung; before it one of each is enough to tell them apart.

    >>> settings_in_time(50, 30, 0.5), settings_in_time(1e6, 30, 0.5), settings_in_time(3, 30, 0.5)
    (10, 18, 0)
    """
    sizes = range(most, 0, -1)
    return next((n for n in sizes if epochs_of(rungs_of(n, epochs), members) * epoch_seconds <= seconds), 0)


def survivors(worth: Mapping[int, tuple[float, ...]], settings: int) -> tuple[int, ...]:
    """The best so many, the best first; of equals the one that was tried first.

    >>> survivors({3: (0.7,), 4: (0.9,), 5: (0.9,)}, 2)
    (4, 5)
    """
    return tuple(sorted(worth, key=lambda one: (*(-w for w in worth[one]), one))[:settings])
