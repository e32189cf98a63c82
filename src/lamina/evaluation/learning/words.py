"""A learning curve in one sentence for a person, and as the ``learning_curve`` of a ``result.json``.

Enters: measured points, one `Points` a contender. Leaves: words and plain JSON values. The words only say what the
interval allows: "would lower", "might lower", or "would hardly help".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lamina.evaluation.learning.band import Band, Crossing, Doubled, band, crossing, doubled
from lamina.evaluation.learning.law import FARTHEST, Law, Points, curve_sizes, fit_law, see, why_no_law

LARGE = 1e6  # from which a number is written with an exponent
LITTLE = 0.05  # a share of the error that is not worth twice the rows
SURE = 0.01  # the least gain, as a share of the error, from which "would" may stand in place of "might"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """All that is told of one contender's learning curve.

    Without a law ``why_no_law`` is given and the rest is missing. ``doubled`` alone is None where twice the
    rows lie beyond four times the largest size.
    """

    points: Points
    law: Law | None
    why_no_law: str | None
    band: tuple[Band, ...]
    doubled: Doubled | None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """The error that the curves show: its key, its name, and whether it is written in per cent or as it is.

    >>> Measure().places(0.0114, 0.009), Measure().text(0.009, places=1)
    (1, '0.9')
    """

    metric: str = "error"
    label: str = "error"
    percent: bool = True

    def places(self, now: float, then: float) -> int:
        """Digits behind the point that show two digits of ``now``, and how it differs from ``then`` where it does."""
        small = self._shown(now - then) if now - then >= LITTLE * now else 0.0
        return max(_places(self._shown(now), digits=2), _places(small, digits=1))

    def text(self, value: float, *, places: int) -> str:
        """The number without its unit; of a very large one three digits that count.

        >>> Measure(percent=False).text(12345.6, places=0), Measure(percent=False).text(3.2e9, places=0)
        ('12,346', '3.20e+09')
        """
        shown = self._shown(value)
        return f"{shown:,.{places}f}" if abs(shown) < LARGE else f"{shown:.2e}"

    def _shown(self, value: float) -> float:
        return 100 * value if self.percent else value

    @property
    def unit(self) -> str:
        """What follows the last number of a row of them."""
        return " %" if self.percent else ""


def read_curve(points: Points, *, seed: int, rows: int | None = None, most: float = math.inf) -> Curve:
    """The law of a curve, its band from the smallest size to four times the largest, and what doubling would do.

    ``rows`` is how many there are now, if not the largest size: with folds a fit sees only a part of them. No error
    is larger than ``most``.
    """
    law = fit_law(points)
    if law is None:
        return Curve(points=points, law=None, why_no_law=why_no_law(points), band=(), doubled=None)
    farthest = FARTHEST * int(see(points).rows[-1])
    sizes = sorted({*(n for n in points.rows if n <= farthest), *curve_sizes(farthest, least=points.rows[0], count=12)})
    return Curve(
        points=points,
        law=law,
        why_no_law=None,
        band=band(points, sizes, seed=seed, most=most),
        doubled=doubled(points, seed=seed, rows=rows, most=most) if 2 * (rows or points.rows[-1]) <= farthest else None,
    )


def meeting(curves: Mapping[str, Curve], first: str, second: str, *, seed: int) -> Crossing | None:
    """Where the laws of two of these contenders cross, if they do; None if one of them has no curve."""
    if first not in curves or second not in curves:
        return None
    return crossing(curves[first].points, curves[second].points, seed=seed)


def sentence(
    curves: Mapping[str, Curve],
    *,
    name: str = "network",
    measure: Measure | None = None,
    titles: Mapping[str, str] | None = None,
    crossed: tuple[str, str, Crossing | None] | None = None,
) -> str:
    """What more rows would do for the contender ``name``, and where two contenders change places.

    Args:
        curves: by name of contender.
        name: of whom to speak; nothing is said of one that has no curve.
        measure: the error that the curves show; an error rate in per cent unless told otherwise.
        titles: words for a name ("Linear model"); a name that is missing stands for itself.
        crossed: two names and the `Crossing` of their laws, the first name's law first.

    >>> points = Points(rows=(50, 100, 200, 400), errors=((0.16,), (0.08,), (0.04,), (0.02,)))
    >>> sentence({"network": read_curve(points, seed=0)})
    "More data: doubling the rows would lower the network's error from 2.0 to 1.0 % (90 % interval 1.0 to 1.0)."
    """
    measure, titles = measure or Measure(), titles or {}
    parts = [_of_one(curves[name], owner(titles.get(name, name)), measure)] if name in curves else []
    if crossed is not None and crossed[2] is not None:
        first, second = (titles.get(one, one) for one in crossed[:2])
        parts.append(_of_two(first, second, crossed[2]))
    return " ".join(parts)


def to_json(
    curves: Mapping[str, Curve], *, measure: Measure, crossing: Crossing | None = None, sentence: str = ""
) -> dict[str, Any]:
    """The ``learning_curve`` of a ``result.json``. What is not finite becomes None: JSON has no word for it."""
    return {
        "metric": measure.metric,
        "label": measure.label,
        "percent": measure.percent,
        "contenders": {name: _curve_json(curve) for name, curve in curves.items()},
        "crossing": None if crossing is None else _keep(crossing, ("rows", "low", "high")),
        "sentence": sentence,
    }


def about(rows: float) -> str:
    """A number of rows, rounded to two digits: an estimate must not look like a count.

    >>> about(5234), about(87), about(12345)
    ('5,200', '87', '12,000')
    """
    size = 10 ** max(0, math.floor(math.log10(max(rows, 1))) - 1)
    return f"{round(rows / size) * size:,}"


def owner(title: str) -> str:
    """Of whom an error is: a title with its article and its apostrophe.

    >>> owner("Linear model"), owner("SVM"), owner("Nearest neighbours")
    ("the linear model's", "the SVM's", "the nearest neighbours'")
    """
    return f"the {_inside(title)}" + ("'" if title.endswith("s") else "'s")


def _of_one(curve: Curve, whose: str, measure: Measure) -> str:
    now = curve.doubled
    if now is None:
        rose = (curve.why_no_law or "").startswith("the error rises")
        opening = "More data would hardly help" if rose else "Whether more data would help is not known"
        reason = curve.why_no_law or f"twice the rows are more than {FARTHEST} times those of the largest fit"
        return f"{opening}: {reason}."
    places = measure.places(now.now, now.then)
    before, after, low, high = (measure.text(x, places=places) for x in (now.now, now.then, now.low, now.high))
    change = f"{whose} {measure.label} from {before} to {after}{measure.unit} (90 % interval {low} to {high})"
    if now.gain < LITTLE and now.most_gain < 2 * LITTLE:
        return f"More data would hardly help: doubling the rows would take {change}."
    if now.gain >= LITTLE and now.least_gain >= SURE:
        return f"More data: doubling the rows would lower {change}."
    return f"More data might help: doubling the rows might lower {change}."


def _of_two(first: str, second: str, at: Crossing) -> str:
    winner = _inside(first if at.first_wins else second)
    pair = f"{first[:1].upper()}{first[1:]} and {_inside(second)}"
    interval = f"(90 % interval {about(at.low)} to {about(at.high)})"
    return f"{pair} cross at about {about(at.rows)} rows {interval}; with more, the {winner} errs less."


def _inside(title: str) -> str:
    """A title inside a sentence: without its capital, unless it is an abbreviation."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _places(value: float, *, digits: int) -> int:
    """Places behind the point at which so many digits of a number show; of a number from 10 to 100 one more."""
    if value <= 0:
        return 0
    first = math.floor(math.log10(float(f"{value:.{digits - 1}e}")))
    return max(digits - 1 - first, 1 if value < 100 and digits > 1 else 0)


def _curve_json(curve: Curve) -> dict[str, Any]:
    pairs = zip(curve.points.rows, curve.points.errors, strict=True)
    return {
        "points": [{"rows": n, "errors": [e if math.isfinite(e) else None for e in errors]} for n, errors in pairs],
        "law": None if curve.law is None else asdict(curve.law),
        "why_no_law": curve.why_no_law,
        "band": [asdict(one) for one in curve.band],
        "doubled": None if curve.doubled is None else _keep(curve.doubled, ("rows", "now", "then", "low", "high")),
    }


def _keep(value: Doubled | Crossing, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}
