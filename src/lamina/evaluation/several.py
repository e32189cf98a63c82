"""A study in several processes: rank 0 runs it, the others help to train its networks and do nothing else.

What is to be trained next depends on what was found, on the clock and on rivals, which only rank 0 knows. So before
every training it tells the others which trials are meant, and how long it may take. All of them have read the same
source and made the same recipe of it, so nothing else needs to be sent.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lamina.estimators import Fitted
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.protocol import Protocol
from lamina.evaluation.race import OnEpoch, Recipe
from lamina.evaluation.setup import Setup
from lamina.model import Model
from lamina.rivals import Attempt, Trial
from lamina.training import Ranks, ranks_here


@contextlib.contextmanager
def taking_part(setup: Setup) -> Iterator[Setup]:
    """The study to be run here: as it is for one process, with helpers for the first of several.

    Raises:
        SystemExit: in all others, with code 0, when the study is over.
    """
    ranks = ranks_here()
    if not ranks.first:
        _help(setup, ranks)
        raise SystemExit(0)
    yield replace(setup, recipe=_Led(recipe=setup.recipe, ranks=ranks)) if ranks.several else setup
    ranks.told(b"")  # not after an error: who knows what the others wait for; torchrun ends them


@dataclass(frozen=True, kw_only=True, eq=False)
class _Led:
    """A recipe that all processes carry out together; see `lamina.evaluation.race.Recipe`."""

    recipe: Recipe
    ranks: Ranks

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.recipe.seeds

    def attempts(
        self,
        prepared: Prepared,
        trials: Sequence[Trial],
        *,
        protocol: Protocol,
        until: float | None,
        on_epoch: OnEpoch | None,
    ) -> tuple[Attempt, ...]:
        """The networks' attempts; what they cost is what all processes spent on them."""
        self.ranks.told(order_bytes(trials, None if until is None else until - time.monotonic()))
        made = self.recipe.attempts(prepared, trials, protocol=protocol, until=until, on_epoch=on_epoch)
        own = sum(attempt.cpu_seconds for attempt in made)
        times = self.ranks.added(own) / max(own, 1e-9)
        return tuple(replace(attempt, cpu_seconds=attempt.cpu_seconds * times) for attempt in made)

    def model(self, prepared: Prepared, rows: int, fitted: Fitted, **facts: Any) -> Model:
        return self.recipe.model(prepared, rows, fitted, **facts)


def _help(setup: Setup, ranks: Ranks) -> None:
    """Train along with rank 0, as often as it says, until it says that the study is over."""
    while order := ranks.told(b""):
        trials, seconds = order_of(order)
        until = None if seconds is None else time.monotonic() + seconds
        made = setup.recipe.attempts(setup.prepared, trials, protocol=setup.protocol, until=until, on_epoch=None)
        ranks.added(sum(attempt.cpu_seconds for attempt in made))


def order_bytes(trials: Sequence[Trial], seconds: float | None) -> bytes:
    """What is to be trained next, and how long it may take, as it is sent."""
    plain = [{**asdict(one), "train": one.train.tolist(), "test": one.test.tolist()} for one in trials]
    return json.dumps({"seconds": seconds, "trials": plain}).encode()


def order_of(content: bytes) -> tuple[tuple[Trial, ...], float | None]:
    """What `order_bytes` has written.

    >>> trial = Trial(train=np.array([0, 2]), test=np.array([1]), purpose="curve", repeat=3)
    >>> (read,), seconds = order_of(order_bytes([trial], 2.5))
    >>> read.train, read.test, read.purpose, read.repeat, seconds
    (array([0, 2]), array([1]), 'curve', 3, 2.5)
    """
    plain = json.loads(content)
    trials = (
        Trial(**{**one, "train": np.array(one["train"], np.int64), "test": np.array(one["test"], np.int64)})
        for one in plain["trials"]
    )
    return tuple(trials), plain["seconds"]
