"""Which columns matter: what is lost when one is shuffled, with an interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import ACCENT, INK, LINE, SOFT
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.read import mappings, number
from lamina.evaluation.report.svg import draw, frame, limits, tick_words
from lamina.evaluation.report.words import plain_number, shown, tick

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 12
_ROW = 40  # pixels


class Column(NamedTuple):
    """What shuffling one column costs."""

    name: str
    mean: float
    low: float
    high: float


def importance_figure(facts: Facts) -> Picture | None:
    """The picture, or None if the importance was not measured."""
    columns = columns_of(facts)
    if not columns:
        return None
    sentence, first = sentence_for(columns), columns[:MOST]

    def paint(figure: Figure) -> None:
        _paint(figure, first)

    drawing = draw(paint, name="importance", alt=sentence, height=_ROW * len(first) + 56)
    return Picture(name="importance", heading="Which columns matter", sentence=sentence, drawings=(drawing,))


def columns_of(facts: Facts) -> list[Column]:
    """The columns, the most important first."""
    found = []
    for each in mappings(facts.get("importance")):
        mean, low, high = (number(each.get(key)) for key in ("mean", "low", "high"))
        if mean is not None:
            ends = (mean if low is None else low, mean if high is None else high)
            found.append(Column(shown(each.get("column"), 40), mean, *ends))
    return sorted(found, key=lambda column: -column.mean)


def sentence_for(columns: list[Column]) -> str:
    """The column that matters most, and how many cannot be told from noise.

    >>> sentence_for([Column("a", 0.3, 0.2, 0.4), Column("b", 0.0, -0.1, 0.1)])
    'The model leans most on a: the score loses 0.300 when it is shuffled. Of 2 columns, 1 cannot be told from noise.'
    """
    best, idle = columns[0], sum(column.low <= 0 for column in columns)
    if idle == len(columns):
        return f"Shuffling one column at a time costs nothing that can be told from noise ({len(columns)} columns)."
    words = f"The model leans most on {best.name}: the score loses {plain_number(best.mean)} when it is shuffled."
    noise = f" Of {len(columns)} columns, {idle} cannot be told from noise." if idle else ""
    more = f" The first {MOST} are drawn." if len(columns) > MOST else ""
    return words + noise + more


def _paint(figure: Figure, columns: list[Column]) -> None:
    axes = frame(figure, left=14, right=14, top=6, bottom=48, grid="x")
    ends = limits([0.0, *(end for column in columns for end in (column.low, column.high, column.mean))], pad=0.03)
    axes.set(xlim=ends, ylim=(len(columns) - 0.25, -0.5), yticks=[], xlabel="loss of score when the column is shuffled")
    tick_words(axes, "x", tick, most=5)
    across = axes.get_yaxis_transform()
    for row, column in enumerate(columns):
        colour, place = (ACCENT, row + 0.14) if column.low > 0 else (SOFT, row + 0.14)
        axes.text(0, row - 0.26, shown(column.name, 36), transform=across, va="center", color=INK)
        axes.text(1, row - 0.26, plain_number(column.mean), transform=across, va="center", ha="right", color=SOFT)
        axes.plot([0, 0], [place - 0.17, place + 0.17], color=SOFT, linewidth=1.5, zorder=2)
        axes.plot(ends, [place] * 2, color=LINE, linewidth=1, zorder=1)
        axes.plot([0, column.mean], [place] * 2, color=colour, linewidth=8, alpha=0.4, solid_capstyle="butt", zorder=2)
        axes.plot([column.low, column.high], [place] * 2, color=colour, linewidth=2, zorder=3)
        axes.plot([column.mean], [place], "o", color=colour, markersize=6, zorder=4)
