"""Where the search may look: the settings around a recipe, and what a choice of them stands for.

A point of the space is a dict of plain JSON values, one for each axis; the start has a point too. Nested specs are
found by walking, so a `lamina.networks.Table` brings the settings of its trunk and of what it learns of each number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import Json, settings
from lamina.networks import MLP
from lamina.tuning.axis import Axis, axes_of, in_words
from lamina.tuning.paths import changed, value_at, walk
from lamina.tuning.reach import reaches_of
from lamina.tuning.recipe import Recipe

Point = dict[str, Json]


@dataclass(frozen=True, kw_only=True)
class Space:
    """A recipe to start from and the axes along which others lie."""

    start: Recipe
    axes: tuple[Axis, ...]

    @property
    def start_point(self) -> Point:
        """The point of the recipe that the search starts from."""
        return {axis.name: axis.start for axis in self.axes}

    def recipe(self, point: Mapping[str, Json]) -> Recipe:
        """The recipe at a point; what is no axis stays as it is in the start.

        Raises:
            SpecError: the point is of another space, or a spec refuses its settings beside each other.
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

    def allowed(self, point: Point) -> Point:
        """The point itself where its specs allow it; else with those settings back at the start that they refuse.

        The bounds of a setting do not know of another one: heads that must divide a width, say.
        """
        found = self.start_point
        for axis in self.axes:
            further = {**found, axis.name: point[axis.name]}
            try:
                self.recipe(further)
            except SpecError:
                continue
            found = further
        return found

    def words(self, point: Point) -> str:
        """The settings of a point in words: the shape first, then every other that is not as at the start."""
        network = self.recipe(point).network
        hidden = [spec for _, spec in walk(network) if isinstance(spec, MLP)]
        shape = _shape(hidden[0]) if hidden else type(network).__name__
        fields = [getattr(network, kind, None) for kind in ("image", "text", "series")]
        shape = ", ".join([*(type(encoder).__name__ for encoder in fields if encoder is not None), shape])
        others = [
            f"{axis.label} {in_words(point[axis.name])}"
            for axis in self.axes
            if point[axis.name] != axis.start and not (hidden and _in_shape(axis))
        ]
        return ", ".join([shape, *others])

    def to_json(self) -> Json:
        """The axes, by name."""
        return {axis.name: axis.to_json() for axis in self.axes}


def space_of(start: Recipe) -> Space:
    """The space around a recipe, from `lamina.tuning.SEARCHED` and the bounds of its specs.

    A setting that stands at ``"auto"``, ``"all"`` or None, or at 0 where factors are walked, is left as it is.

    >>> from lamina.training import AdamW, Training
    >>> training = Training(batch=64, optimiser=AdamW(learning_rate=0.01, decay=0.0))
    >>> [axis.label for axis in space_of(Recipe(network=MLP(), training=training)).axes]
    ['members', 'units', 'layers', 'activation', 'dropout', 'shortcut', 'batch', 'learning rate']
    """
    training = dataclasses.replace(start.training, optimiser=start.training.chosen_optimiser)
    start = dataclasses.replace(start, training=training)
    axes = [
        axis
        for path, spec in walk(start)
        for name, reach in reaches_of(spec, path).items()
        for axis in axes_of(".".join((*path, name)), getattr(spec, name), settings(type(spec))[name], reach)
    ]
    return Space(start=start, axes=tuple(axes))


def _placed(recipe: Recipe, start: Recipe, axis: Axis, value: Json) -> Recipe:
    """The recipe with the setting of one axis at a value."""
    path = axis.path
    if path[-1] in ("units", "layers") and isinstance(value_at(start, path[:-1]), tuple):
        *place, name, end = path
        before = value_at(recipe, place)
        after = _wider(before, name, value) if end == "units" else _deeper(before, value_at(start, place), name, value)
        return changed(recipe, place, after)  # type: ignore[no-any-return]
    return changed(recipe, path, axis.choices[value] if axis.choices else value)  # type: ignore[no-any-return]


def _wider(network: Any, name: str, units: int) -> Any:
    """All layers scaled so that the first has so many units."""
    widths = getattr(network, name)
    return dataclasses.replace(network, **{name: tuple(max(1, w * units // widths[0]) for w in widths)})


def _deeper(network: Any, start: Any, name: str, layers: int) -> Any:
    """Another number of layers; what stands there for each layer is stretched over them."""
    each = [f.name for f in dataclasses.fields(network) if isinstance(getattr(network, f.name), tuple)]
    before = len(getattr(start, name))
    lists = {
        one: tuple(value[i * before // layers] for i in range(layers))
        for one in each
        if len(value := getattr(network, one)) == before
    }
    return dataclasses.replace(network, **lists)


def _shape(network: MLP) -> str:
    """Widths and activations: "512-512 silu"."""
    return f"{'-'.join(map(str, network.widths)) or 'linear'} {in_words(network.activation)}"


def _in_shape(axis: Axis) -> bool:
    return axis.path[-2:-1] == ("widths",) or axis.path[-1] == "activation"
