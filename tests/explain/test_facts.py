"""The facts: plain values in the shape of result.json, for networks and for anything else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.explain import explanation_facts
from lamina.networks import MLP
from small_models import make_model, some_data

from .conftest import columns, known_model


@pytest.fixture(scope="module")
def facts(penguins, penguin_table):
    """The facts of a network about penguins."""
    return explanation_facts(penguins, penguin_table, seed=0)


def test_they_are_json(facts) -> None:
    """No number is infinite, no value is an array."""
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_they_have_the_shape_that_the_report_reads(facts, penguins) -> None:
    """Importance of every column, effects of the first four, layers, map and units of the network."""
    assert {one["column"] for one in facts["importance"]} == set(penguins.encoder.inputs)
    assert set(facts["importance"][0]) == {"column", "mean", "low", "high"}
    assert [one["column"] for one in facts["effects"]] == [one["column"] for one in facts["importance"][:4]]
    for one in facts["effects"]:
        assert set(one["y"]) == set(penguins.target.classes)
        assert {len(curve) for curve in one["y"].values()} == {len(one["x"])}
    network = facts["network"]
    assert set(network) == {"layers", "map", "units"}
    own = {"name", "kind", "inputs", "units", "activation", "weights"}
    assert set(network["layers"][0]) == {*own, "column", "holds", "shape"}
    assert len(network["map"]["points"]) == len(network["map"]["labels"]) == len(network["map"]["rows"])
    assert {"unit", "rows", "summary"} <= set(network["units"][0])


def test_equal_seeds_give_equal_facts(facts, penguins, penguin_table) -> None:
    """Nothing but the seed is drawn from."""
    assert explanation_facts(penguins, penguin_table, seed=0) == facts


def test_models_that_are_no_network_have_no_network_facts() -> None:
    """Importance and effects are there all the same."""
    data = {**columns(40, 2), "y": columns(40, 1, seed=1)["x0"]}
    model = known_model(data, "y", lambda z: z[:, 0])
    found = explanation_facts(model, model.conform(data, need_target=True)[0], seed=0)
    assert set(found) == {"importance", "effects"}
    assert set(found["effects"][0]["y"]) == {"prediction"}


@pytest.mark.parametrize("network", [None, MLP(widths=())], ids=["hidden layers", "linear"])
def test_columns_of_every_kind_have_facts(network) -> None:
    """Dates, flags, embedded categories and gaps; without a hidden layer there is no map."""
    model = make_model("price", network=network)
    table = model.conform(some_data(40), need_target=True)[0]
    found = explanation_facts(model, table, seed=0)
    json.dumps(found, allow_nan=False)
    assert ("map" in found["network"]) == (network is None)
    assert np.isfinite([one["mean"] for one in found["importance"]]).all()
