"""Whether anything is learnt: the constant answer is the measure, and it takes more than a missing proof to say no.

That no contender could be shown to beat the constant may be for want of rows. There is nothing to learn only where
moreover the best of the others is not likely to be better by more than what matters.

Of a few classes guessed at random, somebody is always right a little more often. Chances that were guessed are worse
than the constant's: so for classes the log loss is asked as well, and `Lesson.joined` has what both say together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lamina.evaluation.verdict.comparison import Comparison
from lamina.evaluation.verdict.standing import Standing
from lamina.evaluation.verdict.statistics import LEVEL, holm
from lamina.metrics import Metric

Weigh = Callable[[Standing, Standing], Comparison]  # two contenders to their comparison, the region being known

LIKELY = 0.5  # the chance of a difference that matters from which it is not said that there is nothing to learn


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """``shown``: somebody beats the constant (or there is none). ``nothing``: there is nothing to learn.

    ``by`` is what the metric is called that says so.
    """

    shown: bool
    nothing: bool
    by: str

    def joined(self, other: Lesson) -> Lesson:
        """What two metrics say together: either can show that something is learnt; if none does, either can doubt it.

        >>> Lesson(shown=False, nothing=True, by="accuracy").joined(Lesson(shown=True, nothing=False, by="log loss"))
        Lesson(shown=True, nothing=False, by='log loss')
        """
        shown = self.shown or other.shown
        nothing = not shown and (self.nothing or other.nothing)
        return Lesson(shown=shown, nothing=nothing, by=other.by if other.shown and not self.shown else self.by)


def lesson_of(every: Sequence[Standing], network: Standing, metric: Metric, weigh: Weigh) -> Lesson:
    """What the contenders say of what there is to learn; a network that is *better* than the constant is one word."""
    constant = constant_of(every)
    if constant is None or is_beaten(every, weigh) or weigh(network, constant).word == "better":
        return Lesson(shown=True, nothing=False, by=metric.label)
    leader = best_of(without_constant(every), metric)
    return Lesson(shown=False, nothing=weigh(leader, constant).chance_better < LIKELY, by=metric.label)


def is_beaten(every: Sequence[Standing], weigh: Weigh) -> bool:
    """Whether one does better than the constant by a one-sided test that allows for the number of the others."""
    constant = constant_of(every)
    if constant is None:
        return False
    doubts = [weigh(contender, constant).doubt for contender in without_constant(every)]
    return any(p < LEVEL for p in holm(doubts))


def constant_of(every: Sequence[Standing]) -> Standing | None:
    """The contender that always gives the same answer, if it ran."""
    return next((contender for contender in every if contender.family == "constant"), None)


def without_constant(every: Sequence[Standing]) -> list[Standing]:
    """All the others."""
    return [contender for contender in every if contender.family != "constant"]


def best_of(contenders: Sequence[Standing], metric: Metric) -> Standing:
    """The one with the best mean; of equals the first, which is the simplest."""
    return max(contenders, key=lambda contender: contender.worth(metric))
