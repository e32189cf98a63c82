"""Reading facts that may be missing: what is absent, null or of another kind comes back empty, never as an error.

A report is written at the end of a long study, perhaps from a file of an older version; a part that is not there is
left out of the page. Only *reading* is lenient: what is there is shown as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lamina.foundation.specs import Json

LARGEST = 1e100  # beyond this nothing can be drawn: differences of two such numbers overflow


def mapping(value: Json) -> Mapping[str, Json]:
    """The value if it is a dict, or an empty one.

    >>> mapping({"a": 1}), mapping(None)
    ({'a': 1}, {})
    """
    return value if isinstance(value, Mapping) else {}


def sequence(value: Json) -> Sequence[Json]:
    """The value if it is a list, or an empty one.

    >>> sequence([1, 2]), sequence("no list"), sequence(None)
    ([1, 2], (), ())
    """
    return value if isinstance(value, list | tuple) else ()


def mappings(value: Json) -> tuple[Mapping[str, Json], ...]:
    """The dicts in a list.

    >>> mappings([{"a": 1}, None])
    ({'a': 1},)
    """
    return tuple(item for item in sequence(value) if isinstance(item, Mapping))


def text(value: Json) -> str:
    """The value if it is a text, or an empty one.

    >>> text("word"), text(None), text(3)
    ('word', '', '')
    """
    return value if isinstance(value, str) else ""


def number(value: Json) -> float | None:
    """The value as a finite number, or None: NaN and infinities say that nothing was measured.

    >>> number(3), number(float("nan")), number(None), number("3"), number(True)
    (3.0, None, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= LARGEST and math.isfinite(value) else None


def numbers(value: Json) -> tuple[float, ...]:
    """The finite numbers of a list.

    >>> numbers([1, None, 2.5, float("inf")])
    (1.0, 2.5)
    """
    return tuple(found for item in sequence(value) if (found := number(item)) is not None)


def pair(value: Json) -> tuple[float, float] | None:
    """Two finite numbers, such as the ends of an interval, or None.

    >>> pair([1, 2]), pair([1, None]), pair(None)
    ((1.0, 2.0), None, None)
    """
    found = numbers(value)
    return (found[0], found[1]) if len(found) == 2 == len(sequence(value)) else None
