"""The card of a model: what it answers, what it learnt from, how well it did, and where not to trust it.

The card travels inside the model file twice: as JSON for programs and as Markdown for people
(`lamina.model.card_markdown`).

Source: Mitchell et al. (2019), "Model Cards for Model Reporting", arXiv:1810.03993.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import check, setting

Pair = tuple[float | None, float | None]  # low and high


@dataclass(frozen=True, kw_only=True)
class Card:
    """The facts about a model that a person must know before trusting it.

    >>> Card(name="penguins", task="classification", target="species", classes=("Adelie", "Gentoo"), rows=266,
    ...      created="2026-11-21").title
    'penguins: classification of species'

    Raises:
        SpecError: a field has the wrong type, or ``created`` is not a date.
    """

    name: str = setting(meaning="what the model is called")
    task: Literal["classification", "regression"] = setting(meaning="what kind of answer it gives")
    target: str = setting(meaning="the column that it predicts")
    classes: tuple[str, ...] = setting((), "the answers a classifier can give")
    rows: int = setting(meaning="rows that it learnt from", low=0)
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)  # split -> metric -> value
    intervals: Mapping[str, Mapping[str, Pair]] = field(default_factory=dict)  # split -> metric -> low and high
    groups: Mapping[str, Mapping[str, Mapping[str, float | None]]] = field(default_factory=dict)  # see `_check_groups`
    learner: str = setting("", "what answers, in words, such as 'Linear model (C=1)'")
    intended_use: tuple[str, ...] = setting((), "what it was made for")
    out_of_scope: tuple[str, ...] = setting((), "what it was not made for")
    created: str = setting(meaning="the day it was made, as YYYY-MM-DD")
    license: str = setting("other", "under which licence it may be used, as an SPDX name")
    seeds: tuple[int, ...] = setting((), "the seed of each member")
    data: str = setting("", "the name of the data it learnt from")
    fingerprint: str = setting("", "a digest of the data it learnt from, to recognise it by")
    environment: Mapping[str, str | int] = field(default_factory=dict)  # see `environment_here`
    notes: tuple[str, ...] = setting((), "what was noticed while it was made")
    limits: tuple[str, ...] = setting((), "where it must not be trusted")

    def __post_init__(self) -> None:
        check(self)
        _check_day(self.created)
        _check_metrics(self.metrics)
        object.__setattr__(self, "intervals", _pairs(self.intervals))  # lists from a file become tuples
        _check_groups(self.groups)
        _check_environment(self.environment)

    @property
    def title(self) -> str:
        """One line: the name, the task and the target."""
        return f"{self.name}: {self.task} of {self.target}"


def _check_day(created: str) -> None:
    try:
        datetime.date.fromisoformat(created)
    except ValueError as error:
        raise SpecError(
            wrong=f"Card has created={created!r}.",
            expected="a day, as YYYY-MM-DD.",
            remedy="try created=datetime.date.today().isoformat().",
        ) from error


def _check_metrics(metrics: Mapping[str, Mapping[str, float | None]]) -> None:
    for split, values in metrics.items():
        numbers = isinstance(values, Mapping) and all(isinstance(v, float | int | None) for v in values.values())
        if not numbers:
            raise SpecError(
                wrong=f"Card has metrics[{split!r}]={values!r}.",
                expected="a number, or None, for each metric's name.",
                remedy='try metrics={"test": {"accuracy": 0.98}}.',
            )


def _pairs(intervals: Mapping[str, Mapping[str, Iterable[float | None]]]) -> dict[str, dict[str, Pair]]:
    """The same intervals with a tuple for each; refuses what is none."""
    try:
        pairs = {split: {metric: tuple(ends) for metric, ends in of.items()} for split, of in intervals.items()}
    except (AttributeError, TypeError) as error:
        raise _no_intervals(intervals) from error
    if not all(len(ends) == 2 and all(map(_is_number, ends)) for of in pairs.values() for ends in of.values()):
        raise _no_intervals(intervals)
    return {split: {metric: (low, high) for metric, (low, high) in of.items()} for split, of in pairs.items()}


def _no_intervals(intervals: object) -> SpecError:
    return SpecError(
        wrong=f"Card has intervals={str(intervals)[:200]}.",
        expected="a low and a high number for each metric of each split.",
        remedy='try intervals={"test": {"accuracy": (0.97, 0.99)}}.',
    )


def _check_groups(groups: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> None:
    """Column -> value of it -> metric, or ``rows`` -> number."""
    try:
        numbers = [n for values in groups.values() for metrics in values.values() for n in metrics.values()]
    except AttributeError:
        numbers = ["none"]  # type: ignore[list-item]  # something that is no mapping, refused below
    if not all(map(_is_number, numbers)):
        raise SpecError(
            wrong=f"Card has groups={str(groups)[:200]}.",
            expected="a number for each metric of each value of each column.",
            remedy='try groups={"island": {"Biscoe": {"accuracy": 0.98, "rows": 44}}}.',
        )


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, float | int) and not isinstance(value, bool))


def _check_environment(facts: Mapping[str, str | int]) -> None:
    for fact, value in facts.items():
        if not isinstance(value, str | int):
            raise SpecError(
                wrong=f"Card has environment[{fact!r}]={value!r}.",
                expected="a word or a whole number for each fact.",
                remedy="try environment=environment_here().",
            )
