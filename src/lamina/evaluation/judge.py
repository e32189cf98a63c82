"""From tallies to the verdict, and to the contender that is kept."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.evaluation.contenders import NETWORK
from lamina.evaluation.facts import share_tested
from lamina.evaluation.keep import can_be_kept
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.tally import Tally, truth_of
from lamina.evaluation.verdict import SIMPLICITY, Judge, Lesson, Standing, Verdict, by_folds, by_rows, decide, lesson
from lamina.metrics import METRICS, finite_or_none


def verdict_of(
    prepared: Prepared,
    plan: Plan,
    tallies: Sequence[Tally],
    *,
    metric: str,
    keep: str | None,
    seed: int,
    asked_rivals: int = 0,
) -> Verdict | None:
    """The verdict on the network, by folds, or by the rows of the one part that was held out.

    None if the budget left nobody to compare it with, or nobody but the constant answer though others were asked for. A
    contender that was to be kept but was left out is not kept.

    Args:
        asked_rivals: how many contenders beside the network were asked for, be they left out or not.
    """
    if _nobody_to_compare(tallies, asked_rivals):
        return None
    judge = _judge_of(prepared, plan, metric, seed)
    return decide(
        _standings(plan, tallies, metric),
        metric=METRICS[metric],
        judge=judge,
        keep=keep if keep in [one.contender.name for one in tallies] else None,
        also=_lesson_of_chances(prepared, plan, tallies, seed),
    )


def ranked(tallies: Sequence[Tally]) -> list[Tally]:
    """The best first; a contender that diverged comes last."""
    return sorted(tallies, key=_worth, reverse=True)


def keepable(chosen: str, tallies: Sequence[Tally]) -> str:
    """The chosen contender, or the best one that can be written into a file where that one cannot."""
    able = [one.contender.name for one in tallies if can_be_kept(one)]
    return chosen if chosen in able else able[0]


def _nobody_to_compare(tallies: Sequence[Tally], asked: int) -> bool:
    rivals = [one for one in tallies if one.contender.name != NETWORK]
    return not rivals or (len(rivals) < asked and all(_family(one) == "constant" for one in rivals))


def _judge_of(prepared: Prepared, plan: Plan, metric: str, seed: int) -> Judge:
    headline = METRICS[metric]
    if len(plan.judged) > 1:
        return by_folds(headline, test_share=share_tested(plan), rows=len(plan.known))
    trial = plan.judged[0]
    groups = None if plan.groups is None else plan.groups[trial.test]
    return by_rows(headline, truth_of(prepared, trial), seed=seed, groups=groups)


def _lesson_of_chances(prepared: Prepared, plan: Plan, tallies: Sequence[Tally], seed: int) -> Lesson | None:
    """What the log loss says, for classes: chances may beat the constant's while as many answers are right."""
    if prepared.task != "classification":
        return None
    judge = _judge_of(prepared, plan, "log_loss", seed)
    return lesson(_standings(plan, tallies, "log_loss"), metric=METRICS["log_loss"], judge=judge)


def _standings(plan: Plan, tallies: Sequence[Tally], metric: str) -> list[Standing]:
    return [_standing(one, metric, len(plan.judged) == 1) for one in tallies]


def _family(one: Tally) -> str:
    return NETWORK if one.contender.family is None else str(one.contender.family.name)


def _standing(one: Tally, metric: str, single: bool) -> Standing:
    name = _family(one)
    return Standing(
        name=one.contender.name,
        title=one.contender.title,
        family=name if name in SIMPLICITY else "foreign",
        folds=one.score(metric).folds,
        seconds=one.cost.mean_fit_seconds,
        answers=one.answers_to(metric)[0] if single else None,
    )


def _worth(one: Tally) -> float:
    score = one.scores[0]
    value = finite_or_none(score.mean)
    if value is None:
        return float("-inf")
    return value if score.metric.better == "higher" else -value
