"""The network as a picture: its layers, the way of the data, and the way of the gradients back.

From left to right where it reads numbers alone; else from top to bottom, what it reads side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lamina.evaluation.report.branches import Branch, branches_of, entrance, trunk_of
from lamina.evaluation.report.branches_figure import GAP, branches_drawing
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import ACCENT, INK, PAPER, SERIES, SOFT
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.read import mapping, mappings, number, text
from lamina.evaluation.report.svg import draw
from lamina.evaluation.report.words import count, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 8  # columns; a deeper network is shown by its ends
DOTS = 7  # circles in a column
_WIDTH, _HEIGHT = 1000, 400
_TOP, _BOTTOM = 96, 276  # where the circles stand


class Column(NamedTuple):
    """One column of circles: how many units it stands for and the words beneath."""

    units: int
    above: str
    below: tuple[str, ...]
    gap: bool = False  # stands for layers that are not drawn


def network_figure(facts: Facts) -> Picture | None:
    """The picture, or None if the layers are not known."""
    network = mapping(facts.get("network"))
    branches = branches_of(network, mappings(facts.get("fields")))
    if branches and trunk_of(network):
        return _branched(network, branches)
    columns = columns_of(network)
    if len(columns) < 2:
        return None
    sentence = sentence_for(network)

    def paint(figure: Figure) -> None:
        _paint(figure, shortened(columns))

    drawing = draw(paint, name="network", alt=sentence, width=_WIDTH, height=_HEIGHT)
    return Picture(name="network", heading="The network", sentence=sentence, drawings=(drawing,), wide=True)


def _branched(network: Facts, branches: list[Branch]) -> Picture:
    """The picture of a network that reads more than numbers."""
    trunk = shortened(columns_of({"inputs": 1, "layers": trunk_of(network)})[1:])
    boxes = [(GAP, one.below[0]) if one.gap else _box_words(one, last=one is trunk[-1]) for one in trunk]
    layers = f"{len(trunk_of(network))} layer{'s' if len(trunk_of(network)) > 1 else ''}"
    scores = f"{count(trunk[-1].units)} score{'s' if trunk[-1].units > 1 else ''}"
    sentence = f"{entrance(branches)}; these pass through {layers} to {scores}{_total(network)}"
    drawing = branches_drawing(branches, boxes, alt=sentence)
    return Picture(name="network", heading="The network", sentence=sentence, drawings=(drawing,))


def _box_words(one: Column, *, last: bool) -> tuple[str, str]:
    """A layer of the trunk: how many units and which activation, and its weights."""
    if last:
        return f"{count(one.units)} score{'s' if one.units > 1 else ''}", " ".join(
            words for words in one.below if words.endswith("weights")
        )
    return f"{count(one.units)} units, {one.below[0]}", ", ".join(one.below[1:])


def columns_of(network: Facts) -> list[Column]:
    """The inputs, then every layer that says how many units it has."""
    layers = [layer for layer in mappings(network.get("layers")) if (number(layer.get("units")) or 0) >= 1]
    inputs = number(network.get("inputs")) or (number(layers[0].get("inputs")) if layers else None)
    columns = [Column(int(inputs), "inputs", ("numbers of one row",))] if inputs and inputs >= 1 else []
    for place, layer in enumerate(layers):
        last = place == len(layers) - 1
        weights = number(layer.get("weights"))
        activation = text(layer.get("activation")) or ("" if last else "no activation")
        lines = tuple(
            filter(None, (shown(activation, 16) if activation else "", f"{count(weights)} weights" if weights else ""))
        )
        columns.append(Column(int(layer["units"]), "scores" if last else shown(_kind(layer), 14), lines))
    return columns


def shortened(columns: list[Column]) -> list[Column]:
    """At most `MOST` columns: the first and the last ones, and a gap that says how many are between."""
    if len(columns) <= MOST:
        return columns
    head, tail = columns[: MOST // 2], columns[-(MOST // 2 - 1) :]
    left = len(columns) - len(head) - len(tail)
    return [*head, Column(0, "", (f"{left} more layers",), gap=True), *tail]


def sentence_for(network: Facts) -> str:
    """What goes in, through how many layers and weights, and how many networks answer together."""
    columns = columns_of(network)
    depth = len(columns) - 1
    inputs = f"{count(columns[0].units)} input{'s pass' if columns[0].units > 1 else ' passes'}"
    words = f"{inputs} through {depth} layer{'s' if depth > 1 else ''} to "
    words += f"{count(columns[-1].units)} score{'s' if columns[-1].units > 1 else ''}"
    return words + _total(network)


def _total(network: Facts) -> str:
    """The end of the sentence: all weights, and how many networks there are."""
    members = number(network.get("members"))
    weights = sum(number(layer.get("weights")) or 0 for layer in mappings(network.get("layers")))
    words = f", with {count(weights)} weights in all." if weights else "."
    if members and members > 1:
        words += f" {count(members)} such networks, each with weights of its own, answer together."
    return words


def _kind(layer: Facts) -> str:
    return text(layer.get("kind")) or text(layer.get("name")) or "layer"


def _paint(figure: Figure, columns: list[Column]) -> None:
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, _WIDTH), ylim=(_HEIGHT, 0))
    axes.set_axis_off()
    places = [110 + place * 650 / (len(columns) - 1) for place in range(len(columns))]
    for left, right, a, b in zip(places, places[1:], columns, columns[1:], strict=False):
        _wires(axes, left, right, a, b)
    for x, column in zip(places, columns, strict=True):
        _column(axes, x, column)
    _loss(axes, places[-1])
    _flows(axes, places[0])


def _heights(column: Column) -> list[float]:
    drawn = min(column.units, DOTS)
    middle, step = (_TOP + _BOTTOM) / 2, (_BOTTOM - _TOP) / (DOTS - 1)
    return [middle + (place - (drawn - 1) / 2) * step for place in range(drawn)]


def _standing(column: Column) -> list[float]:
    """Heights of the circles; the middle of a long column is an ellipsis."""
    heights = _heights(column)
    return heights if column.units <= DOTS else [*heights[: DOTS // 2], *heights[DOTS // 2 + 1 :]]


def _wires(axes: Axes, left: float, right: float, a: Column, b: Column) -> None:
    from matplotlib.collections import LineCollection

    lines = [[(left, y), (right, z)] for y in _standing(a) for z in _standing(b)]
    axes.add_collection(LineCollection(lines, colors=SOFT, linewidths=0.7, alpha=0.35, zorder=1))


def _column(axes: Axes, x: float, column: Column) -> None:
    heights, middle = _heights(column), (_TOP + _BOTTOM) / 2
    for y in _standing(column):
        axes.plot([x], [y], "o", markersize=15, color=PAPER, markeredgecolor=ACCENT, markeredgewidth=2, zorder=3)
    if column.units > DOTS or column.gap:
        spread = [middle - 7, middle, middle + 7] if not column.gap else [middle] * 3
        across = [x] * 3 if not column.gap else [x - 9, x, x + 9]
        axes.plot(across, spread, "o", markersize=3.5, color=SOFT, markeredgewidth=0, zorder=3)
    if not column.gap:
        axes.text(x, heights[0] - 18, count(column.units), ha="center", va="bottom", weight="bold", color=INK)
    for line, words in enumerate(filter(None, (column.above, *column.below))):
        colour = INK if line == 0 else SOFT
        axes.text(x, _BOTTOM + 34 + 17 * line, words, ha="center", va="center", fontsize=12.5, color=colour)


def _loss(axes: Axes, last: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    middle = (_TOP + _BOTTOM) / 2
    style = "round,pad=0,rounding_size=10"
    axes.add_patch(
        FancyBboxPatch((860, middle - 26), 110, 52, boxstyle=style, facecolor="none", edgecolor=SERIES[1], linewidth=2)
    )
    axes.text(915, middle, "loss", ha="center", va="center", weight="bold", color=SERIES[1])
    _arrow(axes, (last + 24, middle), (852, middle), ACCENT)


def _flows(axes: Axes, first: float) -> None:
    _arrow(axes, (first, 42), (915, 42), ACCENT)
    axes.text(first, 26, "forward: data → scores → loss", va="center", color=ACCENT)
    _arrow(axes, (915, 368), (first, 368), SERIES[1], dashed=True)
    words = "backward: the loss's gradient goes back layer by layer and says how to change each weight"
    axes.text(915, 386, words, ha="right", va="center", color=SERIES[1])


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, *, dashed: bool = False
) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 16, "color": colour, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=style | {"linestyle": "--" if dashed else "-"})
