"""How the answer changes with one column while the others stay as they are: one small picture a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import INK, MARKERS, SERIES, SHAPES
from lamina.evaluation.report.picture import Key, Picture
from lamina.evaluation.report.read import mapping, mappings, number, sequence, text
from lamina.evaluation.report.svg import ANYWHERE, draw, frame, limits, tick_words
from lamina.evaluation.report.words import plain_number, share, shown, tick

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 9  # pictures
LINES = 5  # classes in one picture
CHANCES = (0.0, 1.0)  # between which every chance lies
_WIDTH, _HEIGHT = 300, 220


class Effect(NamedTuple):
    """The mean answer at some values of one column; one line a class, or one for the number."""

    column: str
    numeric: bool
    x: list[float] | list[str]
    lines: Mapping[str, list[float | None]]

    @property
    def range(self) -> tuple[float, str, float, float]:
        """The largest change of a line, its name, and between what and what."""
        spans = [(max(v) - min(v), name, min(v), max(v)) for name, line in self.lines.items() if (v := _known(line))]
        return max(spans, default=(0.0, "", 0.0, 0.0))


def effects_figure(facts: Facts) -> Picture | None:
    """The pictures, or None if no effect was measured."""
    effects = effects_of(facts)[:MOST]
    if not effects:
        return None
    classes = bool(facts.get("classes"))
    names = list(dict.fromkeys(name for effect in effects for name in effect.lines))
    kept = sorted(names, key=lambda name: -max(_span(effect, name) for effect in effects))[:LINES]
    kept = [name for name in names if name in kept]
    sentence = sentence_for(effects, classes, len(names))
    every = [v for effect in effects for name in kept for v in _known(effect.lines.get(name, []))]
    ends = limits(every, bounds=CHANCES if classes else ANYWHERE)
    drawings = tuple(_drawing(effect, index, kept, ends, classes) for index, effect in enumerate(effects))
    keys = [Key(series=i, shape=SHAPES[i], name=shown(name, 40)) for i, name in enumerate(kept)]
    legend = tuple(keys) if classes else ()
    heading = "What each column does to the answer"
    return Picture(name="effects", heading=heading, sentence=sentence, drawings=drawings, legend=legend, wide=True)


def effects_of(facts: Facts) -> list[Effect]:
    """The effects that have points to draw."""
    found = []
    for each in mappings(facts.get("effects")):
        lines = {str(name): [number(v) for v in sequence(y)] for name, y in mapping(each.get("y")).items()}
        places = list(sequence(each.get("x")))
        numeric = text(each.get("kind")) == "number" and all(number(x) is not None for x in places)
        values = [float(x) for x in places] if numeric else [shown(x, 14) for x in places]
        fitting = {name: line for name, line in lines.items() if len(line) == len(places) and _known(line)}
        if places and fitting:
            found.append(Effect(shown(each.get("column"), 40), numeric, values, fitting))
    return found


def sentence_for(effects: list[Effect], classes: bool, lines: int) -> str:
    """Which column moves the answer most, and from where to where."""
    strongest = max(effects, key=lambda effect: effect.range[0])
    _, name, low, high = strongest.range
    what = f"the chance of {shown(name, 40)}" if classes else "the answer"
    words = share if classes else plain_number
    told = f"Each picture changes one column and leaves the others as they are. {strongest.column} moves the answer "
    told += f"most: {what} lies between {words(low)} and {words(high)}."
    return told + (f" The {LINES} of {lines} classes that change most are drawn." if lines > LINES else "")


def _known(line: list[float | None]) -> list[float]:
    return [value for value in line if value is not None]


def _span(effect: Effect, name: str) -> float:
    values = _known(effect.lines.get(name, []))
    return max(values) - min(values) if values else 0.0


def _drawing(effect: Effect, index: int, kept: list[str], ends: tuple[float, float], classes: bool) -> Markup:
    def paint(figure: Figure) -> None:
        axes = frame(figure, left=50, right=14, top=30, bottom=30)
        axes.set_title(shown(effect.column, 30), loc="left", color=INK, fontsize=13, x=-0.16)
        axes.set_ylim(*ends)
        tick_words(axes, "y", share if classes else tick, most=4, bounds=CHANCES if classes else ANYWHERE)
        for place, name in enumerate(kept):
            if name in effect.lines:
                _line(axes, effect, effect.lines[name], place, len(kept))

    words = share if classes else plain_number
    spans = [(name, _known(effect.lines[name])) for name in kept if name in effect.lines]
    told = "; ".join(f"{shown(name, 30)} from {words(min(v))} to {words(max(v))}" for name, v in spans)
    return draw(paint, name=f"effect{index}", alt=f"{effect.column}: {told}.", width=_WIDTH, height=_HEIGHT)


def _line(axes: Axes, effect: Effect, line: list[float | None], series: int, lines: int) -> None:
    values = [float("nan") if value is None else value for value in line]
    if effect.numeric:
        marks: dict[str, Any] = (
            {"marker": MARKERS[series], "markersize": 6, "markevery": max(1, len(values) // 4)} if lines > 1 else {}
        )
        axes.plot([float(x) for x in effect.x], values, color=SERIES[series], **marks)
        tick_words(axes, "x", tick, most=4)
        return
    places = list(range(len(values)))
    beside = [place + 0.11 * (series - (lines - 1) / 2) for place in places]
    axes.plot(beside, values, MARKERS[series], color=SERIES[series], markersize=7)
    step = -(-len(places) // 3)  # as many names as fit side by side
    axes.set_xticks(places[::step], [shown(x, 12) for x in effect.x[::step]])
    axes.set_xlim(-0.5, len(places) - 0.5)
