"""Series: some with the answers and the steps that speak for these, and the worst errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import INK, SERIES
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.read import mappings, number, numbers, sequence
from lamina.evaluation.report.svg import draw, frame, limits, tick_words
from lamina.evaluation.report.tiles import answer_words, column_words, errors_picture, who
from lamina.evaluation.report.words import tick
from lamina.foundation.specs import Json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOR, AGAINST = SERIES[1], SERIES[0]
MOST = 3  # rows of a part that are drawn
HEIGHT, GAP = 86, 22  # pixels of a channel, and between two
STRONGEST = 0.5  # how dark the strongest step is
FAINT = 0.1  # share of the strongest below which nothing is drawn


def series_pictures(facts: Facts, one: Facts, name: str) -> list[Picture]:
    """The pictures of one column of series, of which any may be missing."""
    found = [_examples(facts, one, name), errors_picture(one, name, _drawings(one, "errors", f"{name}-errors"))]
    return [picture for picture in found if picture is not None]


def _examples(facts: Facts, one: Facts, name: str) -> Picture | None:
    drawings = _drawings(one, "examples", f"{name}-examples")
    if not drawings:
        return None
    sentence = (
        f"Some of the series in column {column_words(one)}, and what {who(facts, one)} answered about them when it had "
        "not learnt from them. Orange: steps without which its answer loses; blue, low: without which it gains."
    )
    heading = "What it reads, and which steps count"
    return Picture(name=f"{name}-examples", heading=heading, sentence=sentence, drawings=drawings)


def _drawings(one: Facts, part: str, name: str) -> tuple[Markup, ...]:
    found = [(each, mappings(each.get("channels"))) for each in mappings(one.get(part))[:MOST]]
    return tuple(_drawing(each, channels, f"{name}-{i}") for i, (each, channels) in enumerate(found) if channels)


def _drawing(each: Facts, channels: tuple[Facts, ...], name: str) -> Markup:
    words = answer_words(each)
    strongest = max((abs(value) for channel in channels for value in numbers(channel.get("said"))), default=0.0)

    def paint(figure: Figure) -> None:
        for place, channel in enumerate(channels):
            axes = _frame(figure, place, len(channels))
            _paint(axes, channel, strongest)
            if len(channels) > 1:
                _say(axes, f"channel {(number(channel.get('channel')) or 0) + 1:.0f}", "left")
            if place == 0:
                _say(axes, words, "right")

    return draw(
        paint, name=name, alt=f"A series; the answer: {words}", height=(HEIGHT + GAP) * len(channels) - GAP + 56
    )


def _frame(figure: Figure, place: int, count: int) -> Axes:
    above, below = ((HEIGHT + GAP) * channels for channels in (place, count - 1 - place))
    axes = frame(figure, left=34, right=8, top=28 + above, bottom=28 + below, grid="")
    tick_words(axes, "y", tick, most=2)
    tick_words(axes, "x", tick, most=5)
    axes.tick_params(labelbottom=place == count - 1)
    return axes


def _paint(axes: Axes, channel: Facts, strongest: float) -> None:
    steps, values, said = (_gapped(channel.get(key)) for key in ("steps", "values", "said"))
    count = min(len(steps), len(values))
    known = np.isfinite(steps[:count])
    steps, values = steps[:count][known], values[:count][known]
    axes.set(xlim=limits(steps.tolist(), pad=0.01), ylim=limits(values[np.isfinite(values)].tolist()))
    if len(said) >= count and strongest:
        _shade(axes, steps, np.nan_to_num(said[:count][known]) / strongest)
    axes.plot(steps, values, color=INK, linewidth=1.3)


def _gapped(found: Json) -> NDArray[np.float64]:
    """Numbers with NaN where there is none."""
    return np.array([np.nan if (known := number(value)) is None else known for value in sequence(found)])


def _say(axes: Axes, words: str, side: Literal["left", "right"]) -> None:
    place = 0.0 if side == "left" else 1.0
    axes.text(place, 1.03, words, transform=axes.transAxes, ha=side, va="bottom", fontsize=12, color=INK)


def _shade(axes: Axes, steps: NDArray[np.float64], strength: NDArray[np.float64]) -> None:
    """A band behind every step that says something: from the top down to the bottom for, half as high against."""
    half = (float(np.diff(steps).min()) if len(steps) > 1 else 1.0) / 2
    for step, strong in zip(steps.tolist(), strength.tolist(), strict=True):
        if abs(strong) >= FAINT:
            colour, top = (FOR, 1.0) if strong > 0 else (AGAINST, 0.5)
            dark = STRONGEST * min(1.0, abs(strong))
            axes.axvspan(step - half, step + half, ymax=top, color=colour, alpha=dark, linewidth=0)
