"""Words on the command line that need more than the parser does."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Sequence
from typing import Literal

from lamina.data.schema import MISSING_SPELLINGS
from lamina.foundation.errors import SpecError, nearest

WRITING_SECONDS = 4.0  # of a budget that are kept for the files and the report
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_TASKS = ("classification", "regression")


def seconds_of(budget: str | None) -> float | None:
    """A time such as ``30s``, ``5m`` or ``2h`` in seconds; a bare number is seconds.

    Raises:
        SpecError: it is no time.

    >>> seconds_of("5m"), seconds_of("30"), seconds_of(None)
    (300.0, 30.0, None)
    """
    if budget is None:
        return None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", budget)
    if not found or float(found[1]) == 0:
        raise SpecError(
            wrong=f"the budget {budget!r} is no time.",
            expected="a number above 0 and a unit: s, m or h.",
            remedy="try --budget 5m.",
        )
    return float(found[1]) * _UNITS[found[2] or "s"]


def seconds_left(seconds: float | None, started: float) -> float | None:
    """What is left of a budget once loading and writing are taken off; at least a tenth, for something must be done.

    >>> seconds_left(None, 0.0)
    """
    if seconds is None:
        return None
    return max(0.1 * seconds, seconds - (time.monotonic() - started) - min(WRITING_SECONDS, 0.2 * seconds))


def kinds_of(pairs: list[str] | None) -> dict[str, str]:
    """``COLUMN=KIND`` words as a dict.

    Raises:
        SpecError: a word has no equals sign.

    >>> kinds_of(["zip=category"])
    {'zip': 'category'}
    """
    kinds = {}
    for pair in pairs or []:
        name, sign, kind = pair.rpartition("=")
        if not sign or not name:
            raise SpecError(
                wrong=f"--kind {pair!r} names no column and kind.",
                expected="COLUMN=KIND.",
                remedy="try --kind zip=category.",
            )
        kinds[name] = kind
    return kinds


def typed_again(words: Sequence[str]) -> str:
    """What a person typed, as it can be typed again.

    >>> typed_again(["/usr/bin/lamina", "fit", "my data.csv", "price"])
    "lamina fit 'my data.csv' price"
    """
    return shlex.join(["lamina", *words[1:]])


def missing_of(spellings: list[str] | None) -> tuple[str, ...]:
    """The usual spellings of a missing value, and these."""
    return (*MISSING_SPELLINGS, *(spellings or ()))


def task_of(name: str | None) -> Literal["classification", "regression"] | None:
    """The task of that name.

    Raises:
        SpecError: there is none.
    """
    if name is not None and name not in _TASKS:
        raise SpecError(
            wrong=f"the task {name!r} is not known.",
            expected=f"one of {', '.join(_TASKS)}.",
            remedy=nearest(name, _TASKS),
        )
    return name  # type: ignore[return-value]  # it is one of the two
