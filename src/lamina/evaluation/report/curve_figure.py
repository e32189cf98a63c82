"""The learning curve: the error against training rows, its law, and what up to four times as many rows would do."""

from __future__ import annotations

import statistics
from math import log
from typing import TYPE_CHECKING

from lamina.evaluation.report import field
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import INK, MARKERS, PAPER, SERIES, SHAPES, SOFT
from lamina.evaluation.report.picture import Key, Picture
from lamina.evaluation.report.read import mapping, mappings, number, numbers, text
from lamina.evaluation.report.svg import ANYWHERE, draw, frame, limits, tick_words
from lamina.evaluation.report.words import Scale, rows_words, sentence_of, shown, tick, without_label
from lamina.metrics import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 4  # contenders in one picture
Points = list[tuple[float, list[float]]]  # training rows, the errors measured with so many


def curve_figure(facts: Facts) -> Picture | None:
    """The picture, or None if no learning curve was measured."""
    curve = mapping(facts.get("learning_curve"))
    measured = {name: mapping(one) for name, one in mapping(curve.get("contenders")).items()}
    curves = {name: one for name, one in measured.items() if points_of(one)}
    shown_first = sorted(curves, key=lambda name: name != mapping(facts.get("verdict")).get("network"))[:MOST]
    if not shown_first:
        return None
    scale = _scale(facts, curve)
    sentence = sentence_for(facts, curve, scale, shown_first[0])

    def paint(figure: Figure) -> None:
        _paint(figure, [curves[name] for name in shown_first], curve, scale)

    titles = [field.title_of(facts, name) for name in shown_first]
    remarks = [(t, _no_law(curves[n])) for t, n in zip(titles, shown_first, strict=True) if _no_law(curves[n])]
    return Picture(
        name="curve",
        heading="Would more data help?",
        sentence=sentence,
        drawings=(draw(paint, name="curve", alt=sentence, height=330),),
        legend=tuple(Key(series=i, shape=SHAPES[i], name=name) for i, name in enumerate(titles)),
        remarks=tuple(remarks),
    )


def points_of(one: Facts) -> Points:
    """The sizes at which something was measured, smallest first."""
    found = [(number(p.get("rows")), list(numbers(p.get("errors")))) for p in mappings(one.get("points"))]
    return sorted((rows, errors) for rows, errors in found if rows and rows > 0 and errors)


def sentence_for(facts: Facts, curve: Facts, scale: Scale, name: str) -> str:
    """How far the error fell, what doubling the rows would do, and where two contenders cross."""
    points = points_of(mapping(mapping(curve.get("contenders")).get(name)))
    (few, first), (many, last) = points[0], points[-1]
    start, end = statistics.fmean(first), statistics.fmean(last)
    verb = "fell" if end < start else "rose" if end > start else "stayed"
    who = shown(field.title_of(facts, name))
    words = [
        f"{who}: between {count_words(few)} and {count_words(many)} training rows the {scale.label} {verb} "
        f"from {scale.words(start)} to {scale.words(end)}."
    ]
    words.append(without_label(sentence_of(curve.get("sentence")), "More data: "))
    crossing = mapping(curve.get("crossing"))
    if rows := number(crossing.get("rows")):
        low, high = number(crossing.get("low")), number(crossing.get("high"))
        span = f" ({count_words(low)} to {count_words(high)})" if low and high else ""
        words.append(f"The curves cross at about {rows_words(rows)}{span}.")
    return " ".join(filter(None, words))


def count_words(rows: float) -> str:
    """Rows without the word.

    >>> count_words(1200.0)
    '1,200'
    """
    return f"{rows:,.0f}"


def _scale(facts: Facts, curve: Facts) -> Scale:
    metric = text(curve.get("metric")) or "error"
    label = shown(text(curve.get("label")) or metric, 40)
    percent = bool(curve.get("percent"))
    return Scale(name=metric, label=label, percent=percent, better="lower", bounds=_bounds(metric))


def _bounds(metric: str) -> tuple[float, float]:
    """Between which ends an error lies: one that is told as "1 - " a score is 0 where that is 1.

    >>> _bounds("error"), _bounds("1 - mcc"), _bounds("rmse"), _bounds("1 - r2")
    ((0.0, 1.0), (0.0, 2.0), (0.0, inf), (0.0, inf))
    """
    if metric == "error":  # of answers: what the accuracy leaves
        return 0.0, 1.0
    known = METRICS.get(metric.removeprefix("1 - "))
    if known is None:
        return ANYWHERE
    least, most = known.bounds
    return (1 - most, 1 - least) if metric.startswith("1 - ") else (least, most)


def _no_law(one: Facts) -> str:
    return sentence_of(one.get("why_no_law"))


def _paint(figure: Figure, curves: list[Facts], curve: Facts, scale: Scale) -> None:
    axes = frame(figure, left=58, top=26)
    ends = [_one(axes, one, index, scale) for index, one in enumerate(curves)]
    every = [rows for found in ends for rows in found[0]]
    axes.set_xscale("log")
    axes.set_xlim(min(every) / 1.12, max(every) * 1.12)
    axes.set_ylim(*limits([error for found in ends for error in found[1]], bounds=scale.bounds))
    axes.set_xlabel("training rows")
    axes.set_ylabel(scale.label)
    tick_words(axes, "y", scale.tick, bounds=scale.bounds)
    _size_ticks(axes, every)
    _marks(
        axes,
        max(rows for one in curves for rows, _ in points_of(one)),
        number(mapping(curve.get("crossing")).get("rows")),
    )


def _one(axes: Axes, one: Facts, index: int, scale: Scale) -> tuple[list[float], list[float]]:
    """Draw one contender; the rows and errors that the axes must hold."""
    points, colour = points_of(one), SERIES[index]
    now, middle = points[-1][0], [(rows, statistics.fmean(errors)) for rows, errors in points]
    band = band_of(one, scale)
    for rows, errors in points:
        axes.plot([rows] * len(errors), errors, "o", color=colour, alpha=0.35, markersize=3.5, markeredgewidth=0)
    axes.plot(*zip(*middle, strict=True), MARKERS[index], color=colour, markersize=7, markeredgecolor=PAPER, zorder=5)
    if band:
        sizes, low, centre, high = (list(column) for column in zip(*band, strict=True))
        axes.fill_between(sizes, low, high, color=colour, alpha=0.14, linewidth=0)
        known = [(rows, value) for rows, value in zip(sizes, centre, strict=True) if rows <= now]
        beyond = known[-1:] + [(rows, value) for rows, value in zip(sizes, centre, strict=True) if rows > now]
        for line, style in ((known, "-"), (beyond, "--")):
            axes.plot([rows for rows, _ in line], [value for _, value in line], style, color=colour, zorder=4)
    else:
        axes.plot(*zip(*middle, strict=True), color=colour, zorder=4)
    inner = [value for _, low, centre, high in band for value in (low, centre, high)]
    return [rows for rows, _ in points] + [b[0] for b in band], [v for _, errors in points for v in errors] + inner


def band_of(one: Facts, scale: Scale) -> list[tuple[float, float, float, float]]:
    """Rows, low end, middle and high end of the band, smallest size first; held where the error can lie."""
    found = []
    for told in mappings(one.get("band")):
        rows, *values = (number(told.get(key)) for key in ("rows", "low", "middle", "high"))
        low, middle, high = (None if value is None else scale.within(value) for value in values)
        if rows and rows > 0 and low is not None and middle is not None and high is not None:
            found.append((rows, low, middle, high))
    return sorted(found)


def _size_ticks(axes: Axes, every: list[float]) -> None:
    """About five sizes, evenly spaced by ratio, in words; matplotlib would write powers of ten."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    low, high = min(every), max(every)
    steps = 4 if high > low else 0
    sizes = sorted({_round(low * (high / low) ** (step / steps)) if steps else low for step in range(steps + 1)})
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_major_formatter(FixedFormatter([tick(rows) for rows in sizes]))
    axes.xaxis.set_minor_locator(NullLocator())


def _round(rows: float) -> float:
    return float(f"{rows:.2g}")


def _marks(axes: Axes, now: float, crossing: float | None) -> None:
    """Upright lines at the rows there are now and where two curves cross; their words lean away from each other."""
    left, right = axes.get_xlim()
    found = [(now, f"now {count_words(now)}", SOFT, ":")]
    if crossing and left <= crossing <= right:
        found.append((crossing, "curves cross", INK, "-"))
    for place, (rows, words, colour, style) in enumerate(sorted(found)):
        axes.axvline(rows, color=colour, linewidth=1, linestyle=style, zorder=2)
        side = "center" if len(found) == 1 else ("right", "left")[place]
        inside = log(rows / left) / log(right / left)
        side = "left" if inside < 0.2 else "right" if inside > 0.82 else side
        axes.text(
            rows, 1.015, words, transform=axes.get_xaxis_transform(), ha=side, va="bottom", fontsize=12, color=colour
        )
