"""What came of a search, in one or two sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lamina.evaluation.verdict.words import chance
from lamina.metrics import Metric, format_metric


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What a sentence is made of.

    Args:
        settings: what was found, in words.
        tried: settings beside the default that reached the last rung of their round.
        score, default: on the outer rows.
        doubt: the chance that what was found is not better than the default.
        optimism: by how much its score was higher where it was searched.
        same: what was found is the default itself.
        beaten: it beats the default beyond noise.
        looks: how often the outer rows have been opened; ``level`` is the p value asked for, the smaller for it.
        loose: settings and score of an ensemble that does not fit into one file; None if it does.
        cut: the time was up before the default itself had learnt to the end.
    """

    metric: Metric
    settings: str
    tried: int
    score: float
    default: float
    doubt: float
    optimism: float
    same: bool
    beaten: bool
    loose: tuple[int, float] | None
    looks: int = 1
    level: float = 0.05
    cut: bool = False


def sentence_of(told: Ending) -> str:
    """The end of a search in words.

    >>> from lamina.metrics import METRICS
    >>> accuracy = METRICS["accuracy"]
    >>> told = Ending(metric=accuracy, settings="512-512 silu", tried=20, score=0.869, default=0.864, doubt=0.03,
    ...             optimism=0.002, same=False, beaten=True, loose=None)
    >>> print(sentence_of(told))
    Tuning found 512-512 silu: accuracy 86.9 against 86.4 % of the default; chance that this is luck: 3 %. Searching
    flattered by 0.2 points.
    """
    parts = [_same(told) if told.same else _found(told) if told.beaten else _not_beaten(told)]
    if told.tried:
        parts.append(_flattered(told))
    if told.loose is not None:
        settings, score = told.loose
        parts.append(
            f"An ensemble of {settings} settings reaches {format_metric(told.metric, score)}, but networks of "
            "different shapes do not fit into one file."
        )
    if told.looks > 1:
        parts.append(
            f"The rows set aside were opened {told.looks} times, so that p below {told.level:.2g} was asked for."
        )
    if told.cut:
        parts.append("The default itself was cut short by the clock, and would learn more: give it more time.")
    return " ".join(parts)


def _found(told: Ending) -> str:
    return (
        f"Tuning found {told.settings}: {_scores(told)} of the default; chance that this is luck: {chance(told.doubt)}."
    )


def _not_beaten(told: Ending) -> str:
    return (
        f"Tuning did not beat the default beyond noise ({told.settings}: {_scores(told)} of the default; chance that "
        f"this is luck: {chance(told.doubt)}); the default is kept."
    )


def _same(told: Ending) -> str:
    kept = f"the default is kept: {told.metric.label} {format_metric(told.metric, told.default)}."
    if not told.tried:
        return f"There was no time to train another setting to the end; {kept}"
    many = f"None of the {told.tried} other settings" if told.tried > 1 else "The one other setting"
    did = "did" if told.tried > 1 else "did not do"
    return f"{many} that reached the last rung {did} better than the default where it was searched; {kept}"


def _flattered(told: Ending) -> str:
    """By how much the score was better on the rows that chose than on rows that they never saw."""
    if not math.isfinite(told.optimism) or told.optimism <= 0:
        return "Searching did not flatter."
    if told.metric.percent:
        return f"Searching flattered by {100 * told.optimism:.1f} points."
    return f"Searching flattered by {format_metric(told.metric, told.optimism)}."


def _scores(told: Ending) -> str:
    """Two scores with one unit: "accuracy 86.9 against 86.4 %"."""
    a, b = format_metric(told.metric, told.score), format_metric(told.metric, told.default)
    return f"{told.metric.label} {a.removesuffix(' %') if b.endswith(' %') else a} against {b}"
