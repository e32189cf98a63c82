"""Which class was taken for which: a heat map with counts, or the commonest mistakes if there are many classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lamina.evaluation.report import field
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.palette import ACCENT, INK, ON_ACCENT
from lamina.evaluation.report.picture import Cell, Picture, Table
from lamina.evaluation.report.read import mapping, number, sequence
from lamina.evaluation.report.svg import WIDTH, draw
from lamina.evaluation.report.words import both_ends, count, rows_words, share, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = 12  # classes; more would be a grey carpet
LISTED = 15  # mistakes


def confusion_figure(facts: Facts) -> Picture | None:
    """The picture, or None if there are no counts."""
    confusion = mapping(facts.get("confusion"))
    counts = counts_of(confusion)
    if counts is None:
        return None
    names = _names(facts, len(counts))
    who = field.title_of(facts, confusion.get("contender"))
    sentence = sentence_for(counts, names, who)
    few = len(counts) <= DRAWN

    def paint(figure: Figure) -> None:
        _paint(figure, counts, names)

    height = WIDTH - 108 + _below(names)
    return Picture(
        name="confusion",
        heading="What is taken for what",
        sentence=sentence,
        drawings=(draw(paint, name="confusion", alt=sentence, height=height),) if few else (),
        table=None if few else _table(counts, names),
    )


def counts_of(confusion: Facts) -> NDArray[np.float64] | None:
    """Rows of each true class (down) that were given each class (across), or None.

    **Shape**: ``(class, class)``.
    """
    rows = [[number(cell) or 0.0 for cell in sequence(row)] for row in sequence(confusion.get("counts"))]
    square = bool(rows) and all(len(row) == len(rows) for row in rows)
    counts = np.array(rows) if square else np.zeros((0, 0))
    return counts if counts.sum() > 0 else None


def sentence_for(counts: NDArray[np.float64], names: list[str], who: str) -> str:
    r"""How many rows were right, and the commonest mistake.

    >>> sentence_for(np.array([[8.0, 2.0], [0.0, 10.0]]), ["a", "b"], "Forest")
    'Forest was right on 18 of 20 held-out rows (90.0\xa0%); the commonest mistake is a taken for b (2 rows).'
    """
    right, every = counts.trace(), counts.sum()
    words = f"{who} was right on {count(right)} of {count(every)} held-out rows ({share(right / every, 1)})"
    truth, given = mistakes(counts)[0] if right < every else (0, 0)
    if truth == given:
        return f"{words}, without a single mistake."
    told = rows_words(counts[truth, given])
    return f"{words}; the commonest mistake is {shown(names[truth], 30)} taken for {shown(names[given], 30)} ({told})."


def mistakes(counts: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of true and given class that differ, commonest first."""
    wrong = counts * (1 - np.eye(len(counts)))
    order = np.argsort(-wrong, axis=None, kind="stable")[:LISTED]
    pairs = [divmod(int(place), len(counts)) for place in order]
    return [pair for pair in pairs if wrong[pair] > 0]


def _names(facts: Facts, classes: int) -> list[str]:
    known = field.class_names(facts)
    return [known[code] if code < len(known) else f"class {code}" for code in range(classes)]


def _table(counts: NDArray[np.float64], names: list[str]) -> Table:
    of_class = counts.sum(axis=1)
    rows = tuple(
        (
            Cell(words=names[truth], heading=True),
            Cell(words=names[given]),
            Cell(words=count(counts[truth, given]), value=f"{counts[truth, given]:.0f}", numeric=True),
            Cell(words=share(counts[truth, given] / of_class[truth], 1), numeric=True),
        )
        for truth, given in mistakes(counts)
    )
    head = ("True class", "Taken for", "Rows", "Of its class")
    return Table(caption=f"The commonest of all mistakes among {len(counts)} classes", head=head, rows=rows)


def _below(names: list[str]) -> int:
    """Pixels for the labels under the map, which stand on end if they are long."""
    longest = max(len(both_ends(name, 14)) for name in names)
    return 52 if longest <= _fits(names) else 46 + 7 * longest


def _fits(names: list[str]) -> int:
    return int((WIDTH - 126) / len(names) / 7.5)


def _paint(figure: Figure, counts: NDArray[np.float64], names: list[str]) -> None:
    height = figure.get_size_inches()[1] * 72
    left, top, classes = 116, 8, len(counts)
    side = WIDTH - left - 10
    tall = height - _below(names) - top
    axes = figure.add_axes((left / WIDTH, 1 - (top + tall) / height, side / WIDTH, tall / height))
    axes.set(xlim=(0, classes), ylim=(classes, 0), xlabel="predicted", ylabel="true")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    labels, middle = [both_ends(name, 14) for name in names], [code + 0.5 for code in range(classes)]
    upright = max(map(len, labels)) > _fits(names)
    axes.set_xticks(middle, labels, rotation=90 if upright else 0, rotation_mode="anchor" if upright else "default",
                    ha="right" if upright else "center", va="center" if upright else "top", color=INK)  # fmt: skip
    axes.set_yticks(middle, labels, color=INK)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for truth, given in np.ndindex(classes, classes):
        _cell(axes, truth, given, float(counts[truth, given]), float(shares[truth, given]))


def _cell(axes: Axes, truth: int, given: int, rows: float, part: float) -> None:
    from matplotlib.patches import Rectangle

    strength = 0.05 + 0.95 * part
    axes.add_patch(Rectangle((given + 0.03, truth + 0.03), 0.94, 0.94, color=ACCENT, alpha=strength, linewidth=0))
    weight = "bold" if truth == given else "normal"
    colour = ON_ACCENT if part > 0.5 else INK
    if rows:
        axes.text(given + 0.5, truth + 0.5, count(rows), ha="center", va="center", color=colour, weight=weight,
                  fontsize=13 if axes.get_xlim()[1] <= 8 else 10.5)  # fmt: skip
