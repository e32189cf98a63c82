"""What is said about one row: the answer, where it started from, and what every column added."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from lamina.data import ClassTarget, Column, Flag, Image, Moment, Schema, Series
from lamina.explain.asking import Floats
from lamina.foundation.specs import Json
from lamina.model import Model

SEVERAL = 6  # digits of a number that a person reads


class Contribution(NamedTuple):
    """What one column, with the value that it has in the row, added to the answer."""

    column: str
    value: str
    contribution: float


@dataclass(frozen=True, kw_only=True)
class RowExplanation:
    """Why a model answers as it does about one row.

    For classes it is the chance of the answer that is explained, for numbers the number itself: `explained`. The
    contributions, the largest first, add up to ``explained - base``.

    >>> row = RowExplanation(answer="Gentoo", chance=0.9, base=0.4,
    ...                      contributions=(Contribution("mass", "5200", 0.6), Contribution("island", "Dream", -0.1)))
    >>> round(row.explained - row.base - sum(one.contribution for one in row.contributions), 9)
    0.0
    """

    answer: Any  # the label in the type of the data, or the number
    chance: float | None  # of the answer; None for a number
    base: float  # the same for the baseline: every number at its median, no flag, no category known
    contributions: tuple[Contribution, ...]
    error: float = 0.0  # largest standard error of a contribution; 0 where they are exact

    @property
    def explained(self) -> float:
        """The chance of the answer, or the number that is the answer."""
        return float(self.answer) if self.chance is None else self.chance

    def facts(self) -> dict[str, Json]:
        """All of it as plain values."""
        answer = self.answer if isinstance(self.answer, str | bool | int | float) else str(self.answer)
        return {
            "answer": answer,
            "chance": self.chance,
            "base": self.base,
            "contributions": [one._asdict() for one in self.contributions],
            "error": self.error,
        }


def explanation_of(
    model: Model,
    row: pa.Table,
    *,
    output: int,
    explained: float,
    base: float,
    columns: Sequence[str],
    shares: Floats,
    error: float = 0.0,
) -> RowExplanation:
    """An explanation in words and plain numbers, from a table of one row and the share of each column."""
    names = [Contribution(name, cell_text(model.schema, name, row), float(s)) for name, s in _pairs(columns, shares)]
    classes = isinstance(model.target, ClassTarget)
    answer = model.target.decode(np.array([output]))[0].item() if classes else float(explained)
    return RowExplanation(
        answer=answer,
        chance=float(explained) if classes else None,
        base=float(base),
        contributions=tuple(sorted(names, key=lambda one: -abs(one.contribution))),
        error=error,
    )


def cell_text(schema: Schema, column: str, row: pa.Table) -> str:
    """The value of a column in a table's first row, as a person reads it; "missing" if there is none."""
    value = row.column(column)[0].as_py()
    return "missing" if value is None else value_text(schema.column(column), value)


def value_text(kind: Column, value: Any) -> str:
    """A value as a person reads it: numbers with few digits, commas from 10,000 on, flags as the data spells them.

    >>> value_text(Flag(name="smoker", true="yes", false="no"), True)
    'yes'
    >>> from lamina.data import Number
    >>> [value_text(Number(name="mass"), value) for value in (2007.0, 52500.0, 0.1 + 0.2)]
    ['2007', '52,500', '0.3']
    """
    if isinstance(kind, Flag):
        return kind.levels[bool(value)]
    if isinstance(kind, Moment) and isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if kind.clock else value.date().isoformat()
    if isinstance(kind, Image):
        return f"{kind.width} x {kind.height} pixels"
    if isinstance(kind, Series):
        return f"{kind.steps} steps"
    if isinstance(value, float):
        return _number_text(value)
    return str(value)


def _number_text(value: float) -> str:
    if abs(value) < 10_000:  # a comma here would make a year look odd
        return f"{value:.{SEVERAL}g}"
    return f"{value:,.{SEVERAL}g}" if not 10**SEVERAL <= abs(value) < 1e15 else f"{value:,.0f}"


def _pairs(columns: Sequence[str], shares: Floats) -> Iterable[tuple[str, float]]:
    return zip(columns, shares.tolist(), strict=True)
