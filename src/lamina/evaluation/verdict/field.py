"""Who stands on trial: everybody in the order of simplicity, checked and named."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

from lamina.evaluation.verdict.standing import Standing
from lamina.foundation.errors import SpecError, nearest
from lamina.metrics import Metric


def field_of(
    standings: Sequence[Standing], metric: Metric, network: str
) -> tuple[list[Standing], Standing, list[Standing]]:
    """Everybody in order, the network on trial, and its rivals.

    Raises:
        SpecError: a name that is not there or there twice, no rival, or other numbers of scores.
    """
    every = _in_order(standings, metric)
    trial = named(every, network)
    rivals = [contender for contender in every if contender is not trial]
    if not rivals:
        raise _no_rival(trial)
    return every, trial, rivals


def named(standings: Sequence[Standing], name: str) -> Standing:
    """The contender of that name.

    Raises:
        SpecError: nobody is called so.
    """
    names = [contender.name for contender in standings]
    if name in names:
        return standings[names.index(name)]
    raise SpecError(
        wrong=f"there is no contender {name!r} among those that ran.",
        expected=f"one of {', '.join(names) or 'at least two'}.",
        remedy=nearest(name, names),
    )


def _in_order(standings: Sequence[Standing], metric: Metric) -> list[Standing]:
    """From simple to complex and from good to bad, without the folds that say nothing about anybody."""
    _check(standings)
    telling = [any(map(math.isfinite, scores)) for scores in zip(*(c.folds for c in standings), strict=True)]
    if any(telling):
        standings = [dataclasses.replace(c, folds=tuple(itertools.compress(c.folds, telling))) for c in standings]
    return sorted(standings, key=lambda c: (c.simplicity, -c.worth(metric), c.name))


def _check(standings: Sequence[Standing]) -> None:
    names, lengths = [c.name for c in standings], {len(c.folds): c.name for c in standings}
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SpecError(
            wrong=f"two contenders are called {twice!r}.",
            expected="a name of its own for each.",
            remedy="rename one of them.",
        )
    if len(lengths) > 1:
        raise SpecError(
            wrong=f"contenders have other numbers of scores: {', '.join(f'{n} {k}' for k, n in lengths.items())}.",
            expected="a score for every split from each contender.",
            remedy="leave out whoever did not run on all splits.",
        )


def _no_rival(network: Standing) -> SpecError:
    return SpecError(
        wrong=f"{network.name!r} ran alone.",
        expected="at least one rival to compare it with.",
        remedy="let the constant and the linear contender run.",
    )
