"""Candidates side by side learn what each would learn alone."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pyarrow as pa
import pytest
import torch

from lamina.data.cells import tensor_column
from lamina.estimators import Part, fit_networks
from lamina.evaluation.plan import make_plan
from lamina.evaluation.prepare import prepare
from lamina.evaluation.protocol import Protocol
from lamina.foundation.signature import Field
from lamina.networks import MLP, CrossEntropy, Table
from lamina.networks.table import usual_encoders
from lamina.training import AdamW, Muon, Training
from lamina.tuning import fleets
from lamina.tuning.fleets import Order, fleet_of, train
from lamina.tuning.ground import make_side
from lamina.tuning.recipe import Recipe
from quick import mixed_columns

LOSS = CrossEntropy()
SERIES = (Field(holds="series", shape=(1, 12)),)
BASE = Recipe(
    network=Table(trunk=MLP(widths=(6,), dropout=0.2)),
    training=Training(epochs=3, batch=16, optimiser=AdamW(learning_rate=0.01, decay=0.1), loss=LOSS, device="cpu"),
)
OTHER = Recipe(
    network=Table(trunk=MLP(widths=(6,), dropout=0.4)),
    training=dataclasses.replace(BASE.training, optimiser=AdamW(learning_rate=0.03, decay=0.0)),
)
WIDER = dataclasses.replace(BASE, network=Table(trunk=MLP(widths=(7,), dropout=0.2)))


TWO_RATES = dataclasses.replace(
    BASE, training=dataclasses.replace(BASE.training, optimiser=Muon(learning_rate=0.05, other_rate=3e-3))
)


@pytest.fixture(scope="module")
def ground():
    """Prepared rows and a split of them."""
    prepared = prepare(mixed_columns(), "grade", task=None, protocol=Protocol(), kinds={}, missing=())
    return prepared, make_plan(prepared, Protocol(folds=1), seed=0).judged[0]


def learnt(orders, **changes):
    """What became of the orders, by place, and how many fleets there were."""
    done, fleets = {}, []

    def heard(fitted, seconds):
        done.update(fitted)
        fleets.append(list(fitted))

    train(orders, until=None, on_fleet=heard, **changes)
    return done, fleets


def test_equal_shapes_are_one_fleet_whatever_their_rates() -> None:
    """Learning rate, decay and dropout are a member's own; widths and batches are the fleet's."""
    assert fleet_of(BASE)[0] == fleet_of(OTHER)[0]
    assert fleet_of(BASE)[0] != fleet_of(WIDER)[0]
    batched = dataclasses.replace(BASE, training=dataclasses.replace(BASE.training, batch=8))
    assert fleet_of(BASE)[0] != fleet_of(batched)[0]
    silent = dataclasses.replace(BASE, network=Table(trunk=MLP(widths=(6,))))
    assert fleet_of(BASE)[0] != fleet_of(silent)[0]  # without dropout there is no such layer


def test_a_candidate_in_a_fleet_learns_what_it_learns_alone(ground) -> None:
    """The weights of each are those that `fit_networks` gives the recipe by itself, encoder and all."""
    prepared, split = ground
    side = make_side(prepared, split.train, split.test, BASE, LOSS)
    done, fleets = learnt([Order(recipe=recipe, side=side, seeds=(5,)) for recipe in (BASE, WIDER, OTHER, TWO_RATES)])
    assert fleets == [[0, 2], [1], [3]]
    for place, recipe in enumerate((BASE, WIDER, OTHER, TWO_RATES)):
        part = Part(train=split.train, watch=split.test, seeds=(5,))
        (alone,) = fit_networks(
            prepared.table,
            prepared.schema,
            [part],
            network=recipe.network,
            training=recipe.training,
            task="classification",
        )
        assert done[place].encoder == alone.encoder
        for name, tensor in alone.predictor.weights.items():
            torch.testing.assert_close(done[place].predictor.weights[name], tensor, rtol=1e-5, atol=1e-6)


def test_one_that_diverges_takes_nobody_along(ground) -> None:
    """It is told as None; the other goes on."""
    prepared, split = ground
    side = make_side(prepared, split.train, split.test, BASE, LOSS)
    wild = dataclasses.replace(
        BASE, training=dataclasses.replace(BASE.training, clip=None, optimiser=AdamW(learning_rate=1e30))
    )
    calm = dataclasses.replace(BASE, training=dataclasses.replace(BASE.training, clip=None))
    done, fleets = learnt([Order(recipe=recipe, side=side, seeds=(0,)) for recipe in (wild, calm)])
    assert fleets == [[0, 1]]
    assert done[0] is None
    assert done[1] is not None
    assert learnt([Order(recipe=wild, side=side, seeds=(0,))])[0] == {0: None}


def test_when_the_time_is_up_the_rest_is_left_out_unless_it_is_fair(ground) -> None:
    """The first fleet always learns something; with shares every one does."""
    prepared, split = ground
    side = make_side(prepared, split.train, split.test, BASE, LOSS)
    orders = [Order(recipe=recipe, side=side, seeds=(0,)) for recipe in (BASE, WIDER)]
    for fair, expected in ((False, [[0]]), (True, [[0], [1]])):
        fleets = []
        train(orders, until=time.monotonic() - 1, fair=fair, on_fleet=lambda done, s, to=fleets: to.append(list(done)))
        assert fleets == expected


def test_a_fleet_is_reckoned_as_a_study_would(monkeypatch) -> None:
    """Convolutions are reckoned in bfloat16 where the device is made for it, in a search as in `lamina.fit`."""
    monkeypatch.setattr("lamina.estimators.recipe.reckons_halves", lambda device: True)
    found = []
    monkeypatch.setattr(
        fleets, "fit_fleet", lambda build, pool, members, training, **more: found.append(training) or 1 / 0
    )
    stream = np.random.default_rng(0)
    waves = tensor_column(stream.normal(0, 1, (40, 1, 12)).astype(np.float32))
    waved = prepare(
        pa.table({"wave": waves, "grade": ["a", "b"] * 20}),
        "grade",
        task=None,
        protocol=Protocol(),
        kinds={},
        missing=(),
    )
    table = prepare(mixed_columns(), "grade", task=None, protocol=Protocol(), kinds={}, missing=())
    for rows in (waved, table):
        recipe = dataclasses.replace(BASE, network=usual_encoders(Table(), SERIES[: rows is waved], rows=40))
        side = make_side(rows, np.arange(30), np.arange(0), recipe, LOSS)
        with pytest.raises(ZeroDivisionError):
            train([Order(recipe=recipe, side=side, seeds=(0,))], until=None)
    assert [one.precision for one in found] == ["bfloat16", "auto"]
