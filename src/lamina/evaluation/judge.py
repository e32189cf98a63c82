"""From tallies to the verdict, and to the contender that is kept."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.evaluation.contenders import NETWORK
from lamina.evaluation.facts import share_tested
from lamina.evaluation.keep import can_be_kept
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.score import finite_or_none
from lamina.evaluation.tally import Tally, truth_of
from lamina.evaluation.verdict import SIMPLICITY, Standing, Verdict, by_folds, by_rows, decide
from lamina.metrics import METRICS


def verdict_of(
    prepared: Prepared, plan: Plan, tallies: Sequence[Tally], *, metric: str, keep: str | None, seed: int
) -> Verdict | None:
    """The verdict on the network, by folds, or by the rows of the one part that was held out.

    None if the budget left nobody to compare it with. A contender that was to be kept but was left out is not kept.
    """
    names = [one.contender.name for one in tallies]
    if names == [NETWORK]:
        return None
    keep = keep if keep in names else None
    headline = METRICS[metric]
    single = len(plan.judged) == 1
    if single:
        judge = by_rows(headline, truth_of(prepared, plan.judged[0]), seed=seed)
    else:
        judge = by_folds(headline, test_share=share_tested(plan), rows=len(plan.known))
    standings = [_standing(one, metric, single) for one in tallies]
    return decide(standings, metric=headline, judge=judge, keep=keep)


def ranked(tallies: Sequence[Tally]) -> list[Tally]:
    """The best first; a contender that diverged comes last."""
    return sorted(tallies, key=_worth, reverse=True)


def keepable(chosen: str, tallies: Sequence[Tally]) -> str:
    """The chosen contender, or the best one that can be written into a file where that one cannot."""
    able = [one.contender.name for one in tallies if can_be_kept(one)]
    return chosen if chosen in able else able[0]


def _standing(one: Tally, metric: str, single: bool) -> Standing:
    name = NETWORK if one.contender.family is None else one.contender.family.name
    return Standing(
        name=one.contender.name,
        title=one.contender.title,
        family=name if name in SIMPLICITY else "foreign",
        folds=one.score(metric).folds,
        seconds=one.cost.mean_fit_seconds,
        answers=one.answers[0] if single else None,
    )


def _worth(one: Tally) -> float:
    score = one.scores[0]
    value = finite_or_none(score.mean)
    if value is None:
        return float("-inf")
    return value if score.metric.better == "higher" else -value
