"""Integrated gradients: complete for every row, equal to what is known where something is."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest

from lamina.explain import explain_by_gradients, explain_table, integrated_gradients
from lamina.foundation.errors import LaminaError
from lamina.model import Calibration
from lamina.networks import MLP, Table
from small_models import make_model, some_data

from .conftest import columns, known_model

NETWORKS = {
    "codes": Table(trunk=MLP(widths=(8, 6), activation="tanh"), one_hot=3),
    "residual": Table(trunk=MLP(widths=(8, 8), activation="gelu", shortcut="residual"), one_hot=3),
    "batch norm": MLP(widths=(8, 8), activation="silu", norm="batch", shortcut="concat"),
    "kinks": MLP(widths=(16, 8), activation="relu"),
}


@pytest.mark.parametrize("target", ["species", "price"])
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_contributions_are_complete(network, target) -> None:
    """For every kind of column, network and task: the sum is the answer less the base, and both are the model's own."""
    model = make_model(target, network=network)
    table = model.conform(some_data(12, seed=4))[0]
    found = integrated_gradients(model, table)
    unit = 1 if target == "species" else model.target.scale
    np.testing.assert_allclose(found.values.sum(axis=1), found.explained - found.base, atol=1e-3 * unit)
    np.testing.assert_allclose(found.columns.sum(axis=1), found.values.sum(axis=1), atol=1e-9)
    answers, chances = model.decide(table)
    wanted = chances.max(axis=1) if target == "species" else answers
    np.testing.assert_allclose(found.explained, wanted, atol=1e-4 * unit)
    assert found.inputs == (*model.encoder.feature_names, *model.encoder.category_names)
    assert found.names == model.encoder.inputs


def test_of_a_linear_network_they_are_its_terms() -> None:
    """A weight times its feature, in the unit of the target, averaged over the members; Shapley values say the same."""
    model = make_model("price", network=MLP(widths=()))
    table = model.conform(some_data(6, seed=2))[0]
    found = integrated_gradients(model, table)
    weight = model.predictor.weights["0.weight"].double().numpy().mean(axis=0)[0] * model.target.scale
    np.testing.assert_allclose(found.values, weight * model.encoder.encode(table).numbers, rtol=1e-5, atol=1e-6)
    for row, other in zip(explain_by_gradients(model, table), explain_table(model, table), strict=True):
        same = {one.column: one.contribution for one in other.contributions}
        assert all(one.contribution == pytest.approx(same[one.column], abs=1e-3) for one in row.contributions)


def test_categories_are_followed_through_what_is_looked_up() -> None:
    """A column of codes, small or embedded, has a contribution, and an unseen level none."""
    model = make_model("species")
    assert set(model.encoder.category_names) == {"island", "town"}
    table = model.conform(some_data(4))[0]
    found = integrated_gradients(model, table)
    places = [found.names.index(name) for name in ("island", "town")]
    assert (np.abs(found.columns[:, places]) > 0).all()
    unseen = model.conform({**some_data(4), "town": ["nowhere"] * 4, "island": [None] * 4})[0]
    assert (integrated_gradients(model, unseen).columns[:, places] == 0).all()


def test_a_calibrated_chance_is_what_is_explained() -> None:
    """A temperature changes the answer, and the contributions add up to the changed one."""
    model = make_model("species")
    table = model.conform(some_data(5))[0]
    before = integrated_gradients(model, table)

    warm = dataclasses.replace(model, calibration=Calibration(temperature=2.0))
    after = integrated_gradients(warm, table)
    np.testing.assert_allclose(after.explained, warm.decide(table)[1].max(axis=1), atol=1e-5)
    assert (after.explained < before.explained).all()
    np.testing.assert_allclose(after.values.sum(axis=1), after.explained - after.base, atol=1e-3)


def test_a_sum_that_is_not_reached_is_an_error() -> None:
    """Few steps are not enough for steep networks: it is said by how much, never passed over."""
    model = make_model("species")
    table = model.conform(some_data(20))[0]
    with pytest.raises(LaminaError, match=r"after 2 steps the contributions of row .* still miss the chance by"):
        integrated_gradients(model, table, tolerance=1e-9, most_steps=2)


def test_only_networks_have_gradients() -> None:
    """Another model gets an error with the way that works for it."""
    data = columns(20, 2)
    model = known_model({**data, "y": data["x0"]}, "y", lambda z: z[:, 0])
    with pytest.raises(LaminaError, match="integrated gradients were asked of the model 'known', which is no network"):
        explain_by_gradients(model, model.conform(data)[0])


def test_a_missing_library_is_named(monkeypatch) -> None:
    """Without captum: what to install, and what to do without it."""
    monkeypatch.setitem(__import__("sys").modules, "captum.attr", None)
    model = make_model("price")
    with pytest.raises(LaminaError, match="pip install captum"):
        integrated_gradients(model, model.conform(some_data(2))[0])


def test_nothing_leaks() -> None:
    """No warning comes out, no gradient stays behind, and the model answers as before."""
    model = make_model("species")
    table = model.conform(some_data(5))[0]
    before = model.decide(table)[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, second = integrated_gradients(model, table), integrated_gradients(model, table)
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(model.decide(table)[1], before)
    assert all(weight.grad is None for weight in model.predictor.weights.values())


def test_no_rows_have_no_contributions() -> None:
    """An empty table gives empty answers, not an error."""
    model = make_model("species")
    assert explain_by_gradients(model, model.conform(some_data(3))[0].slice(0, 0)) == ()
