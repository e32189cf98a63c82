"""Settings by their path: every spec inside a spec, and one setting however deep inside, read or at another value."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any


def walk(spec: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A spec and every spec inside it, each with the path to it."""
    yield path, spec
    for field in dataclasses.fields(spec):
        inner = getattr(spec, field.name)
        if dataclasses.is_dataclass(inner):
            yield from walk(inner, (*path, field.name))


def value_at(spec: Any, path: Sequence[str]) -> Any:
    """What stands at the end of a path.

    >>> from lamina.networks import Table
    >>> value_at(Table(), ("trunk", "dropout"))
    0.2
    """
    for name in path:
        spec = getattr(spec, name)
    return spec


def changed(spec: Any, path: Sequence[str], value: Any) -> Any:
    """A spec with one setting, however deep inside, at another value.

    Raises:
        SpecError: the spec refuses the value.

    >>> from lamina.networks import Table
    >>> changed(Table(), ("trunk", "dropout"), 0.5).trunk.dropout
    0.5
    """
    name, *rest = path
    inner = changed(getattr(spec, name), rest, value) if rest else value
    return dataclasses.replace(spec, **{name: inner})
