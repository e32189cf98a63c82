"""Numerals: strings that spell numbers, with a decimal point or comma and perhaps signs between the thousands.

The signs are decided for a whole column at once, because "1,234" alone could be either one thousand or one and a bit.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

_SAMPLE = 1000
_SPACES = "[\u00a0\u202f\u2009]"  # no-break, narrow no-break and thin space, as typeset tables have them


class Signs(NamedTuple):
    """The sign before the fraction, and the one between groups of three digits ("" for none)."""

    decimal: str = "."
    thousands: str = ""


_POINT = Signs()
_COMMA = Signs(",", "")
_GROUPED = (Signs(".", ","), Signs(",", "."), Signs(".", " "), Signs(",", " "), Signs(".", "'"), Signs(",", "'"))


def read_numbers(strings: pa.Array, signs: Signs = _POINT) -> pa.Array:
    """The numbers that trimmed strings spell: float64, null where a string spells none; "inf" is a number here.

    >>> read_numbers(pa.array(["1.5", "+2e3", "abc", None])).to_pylist()
    [1.5, 2000.0, None, None]
    >>> read_numbers(pa.array(["1.234,5", "7"]), Signs(",", ".")).to_pylist()
    [1234.5, 7.0]
    """
    if signs == _POINT:
        numbers = plain_numbers(strings)
        if numbers is not None:
            return numbers
    text = _plain_signs(strings)
    spelt = pc.match_substring_regex(text, _pattern(signs))
    text = pc.if_else(spelt, text, pa.scalar(None, text.type))
    if signs.thousands:
        text = pc.replace_substring(text, signs.thousands, "")
    if signs.decimal != ".":
        text = pc.replace_substring(text, signs.decimal, ".")
    return pc.cast(text, pa.float64())


def plain_numbers(strings: pa.Array) -> pa.Array | None:
    """The numbers of trimmed strings in one quick pass, or None if any string needs a closer look.

    >>> plain_numbers(pa.array(["1", "2.5"])).to_pylist(), plain_numbers(pa.array(["1", "x"])) is None
    ([1.0, 2.5], True)
    """
    numbers = None
    # a cast words an error for every cell that is no number, so a column of names is told from its first cells
    for part in (strings.slice(0, _SAMPLE), strings):
        try:
            numbers = pc.cast(part, pa.float64())
        except pa.ArrowInvalid:
            return None
    return None if pc.any(pc.is_nan(numbers)).as_py() else numbers  # it takes "nan" for a number


def decide_signs(strings: pa.Array, *, comma: bool = False) -> Signs:
    """The signs with which the most strings of a column are numbers.

    If "1,234" could be either, it is a thousand and more, unless ``comma`` says that commas are decimal in this file.

    >>> decide_signs(pa.array(["1.234,5", "2,5"])), decide_signs(pa.array(["1,234", "20"]))
    (Signs(decimal=',', thousands='.'), Signs(decimal='.', thousands=','))
    """
    text = _plain_signs(strings)
    seen = {sign for sign in ",. '" if pc.any(pc.match_substring(text, sign)).as_py()}
    grouped = [signs for signs in _GROUPED if signs.thousands in seen]
    decimal = [_COMMA] if "," in seen else []
    choices = [_POINT, *decimal, *grouped] if comma else [_POINT, *grouped, *decimal]
    if len(choices) == 1:
        return _POINT
    return max(choices, key=lambda signs: pc.match_substring_regex(text, _pattern(signs)).true_count)


def _plain_signs(strings: pa.Array) -> pa.Array:
    text = pc.replace_substring(strings, "\u2212", "-")  # the true minus sign
    text = pc.replace_substring(text, "\u2019", "'")
    return pc.replace_substring_regex(text, _SPACES, " ")


def _pattern(signs: Signs) -> str:
    point, group = re.escape(signs.decimal), re.escape(signs.thousands)
    # a group of thousands never starts with a zero: "0,125" can only be a fraction
    whole = rf"(?:[1-9]\d{{0,2}}(?:{group}\d{{3}})+|\d+)" if group else r"\d+"
    return rf"^[-+]?(?:(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][-+]?\d+)?|(?i:inf|infinity))$"
