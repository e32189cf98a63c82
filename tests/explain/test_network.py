"""Networks of fields opened up: what reads a field is one layer, whatever it is made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lamina.explain.network import body_of, hidden_stage, layers, member_module, predictor_of, stages
from lamina.model import Model
from lamina.networks import FCN, MLP, Conv, ConvNet, Periodic, Piecewise, Table, Words

from .field_models import images, model_of, series, texts

CASES = {
    "Image": (images, "spot", Table(trunk=MLP(widths=(5,)), image=ConvNet(layers=(Conv(channels=3),)))),
    "Words": (texts, "verdict", Table(trunk=MLP(widths=(5,), norm="layer"), text=Words(units=4))),
    "Series": (series, "bump", Table(trunk=MLP(widths=(5,)), series=FCN(widths=(4, 3), sizes=(5, 3)))),
}


@pytest.fixture(params=CASES)
def kind(request: pytest.FixtureRequest) -> str:
    """What reads the field."""
    return str(request.param)


@pytest.fixture
def model(kind: str) -> Model:
    """Two untrained networks of one field."""
    data, target, network = CASES[kind]
    return model_of(data(), target, network=network)


def test_an_encoder_is_one_layer(model: Model, kind: str) -> None:
    """Before the dense ones, as wide as what it hands on."""
    found = layers(model)
    assert [layer.kind for layer in found] == [kind, "Affine", "Affine"]
    encoder, first, last = found
    assert encoder.name == "encoders.0"
    assert encoder.units == first.inputs
    assert (first.units, first.activation, last.units) == (5, "relu", 2)


def test_an_encoder_says_what_it_reads(model: Model, kind: str) -> None:
    """The column, what a row of it is, and its axes; the layers after it read no column of their own."""
    encoder, *others = layers(model)
    column = model.encoder.field_columns[0]
    assert (encoder.column, encoder.holds, encoder.shape) == (column.name, column.field.holds, column.field.shape)
    assert all((one.column, one.holds, one.shape) == ("", "", ()) for one in others)


@pytest.mark.parametrize(("numbers", "name"), [(Piecewise(width=3), "Ramps"), (Periodic(width=3), "Waves")])
def test_what_is_learnt_of_each_number_is_a_layer(numbers: Piecewise | Periodic, name: str) -> None:
    """Its weights are counted too, and it hands on the numbers with what it makes of each."""
    data = {"size": [float(row) for row in range(24)], "kind": ["a", "b"] * 12}
    model = model_of(data, "kind", network=Table(trunk=MLP(widths=(5,)), numbers=numbers))
    found = layers(model)
    module = member_module(predictor_of(model, what="its layers"))
    assert found[0].kind == name
    assert found[0].units == found[1].inputs
    assert sum(layer.weights for layer in found) == sum(one.numel() for one in module.parameters())


def test_every_weight_is_counted_once(model: Model, kind: str) -> None:
    """The weights of all layers are those of one member."""
    module = member_module(predictor_of(model, what="its layers"))
    assert sum(layer.weights for layer in layers(model)) == sum(one.numel() for one in module.parameters())


def test_the_last_hidden_layer_is_one_of_the_trunk(model: Model) -> None:
    """No activation inside an encoder is taken for a hidden layer."""
    module = member_module(predictor_of(model, what="its layers"))
    assert hidden_stage(module, None).layer.kind == "Affine"
    assert all(not stage.layer.name.startswith("encoders.") for stage in stages(module)[1:])
    assert stages(module)[0].speaks is module.encoders[0]


def test_all_members_answer_as_one_function(model: Model, kind: str) -> None:
    """In float64, from numbers and fields, the scores are those of the predictor."""
    batch = model.encoder.encode(model.conform(CASES[kind][0]())[0])
    inputs = [torch.from_numpy(one) for one in (batch.numbers, *batch.fields)]
    found = body_of(predictor_of(model, what="its body")).answers(*inputs)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.detach().numpy(), model.predictor.scores(batch), rtol=1e-4, atol=1e-4)
