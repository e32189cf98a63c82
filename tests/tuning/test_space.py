"""The space is read from the specs' own bounds."""

from __future__ import annotations

import dataclasses
from typing import Literal

import pytest

from lamina.estimators import usual_loss, usual_network
from lamina.estimators.recipe import usual_members
from lamina.foundation.errors import SpecError
from lamina.foundation.specs import setting, settings
from lamina.networks import MLP, Table
from lamina.training import SGD, AdamW, Training
from lamina.tuning import SEARCHED, Recipe, space_of
from lamina.tuning.paths import changed
from lamina.tuning.reach import Reach

START = Recipe(
    network=Table(trunk=MLP(widths=(64, 32), activation=("silu", "tanh"), dropout=0.1)),
    training=Training(batch=64, epochs=10, optimiser=AdamW(learning_rate=0.002, decay=0.1)),
)


def axis(name, start=START):
    """The axis whose name ends so."""
    (found,) = [one for one in space_of(start).axes if one.name.endswith(name)]
    return found


def test_every_searched_setting_is_one_of_its_spec() -> None:
    """The closed list names settings that exist."""
    assert all(set(reaches) <= set(settings(kind)) for kind, reaches in SEARCHED.items())


def test_the_point_of_the_start_is_the_start() -> None:
    """Nothing is changed by where the search begins, down to layers of different widths and activations."""
    space = space_of(START)
    assert space.recipe(space.start_point) == START


def test_factors_where_the_bounds_say_log_and_steps_elsewhere() -> None:
    """Scale comes from `Bounds`, the reach round the start from the list."""
    rate, dropout = axis("learning_rate"), axis("dropout")
    assert (rate.log, rate.low, rate.high) == (True, 0.002 / 8, 0.016)
    assert not dropout.log
    assert dropout.low == 0  # the bound, not 0.1 - 0.3
    assert dropout.high == pytest.approx(0.4)
    assert rate.at(0.5) == pytest.approx(0.002)


def test_bounds_that_are_not_allowed_themselves_are_kept_away_from() -> None:
    """A dropout below 1 stays below 1, and makes a network."""
    start = dataclasses.replace(START, network=MLP(dropout=0.9))
    high = axis("dropout", start).at(1.0)
    assert 0.99 < high < 1
    space_of(start).recipe({**space_of(start).start_point, "network.dropout": high})


def test_a_new_bound_moves_the_space(monkeypatch) -> None:
    """Nothing about a range is written down twice: bounds of a spec cut what the list would reach."""

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Narrow:
        rate: float = setting(0.1, "a rate", low=0.05, high=0.2, log=True)
        share: float = setting(0.5, "a share", low=0.25, high=0.75)
        colour: str = setting("red", "a colour", choices=("red", "blue"))

    listed = {Narrow: {"rate": Reach(factor=10), "share": Reach(), "colour": Reach()}}
    monkeypatch.setattr("lamina.tuning.reach.SEARCHED", listed)
    axes = {one.label: one for one in space_of(Recipe(network=Narrow(), training=Training())).axes}
    assert (axes["rate"].low, axes["rate"].high, axes["rate"].log) == (0.05, 0.2, True)
    assert (axes["share"].low, axes["share"].high, axes["share"].log) == (0.25, 0.75, False)
    assert list(axes["colour"].choices) == ["red", "blue"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Blocks:
    """A network that the search has never heard of."""

    width: int = setting(64, "units of a token", low=8, high=512, log=True)
    heads: int = setting(8, "parts of a width", low=1, high=64, log=True)
    depth: int = setting(3, "blocks", low=1, high=12)
    dropout: float = setting(0.1, "chance to silence", low=0, below=1)
    place: Literal["before", "after"] = setting("before", "where the norm stands")
    gated: bool = setting(False, "whether there is a gate")
    name: str = setting("", "anything")

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise SpecError(wrong="no whole head.", expected="a width in whole heads.", remedy="try 64 and 8.")


def test_an_unknown_network_is_searched_by_its_own_bounds() -> None:
    """Factors for log, steps elsewhere, every choice of a Literal; words have nothing to walk."""
    axes = {one.name: one for one in space_of(Recipe(network=Blocks(), training=START.training)).axes}
    of_network = {name: one for name, one in axes.items() if name.startswith("network.")}
    assert sorted(one.label for one in of_network.values()) == ["depth", "dropout", "gated", "heads", "place", "width"]
    assert {of_network["network.width"].at(share / 9) for share in range(10)} == {32, 64, 128}
    assert (of_network["network.depth"].low, of_network["network.depth"].high) == (2, 4)
    assert (of_network["network.dropout"].low, round(of_network["network.dropout"].high, 3)) == (0, 0.4)
    assert list(of_network["network.place"].choices) == ["before", "after"]
    assert list(of_network["network.gated"].choices.values()) == [False, True]


def test_what_settings_refuse_beside_each_other_goes_back_to_the_start() -> None:
    """Bounds know of one setting only: the spec has the last word, and the others stay as they were drawn."""
    space = space_of(Recipe(network=Blocks(width=24, heads=3), training=START.training))
    drawn = {**space.start_point, "network.width": 48, "network.heads": 5, "network.depth": 4}
    with pytest.raises(SpecError, match="no whole head"):
        space.recipe(drawn)
    assert space.allowed(drawn) == {**drawn, "network.heads": 3}
    assert space.allowed(space.start_point) == space.start_point


def test_the_default_of_every_size_brings_all_that_it_has() -> None:
    """Ramps, trunk, rates, smoothing, members and epochs: each is an axis."""
    wanted = {"members", "units", "layers", "activation", "dropout", "shortcut", "smoothing", "batch", "epochs"}
    ramps = {"numbers bins", "numbers width", "numbers rows"}
    for rows in (300, 5_000, 50_000):
        training = Training(batch=64, epochs=30, loss=usual_loss("classification", rows))
        space = space_of(Recipe(network=usual_network(rows), training=training, members=usual_members(rows)))
        assert {one.label for one in space.axes} == wanted | ramps | {"learning rate", "decay"}
        assert space.recipe(space.start_point) == space.start


def test_units_scale_all_layers_and_layers_stretch_what_stands_for_each() -> None:
    """The shape of the start is kept: a narrowing network narrows, its last activation stays last."""
    space = space_of(START)
    point = {**space.start_point, "network.trunk.widths.units": 128, "network.trunk.widths.layers": 3}
    trunk = space.recipe(point).network.trunk
    assert trunk.widths == (128, 128, 64)
    assert trunk.activation == ("silu", "silu", "tanh")


def test_units_are_the_start_times_powers_of_two() -> None:
    """Many candidates share a shape, and so a fleet."""
    units = axis("units")
    assert {units.at(share / 20) for share in range(21)} == {32, 64, 128}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.77, 1.0])
def test_every_share_of_every_axis_makes_a_recipe(share) -> None:
    """Whatever a sampler draws, the specs accept."""
    space = space_of(START)
    space.recipe({one.name: one.at(share) for one in space.axes})


def test_share_undoes_at() -> None:
    """What a sampler is told of a value is where the value was drawn."""
    for one in space_of(START).axes:
        assert one.at(one.share(one.at(0.3))) == one.at(0.3)


def test_what_cannot_move_is_no_axis() -> None:
    """A decay of 0 has no factor to walk by, a whole batch no rows to choose, a linear model no layers."""
    training = Training(batch="all", optimiser=SGD(decay=0.0))
    names = {one.name for one in space_of(Recipe(network=MLP(widths=()), training=training)).axes}
    assert not {name for name in names if "decay" in name or "batch" in name or "widths" in name}


def test_a_point_of_another_space_is_refused() -> None:
    """With the names that there are."""
    with pytest.raises(SpecError, match="are not those that are searched here"):
        space_of(START).recipe({"network.colour": 1})


def test_words_say_the_shape_and_what_is_not_as_at_the_start() -> None:
    """Short enough for a sentence."""
    space = space_of(START)
    point = {**space.start_point, "training.optimiser.learning_rate": 0.01}
    assert space.words(point) == "64-32 silu, tanh, learning rate 0.01"


def test_changed_reaches_inside() -> None:
    """One setting of a nested spec; everything else stays."""
    other = changed(START, ("network", "trunk", "dropout"), 0.5)
    assert other.network.trunk == dataclasses.replace(START.network.trunk, dropout=0.5)
    assert other.training == START.training
