"""Dates: strings that spell a day, or a day and a time, in the ways that tables usually have them.

Read are ISO 8601 (2021-03-04, 2021-03-04T15:30:00.25+01:00, 2021-03, 20210304), numeric dates with the day or the month
first (04.03.2021, 3/4/21) and English month names (4 March 2021, Mar 4, 2021), each with or without a time of day.
Days that do not exist (30 February) are not dates. Years of two digits lie between 1969 and 2068, as in POSIX.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_CLOCK = (
    r"(?:(?:T|,? +)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<half>[AaPp][Mm])? ?(?P<zone>Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$"
)
_MONTH = (
    r"(?P<month>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))"
)
_WEEKDAY = r"^(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
_YEAR_FIRST = r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?" + _CLOCK
_COMPACT = r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})" + _CLOCK
_DAY_NAMED = (
    _WEEKDAY + r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[- .]{1,2}" + _MONTH + r"[-, .]{1,2}(?P<year>\d{4}|\d{2})" + _CLOCK
)
_MONTH_NAMED = _WEEKDAY + _MONTH + r"[-. ]{1,2}(?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})" + _CLOCK
_YEAR_LAST = {
    "dmy": r"^(?P<day>\d{1,2})[-/. ](?P<month>\d{1,2})[-/. ](?P<year>\d{4}|\d{2})" + _CLOCK,
    "mdy": r"^(?P<month>\d{1,2})[-/. ](?P<day>\d{1,2})[-/. ](?P<year>\d{4}|\d{2})" + _CLOCK,
}
_UNAMBIGUOUS = (_YEAR_FIRST, _DAY_NAMED, _MONTH_NAMED, _COMPACT)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SECONDS_A_DAY = 86_400


class Order(NamedTuple):
    """The order of year, month and day in a column, and whether its values leave another one possible."""

    order: str
    ambiguous: bool


def looks_dated(strings: pa.Array) -> bool:
    """Whether any of some trimmed strings could be a date.

    >>> looks_dated(pa.array(["red", "2021-03-04"])), looks_dated(pa.array(["1.5"]))
    (True, False)
    """
    patterns = (_YEAR_FIRST, _YEAR_LAST["dmy"], _DAY_NAMED, _MONTH_NAMED)
    return any(pc.any(pc.match_substring_regex(strings, _unnamed(p))).as_py() for p in patterns)


def decide_order(strings: pa.Array) -> Order:
    """Whether the day or the month stands first in numeric dates, judged over a whole column.

    A first part above 12 can only be a day, a second part above 12 can only be a day too. If no value tells, the day is
    taken to be first, as in most of the world, and the answer is marked as ambiguous.

    >>> decide_order(pa.array(["03/04/2021", "03/25/2021"])), decide_order(pa.array(["03/04/2021"]))
    (Order(order='mdy', ambiguous=False), Order(order='dmy', ambiguous=True))
    """
    parts = pc.extract_regex(strings, _YEAR_LAST["dmy"]).drop_null()
    if not len(parts):
        return Order("ymd", False)
    day_first = int((_digits(parts, "day") > 12).sum())
    month_first = int((_digits(parts, "month") > 12).sum())
    return Order("mdy" if month_first > day_first else "dmy", day_first == month_first)


def read_moments(strings: pa.Array, order: str) -> pa.Array:
    """The moments that trimmed strings spell: timestamp[us] in UTC, null where a string spells none.

    ``order`` is "ymd", "dmy" or "mdy" and concerns only numeric dates whose year is last.

    >>> read_moments(pa.array(["04.03.2021 15:30", "4 March 2021", "30.02.2021"]), "dmy").to_pylist()
    [datetime.datetime(2021, 3, 4, 15, 30), datetime.datetime(2021, 3, 4, 0, 0), None]
    """
    moments = np.full(len(strings), np.datetime64("NaT"), "M8[us]")
    open_rows = np.flatnonzero(strings.is_valid())
    for pattern in (*((_YEAR_LAST[order],) if order in _YEAR_LAST else ()), *_UNAMBIGUOUS):
        if not len(open_rows):
            break
        parts = pc.extract_regex(strings.take(pa.array(open_rows)), pattern)
        found = np.asarray(parts.is_valid())
        if found.any():
            moments[open_rows[found]] = _moments(parts.drop_null())
            open_rows = open_rows[~found]
    return pa.array(moments, pa.timestamp("us"))


def _unnamed(pattern: str) -> str:
    return pattern.replace("?P<", "?P<x_")  # names are of no use in a test, yet RE2 wants them distinct


def _moments(parts: pa.Array) -> npt.NDArray[Any]:
    """**Shape**: M8[us] ``(row,)``, NaT for days and times that do not exist."""
    year, month, day = _years(parts), _months(parts), _digits(parts, "day", 1)
    hour, minute, second = _hours(parts), _digits(parts, "minute"), _digits(parts, "second")
    first = ((year - 1970) * 12 + month - 1).astype("M8[M]")
    length = ((first + 1).astype("M8[D]") - first.astype("M8[D]")).astype(int)
    exists = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    exists &= (hour >= 0) & (hour < 24) & (minute < 60) & (second < 60)
    seconds = (day - 1) * _SECONDS_A_DAY + hour * 3600 + minute * 60 + second - _zones(parts)
    moments: npt.NDArray[Any] = first.astype("M8[us]") + (seconds * 1_000_000 + _microseconds(parts)).astype("m8[us]")
    moments[~exists] = np.datetime64("NaT")
    return moments


def _digits(parts: pa.Array, name: str, empty: int = 0) -> npt.NDArray[Any]:
    text = parts.field(name)
    filled = pc.if_else(pc.equal(text, ""), str(empty), text)
    return np.asarray(pc.cast(filled, pa.int64()))


def _years(parts: pa.Array) -> npt.NDArray[Any]:
    year = _digits(parts, "year")
    short = np.asarray(pc.equal(pc.utf8_length(parts.field("year")), 2))
    return np.where(short, year + np.where(year < 69, 2000, 1900), year)


def _months(parts: pa.Array) -> npt.NDArray[Any]:
    text = parts.field("month")
    named = pc.index_in(pc.utf8_lower(pc.utf8_slice_codeunits(text, 0, 3)), value_set=pa.array(_MONTHS))
    if not named.null_count:
        return np.asarray(named, np.int64) + 1
    return _digits(parts, "month")


def _hours(parts: pa.Array) -> npt.NDArray[Any]:
    hour = _digits(parts, "hour")
    half = pc.utf8_lower(parts.field("half"))
    if not pc.any(pc.not_equal(half, "")).as_py():
        return hour
    before, after = (np.asarray(pc.equal(half, word)) for word in ("am", "pm"))
    wrong = (before | after) & ((hour < 1) | (hour > 12))
    return np.where(wrong, -1, np.where(after, hour % 12 + 12, np.where(before, hour % 12, hour)))


def _microseconds(parts: pa.Array) -> npt.NDArray[Any]:
    padded = pc.utf8_rpad(parts.field("fraction"), 6, "0")
    return np.asarray(pc.cast(pc.utf8_slice_codeunits(padded, 0, 6), pa.int64()))


def _zones(parts: pa.Array) -> npt.NDArray[Any]:
    """Seconds east of UTC."""
    text = pc.replace_substring(parts.field("zone"), ":", "")
    away = pc.match_substring_regex(text, r"^[+-]")
    if not pc.any(away).as_py():
        return np.zeros(len(parts), np.int64)
    digits = pc.if_else(away, pc.utf8_rpad(pc.utf8_slice_codeunits(text, 1, 5), 4, "0"), "0000")
    hours, minutes = (np.asarray(pc.cast(pc.utf8_slice_codeunits(digits, a, a + 2), pa.int64())) for a in (0, 2))
    seconds: npt.NDArray[Any] = (hours * 60 + minutes) * 60
    return np.where(np.asarray(pc.starts_with(text, "-")), -seconds, seconds)
