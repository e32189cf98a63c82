"""Which settings are tried next."""

from __future__ import annotations

import importlib.util

import pytest

from lamina.foundation.errors import SpecError
from lamina.networks import MLP
from lamina.training import Training
from lamina.tuning import Recipe, space_of
from lamina.tuning.halving import rungs_of
from lamina.tuning.records import Told, make_round, records_of
from lamina.tuning.sampler import draw, way_of

SPACE = space_of(Recipe(network=MLP(widths=(64,), dropout=0.3), training=Training(batch=64)))
NOTHING = records_of([])


def told_by(good, trials):
    """Records of so many trials drawn at random, each worth what ``good`` says of its point."""
    points = draw(SPACE, NOTHING, trials, way="random", seed=0)
    one = make_round(0, 0, rungs_of(1, 1), points)
    told = [
        Told(trial=i, rung=0, worth=(good(point),), score=0.0, epochs=1, seconds=1.0) for i, point in enumerate(points)
    ]
    return records_of([one.entry(), *(result.entry() for result in told)])


@pytest.mark.parametrize("way", ["random", "tpe"])
def test_equal_seeds_draw_equally_and_others_do_not(way) -> None:
    """Nothing but the seed and the results so far decides."""
    first = draw(SPACE, NOTHING, 3, way=way, seed=1)
    assert first == draw(SPACE, NOTHING, 3, way=way, seed=1)
    assert first != draw(SPACE, NOTHING, 3, way=way, seed=2)
    assert len({str(point) for point in first}) == 3


@pytest.mark.parametrize("way", ["random", "tpe"])
def test_every_point_makes_a_recipe(way) -> None:
    """What is drawn is in the space."""
    for point in draw(SPACE, NOTHING, 8, way=way, seed=0):
        SPACE.recipe(point)


def test_random_settings_belong_to_their_trial() -> None:
    """The second trial is the second trial, however many are drawn at a time: a round that is resumed is the same."""
    one = make_round(0, 0, rungs_of(1, 1), draw(SPACE, NOTHING, 1, way="random", seed=0)).entry()
    later = draw(SPACE, records_of([one]), 1, way="random", seed=0)
    assert later[0] == draw(SPACE, NOTHING, 2, way="random", seed=0)[1]


def test_tpe_goes_where_it_was_good() -> None:
    """Where low learning rates did well, more than half of what is drawn next is lower than at random."""
    name = "training.optimiser.learning_rate"
    (axis,) = [one for one in SPACE.axes if one.name == name]
    drawn = draw(SPACE, told_by(lambda point: -axis.share(point[name]), 40), 12, way="tpe", seed=0)
    assert sum(axis.share(point[name]) < 0.35 for point in drawn) > 6


def test_what_is_not_known_is_refused() -> None:
    """With the ways that there are."""
    with pytest.raises(SpecError, match="'grid' is not known"):
        way_of("grid")


def test_without_optuna_it_is_random_and_says_so(monkeypatch) -> None:
    """No silent change: the sentence names what to install, and asking for TPE is an error."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    way, words = way_of(None)
    assert way == "random"
    assert "Optuna is not installed" in words
    with pytest.raises(SpecError, match="needs Optuna"):
        way_of("tpe")
