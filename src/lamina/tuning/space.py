"""Where the search may look: read from the specs' own bounds, around the recipe that it starts from.

`SEARCHED` is the closed list of settings that are searched, and how far from its start each may go. Everything else
comes from the spec itself: whether a setting is walked in factors or in steps (``log``), where it ends (``low``,
``high``, ``above``, ``below``), between what it may choose (``choices``). Nested specs are found by walking, so a
`Table` brings the settings of its trunk.

A point of the space is a dict of plain JSON values, one for each axis; the start has a point too.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import Bounds, Json, settings
from lamina.networks import MLP, Network, Periodic, Piecewise
from lamina.training import OPTIMISERS, Training

Point = dict[str, Json]
PLAIN = ("", "network", "trunk", "widths", "training", "optimiser")  # parts of a name that tell nothing
EDGE = 1e-6  # how far a setting stays from a bound that is not itself allowed


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far a search goes from where a setting starts; with nothing said, as far as its bounds.

    ``factor`` is for settings that are walked in factors, ``span`` for those in steps. ``doubling`` keeps to the start
    times powers of two, so that many candidates have one shape and can train as one fleet. ``among`` are choices that
    the bounds do not list; the start is always one of them.
    """

    factor: float | None = None
    span: float | None = None
    doubling: bool = False
    among: tuple[Any, ...] = ()


_WIDTHS, _LAYERS = Reach(factor=2, doubling=True), Reach(span=1)
_BY_GRADIENT = {"learning_rate": Reach(factor=8), "decay": Reach(factor=30)}

SEARCHED: Mapping[type, Mapping[str, Reach]] = MappingProxyType(
    {
        MLP: {
            "widths": _WIDTHS,  # two axes: units, which scales all layers, and layers
            "activation": Reach(among=("relu", "silu", "tanh")),
            "dropout": Reach(span=0.3),
            "shortcut": Reach(among=("none", "residual")),
        },
        Piecewise: {"bins": Reach(factor=2, doubling=True), "width": Reach(factor=2, doubling=True)},
        Periodic: {"spread": Reach(factor=8), "width": Reach(factor=2, doubling=True)},
        Training: {"batch": Reach(factor=2, doubling=True)},
        **dict.fromkeys(OPTIMISERS, _BY_GRADIENT),
    }
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A network and how it learns: what a point of the space stands for."""

    network: Network
    training: Training


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One setting that is searched.

    Args:
        name: the path to it from the `Recipe`, such as ``network.trunk.dropout``.
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
    def label(self) -> str:
        """What a person calls it: the last part of the name, with the one before where that tells more.

        >>> Axis(name="network.trunk.dropout", start=0.1).label, Axis(name="network.numbers.bins", start=48).label
        ('dropout', 'numbers bins')
        """
        *_, before, last = ("", *self.name.split("."))
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
        ends = {"choices": list(self.choices)} if self.choices else {"low": self.low, "high": self.high}
        return {"start": self.start, "log": self.log, "doubling": self.doubling, **ends}


@dataclass(frozen=True, kw_only=True)
class Space:
    """A recipe to start from and the axes along which others lie."""

    start: Recipe
    axes: tuple[Axis, ...]

    @property
    def start_point(self) -> Point:
        """The point of the recipe that the search starts from."""
        return {axis.name: axis.start for axis in self.axes}

    def recipe(self, point: Point) -> Recipe:
        """The recipe at a point; what is no axis stays as it is in the start.

        Raises:
            SpecError: the point is of another space.
        """
        if set(point) != set(self.start_point):
            raise SpecError(
                wrong=f"the settings {', '.join(point) or 'none'} are not those that are searched here.",
                expected=f"{', '.join(self.start_point)}.",
                remedy="begin a new search in another folder.",
            )
        recipe = self.start
        for axis in self.axes:
            if point[axis.name] != axis.start:
                recipe = _placed(recipe, self.start, axis, point[axis.name])
        return recipe

    def words(self, point: Point) -> str:
        """The settings of a point in words: the shape first, then every other that is not as at the start."""
        recipe = self.recipe(point)
        others = [
            f"{axis.label} {_number(point[axis.name])}"
            for axis in self.axes
            if point[axis.name] != axis.start and axis.label not in ("units", "layers", "activation")
        ]
        return ", ".join([_shape(recipe.network), *others])

    def to_json(self) -> Json:
        """The axes, by name."""
        return {axis.name: axis.to_json() for axis in self.axes}


def space_of(start: Recipe) -> Space:
    """The space around a recipe, from `SEARCHED` and the bounds of its specs.

    A setting that stands at ``"auto"``, ``"all"`` or None, or at 0 where factors are walked, is left as it is.

    >>> from lamina.training import AdamW
    >>> training = Training(batch=64, optimiser=AdamW(learning_rate=0.01, decay=0.0))
    >>> [axis.name for axis in space_of(Recipe(network=MLP(), training=training)).axes if "widths" not in axis.name]
    ['network.activation', 'network.dropout', 'network.shortcut', 'training.batch', 'training.optimiser.learning_rate']
    """
    axes = [
        axis
        for path, spec in _walk(start)
        for name, reach in SEARCHED.get(type(spec), {}).items()
        for axis in _axes(".".join((*path, name)), getattr(spec, name), settings(type(spec))[name], reach)
    ]
    return Space(start=start, axes=tuple(axes))


def changed(spec: Any, path: tuple[str, ...], value: Any) -> Any:
    """A spec with one setting, however deep inside, at another value.

    >>> changed(Recipe(network=MLP(), training=Training()), ("network", "dropout"), 0.5).network.dropout
    0.5
    """
    name, *rest = path
    inner = changed(getattr(spec, name), tuple(rest), value) if rest else value
    return dataclasses.replace(spec, **{name: inner})


def _walk(spec: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A spec and every spec inside it, each with the path to it."""
    yield path, spec
    for field in dataclasses.fields(spec):
        inner = getattr(spec, field.name)
        if dataclasses.is_dataclass(inner):
            yield from _walk(inner, (*path, field.name))


def _axes(name: str, value: Any, bounds: Bounds, reach: Reach) -> Iterator[Axis]:
    if name.endswith(".widths"):
        if value:
            yield from _number_axis(f"{name}.units", value[0], dataclasses.replace(bounds, log=True), reach)
            yield from _number_axis(f"{name}.layers", len(value), Bounds(low=1), _LAYERS)
    elif reach.among or bounds.choices:
        choices = {_choice(one): one for one in (value, *(reach.among or bounds.choices))}
        if len(choices) > 1:
            yield Axis(name=name, start=_choice(value), choices=choices)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_axis(name, value, bounds, reach)


def _number_axis(name: str, start: float, bounds: Bounds, reach: Reach) -> Iterator[Axis]:
    """The axis of a number; none if it cannot move."""
    if bounds.log and start <= 0:
        return
    low, high = _inside(bounds)
    if bounds.log and reach.factor is not None:
        low, high = max(low, start / reach.factor), min(high, start * reach.factor)
    elif reach.span is not None:
        low, high = max(low, start - reach.span), min(high, start + reach.span)
    if isinstance(start, int):
        low, high = math.ceil(low), math.floor(high)
    if math.isfinite(low) and math.isfinite(high) and low < high:
        yield Axis(
            name=name,
            start=start,
            low=low,
            high=high,
            log=bounds.log,
            whole=isinstance(start, int),
            doubling=reach.doubling,
        )


def _inside(bounds: Bounds) -> tuple[float, float]:
    """The smallest and the largest value that the bounds allow; infinite where they are open."""
    lows = [v for v in (bounds.low, None if bounds.above is None else bounds.above + EDGE) if v is not None]
    highs = [v for v in (bounds.high, None if bounds.below is None else bounds.below - EDGE) if v is not None]
    return max(lows, default=-math.inf), min(highs, default=math.inf)


def _placed(recipe: Recipe, start: Recipe, axis: Axis, value: Json) -> Recipe:
    """The recipe with the setting of one axis at a value."""
    path = tuple(axis.name.split("."))
    if path[-2] == "widths":
        place = path[:-2]
        before = _found(recipe, place)
        after = _wider(before, value) if path[-1] == "units" else _deeper(before, _found(start, place), value)
        return changed(recipe, place, after)  # type: ignore[no-any-return]
    return changed(recipe, path, axis.choices[value] if axis.choices else value)  # type: ignore[no-any-return]


def _wider(network: MLP, units: int) -> MLP:
    """All layers scaled so that the first has so many units."""
    return dataclasses.replace(network, widths=tuple(max(1, w * units // network.widths[0]) for w in network.widths))


def _deeper(network: MLP, start: MLP, layers: int) -> MLP:
    """Another number of layers; what stands there for each layer is stretched over them."""
    lists: dict[str, Any] = {
        name: tuple(value[i * len(value) // layers] for i in range(layers))
        for name in ("widths", "activation", "dropout")
        if isinstance(value := getattr(network, name), tuple)
    }
    return dataclasses.replace(network, **lists)


def _found(spec: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        spec = getattr(spec, name)
    return spec


def _choice(value: Any) -> str:
    """The name of a choice in a point: "silu", or "silu, tanh" where there is one for each layer."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _shape(network: Any) -> str:
    """The widths and activations of the network: "512-512 silu"; the name of its kind where it has none."""
    for _, spec in _walk(network):
        if isinstance(spec, MLP):
            return f"{'-'.join(map(str, spec.widths)) or 'linear'} {_choice(spec.activation)}"
    return type(network).__name__


def _number(value: Json) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
