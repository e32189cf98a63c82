"""The last hidden layer seen from above: rows near each other are alike to the network."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import ACCENT, MARKERS, PAPER, SERIES, SHAPES
from lamina.evaluation.report.picture import Key, Picture
from lamina.evaluation.report.read import mapping, mappings, number, numbers, pair, sequence
from lamina.evaluation.report.svg import draw, frame, limits
from lamina.evaluation.report.words import plain_number, sentence_of, share, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 2000  # rows: nearest neighbours are searched among all pairs
UNITS = 8
STEPS = 5  # shades of a number
Places = NDArray[np.float64]


def map_figure(facts: Facts) -> Picture | None:
    """The picture with what single units respond to, or None if there is no map."""
    network = mapping(facts.get("network"))
    places, labels = points_of(mapping(network.get("map")))
    if not labels:
        return None
    numeric = all(number(label) is not None for label in labels) and not facts.get("classes")
    groups, names = shades(labels) if numeric else classes_of(labels)
    sentence = sentence_for(mapping(network.get("map")), places, labels, numeric)

    def paint(figure: Figure) -> None:
        _paint(figure, places, groups, numeric)

    legend = () if numeric else tuple(Key(series=i, shape=SHAPES[i], name=name) for i, name in enumerate(names))
    return Picture(
        name="map",
        heading="How the network sees the rows",
        sentence=sentence,
        drawings=(draw(paint, name="map", alt=sentence, height=400),),
        legend=legend,
        remarks=_units(network) + ((("Shades", names[0]),) if numeric else ()),
    )


def points_of(found: Facts) -> tuple[Places, list[object]]:
    """Places on the map and the label of each.

    **Shape**: ``(row, 2)``.
    """
    both = zip(sequence(found.get("points")), sequence(found.get("labels")), strict=False)
    kept = [(place, label) for point, label in both if (place := pair(point)) and label is not None][:MOST]
    return np.array([place for place, _ in kept], dtype=float).reshape(-1, 2), [label for _, label in kept]


def classes_of(labels: list[object]) -> tuple[list[int], list[str]]:
    """A group for each row: the commonest classes, and one for all the others.

    >>> classes_of(["a", "b", "a"])
    ([0, 1, 0], ['a', 'b'])
    """
    ranked = [label for label, _ in Counter(map(str, labels)).most_common()]
    own = ranked if len(ranked) <= len(SERIES) else ranked[: len(SERIES) - 1]
    own = sorted(own)
    groups = [own.index(str(label)) if str(label) in own else len(own) for label in labels]
    names = [shown(name, 40) for name in own]
    return groups, names if len(own) == len(ranked) else [*names, f"{len(ranked) - len(own)} other classes"]


def shades(labels: list[object]) -> tuple[list[int], list[str]]:
    """A shade for each row by the fifth of the numbers it falls in, and what the shades mean."""
    values = np.array(labels, dtype=float)
    edges = np.quantile(values, np.arange(1, STEPS) / STEPS)
    words = f"pale for {plain_number(float(values.min()))}, dark for {plain_number(float(values.max()))}"
    return [int(step) for step in np.searchsorted(edges, values, side="right")], [words]


def sentence_for(found: Facts, places: Places, labels: list[object], numeric: bool) -> str:
    """How much of the layer the map keeps, and whether rows of a class lie together."""
    words = f"{len(labels):,} rows as the last hidden layer sees them, flattened to two directions"
    kept = sum(numbers(found.get("explained")))
    words += f" that keep {share(kept)} of the spread." if kept else "."
    if numeric or len(labels) < 2:
        return words
    distance = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    alike = np.mean([labels[a] == labels[b] for a, b in enumerate(distance.argmin(axis=1))])
    return f"{words} For {share(float(alike))} of them the nearest neighbour on the map is of the same class."


def _units(network: Facts) -> tuple[tuple[str, str], ...]:
    found = [
        (f"Unit {shown(u.get('unit'), 12)}", sentence_of(u.get("summary"))) for u in mappings(network.get("units"))
    ]
    return tuple(remark for remark in found if remark[1])[:UNITS]


def _paint(figure: Figure, places: Places, groups: list[int], numeric: bool) -> None:
    axes = frame(figure, left=14, right=14, bottom=34, grid="")
    axes.set(xlim=limits(places[:, 0].tolist()), ylim=limits(places[:, 1].tolist()), xticks=[], yticks=[])
    axes.set_xlabel("first direction →", loc="left")
    axes.spines[["left", "bottom"]].set_visible(True)
    for group in sorted(set(groups)):
        _group(axes, places[np.array(groups) == group], group, numeric)


def _group(axes: Axes, places: Places, group: int, numeric: bool) -> None:
    colour, marker = (ACCENT, "o") if numeric else (SERIES[group], MARKERS[group])
    strength = 0.15 + 0.8 * group / (STEPS - 1) if numeric else 0.75
    axes.plot(
        places[:, 0], places[:, 1], marker, color=colour, alpha=strength, markersize=6, markeredgecolor=PAPER,
        markeredgewidth=0.5,
    )  # fmt: skip
