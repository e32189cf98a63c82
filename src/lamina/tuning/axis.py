"""One setting that is searched: its name, where it starts, where it ends, and the values along the way.

Where an axis ends, and whether it is walked in factors or in steps, comes from the setting's own bounds; how far from
the start it reaches, from `lamina.tuning.reach`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lamina.foundation.specs import Bounds, Json
from lamina.tuning.reach import LAYERS, Reach, ends

PLAIN = ("", "network", "trunk", "widths", "training", "optimiser", "loss")  # parts of a name that tell nothing


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One setting that is searched.

    Args:
        name: the path to it from the `lamina.tuning.Recipe`, such as ``network.trunk.dropout``.
        start: its value in the recipe that the search starts from, as a plain value.
        low, high: the ends, both allowed; of no meaning where there are ``choices``.
        choices: all values by the name that a point has for them.
    """

    name: str
    start: Json
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    whole: bool = False
    doubling: bool = False
    choices: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def path(self) -> tuple[str, ...]:
        """The parts of the name."""
        return tuple(self.name.split("."))

    @property
    def label(self) -> str:
        """What a person calls it: the last part of the name, with the one before where that tells more.

        >>> Axis(name="network.trunk.dropout", start=0.1).label, Axis(name="network.numbers.bins", start=48).label
        ('dropout', 'numbers bins')
        """
        *_, before, last = ("", *self.path)
        return (last if before in PLAIN else f"{before} {last}").replace("_", " ")

    def at(self, share: float) -> Json:
        """The value so far along the axis: 0 is the low end, 1 the high one.

        >>> Axis(name="rate", start=0.1, low=0.01, high=1.0, log=True).at(0.5)
        0.1
        >>> Axis(name="batch", start=64, low=32, high=128, log=True, whole=True, doubling=True).at(0.9)
        128
        """
        if self.choices:
            return list(self.choices)[min(int(share * len(self.choices)), len(self.choices) - 1)]
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        place = low + share * (high - low)
        value = math.exp(place) if self.log else place
        if self.doubling:
            value = self.start * 2.0 ** round(math.log2(value / self.start))
        value = min(max(value, self.low), self.high)
        short = round(value) if self.whole else float(f"{value:.4g}")
        return short if self.low <= short <= self.high else value

    def share(self, value: Json) -> float:
        """How far along the axis a value is: what `at` takes, from 0 to 1."""
        if self.choices:
            return (list(self.choices).index(value) + 0.5) / len(self.choices)
        if self.low == self.high:
            return 0.5
        low, high, here = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return min(1.0, max(0.0, (here - low) / (high - low)))

    def to_json(self) -> Json:
        """What a reader must know of it."""
        between = {"choices": list(self.choices)} if self.choices else {"low": self.low, "high": self.high}
        return {"start": self.start, "log": self.log, "doubling": self.doubling, **between}


def axes_of(name: str, value: Any, bounds: Bounds, reach: Reach) -> Iterator[Axis]:
    """The axes of one setting: none if it cannot move, two for a tuple of widths.

    >>> [axis.name for axis in axes_of("network.widths", (64, 64), Bounds(low=1), Reach(factor=2, doubling=True))]
    ['network.widths.units', 'network.widths.layers']
    """
    if isinstance(value, tuple) and value and all(isinstance(one, int) for one in value):
        yield from _of_number(f"{name}.units", value[0], dataclasses.replace(bounds, log=True), reach)
        yield from _of_number(f"{name}.layers", len(value), Bounds(low=1), LAYERS)
    elif reach.among or bounds.choices:
        choices = {in_words(one): one for one in (value, *(reach.among or bounds.choices))}
        if len(choices) > 1:
            yield Axis(name=name, start=in_words(value), choices=choices)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _of_number(name, value, bounds, reach)


def in_words(value: Any) -> str:
    """A value as a person reads it: "silu", or "silu, tanh" where there is one for each layer; numbers are short."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _of_number(name: str, start: float, bounds: Bounds, reach: Reach) -> Iterator[Axis]:
    """The axis of a number; none if it cannot move."""
    if bounds.log and start <= 0:
        return
    low, high = ends(bounds)
    if bounds.log and reach.factor is not None:
        low, high = max(low, start / reach.factor), min(high, start * reach.factor)
    elif reach.span is not None:
        low, high = max(low, start - reach.span), min(high, start + reach.span)
    whole = isinstance(start, int)
    if whole:
        low, high = (math.ceil(low), math.floor(high)) if math.isfinite(low) and math.isfinite(high) else (low, high)
    if math.isfinite(low) and math.isfinite(high) and low < high:
        yield Axis(name=name, start=start, low=low, high=high, log=bounds.log, whole=whole, doubling=reach.doubling)
