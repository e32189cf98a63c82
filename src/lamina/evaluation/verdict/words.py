"""A verdict in plain English: what was found, how sure that is, what it costs, what to do. Two or three lines."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lamina.evaluation.verdict.comparison import Comparison
from lamina.evaluation.verdict.standing import Standing
from lamina.evaluation.verdict.statistics import LEVEL
from lamina.metrics import Metric, format_metric

ALIKE = 1.25  # costs within this factor of each other are the same to a person


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a sentence is made of.

    Args:
        comparison: of the network (a) with the rival (b).
        constant, leader: the constant contender and the best of the others, where there is nothing to learn; else None.
        ratio: seconds of training of the network over those of the rival; None if they were not measured.
        asked: the chosen one was asked for, and the verdict would have been another.
        best: of the rivals, where it is not the rival; else None.
        unshown: nobody was shown to do better than the constant, although there may be something to learn.
        shown_by: the metric by which it was shown, where the constant is the rival; else None.
    """

    metric: Metric
    comparison: Comparison
    network: Standing
    rival: Standing
    chosen: Standing
    constant: Standing | None
    leader: Standing | None
    ratio: float | None
    asked: bool
    best: Standing | None = None
    unshown: bool = False
    shown_by: str | None = None


def sentence_of(found: Found) -> str:
    """The verdict as one or two sentences, and the advice that follows from it."""
    if found.constant is not None and found.leader is not None:
        return f"{_nothing(found.constant, found.leader, found.metric)} {_advice(found, 'Use {}.')}"
    tell = {"better": _better, "equivalent": _equivalent, "worse": _worse, "undecided": _undecided}
    told = tell[found.comparison.word](found)
    return f"{told} That anything can be learnt could not be shown from {_rows(found)}." if found.unshown else told


def price_of(metric: Metric, difference: float, ratio: float | None) -> str | None:
    """What the last bit of score costs, if the network has it and it costs more; else None.

    >>> from lamina.metrics import METRICS
    >>> price_of(METRICS["accuracy"], 0.002, 60.2)
    'The last 0.2 points cost 60 times the training time.'
    """
    if ratio is None or ratio < ALIKE or not 0 < difference < math.inf:
        return None
    if not metric.percent:
        gain = f"{format_metric(metric, difference)} of {metric.label}"
    else:
        gain = f"{100 * difference:.1f} points" if difference >= 0.0005 else "fraction of 0.1 points"
    return f"The last {gain} cost {times(ratio)} times the training time."


def chance(share: float) -> str:
    """A chance in per cent: never 0 and never 100, for nothing is that sure.

    >>> [chance(p) for p in (0.0, 0.002, 0.04, 0.379, 0.996, 1.0)]
    ['below 0.1 %', '0.2 %', '4 %', '38 %', '99.6 %', 'above 99.9 %']
    """
    if share < 0.001:
        return "below 0.1 %"
    if share > 0.999:
        return "above 99.9 %"
    return f"{100 * share:.0f} %" if 0.00995 <= share < 0.995 else f"{100 * share:.1f} %"


def times(ratio: float) -> str:
    """A factor with two digits that count.

    >>> [times(r) for r in (1.5, 2.04, 60.2, 1234.5)]
    ['1.5', '2', '60', '1,200']
    """
    return f"{ratio:.1f}".removesuffix(".0") if ratio < 9.95 else f"{_two_digits(ratio):,}"


def _better(found: Found) -> str:
    costs = _clause(found.ratio, ", and costs {} times as much to train", ", and is {} times cheaper to train", _ALIKE)
    doubt = f"chance that it is not better: {chance(found.comparison.doubt)}"
    return (
        f"The network is better than the best rival, {found.rival.phrase} "
        f"({_compared(found, found.network, found.rival)}; {doubt}){costs}. {_advice(found, 'Use {}.')}"
    )


def _worse(found: Found) -> str:
    costs = _clause(found.ratio, " and costs {} times as much to train", ", though {} times cheaper to train", _ALIKE)
    doubt = f"chance that it is not worse: {chance(1 - found.comparison.doubt)}"
    return (
        f"The network is worse than {found.rival.phrase} "
        f"({_compared(found, found.network, found.rival)}; {doubt}){costs}. {_advice(found, 'Use {}.')}"
    )


def _equivalent(found: Found) -> str:
    costs = _clause(found.ratio, " and {} times cheaper to train", ", but costs {} times as much to train", _ALIKE)
    matters = f"chance that the difference matters: {chance(1 - found.comparison.chance_equivalent)}"
    dear = found.ratio is not None and found.ratio < 1 / ALIKE
    advice = "Use {}, the simpler one." if dear and found.chosen == found.rival else "Use {}" + _why(found) + "."
    return (
        f"{_capital(found.rival.phrase)} is as good as the network "
        f"({_compared(found, found.rival, found.network)}; {matters}){costs}. {_advice(found, advice)}"
    )


def _undecided(found: Found) -> str:
    rows, needed = _rows(found), found.comparison.rows_to_decide
    decide = "far more" if needed is None else f"about {_two_digits(needed):,}"
    matters = f"chance that the difference matters: {chance(1 - found.comparison.chance_equivalent)}"
    why = ", the simpler one" if found.chosen == found.rival else _why(found)
    told = f"The network and {found.rival.phrase} cannot be told apart from {rows}"
    if found.comparison.p_value < LEVEL:  # there is a difference, and it lies near the edge of the region
        does = "better" if found.comparison.difference > 0 else "worse"
        told = f"The network does {does} than {found.rival.phrase}, but {rows} cannot tell whether that matters"
    return (
        f"{told} ({_compared(found, found.network, found.rival)}; {matters}); {decide} {_kind(found)} would decide it. "
        f"{_advice(found, 'Until then use {}' + why + '.')}"
    )


def _nothing(constant: Standing, leader: Standing, metric: Metric) -> str:
    best = f"{leader.definite}, the best of the others"
    luck = " by more than luck" if leader.worth(metric) > constant.worth(metric) else ""
    return (
        f"There is nothing to learn here: no contender does better than always giving the same answer{luck} "
        f"({_scores(metric, constant, leader)} for {best})."
    )


_ALIKE = " and costs about as much to train"


def _clause(ratio: float | None, dearer: str, cheaper: str, alike: str) -> str:
    """What the network costs beside the rival: one of three clauses, for a ratio above, below and about 1."""
    if ratio is None:
        return ""
    if ratio >= ALIKE:
        return dearer.format(times(ratio))
    return cheaper.format(times(1 / ratio)) if ratio <= 1 / ALIKE else alike


def _why(found: Found) -> str:
    if found.chosen == found.network:
        learnt = f", whose {found.shown_by} shows that it has learnt something"
        return ", the best so far" if found.shown_by is None else learnt
    return "" if found.chosen == found.rival else ", the simplest near the best"


def _advice(found: Found, advice: str) -> str:
    name = _name(found.chosen, found.network)
    return f"{_capital(name)} is kept, as asked." if found.asked else advice.format(name)


def _name(contender: Standing, network: Standing) -> str:
    return "the network" if contender == network else contender.definite


def _scores(metric: Metric, first: Standing, second: Standing) -> str:
    """Two scores with one unit: "accuracy 98.9 against 99.1 %"."""
    a, b = format_metric(metric, first.mean), format_metric(metric, second.mean)
    return f"{metric.label} {a.removesuffix(' %') if b.endswith(' %') else a} against {b}"


def _compared(found: Found, first: Standing, second: Standing) -> str:
    """The two scores, and who did best of the rivals where it is not the one in the sentence."""
    scores = _scores(found.metric, first, second)
    if found.best is None:
        return scores
    return f"{scores}; best rival: {found.best.definite}, {format_metric(found.metric, found.best.mean)}"


def _rows(found: Found) -> str:
    return f"{found.comparison.rows:,} {_kind(found)}"


def _kind(found: Found) -> str:
    return "rows" if found.comparison.method == "corrected t" else "test rows"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _two_digits(number: float) -> int:
    return int(round(number, 1 - math.floor(math.log10(number)))) if number >= 100 else round(number)
