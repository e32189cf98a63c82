"""Labels: the type that the classes of a target have, told from how they are spelt.

Predictions should come back in the type of the data, so the numbers 0, 1, 2 stay numbers. A column of categories is
stored as strings; what all its classes look like decides, as a reader of CSV would decide it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

Dtype = Literal["string", "int", "float", "bool"]


def dtype_of(names: Sequence[str]) -> Dtype:
    """The type that all these labels are spelt like.

    >>> dtype_of(["2", "10"]), dtype_of(["0.5", "1.0"]), dtype_of(["False", "True"]), dtype_of(["007", "1"])
    ('int', 'float', 'bool', 'string')
    """
    if sorted(name.casefold() for name in names) == ["false", "true"]:
        return "bool"
    if all(_is_int(name) for name in names):
        return "int"
    return "float" if all(_is_float(name) for name in names) else "string"


def typed(name: str, dtype: Dtype) -> str | int | float | bool:
    """A label in its type.

    >>> typed("10", "int"), typed("True", "bool")
    (10, True)
    """
    if dtype == "bool":
        return name.casefold() == "true"
    return int(name) if dtype == "int" else float(name) if dtype == "float" else name


def spelt(values: Sequence[float]) -> list[str]:
    """Numbers as labels: as whole numbers if all are whole, else with every digit they need.

    >>> spelt([1.0, 0.0]), spelt([1.0, 0.5])
    (['0', '1'], ['0.5', '1.0'])
    """
    whole = all(value.is_integer() and abs(value) < 2**53 for value in values)
    return sorted({str(int(value)) if whole else repr(value + 0.0) for value in values})  # -0.0 is 0.0


def _is_int(name: str) -> bool:
    digits = name.removeprefix("-")
    usual = digits.isascii() and digits.isdigit() and len(digits) < 19  # fits into int64
    return usual and str(int(name)) == name  # "007" is a name


def _is_float(name: str) -> bool:
    try:
        return math.isfinite(float(name)) and repr(float(name)) == name
    except ValueError:
        return False
