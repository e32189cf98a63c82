"""Grad-CAM: equal to class activation mapping where that is defined, and placed where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lamina.explain import explain_field_of_table
from lamina.explain.network import member_module
from lamina.networks import MLP, Table
from lamina.networks.convnet import Conv, ConvNet
from lamina.networks.lenet import LeNet5
from lamina.networks.resnet import ResNet

from .field_models import images, model_of, table_of


def test_with_a_mean_and_a_linear_head_it_is_class_activation_mapping() -> None:
    """relu(sum of w_ck A_k) over the number of places, from weights and channels worked out by hand."""
    layers = (Conv(channels=6, padding="same", norm="batch"), Conv(channels=7, padding="same"))
    network = Table(trunk=MLP(widths=()), image=ConvNet(layers=layers, head="mean"))
    model = model_of(images(), "spot", network=network, members=1)
    table = table_of(model, images())
    module, pixels = member_module(model.predictor), torch.from_numpy(model.encoder.encode(table).fields[0])
    reader = module.get_submodule("encoders.0")
    with torch.no_grad():
        channels = reader.body[:-1](reader.pixels(pixels))
    weights = next(w for name, w in module.named_parameters() if name.startswith("trunk") and w.dim() == 2)
    for row, one in enumerate(explain_field_of_table(model, table, "photo", method="grad-cam")):
        cam = torch.einsum("k,kyx->yx", weights[one.output], channels[row]).relu() / channels[row][0].numel()
        np.testing.assert_allclose(one.values, cam.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize(
    "reader",
    [ResNet(blocks=(1, 1), widths=(4, 8)), LeNet5(), ConvNet(layers=(Conv(channels=4), Conv(channels=4, stride=2)))],
    ids=["resnet", "lenet", "flat"],
)
def test_it_is_there_for_every_convolutional_network(reader) -> None:
    """As large as the image, never below zero for a class, and not the same everywhere in all rows."""
    model = model_of(images(), "spot", network=Table(trunk=MLP(widths=()), image=reader))
    found = [
        one.values for one in explain_field_of_table(model, table_of(model, images(), 6), "photo", method="grad-cam")
    ]
    assert {values.shape for values in found} == {(12, 12)}
    assert all((values >= 0).all() for values in found)
    assert any(np.ptp(values) > 0 for values in found)
