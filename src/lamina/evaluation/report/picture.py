"""What a page is made of: pictures and tables, as plain values that the template writes down."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a table: what a person reads and, where it is a number, the fact behind it in full."""

    words: str
    value: str | None = None  # the number as JSON would write it
    detail: str = ""  # a second, quieter line
    badge: str = ""
    numeric: bool = False  # whether it stands in a column of numbers
    heading: bool = False  # whether it names its row


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under headings; the caption says what is in it."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    remarks: tuple[str, ...] = ()  # sentences under the table


@dataclass(frozen=True, kw_only=True)
class Key:
    """One entry of a legend: a shape, the number of its colour, a name."""

    series: int
    shape: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure with the one sentence that says what is to be seen in it."""

    name: str
    heading: str
    sentence: str
    drawings: tuple[Markup, ...] = ()
    legend: tuple[Key, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()  # a title and a text each, beside the drawing
    table: Table | None = None
    wide: bool = False
    alone: bool = False  # the other half of its line is empty: words go there
