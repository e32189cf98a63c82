"""A network that reads several things, as a picture from top to bottom: the ways in, the trunk, the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from lamina.evaluation.report.branches import Branch
from lamina.evaluation.report.palette import ACCENT, INK, LINE, SERIES, SOFT
from lamina.evaluation.report.svg import WIDTH, draw
from lamina.evaluation.report.words import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Words = tuple[str, str]  # a bold line and a quiet one
GAP = ""  # the bold line of layers that are not drawn
_ROW, _HIGH, _TOP = 64, 46, 66  # pixels from box to box, of a box, and down to the first
_SOURCE, _READER, _BUS = (6, 170), (204, 356), 404  # from where to where boxes lie, and where the ways in meet
_BACK = ("backward: the loss's", "gradient goes back", "layer by layer and says", "how to change each", "weight")


def branches_drawing(branches: Sequence[Branch], trunk: Sequence[Words], *, alt: str) -> Markup:
    """The ways in below each other, all leading into the trunk, whose layers follow."""
    first = _TOP + _ROW * len(branches) + (20 if len(branches) > 1 else 0)
    last = first + _ROW * len(trunk)

    def paint(figure: Figure) -> None:
        height = last + _HIGH
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        axes.set_axis_off()
        axes.text(_SOURCE[0], 20, "forward: data → scores → loss", va="center", color=ACCENT)
        for place, branch in enumerate(branches):
            _branch(axes, _TOP + _ROW * place, branch)
        _line(axes, [(_BUS, _TOP), (_BUS, first)], ACCENT)
        _arrow(axes, (_BUS, first), (_READER[1], first), ACCENT)
        if len(branches) > 1:
            joined = f"{count(sum(branch.units for branch in branches))} numbers, joined"
            axes.text(_BUS - 8, first - 36, joined, ha="right", va="center", fontsize=12, color=INK)
        _trunk(axes, first, trunk)
        _backward(axes, first, last)

    return draw(paint, name="network", alt=alt, height=last + _HIGH)


def _branch(axes: Axes, y: float, branch: Branch) -> None:
    _box(axes, _SOURCE, y, (branch.name or branch.reads, branch.reads if branch.name else ""), LINE)
    if branch.reader:
        _arrow(axes, (_SOURCE[1], y), (_READER[0], y), ACCENT)
        _box(axes, _READER, y, (branch.reader, f"{count(branch.weights)} weights" if branch.weights else ""), ACCENT)
    _line(axes, [(_READER[1] if branch.reader else _SOURCE[1], y), (_BUS, y)], ACCENT)
    middle = (_READER[1] + _BUS) / 2
    axes.text(middle, y - 5, count(branch.units), ha="center", va="bottom", fontsize=12, color=INK)


def _trunk(axes: Axes, first: float, trunk: Sequence[Words]) -> None:
    middle = sum(_READER) / 2
    for place, words in enumerate(trunk):
        y = first + _ROW * place
        if words[0] == GAP:
            axes.plot([middle - 9, middle, middle + 9], [y - 8] * 3, "o", markersize=3.5, color=SOFT, markeredgewidth=0)
            axes.text(middle, y + 10, words[1], ha="center", va="center", fontsize=12, color=SOFT)
        else:
            _box(axes, _READER, y, words, ACCENT)
        _arrow(axes, (middle, y + _HIGH / 2), (middle, y + _ROW - _HIGH / 2), ACCENT)
    _box(axes, _READER, first + _ROW * len(trunk), ("loss", ""), SERIES[1])


def _backward(axes: Axes, first: float, last: float) -> None:
    x, line = (_SOURCE[1] + _READER[0]) / 2, 16
    axes.plot([_READER[0], x, x], [last, last, first - 20], "--", color=SERIES[1], linewidth=1.5)
    _arrow(axes, (x, first - 20), (x, first - 30), SERIES[1])
    top = (first + last) / 2 - line * (len(_BACK) - 1) / 2
    for place, words in enumerate(_BACK):
        axes.text(x - 10, top + line * place, words, ha="right", va="center", fontsize=12, color=SERIES[1])


def _box(axes: Axes, across: tuple[float, float], y: float, words: Words, colour: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    left, right = across
    style = "round,pad=0,rounding_size=8"
    axes.add_patch(
        FancyBboxPatch(
            (left, y - _HIGH / 2),
            right - left,
            _HIGH,
            boxstyle=style,
            facecolor="none",
            edgecolor=colour,
            linewidth=1.5,
        )
    )
    middle, apart = (left + right) / 2, 9 if words[1] else 0
    axes.text(middle, y - apart, words[0], ha="center", va="center", fontsize=12.5, weight="bold", color=INK)
    if words[1]:
        axes.text(middle, y + apart, words[1], ha="center", va="center", fontsize=12, color=SOFT)


def _line(axes: Axes, places: Sequence[tuple[float, float]], colour: str) -> None:
    axes.plot(*zip(*places, strict=True), color=colour, linewidth=1.5)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 13, "color": colour, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)
