"""JSON as a model file holds it: one reading of every text, nothing but plain finite values.

Python's own reader takes the last of two equal keys, turns ``NaN`` and ``1e999`` into numbers that poison what follows,
and lets a text nest until the reader's own stack is gone. Each of these is refused here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from lamina.foundation.errors import ModelFileError
from lamina.foundation.specs import Json

LARGEST_BYTES = 64 * 2**20  # of one member; a schema of 10,000 columns takes about 2 MiB
DEEPEST = 64  # lists and objects inside each other; a model needs fewer than 10


def write_json(value: Json) -> bytes:
    r"""UTF-8 text with one value a line, in the order given; equal values give equal bytes.

    Raises:
        ValueError: the value holds NaN or an infinity.

    >>> write_json({"rows": 3})
    b'{\n "rows": 3\n}\n'
    """
    return (json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def read_json(content: bytes, member: str) -> Json:
    """The value that `write_json` wrote as ``member``.

    Raises:
        ModelFileError: too large, not UTF-8, not JSON, a key twice, a number that is not finite, too deep, or a
            string that no file can hold.

    >>> read_json(b'{"a": 1, "a": 2}', "schema.json")
    Traceback (most recent call last):
    lamina.foundation.errors.ModelFileError: 'schema.json' is not plain JSON: it has the key 'a' twice.
    """
    if len(content) > LARGEST_BYTES:
        raise _not_plain(member, f"it has {len(content):,} bytes, and {LARGEST_BYTES:,} is the most")
    try:
        value = json.loads(
            content.decode("utf-8"), object_pairs_hook=_object, parse_float=_finite, parse_constant=_refuse
        )
        _check_walk(value)
    except RecursionError as error:
        raise _not_plain(member, f"it nests deeper than {DEEPEST} levels") from error
    except ValueError as error:  # also UnicodeDecodeError and json's own
        raise _not_plain(member, str(error)) from error
    return value


def finite(value: Json) -> Json:
    """The same value with None in place of every number that is not finite, which JSON cannot hold.

    >>> finite({"roc_auc": float("nan"), "accuracy": 0.5})
    {'roc_auc': None, 'accuracy': 0.5}
    """
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"it has the key {key!r} twice")
        found[key] = value
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"it has the number {text[:20]}, which is too large")
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"it has {text} where a number should be")


def _check_walk(value: Json) -> None:
    """Depth and strings, level by level, so that no stack is needed to find that one would not be enough."""
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise ValueError(f"it nests deeper than {DEEPEST} levels")
        for text in level:
            if isinstance(text, str):
                text.encode()  # a lone half of a surrogate pair raises UnicodeEncodeError, a ValueError
        level, depth = list(_inside(level)), depth + 1


def _inside(level: list[Json]) -> Iterator[Json]:
    for value in level:
        if isinstance(value, dict):
            yield from value.keys()
            yield from value.values()
        elif isinstance(value, list):
            yield from value


def _not_plain(member: str, complaint: str) -> ModelFileError:
    return ModelFileError(
        wrong=f"{member!r} is not plain JSON: {complaint}.",
        expected="JSON text as lamina writes it.",
        remedy="take another copy of the model file, or make it again with `lamina fit` or `model.save(path)`.",
    )
