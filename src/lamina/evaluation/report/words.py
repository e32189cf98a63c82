"""Numbers and names as a person reads them.

Names come from the data and may hold anything; `shown` makes them harmless to look at. Escaping for HTML and SVG is
done once, where text becomes markup (the template and `svg`), never here.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from lamina.evaluation.report.read import mapping, number, text
from lamina.foundation.specs import Json
from lamina.metrics import METRICS, format_metric

NOTHING = "–"  # stands where nothing was measured
SPACE = "\u00a0"  # holds a number and its unit together
_UNSHOWABLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # controls, marks of direction, surrogates, private use
_JOINERS = "\u200c\u200d"  # real letters of Persian and Hindi, and of emoji that are made of several


def shown(value: object, most: int = 60) -> str:
    r"""A text on one line, without control characters and marks of direction, cut to ``most`` letters.

    >>> shown("two\nlines"), shown("abc\u202edef"), shown("x" * 100, 5)
    ('two lines', 'abc�def', 'xxxx…')
    """
    head = str(value)[: 4 * most]  # a name of a million letters is not walked through
    tidy = " ".join("".join(map(_harmless, head)).split()) or ("(blank)" if value == "" or head.isspace() else "")
    return tidy if len(tidy) <= most else f"{tidy[: most - 1].rstrip()}…"


def both_ends(value: object, most: int) -> str:
    """As `shown`, but cut in the middle: names that begin alike often differ at the end.

    >>> both_ends("class number 12", 10), both_ends("short", 10)
    ('class…r 12', 'short')
    """
    tidy = shown(value)
    tail = (most - 1) * 2 // 5 + 1
    return tidy if len(tidy) <= most else f"{tidy[: most - 1 - tail].rstrip()}…{tidy[-tail:]}"


def sentence_of(value: Json) -> str:
    r"""A whole sentence from the facts, tidied; long enough that only an absurd name in it is cut.

    >>> sentence_of("A linear\nmodel."), sentence_of(None)
    ('A linear model.', '')
    """
    return shown(value, 700) if text(value) else ""


def without_label(sentence: str, label: str) -> str:
    """A sentence without the label in front of it, where the page has a label of its own.

    >>> without_label("More data: doubling helps.", "More data: "), without_label("It helps.", "More data: ")
    ('Doubling helps.', 'It helps.')
    """
    rest = sentence.removeprefix(label)
    return rest[:1].upper() + rest[1:]


def count(value: Json) -> str:
    """A whole number with its thousands set apart.

    >>> count(48842), count(None)
    ('48,842', '–')
    """
    found = number(value)
    return NOTHING if found is None else f"{found:,.0f}"


def rows_words(value: float) -> str:
    """So many rows.

    >>> rows_words(1), rows_words(1200)
    ('1 row', '1,200 rows')
    """
    return f"{value:,.0f} row" + ("" if value == 1 else "s")


def plain_number(value: Json) -> str:
    """A number with three digits that count.

    >>> plain_number(0.31234), plain_number(12), plain_number(None)
    ('0.312', '12.0', '–')
    """
    found = number(value)
    return NOTHING if found is None else format_metric(METRICS["rmse"], found)


def tick(value: float) -> str:
    """A number at an axis: no digit that says nothing.

    >>> tick(0.5), tick(20000.0), tick(-3.0), tick(2.5e7)
    ('0.5', '20,000', '−3', '2.5e7')
    """
    small = f"{value:,.6g}" if abs(value) < 1e6 else f"{value:.4g}".replace("e+0", "e").replace("e+", "e")
    return small.replace("-", "−") if value < 0 else small


def share(value: Json, places: int = 0) -> str:
    r"""A share as so many in a hundred; one that is not quite 0 or 1 is not rounded to it.

    >>> share(0.954), share(0.001), share(0.9999), share(0.0), share(None)
    ('95\xa0%', '<\xa01\xa0%', '>\xa099\xa0%', '0\xa0%', '–')
    """
    found = number(value)
    if found is None:
        return NOTHING
    if places == 0 and 0 < found < 0.005:
        return f"<{SPACE}1{SPACE}%"
    if places == 0 and 0.995 <= found < 1:
        return f">{SPACE}99{SPACE}%"
    return f"{100 * found:.{places}f}{SPACE}%"


def duration(seconds: Json) -> str:
    r"""A time in the unit a person would choose.

    >>> [duration(s) for s in (2e-6, 0.0123, 41.2, 600, 90000, None)]
    ['0.002\xa0ms', '12.3\xa0ms', '41.2\xa0s', '10.0\xa0min', '25.0\xa0h', '–']
    """
    found = number(seconds)
    if found is None:
        return NOTHING
    if found < 1:
        return f"{_three(1000 * found)}{SPACE}ms"
    if found < 120:
        return f"{_three(found)}{SPACE}s"
    return f"{_three(found / 60)}{SPACE}min" if found < 7200 else f"{_three(found / 3600)}{SPACE}h"


def size(bytes_: Json) -> str:
    r"""Bytes in the unit a person would choose (1 kB is 1,000 bytes).

    >>> size(980), size(2210), size(5.3e6), size(None)
    ('980\xa0B', '2.21\xa0kB', '5.30\xa0MB', '–')
    """
    found = number(bytes_)
    if found is None:
        return NOTHING
    for unit, scale in (("B", 1.0), ("kB", 1e3), ("MB", 1e6)):
        if found < 1000 * scale:
            return f"{found:.0f}{SPACE}B" if unit == "B" else f"{_three(found / scale)}{SPACE}{unit}"
    return f"{_three(found / 1e9)}{SPACE}GB"


def listed(names: list[str]) -> str:
    """Names in a row, with "and" before the last.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@dataclass(frozen=True, kw_only=True)
class Scale:
    r"""How the values of one metric are read.

    >>> accuracy = Scale(name="accuracy", label="accuracy", percent=True, better="higher")
    >>> accuracy.words(0.98912), accuracy.range(0.975, 0.997), accuracy.gap(0.002), accuracy.words(None)
    ('98.9\xa0%', '97.5 to 99.7\xa0%', '0.2 points', '–')
    """

    name: str
    label: str
    percent: bool = False
    better: str = "higher"
    bounds: tuple[float, float] = (-math.inf, math.inf)  # between which all its values lie

    def within(self, value: float) -> float:
        """A value, or the end of an interval, held between the bounds.

        >>> Scale(name="auc", label="AUC", bounds=(0.0, 1.0)).within(1.005)
        1.0
        """
        return min(max(value, self.bounds[0]), self.bounds[1])

    def words(self, value: Json) -> str:
        """One value."""
        found = number(value)
        if found is None:
            return NOTHING
        return format_metric(METRICS["accuracy" if self.percent else "rmse"], found).replace(" ", SPACE)

    def range(self, low: Json, high: Json) -> str:
        """An interval; the unit is written once."""
        first = self.words(low).removesuffix(f"{SPACE}%")
        return f"{first} to {self.words(high)}"

    def gap(self, value: float) -> str:
        """A difference of two values; shares differ by points, not by per cent."""
        return f"{100 * value:.1f} points" if self.percent else self.words(value)

    def tick(self, value: float) -> str:
        """A value at an axis."""
        return f"{tick(round(100 * value, 6))}{SPACE}%" if self.percent else tick(value)


def scale_of(facts: Mapping[str, Json], name: str) -> Scale:
    """How a metric is read: as the facts say, or as lamina knows it.

    >>> scale_of({}, "log_loss").label, scale_of({"metrics": {"cost": {"label": "price"}}}, "cost").label
    ('log loss', 'price')
    """
    told, known = mapping(mapping(facts.get("metrics")).get(name)), METRICS.get(name)
    return Scale(
        name=name,
        label=shown(text(told.get("label")) or (known.label if known else name.replace("_", " ")), 40),
        percent=bool(told.get("percent", known.percent if known else False)),
        better=text(told.get("better")) or (known.better if known else "higher"),
        bounds=known.bounds if known else (-math.inf, math.inf),
    )


def _three(value: float) -> str:
    if value == 0:
        return "0"
    places = min(3, max(0, 2 - math.floor(math.log10(abs(value)))))
    return f"{value:,.{places}f}"


def _harmless(letter: str) -> str:
    if letter in "\t\n\r\v\f\u2028\u2029\u0085":
        return " "
    hidden = letter not in _JOINERS and unicodedata.category(letter) in _UNSHOWABLE
    return "\ufffd" if hidden else letter
