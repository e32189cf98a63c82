"""The verdict: whether the network was worth it, and which contender to use.

The rules were fixed before any data was seen. The rival is the simplest contender within one standard error of the
best one (Breiman et al. 1984), unless the network clearly beats that one: then it must face the best rival. Where the
network is better it is chosen, where it is worse the rival is, and otherwise the simplest that keeps up with the best.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina.evaluation.verdict.rowwise import compare_rows
from lamina.evaluation.verdict.standing import Standing
from lamina.evaluation.verdict.statistics import LEVEL, Comparison, Word, compare_folds, holm
from lamina.evaluation.verdict.words import Found, price_of, sentence_of
from lamina.foundation.errors import SpecError, nearest
from lamina.foundation.specs import Json
from lamina.metrics import Metric

Judge = Callable[[Standing, Standing, float], Comparison]  # two contenders and the region to their comparison
Weigh = Callable[[Standing, Standing], Comparison]  # the same once the region is known


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Which contender to use and why: the part "verdict" of ``result.json``.

    ``difference`` and what follows compare ``network`` with ``rival``; positive is in favour of the network.
    ``cost_ratio`` is seconds of training of the network over those of the rival, None if they were not measured.
    """

    word: Word
    sentence: str
    network: str
    rival: str
    chosen: str
    metric: str
    region: float
    difference: float
    interval: tuple[float, float]  # 95 %
    chance_better: float
    chance_equivalent: float
    chance_worse: float
    p_value: float
    method: str
    rows_to_decide: int | None
    nothing_to_learn: bool
    cost_ratio: float | None
    price: str | None

    def to_json(self) -> dict[str, Json]:
        """Plain JSON values; what is infinite (a contender diverged) becomes None."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


def by_folds(metric: Metric, *, test_share: float, rows: int) -> Judge:
    """Judge by the scores of the folds: see `compare_folds`."""

    def judge(a: Standing, b: Standing, region: float) -> Comparison:
        return compare_folds(a.folds, b.folds, better=metric.better, region=region, test_share=test_share, rows=rows)

    return judge


def by_rows(metric: Metric, truth: ArrayLike, *, seed: int, draws: int = 2000) -> Judge:
    """Judge by the answers to the rows of one test set: see `compare_rows`."""

    def judge(a: Standing, b: Standing, region: float) -> Comparison:
        answers = _answers(a), _answers(b)
        return compare_rows(
            truth, *answers, metric=metric.function, better=metric.better, region=region, seed=seed, draws=draws
        )

    return judge


def practical_region(metric: Metric, score: float) -> float:
    """Differences up to this size do not matter: one point of a share or a correlation, one per cent of an error.

    >>> from lamina.metrics import METRICS
    >>> practical_region(METRICS["accuracy"], 0.97), practical_region(METRICS["rmse"], 50.0)
    (0.01, 0.5)
    """
    if metric.percent or metric.better == "higher":
        return 0.01
    return 0.01 * abs(score) if math.isfinite(score) else 0.0


def decide(
    standings: Sequence[Standing],
    *,
    metric: Metric,
    judge: Judge,
    region: float | None = None,
    network: str = "network",
    keep: str | None = None,
) -> Verdict:
    """The verdict on a network and its rivals.

    Args:
        standings: the network and at least one rival, in any order; equal ones are told apart by their names.
        judge: `by_folds` or `by_rows`.
        region: see `practical_region`, which is asked with the best rival's score if this is None.
        network: the name of the network on trial.
        keep: the name of a contender to choose whatever the verdict says.

    Raises:
        SpecError: a name that is not there or there twice, no rival, or other numbers of scores.

    >>> from lamina.metrics import METRICS
    >>> line = Standing(name="linear", title="Linear", family="linear", folds=(0.7, 0.71, 0.69, 0.7), seconds=1.0)
    >>> net = Standing(name="network", title="Network", family="network", folds=(0.9, 0.92, 0.9, 0.92), seconds=6.0)
    >>> accuracy = METRICS["accuracy"]
    >>> print(decide([line, net], metric=accuracy, judge=by_folds(accuracy, test_share=1 / 3, rows=80)).sentence)
    The network is better than the best rival, a linear model (accuracy 91.0 against 70.0 %; chance that it is not
    better: below 0.1 %), and costs 6 times as much to train. Use the network.
    """
    every = _in_order(standings, metric)
    trial, kept = _named(every, network), _named(every, keep) if keep is not None else None
    rivals = [contender for contender in every if contender is not trial]
    if not rivals:
        raise _no_rival(trial)
    best = _best(rivals, metric)
    width = practical_region(metric, best.mean) if region is None else region

    def weigh(a: Standing, b: Standing) -> Comparison:
        return judge(a, b, width)

    rival, comparison = _rival(trial, rivals, best, weigh)
    constant = None if comparison.word == "better" else _unbeaten_constant(every, weigh)
    advised = constant or _chosen(every, trial, rival, comparison.word, metric, weigh)
    found = Found(
        metric=metric,
        comparison=comparison,
        network=trial,
        rival=rival,
        chosen=kept or advised,
        constant=constant,
        leader=_best([c for c in every if c is not constant], metric) if constant else None,
        ratio=_ratio(trial.seconds, rival.seconds),
        asked=kept is not None and kept is not advised,
    )
    return _verdict(found)


def _rival(network: Standing, rivals: Sequence[Standing], best: Standing, weigh: Weigh) -> tuple[Standing, Comparison]:
    simple = _simplest_near(best, rivals, weigh)
    comparison = weigh(network, simple)
    if comparison.word == "better" and simple is not best:
        return best, weigh(network, best)
    return simple, comparison


def _chosen(
    every: Sequence[Standing], network: Standing, rival: Standing, word: Word, metric: Metric, weigh: Weigh
) -> Standing:
    if word == "better":
        return network
    if word == "worse":
        return rival
    near = _simplest_near(_best(every, metric), every, weigh)
    # a rival that is as good for all practical purposes is as good, even if the small difference is a sure one
    return min(near, rival, key=lambda c: c.simplicity) if word == "equivalent" else near


def _simplest_near(best: Standing, contenders: Iterable[Standing], weigh: Weigh) -> Standing:
    """The first in the order of simplicity that is at most one corrected error of the difference behind the best."""
    for contender in contenders:
        if contender is best:
            break
        behind = weigh(best, contender)
        if behind.difference <= behind.error:
            return contender
    return best


def _unbeaten_constant(every: Sequence[Standing], weigh: Weigh) -> Standing | None:
    """The constant contender, if no other one does better by a one-sided test that allows for their number."""
    constant = next((c for c in every if c.family == "constant"), None)
    if constant is None:
        return None
    doubts = [weigh(c, constant).doubt for c in every if c is not constant]
    return None if any(p < LEVEL for p in holm(doubts)) else constant


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


def _best(contenders: Sequence[Standing], metric: Metric) -> Standing:
    return max(contenders, key=lambda contender: contender.worth(metric))  # of equals the first, which is the simplest


def _named(standings: Sequence[Standing], name: str) -> Standing:
    names = [contender.name for contender in standings]
    if name in names:
        return standings[names.index(name)]
    raise SpecError(
        wrong=f"there is no contender {name!r} among those that ran.",
        expected=f"one of {', '.join(names) or 'at least two'}.",
        remedy=nearest(name, names),
    )


def _ratio(network: float, rival: float) -> float | None:
    measured = 0 < network < math.inf and 0 < rival < math.inf
    return network / rival if measured else None


def _verdict(found: Found) -> Verdict:
    comparison = found.comparison
    return Verdict(
        word=comparison.word,
        sentence=sentence_of(found),
        network=found.network.name,
        rival=found.rival.name,
        chosen=found.chosen.name,
        metric=found.metric.name,
        region=comparison.region,
        difference=comparison.difference,
        interval=comparison.interval,
        chance_better=comparison.chance_better,
        chance_equivalent=comparison.chance_equivalent,
        chance_worse=comparison.chance_worse,
        p_value=comparison.p_value,
        method=comparison.method,
        rows_to_decide=comparison.rows_to_decide,
        nothing_to_learn=found.constant is not None,
        cost_ratio=found.ratio,
        price=price_of(found.metric, comparison.difference, found.ratio),
    )


def _plain(value: Any) -> Json:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _no_rival(network: Standing) -> SpecError:
    return SpecError(
        wrong=f"{network.name!r} ran alone.",
        expected="at least one rival to compare it with.",
        remedy="let the constant and the linear contender run.",
    )


def _answers(contender: Standing) -> NDArray[Any]:
    if contender.answers is not None:
        return contender.answers
    raise SpecError(
        wrong=f"the contender {contender.name!r} has no answers to the test rows.",
        expected="its scores for every row of the test set.",
        remedy="give Standing(answers=...), or judge by folds.",
    )
