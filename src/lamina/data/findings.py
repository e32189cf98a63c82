"""A finding: something about the data that a person should know before they trust what was learnt from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lamina.data.notes import FIRST_ROWS

Severity = Literal["error", "warning", "info"]
MANY = 8  # more columns than this with one and the same trouble are told in one finding


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found. An "error" means that results cannot be trusted, a "warning" that they may mislead.

    Row numbers count data rows from 1.

    >>> Finding(kind="constant", severity="info", column="country", sentence="'country' is constant.").count
    0
    """

    kind: (
        str  # "leak", "split", "alike", "duplicates", "class", "missing", "levels", "wide", "constant" or "identifier"
    )
    severity: Severity
    column: str | None = None
    rows: tuple[int, ...] = ()  # the first few, counted from 1
    count: int = 0  # how many rows or columns
    sentence: str


def first_rows(rows: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """The first few row indices as row numbers.

    >>> first_rows(np.array([0, 4]))
    (1, 5)
    """
    return tuple(int(row) + 1 for row in rows[:FIRST_ROWS])


def column_findings(
    kind: str, severity: Severity, names: Sequence[str], sentence: Callable[[str], str], together: str
) -> list[Finding]:
    """One finding a column, or one for all if there are many.

    Args:
        sentence: makes the sentence for one column from its name.
        together: the end of the sentence for many columns, after how many there are and the first of their names.
    """
    if len(names) <= MANY:
        return [Finding(kind=kind, severity=severity, column=n, count=1, sentence=sentence(n)) for n in names]
    shown = ", ".join(repr(name) for name in names[:MANY])
    words = f"{len(names):,} columns ({shown} and {len(names) - MANY:,} more) {together}"
    return [Finding(kind=kind, severity=severity, count=len(names), sentence=words)]
