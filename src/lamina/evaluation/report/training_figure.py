"""Training curves: the loss of every epoch, and beside it what it means in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import ACCENT, SERIES, SOFT
from lamina.evaluation.report.picture import Key, Picture
from lamina.evaluation.report.read import mapping, mappings, number
from lamina.evaluation.report.svg import draw, frame, limits, tick_words
from lamina.evaluation.report.words import plain_number, sentence_of, tick

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 10  # networks
Line = list[tuple[float, float]]  # epoch, loss
KINDS = ("training_loss", "validation_loss")


def training_figure(facts: Facts) -> Picture | None:
    """The picture, or None if no epoch was written down."""
    network = mapping(facts.get("network"))
    curves = [[line_of(history, kind) for kind in KINDS] for history in mappings(network.get("histories"))]
    curves = [lines for lines in curves if lines[0]][:MOST]
    if not curves:
        return None
    sentence = sentence_for(curves)

    def paint(figure: Figure) -> None:
        _paint(figure, curves)

    legend = [Key(series=0, shape="—", name="training rows")]
    if any(lines[1] for lines in curves):
        legend.append(Key(series=1, shape="—", name="held-out rows"))
    told = [(sentence_of(d.get("sentence")), sentence_of(d.get("advice"))) for d in mappings(network.get("diagnoses"))]
    return Picture(
        name="training",
        heading="How the network learnt",
        sentence=sentence,
        drawings=(draw(paint, name="training", alt=sentence, height=300),),
        legend=tuple(legend),
        remarks=tuple(dict.fromkeys(remark for remark in told if remark[0])),
    )


def line_of(history: Facts, kind: str) -> Line:
    """Epochs and losses, without those that were not measured."""
    epochs = mappings(history.get("epochs"))
    found = [(number(e.get("epoch")) or place, number(e.get(kind))) for place, e in enumerate(epochs, start=1)]
    return [(epoch, loss) for epoch, loss in found if loss is not None]


def sentence_for(curves: list[list[Line]]) -> str:
    """From where to where the loss fell, and when it was lowest on rows held out.

    >>> sentence_for([[[(1, 0.9), (2, 0.3)], [(1, 0.95), (2, 0.5)]]])
    'Over 2 epochs the loss on training rows went from 0.900 to 0.300; on held-out rows it was lowest at epoch 2
    (0.500).'
    """
    training, held_out = curves[0]
    first = f"Over {len(training)} epochs the loss on training rows went from {plain_number(training[0][1])} to "
    words = f"{first}{plain_number(training[-1][1])}"
    if held_out:
        epoch, loss = min(held_out, key=lambda point: point[1])
        words += f"; on held-out rows it was lowest at epoch {epoch:.0f} ({plain_number(loss)})"
    more = f" The bold line is the first of {len(curves)} networks." if len(curves) > 1 else ""
    return f"{words}.{more}"


def _paint(figure: Figure, curves: list[list[Line]]) -> None:
    axes = frame(figure, left=58)
    for place, lines in reversed(list(enumerate(curves))):
        for series, line in enumerate(lines):
            _one(axes, line, series, first=place == 0)
    every = [loss for lines in curves for line in lines for _, loss in line]
    axes.set_ylim(*limits(every))
    axes.set(xlabel="epoch", ylabel="loss")
    for axis in "xy":
        tick_words(axes, axis, tick)
    if held_out := curves[0][1]:
        best = min(held_out, key=lambda point: point[1])
        axes.axvline(best[0], color=SOFT, linewidth=1, linestyle=":")
        axes.plot([best[0]], [best[1]], "o", color=SERIES[1], markersize=7)


def _one(axes: Axes, line: Line, series: int, *, first: bool) -> None:
    colour = ACCENT if series == 0 else SERIES[1]
    marker = "o" if len(line) == 1 else ""
    axes.plot(
        [epoch for epoch, _ in line], [loss for _, loss in line], marker=marker, color=colour,
        linewidth=2 if first else 1, alpha=1 if first else 0.3,
    )  # fmt: skip
