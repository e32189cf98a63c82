"""Specs: frozen keyword-only dataclasses that are declared once and read many times.

A field made by `setting` carries its own bounds. From that one declaration a spec checks itself (`check`), names
itself in errors (`code`), is written to a file and read back (`to_json`, `from_json`), and tells a search where it may
look (`settings`). There is no global registry: whoever reads a spec says which kinds are allowed.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union

from lamina.foundation.errors import SpecError, nearest

Json = Any  # what `json` reads and writes: None, bool, int, float, str, list, dict


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Where a setting may lie: ``low <= value <= high``, ``above < value < below``, or one of ``choices``.

    ``log`` says that a search should walk in factors rather than in steps; ``meaning`` is what a person reads.
    """

    meaning: str = ""
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    choices: tuple[Any, ...] = ()
    log: bool = False

    def words(self) -> str:
        """The bounds as a clause: "at least 0, below 1"."""
        if self.choices:
            return f"one of {', '.join(repr(c) for c in self.choices)}"
        parts = [
            f"{word} {limit:g}"
            for word, limit in (
                ("at least", self.low),
                ("above", self.above),
                ("at most", self.high),
                ("below", self.below),
            )
            if limit is not None
        ]
        return ", ".join(parts) or "a finite value"

    def allow(self, value: Any) -> bool:
        """Whether one value lies inside; None and nested specs are judged elsewhere."""
        if self.choices:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return (
            math.isfinite(value)
            and (self.low is None or value >= self.low)
            and (self.above is None or value > self.above)
            and (self.high is None or value <= self.high)
            and (self.below is None or value < self.below)
        )


def setting(default: Any = dataclasses.MISSING, meaning: str = "", **bounds: Any) -> Any:
    """A dataclass field with `Bounds`; ``meaning`` and ``bounds`` are those of `Bounds`.

    >>> @dataclass(frozen=True, kw_only=True)
    ... class Noise:
    ...     level: float = setting(0.1, "standard deviation of the noise", low=0, below=1)
    ...     def __post_init__(self): check(self)
    >>> Noise(level=2.0)
    Traceback (most recent call last):
    lamina.foundation.errors.SpecError: Noise has level=2.0.
    Expected: standard deviation of the noise: at least 0, below 1.
    To fix it: try Noise(level=0.1), or leave it out.
    """
    return dataclasses.field(default=default, metadata={"bounds": Bounds(meaning=meaning, **bounds)})


def settings(kind: type) -> dict[str, Bounds]:
    """The bounds of every field of a spec class, by name."""
    return {f.name: f.metadata.get("bounds", Bounds()) for f in dataclasses.fields(kind)}


def check(spec: Any) -> None:
    """Check every field of a spec against its annotation and its bounds.

    Raises:
        SpecError: a value has the wrong type or lies outside; the message names the spec, the field and the bounds.
    """
    kind: Any = type(spec)
    hints = _hints(kind)
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        bounds = field.metadata.get("bounds", Bounds())
        values = value if isinstance(value, tuple) else (value,)
        fits = _fits(value, hints[field.name])
        if fits and all(v is None or bounds.allow(v) for v in values):
            continue
        meaning = bounds.meaning or field.name
        wanted = bounds.words() if fits else f"{_type_words(hints[field.name])}, {bounds.words()}"
        raise SpecError(
            wrong=f"{kind.__name__} has {field.name}={value!r}.",
            expected=f"{meaning}: {wanted}.",
            remedy=_remedy(kind.__name__, field),
        )


def code(spec: Any) -> str:
    """The Python that makes an equal spec, with only what differs from the defaults.

    >>> code(Bounds(low=1.0))
    'Bounds(low=1.0)'
    """
    changed = [
        f"{f.name}={code(v) if dataclasses.is_dataclass(v) else repr(v)}"
        for f in dataclasses.fields(spec)
        if f.init and (v := getattr(spec, f.name)) != f.default
    ]
    return f"{type(spec).__name__}({', '.join(changed)})"


def to_json(spec: Any) -> Json:
    """A spec as plain JSON values: its kind and every field, nested specs and tuples included."""
    if dataclasses.is_dataclass(spec) and not isinstance(spec, type):
        fields = {f.name: to_json(getattr(spec, f.name)) for f in dataclasses.fields(spec) if f.init}
        return {"kind": type(spec).__name__, **fields}
    if isinstance(spec, tuple | list):
        return [to_json(item) for item in spec]
    if isinstance(spec, Mapping):
        return {key: to_json(value) for key, value in spec.items()}
    return spec


def from_json(data: Json, kinds: Iterable[type]) -> Any:
    """The spec that `to_json` wrote. Lists come back as tuples; fields that are missing take their defaults.

    What is no object with a ``kind`` comes back as the plain value it is: the caller knows what it asked for.

    Args:
        data: what `json` read.
        kinds: the closed list of classes that may be made.

    Raises:
        SpecError: an unknown kind or field, or values the spec itself refuses.
    """
    return _read(data, {kind.__name__: kind for kind in kinds})


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)  # slow enough to be felt in a schema of ten thousand columns


def _read(data: Json, kinds: Mapping[str, type]) -> Any:
    if isinstance(data, list):
        return tuple(_read(item, kinds) for item in data)
    if not isinstance(data, dict):
        return data
    if "kind" not in data:
        return {key: _read(value, kinds) for key, value in data.items()}
    name = data["kind"]
    if not isinstance(name, str) or name not in kinds:
        raise SpecError(
            wrong=f"the kind {name!r} is not known here.",
            expected=f"one of {', '.join(sorted(kinds))}.",
            remedy=nearest(str(name), sorted(kinds)),
        )
    values = {key: _read(value, kinds) for key, value in data.items() if key != "kind"}
    fields = [f.name for f in dataclasses.fields(kinds[name]) if f.init]
    for key in values:
        if key not in fields:
            raise SpecError(
                wrong=f"{name} has no setting {key!r}.",
                expected=f"settings of {name}: {', '.join(fields)}.",
                remedy=nearest(key, fields),
            )
    try:
        return kinds[name](**values)
    except TypeError as error:
        raise SpecError(
            wrong=f"{name} cannot be made: {error}.",
            expected=f"settings of {name}: {', '.join(fields)}.",
            remedy="write the spec again with `to_json`.",
        ) from error


def _fits(value: Any, hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, option) for option in typing.get_args(hint))
    if origin is typing.Literal:
        return value in typing.get_args(hint)
    if origin is tuple:
        inner = typing.get_args(hint)
        if not isinstance(value, tuple):
            return False
        if len(inner) == 2 and inner[1] is Ellipsis:
            return all(_fits(item, inner[0]) for item in value)
        return len(value) == len(inner) and all(_fits(v, h) for v, h in zip(value, inner, strict=True))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is None or hint is type(None):
        return value is None
    plain = origin or hint
    return isinstance(value, plain) if isinstance(plain, type) and not getattr(plain, "_is_protocol", False) else True


def _type_words(hint: Any) -> str:
    text = getattr(hint, "__name__", str(hint)) if typing.get_origin(hint) is None else str(hint)
    return f"of type {text.replace('typing.', '')}"


def _remedy(name: str, field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return f"give {name}({field.name}=...) a value inside these bounds."
    return f"try {name}({field.name}={field.default!r}), or leave it out."
