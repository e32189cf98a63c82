"""Hidden layers: what their units say is what the network reckons with, and the map and the words follow from it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import torch

from lamina.explain import activations, layer_map, layers, strongest_rows
from lamina.explain.hidden import principal_plane
from lamina.foundation.errors import LaminaError
from lamina.networks import MLP, Perceptron, Table
from small_models import make_model, some_data

from .conftest import columns, known_model


def test_layers_of_a_table_network() -> None:
    """Lookups and affine layers in order, with sizes and activations, and every weight counted once."""
    model = make_model("species", network=Table(trunk=MLP(widths=(8, 6), activation=("tanh", "relu"))))
    found = layers(model)
    assert [(one.kind, one.units, one.activation) for one in found] == [
        ("OneHot", 3, "identity"),
        ("Embedding", 7, "identity"),
        ("Affine", 8, "tanh"),
        ("Affine", 6, "relu"),
        ("Affine", 3, "identity"),
    ]
    assert sum(one.weights for one in found) == model.predictor.size
    assert [one.inputs for one in found[3:]] == [8, 6]


@pytest.mark.parametrize("shortcut", ["none", "residual", "concat"])
@pytest.mark.parametrize("norm", ["none", "layer", "batch"])
def test_every_weight_belongs_to_a_layer(shortcut, norm) -> None:
    """Norms are counted with the layer they follow; running averages are no weights."""
    network = MLP(widths=(8, 6), shortcut=shortcut, norm=norm)
    model = make_model("price", network=network)
    learnt = sum(w[0].numel() for n, w in model.predictor.weights.items() if not n.endswith((".mean", ".variance")))
    assert sum(one.weights for one in layers(model)) == learnt
    assert sum(one.activation == "relu" for one in layers(model)) == 2


def test_activations_are_what_the_next_layer_reads() -> None:
    """The last hidden layer's units, put through the head, give the first member's scores."""
    model = make_model("species", network=MLP(widths=(8, 6), activation="tanh", dropout=0.1))
    table = model.conform(some_data(9))[0]
    name, units = activations(model, table)
    assert units.shape == (9, 6)
    first, last, head = (layer.name for layer in layers(model))
    weight, bias = (model.predictor.weights[f"{head}.{part}"][0].numpy() for part in ("weight", "bias"))
    scores = model.predictor.scores(model.encoder.encode(table))[0]
    np.testing.assert_allclose(units @ weight.T + bias, scores, atol=1e-5)
    assert name == last
    assert activations(model, table, first)[1].shape == (9, 8)


def test_the_plane_is_that_of_an_independent_implementation() -> None:
    """Equal to scikit-learn's principal components, but for the sign, which is fixed here."""
    from sklearn.decomposition import PCA

    values = np.random.default_rng(0).normal(0, [5, 3, 1, 0.1], (50, 4))
    explained, points = principal_plane(values)
    oracle = PCA(2).fit(values)
    np.testing.assert_allclose(explained, oracle.explained_variance_ratio_)
    np.testing.assert_allclose(np.abs(points), np.abs(oracle.transform(values)), atol=1e-9)


def test_the_plane_does_not_flip() -> None:
    """Rows in another order give the same points in that order; the largest weight of a direction is positive."""
    values = np.random.default_rng(1).normal(0, [5, 3, 1], (30, 3))
    order = np.random.default_rng(2).permutation(30)
    np.testing.assert_allclose(principal_plane(values)[1][order], principal_plane(values[order])[1], atol=1e-9)
    assert np.corrcoef(principal_plane(values)[1][:, 0], values[:, 0])[0, 1] > 0.9


@pytest.mark.parametrize("values", [np.zeros((1, 3)), np.ones((5, 1)), np.arange(4.0)[:, None], np.zeros((4, 3))])
def test_flat_layers_have_a_flat_map(values) -> None:
    """A single row, a single unit or units that never change: finite points, two axes."""
    explained, points = principal_plane(values)
    assert points.shape == (len(values), 2)
    assert np.isfinite(points).all()
    assert explained.sum() <= 1 + 1e-12


def test_the_map_tells_the_classes_apart(penguins, penguin_table) -> None:
    """The network has pulled the species apart: rows lie nearer to their own middle than to the others'."""
    found = layer_map(penguins, penguin_table, rows=200)
    labels = np.array(found.labels)
    assert labels.tolist() == [penguin_table.column("species")[int(row)].as_py() for row in found.rows]
    middles = {label: found.points[labels == label].mean(axis=0) for label in set(labels)}
    nearest = [min(middles, key=lambda label, at=point: np.linalg.norm(middles[label] - at)) for point in found.points]
    assert (np.array(nearest) == labels).mean() > 0.9
    assert 0.5 < found.explained.sum() <= 1


def test_without_a_target_the_map_shows_the_answers(penguins, penguin_table) -> None:
    """Labels are then what the model says, row by row."""
    table = penguin_table.drop_columns("species")
    answers = penguins.decide(table)[0].tolist()
    assert list(layer_map(penguins, table).labels) == answers
    half = table.append_column("species", pa.array([None, "Gentoo"] * (table.num_rows // 2)))
    assert list(layer_map(penguins, half).labels) == ["Gentoo" if i % 2 else a for i, a in enumerate(answers)]


def test_units_are_described_by_their_strongest_rows(penguins, penguin_table) -> None:
    """The rows are those with the largest activations, and the words name what they share."""
    found = strongest_rows(penguins, penguin_table, units=3, rows=5)
    seen = activations(penguins, penguin_table)[1]
    assert [one.unit for one in found] == np.argsort(-seen.std(axis=0), kind="stable")[:3].tolist()
    for one in found:
        assert min(one.activations) == pytest.approx(np.sort(seen[:, one.unit])[-5])
        assert len(one.rows) == 5
    assert any("of 5" in one.summary or "(all rows:" in one.summary for one in found)


def test_models_without_a_hidden_layer_say_so() -> None:
    """No network, no hidden layer, or none of that name: each gets its own sentence."""
    data = columns(20, 2)
    known = known_model({**data, "y": data["x0"]}, "y", lambda z: z[:, 0])
    with pytest.raises(LaminaError, match="which is no network"):
        layers(known)
    linear = make_model("price", network=MLP(widths=()))
    table = linear.conform(some_data(5))[0]
    with pytest.raises(LaminaError, match="has no hidden layer"):
        layer_map(linear, table)
    with pytest.raises(LaminaError, match=r"no hidden layer 'trunk\.9'"):
        activations(make_model("price"), table, "trunk.9")


def test_a_perceptron_has_one_layer() -> None:
    """Threshold units: one affine layer, nothing hidden."""
    assert [one.kind for one in layers(make_model("species", network=Perceptron()))] == ["Affine"]


def test_the_network_is_left_as_it_was(penguins, penguin_table) -> None:
    """Looking inside changes no answer and leaves no hook."""
    before = penguins.decide(penguin_table)[1]
    activations(penguins, penguin_table)
    np.testing.assert_array_equal(penguins.decide(penguin_table)[1], before)
    assert not torch.is_inference(next(iter(penguins.predictor.weights.values())))
