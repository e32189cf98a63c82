"""Dialects: which sign separates the cells of delimited text, judged from its first rows."""

from __future__ import annotations

import csv
from collections import Counter

SEPARATORS = (",", "\t", ";", "|")
_ROWS = 200


def find_separator(sample: str, *, likely: str = ",") -> str:
    r"""The separator that cuts the header and the rows of a sample into the same number of cells.

    If none occurs in the header the table has one column, and a separator comes back that occurs nowhere.

    >>> find_separator("a;b\n1,5;2,5\n"), find_separator("a|b\n1|2\n"), find_separator("a\n1,5\n")
    (';', '|', '\t')
    """
    scored = [(score, separator) for separator in SEPARATORS if (score := _score(sample, separator)) is not None]
    if not scored:
        return next((other for other in (likely, *SEPARATORS) if other not in sample), likely)
    best = max(score for score, _ in scored)
    winners = [separator for score, separator in scored if score == best]
    return likely if likely in winners else winners[0]


def _score(sample: str, separator: str) -> tuple[bool, float, int] | None:
    """Whether the header is as wide as most rows, the share of rows as wide, and that width; None for one column."""
    widths = _widths(sample, separator)
    if not widths or widths[0] < 2:
        return None
    width, count = Counter(widths[1:] or widths).most_common(1)[0]
    return width == widths[0], round(count / max(1, len(widths) - 1), 1), width


def _widths(sample: str, separator: str) -> list[int]:
    widths: list[int] = []
    try:
        for row in csv.reader(sample.splitlines(keepends=True), delimiter=separator):
            if row:
                widths.append(len(row))
            if len(widths) > _ROWS:
                break
    except csv.Error:  # a cell longer than the module allows: judge by the rows before it
        return widths
    return widths
