"""Which of several processes this one is, as the program that started them all (`torchrun`) says in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from lamina.foundation.errors import LaminaError

_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True, kw_only=True)
class Place:
    """One process among those that share their work; the first has rank 0.

    Args:
        rank: number of this process among all.
        size: how many there are, on all machines.
        local: number of this process among those on its machine.
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def several(self) -> bool:
        """Whether there is anybody to share with."""
        return self.size > 1

    @property
    def first(self) -> bool:
        """Whether this is the process that speaks and writes for all."""
        return self.rank == 0


def place_here(environment: Mapping[str, str] | None = None) -> Place:
    """The place that the environment gives this process; a process on its own where it gives none.

    >>> place_here({}).several
    False
    >>> place_here({"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"})
    Place(rank=1, size=2, local=0)
    """
    found = os.environ if environment is None else environment
    if any(name not in found for name in _NEEDED):
        return Place()
    return Place(rank=int(found["RANK"]), size=int(found["WORLD_SIZE"]), local=int(found.get("LOCAL_RANK", "0")))


def on_its_own(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that is to share nothing with the others.

    >>> on_its_own({"RANK": "0", "WORLD_SIZE": "2", "HOME": "/home/ada"})
    {'HOME': '/home/ada'}
    """
    return {name: value for name, value in environment.items() if name not in _NEEDED}


def refuse_several(what: str, *, remedy: str) -> None:
    """Refuse what several processes cannot share.

    Raises:
        LaminaError: this is one of several processes.
    """
    place = place_here()
    if place.several:
        raise LaminaError(
            wrong=f"{what} was started as process {place.rank + 1} of {place.size}.",
            expected="a single process: of all commands only `lamina fit` is shared among several.",
            remedy=remedy,
        )
