"""The contenders: a dot and an interval each, and the region in which a difference does not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lamina.evaluation.report import field
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import ACCENT, INK, LINE, PAPER, SOFT
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.read import mapping, number
from lamina.evaluation.report.svg import ANYWHERE, draw, frame, limits, tick_words
from lamina.evaluation.report.words import Scale, both_ends

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 16
LETTERS = 42  # of a name, which the score stands beside
_ROW = 46  # pixels


class Dot(NamedTuple):
    """One contender in the picture."""

    name: str
    title: str
    mean: float
    low: float
    high: float


def contenders_figure(facts: Facts) -> Picture | None:
    """The picture, or None if no contender has a score."""
    scale, dots = field.headline(facts), dots_of(facts)[:MOST]
    if scale is None or not dots:
        return None
    sentence = sentence_for(facts, scale, dots)

    def paint(figure: Figure) -> None:
        _paint(figure, facts, scale, dots)

    drawing = draw(paint, name="contenders", alt=sentence, height=_ROW * len(dots) + 84)
    return Picture(name="contenders", heading="The contenders", sentence=sentence, drawings=(drawing,))


def dots_of(facts: Facts) -> list[Dot]:
    """The contenders that have a mean, in the order of the facts."""
    scale, dots = field.headline(facts), []
    if scale is None:
        return []
    for one in field.competing(facts):
        if (mean := field.mean(one, scale.name)) is not None:
            low, high = map(scale.within, field.interval(one, scale.name) or (mean, mean))
            dots.append(Dot(str(one.get("name")), field.title(one), mean, low, high))
    return dots


def region_of(facts: Facts, dots: list[Dot]) -> tuple[float, float, str] | None:
    """From where to where a score is practically equal to the network's (or else the best), and to whose.

    It ends where the scores do.
    """
    verdict = mapping(facts.get("verdict"))
    width = number(verdict.get("region"))
    network = next((dot for dot in dots if dot.name == verdict.get("network")), None)
    centre, scale = network or dots[0], field.headline(facts)
    if not width or scale is None:
        return None
    low, high = scale.within(centre.mean - width), scale.within(centre.mean + width)
    return low, high, "network" if network else "best"


def view(
    dots: list[Dot], region: tuple[float, float, str] | None, bounds: tuple[float, float] = ANYWHERE
) -> tuple[float, float]:
    """The ends of the axis. Who is far off would press all the others together, and is shown at the edge instead."""
    kept = sorted(dots, key=lambda dot: dot.mean)
    while len(kept) > 2:
        rest = min(kept[1:], kept[:-1], key=_width)
        if _width(rest) > 0.4 * _width(kept):
            break
        kept = rest
    ends = [end for dot in kept for end in (dot.low, dot.high, dot.mean)]
    return limits(ends + list(region[:2] if region else ()), bounds=bounds)


def sentence_for(facts: Facts, scale: Scale, dots: list[Dot]) -> str:
    """Who is ahead, by how much, and how many cannot be told from the network."""
    best = (max if scale.better == "higher" else min)(dots, key=lambda dot: dot.mean)
    span = f" ({scale.range(best.low, best.high)})" if best.high > best.low else ""
    words = f"{best.title} has the best {scale.label}: {scale.words(best.mean)}{span}."
    region = region_of(facts, dots)
    if region is None or len(dots) < 2:
        return words
    others = [dot for dot in dots if dot.name != mapping(facts.get("verdict")).get("network")]
    inside = sum(region[0] <= dot.mean <= region[1] for dot in others)
    margin = scale.gap(number(mapping(facts.get("verdict")).get("region")) or 0.0)
    return f"{words} Practically equal to the {region[2]} (within {margin}): {inside} of {len(others)} others."


def _width(dots: list[Dot]) -> float:
    return max(dot.high for dot in dots) - min(dot.low for dot in dots)


def _paint(figure: Figure, facts: Facts, scale: Scale, dots: list[Dot]) -> None:
    axes = frame(figure, left=14, right=14, top=34, bottom=50, grid="x")
    region = region_of(facts, dots)
    left, right = view(dots, region, scale.bounds)
    axes.set(xlim=(left, right), ylim=(len(dots) - 0.25, -0.5), yticks=[], xlabel=scale.label)
    tick_words(axes, "x", scale.tick, most=5, bounds=scale.bounds)
    if region:
        axes.axvspan(max(left, region[0]), min(right, region[1]), color=ACCENT, alpha=0.1, linewidth=0)
        place = min(max(((region[0] + region[1]) / 2 - left) / (right - left), 0.24), 0.76)
        words = f"practically equal to the {region[2]}"
        axes.text(place, 1.015, words, transform=axes.transAxes, ha="center", va="bottom", fontsize=12, color=ACCENT)
    for row, dot in enumerate(dots):
        _row(axes, row, dot, scale, facts)


def _row(axes: Axes, row: int, dot: Dot, scale: Scale, facts: Facts) -> None:
    verdict = mapping(facts.get("verdict"))
    used, network = dot.name == verdict.get("chosen"), dot.name == verdict.get("network")
    left, right = axes.get_xlim()
    colour = ACCENT if network else INK
    name = f"{both_ends(dot.title, LETTERS - 12)} (chosen)" if used else both_ends(dot.title, LETTERS)
    weight = "bold" if used else "normal"
    axes.text(0, row - 0.3, name, transform=axes.get_yaxis_transform(), weight=weight, color=colour, va="center")
    axes.text(
        1, row - 0.3, scale.words(dot.mean), transform=axes.get_yaxis_transform(), ha="right", va="center",
        weight=weight, color=colour,
    )  # fmt: skip
    axes.plot([left, right], [row + 0.12] * 2, color=LINE, linewidth=1, zorder=1)
    if not left <= dot.mean <= right:
        edge, arrow = (left, "<") if dot.mean < left else (right, ">")
        axes.plot([edge], [row + 0.12], marker=arrow, markersize=8, color=SOFT, clip_on=False)
        return
    axes.plot([dot.low, dot.high], [row + 0.12] * 2, color=colour, linewidth=2.5, zorder=3)
    fill = colour if used else PAPER
    rim: dict[str, Any] = {"color": colour, "markeredgecolor": colour, "markeredgewidth": 2}
    axes.plot([dot.mean], [row + 0.12], marker="o", markersize=9, zorder=4, markerfacecolor=fill, **rim)
