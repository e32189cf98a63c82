"""How far the probabilities can be taken at their word: accuracy against confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lamina.evaluation.report import field
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import ACCENT, PAPER, SOFT
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.read import mapping, mappings, number, pair
from lamina.evaluation.report.svg import draw, frame, tick_words
from lamina.evaluation.report.words import count, plain_number, share, tick

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Bin(NamedTuple):
    """Rows with about the same confidence: how many of them were right, with an interval."""

    confidence: float
    accuracy: float
    low: float
    high: float
    rows: float


def reliability_figure(facts: Facts) -> Picture | None:
    """The picture of the chosen contender (or else the best one that has bins), or None."""
    able = [one for one in (field.chosen(facts), *field.competing(facts)) if bins_of(one)]
    if not able:
        return None
    calibration, bins = mapping(able[0].get("calibration")), bins_of(able[0])
    sentence = sentence_for(calibration, bins, field.title(able[0]))

    def paint(figure: Figure) -> None:
        _paint(figure, bins)

    heading = "Can the probabilities be believed?"
    drawing = draw(paint, name="reliability", alt=sentence, height=430)
    return Picture(
        name="reliability", heading=heading, sentence=sentence, drawings=(drawing,), remarks=_remarks(calibration)
    )


def bins_of(one: Facts) -> list[Bin]:
    """The bins that hold rows, from the least to the most confident."""
    found = []
    for each in mappings(mapping(one.get("calibration")).get("bins")):
        confidence, accuracy = number(each.get("confidence")), number(each.get("accuracy"))
        if confidence is not None and accuracy is not None and (number(each.get("rows")) or 0) > 0:
            low, high = number(each.get("low")), number(each.get("high"))
            ends = (accuracy if low is None else low, accuracy if high is None else high)
            found.append(Bin(confidence, accuracy, *ends, number(each.get("rows")) or 0))
    return sorted(found)


def sentence_for(calibration: Facts, bins: list[Bin], who: str) -> str:
    """By how much confidence and accuracy differ, in which direction, and where most."""
    every = sum(b.rows for b in bins)
    error = number(calibration.get("ece"))
    error = sum(abs(b.confidence - b.accuracy) * b.rows for b in bins) / every if error is None else error
    ends = pair(calibration.get("ece_interval"))
    span = f", interval {100 * ends[0]:.1f} to {100 * ends[1]:.1f}" if ends else ""
    lean = sum((b.confidence - b.accuracy) * b.rows for b in bins) / every
    manner = (
        "too sure of itself" if lean > 0.01 else "too modest" if lean < -0.01 else "neither too sure nor too modest"
    )
    common = max(bins, key=lambda b: b.rows)
    return (
        f"{who}: confidence and accuracy differ by {100 * error:.1f} points on average (calibration error{span}); "
        f"on the whole it is {manner}. Where it is {share(common.confidence)} sure, it is right in "
        f"{share(common.accuracy)} of {count(common.rows)} rows."
    )


def _remarks(calibration: Facts) -> tuple[tuple[str, str], ...]:
    temperature = number(calibration.get("temperature"))
    if temperature is None:
        return ()
    effect = "makes it less sure" if temperature > 1 else "makes it surer" if temperature < 1 else "changes nothing"
    words = f"The scores are divided by {plain_number(temperature)}, fitted on held-out rows, which {effect}."
    return (("Temperature", words),)


def _paint(figure: Figure, bins: list[Bin]) -> None:
    axes = frame(figure, left=58, bottom=140, grid="both")
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle="--")
    for each in bins:
        axes.plot([each.confidence] * 2, [each.low, each.high], color=ACCENT, alpha=0.5, linewidth=2)
    axes.plot([b.confidence for b in bins], [b.accuracy for b in bins], color=ACCENT, linewidth=1.5, alpha=0.6)
    axes.plot(
        [b.confidence for b in bins], [b.accuracy for b in bins], "o", color=ACCENT, markersize=8, markeredgecolor=PAPER
    )
    left = max(0.0, min(b.confidence for b in bins) - 0.05) if bins[0].confidence > 0.3 else 0.0
    axes.set(
        xlim=(left, 1.01), ylim=(min(0.9, left, *(b.low for b in bins)) - 0.01, 1.02), ylabel="share that was right"
    )
    counts = frame(figure, left=58, top=300, bottom=44, grid="y")
    counts.bar(
        [b.confidence for b in bins],
        [b.rows for b in bins],
        width=0.03 * (1.01 - left),
        color=ACCENT,
        alpha=0.7,
        linewidth=0,
    )
    counts.set(xlim=axes.get_xlim(), xlabel="confidence", ylabel="rows")
    for box in (axes, counts):
        tick_words(box, "x", share, most=5)
    axes.tick_params(labelbottom=False)
    tick_words(axes, "y", share)
    tick_words(counts, "y", tick, most=3)
