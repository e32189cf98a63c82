"""Predicted against true numbers, and how large the errors are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lamina.evaluation.report import field
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import ACCENT, SOFT
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.read import mapping, number, sequence, text
from lamina.evaluation.report.svg import draw, frame, limits, tick_words
from lamina.evaluation.report.words import plain_number, shown, tick

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Numbers = NDArray[np.float64]


def residuals_figure(facts: Facts) -> Picture | None:
    """The pictures, or None if there are no predictions."""
    residuals = mapping(facts.get("residuals"))
    truth, predicted = pairs_of(residuals)
    if not truth.size:
        return None
    who, target = field.title_of(facts, residuals.get("contender")), shown(text(facts.get("target")) or "target", 24)
    sentence = sentence_for(truth, predicted, who)

    def against(figure: Figure) -> None:
        _against(figure, truth, predicted, target)

    def spread(figure: Figure) -> None:
        _spread(figure, predicted - truth)

    drawings = (
        draw(against, name="predicted", alt=f"Predicted against true values. {sentence}", height=340),
        draw(spread, name="errors", alt=f"How often errors of each size occur. {sentence}", height=340),
    )
    heading = "Predicted against true"
    return Picture(name="residuals", heading=heading, sentence=sentence, drawings=drawings, wide=True)


def pairs_of(residuals: Facts) -> tuple[Numbers, Numbers]:
    """True and predicted numbers of the rows that have both.

    **Shape**: ``(row,)`` each.
    """
    both = zip(sequence(residuals.get("truth")), sequence(residuals.get("predicted")), strict=False)
    found = [(number(truth), number(predicted)) for truth, predicted in both]
    rows = np.array([pair for pair in found if None not in pair], dtype=float).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def sentence_for(truth: Numbers, predicted: Numbers, who: str) -> str:
    """How far off half and nine in ten of the predictions are, and whether they lean to one side.

    >>> sentence_for(np.zeros(3), np.array([-1.0, 0.0, 1.0]), "Forest")
    'Forest: half of the predictions are within 1.00 of the truth, nine in ten within 1.00.'
    """
    error = predicted - truth
    half, most = np.quantile(np.abs(error), [0.5, 0.9], method="higher")
    words = f"{who}: half of the predictions are within {plain_number(float(half))} of the truth, "
    words += f"nine in ten within {plain_number(float(most))}."
    lean, noise = float(error.mean()), float(error.std()) / error.size**0.5
    if abs(lean) <= 2 * noise:
        return words
    return f"{words} On average they are {plain_number(abs(lean))} too {'high' if lean > 0 else 'low'}."


def _against(figure: Figure, truth: Numbers, predicted: Numbers, target: str) -> None:
    axes = frame(figure, left=66, grid="both")
    ends = limits([*truth.tolist(), *predicted.tolist()])
    axes.plot(ends, ends, color=SOFT, linewidth=1, linestyle="--")
    axes.plot(truth, predicted, "o", color=ACCENT, alpha=0.4, markersize=5, markeredgewidth=0)
    axes.set(xlim=ends, ylim=ends, xlabel=f"true {target}", ylabel="predicted")
    for axis in "xy":
        tick_words(axes, axis, tick, most=5)


def _spread(figure: Figure, error: Numbers) -> None:
    axes = frame(figure, left=66)
    low, high = limits(error.tolist(), pad=0)
    bars, edges = np.histogram(error, bins=24, range=(low, high))
    axes.bar(edges[:-1], bars, width=np.diff(edges) * 0.92, align="edge", color=ACCENT, alpha=0.7, linewidth=0)
    axes.axvline(0, color=SOFT, linewidth=1, linestyle="--")
    axes.set(xlabel="predicted minus true", ylabel="rows")
    tick_words(axes, "x", tick, most=5)
    tick_words(axes, "y", tick)
