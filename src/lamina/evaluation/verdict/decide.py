"""The verdict: whether the network was worth it, and which contender to use.

The rules were fixed before any data was seen. The rival is the simplest contender within one standard error of the
best one (Breiman et al. 1984), unless the network clearly beats that one: then it must face the best rival. Where the
network is better it is chosen, where it is worse the rival is, and otherwise the simplest that keeps up with the best.
A contender that is near only because it is noisy does not keep up: none that is at least as simple may have a better
mean. The constant answer is the measure of whether anything is learnt (see `learnt`), and no choice while others learn;
but a network that is worse than it, and has no other rival, is no choice either.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.evaluation.verdict.comparison import Comparison, Word
from lamina.evaluation.verdict.field import field_of, named
from lamina.evaluation.verdict.judges import Judge, practical_region
from lamina.evaluation.verdict.learnt import (
    Lesson,
    Weigh,
    best_of,
    constant_of,
    lesson_of,
    without_constant,
)
from lamina.evaluation.verdict.standing import Standing
from lamina.evaluation.verdict.words import Found, price_of, sentence_of
from lamina.foundation.specs import Json
from lamina.metrics import Metric


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


def decide(
    standings: Sequence[Standing],
    *,
    metric: Metric,
    judge: Judge,
    region: float | None = None,
    network: str = "network",
    keep: str | None = None,
    also: Lesson | None = None,
) -> Verdict:
    """The verdict on a network and its rivals.

    Args:
        standings: the network and at least one rival, in any order; equal ones are told apart by their names.
        judge: `by_folds` or `by_rows`.
        region: see `practical_region`, which is asked with the best rival's score if this is None.
        network: the name of the network on trial.
        keep: the name of a contender to choose whatever the verdict says.
        also: what another metric says of whether anything is learnt: see `lesson`.

    Raises:
        SpecError: a name that is not there or there twice, no rival, or other numbers of scores.

    >>> from lamina.evaluation.verdict import by_folds
    >>> from lamina.metrics import METRICS
    >>> line = Standing(name="linear", title="Linear", family="linear", folds=(0.7, 0.71, 0.69, 0.7), seconds=1.0)
    >>> net = Standing(name="network", title="Network", family="network", folds=(0.9, 0.92, 0.9, 0.92), seconds=6.0)
    >>> accuracy = METRICS["accuracy"]
    >>> print(decide([line, net], metric=accuracy, judge=by_folds(accuracy, test_share=1 / 3, rows=80)).sentence)
    The network is better than the best rival, a linear model (accuracy 91.0 against 70.0 %; chance that it is not
    better: below 0.1 %), and costs 6 times as much to train. Use the network.
    """
    every, trial, rivals = field_of(standings, metric, network)
    kept = named(every, keep) if keep is not None else None
    width = practical_region(metric, best_of(rivals, metric).mean) if region is None else region

    def weigh(a: Standing, b: Standing) -> Comparison:
        return judge(a, b, width)

    learnt = lesson_of(every, trial, metric, weigh)
    learnt = learnt if also is None else learnt.joined(also)
    field = every if learnt.nothing else without_constant(every)
    able = [contender for contender in field if contender is not trial] or rivals
    best = best_of(able, metric)
    rival, comparison = _rival(trial, able, best, metric, weigh)
    constant = constant_of(every) if learnt.nothing else None
    advised = constant or _chosen(field, trial, rival, comparison.word, metric, weigh)
    found = Found(
        metric=metric,
        comparison=comparison,
        network=trial,
        rival=rival,
        chosen=kept or advised,
        constant=constant,
        leader=best_of(without_constant(every), metric) if constant else None,
        ratio=_ratio(trial.seconds, rival.seconds),
        asked=kept is not None and kept is not advised,
        best=best if best is not rival else None,
        unshown=not learnt.shown,
        shown_by=learnt.by if learnt.shown and rival.family == "constant" else None,
    )
    return _verdict(found)


def lesson(standings: Sequence[Standing], *, metric: Metric, judge: Judge, network: str = "network") -> Lesson:
    """What this metric says of whether anything is learnt, for ``decide(also=...)`` with another; as `decide` asks it.

    Raises:
        SpecError: a name that is not there or there twice, no rival, or other numbers of scores.
    """
    every, trial, rivals = field_of(standings, metric, network)
    width = practical_region(metric, best_of(rivals, metric).mean)
    return lesson_of(every, trial, metric, lambda a, b: judge(a, b, width))


def _rival(
    network: Standing, rivals: Sequence[Standing], best: Standing, metric: Metric, weigh: Weigh
) -> tuple[Standing, Comparison]:
    simple = _simplest_near(best, rivals, metric, weigh)
    comparison = weigh(network, simple)
    if comparison.word == "better" and simple is not best:
        return best, weigh(network, best)
    return simple, comparison


def _chosen(
    field: Sequence[Standing], network: Standing, rival: Standing, word: Word, metric: Metric, weigh: Weigh
) -> Standing:
    if word == "worse":
        return rival
    if word == "better" or rival not in field:  # the constant, where there is nobody else to compare with
        return network
    near = _simplest_near(best_of(field, metric), field, metric, weigh)
    # a rival that is as good for all practical purposes is as good, even if the small difference is a sure one
    return min(near, rival, key=lambda c: c.simplicity) if word == "equivalent" else near


def _simplest_near(best: Standing, contenders: Iterable[Standing], metric: Metric, weigh: Weigh) -> Standing:
    """The first in the order of simplicity that is at most one corrected error of the difference behind the best.

    Passed over is who has a worse mean than somebody before: it would be near for its noise alone.
    """
    highest = -math.inf
    for contender in contenders:
        if contender is best:
            break
        worth = contender.worth(metric)
        if worth < highest:
            continue
        highest, behind = worth, weigh(best, contender)
        if behind.difference <= behind.error:
            return contender
    return best


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
