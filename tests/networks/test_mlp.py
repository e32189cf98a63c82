"""Multilayer perceptrons: the chain that was asked for, and specs that refuse what cannot be built."""

import pytest
import torch
from torch import nn

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Signature
from lamina.networks.layers import Activate, Affine, BatchNorm, Concat, Dropout, LayerNorm, Residual
from lamina.networks.mlp import MLP, hidden_activations

SIGNATURE = Signature(features=4, scores=3)


def kinds(spec: MLP) -> list[type[nn.Module]]:
    """What the built network is a chain of."""
    return [type(layer) for layer in spec.build(SIGNATURE, seed=0)]


def test_a_plain_network_is_a_flat_chain() -> None:
    """Without norm and shortcut there are affine layers, activations and, where there is a chance, dropout."""
    spec = MLP(widths=(10, 6), activation=("relu", "tanh"), dropout=(0.5, 0.0))
    network = spec.build(SIGNATURE, seed=0)
    assert kinds(spec) == [Affine, Activate, Dropout, Affine, Activate, Affine]
    assert [tuple(p.shape) for p in network.parameters()] == [(10, 4), (10,), (6, 10), (6,), (3, 6), (3,)]
    assert [layer.name for layer in network if isinstance(layer, Activate)] == ["relu", "tanh"]


def test_no_widths_make_a_linear_model() -> None:
    """Without hidden layers one affine layer remains, whatever the shortcut."""
    for shortcut in ("none", "residual", "concat"):
        assert kinds(MLP(widths=(), shortcut=shortcut)) == [Affine]


def test_a_norm_stands_before_the_activation() -> None:
    """Affine, norm, activation, dropout."""
    assert kinds(MLP(widths=(8,), norm="layer", dropout=0.1)) == [Affine, LayerNorm, Activate, Dropout, Affine]
    assert kinds(MLP(widths=(8,), norm="batch")) == [Affine, BatchNorm, Activate, Affine]


def test_a_residual_layer_is_a_block() -> None:
    """A stem, one block a layer (with a road where the width changes), a norm, and the head."""
    network = MLP(widths=(8, 8, 5), shortcut="residual").build(SIGNATURE, seed=0)
    assert [type(layer) for layer in network] == [Affine, Residual, Residual, Residual, LayerNorm, Affine]
    roads = [layer.road is not None for layer in network if isinstance(layer, Residual)]
    assert roads == [False, False, True]


def test_fifty_residual_layers_are_stem_and_head_at_birth() -> None:
    """Each block is the identity, bit for bit, until it has learnt something."""
    network = MLP(widths=(16,) * 50, shortcut="residual").build(SIGNATURE, seed=0)
    x = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(network[:-2](x), network[0](x))


def test_concat_hands_on_every_earlier_layer() -> None:
    """The head sees the features and all hidden units."""
    network = MLP(widths=(10, 6), shortcut="concat").build(SIGNATURE, seed=0)
    assert [type(layer) for layer in network] == [Concat, Concat, Affine]
    assert network[-1].weight.shape == (3, 4 + 10 + 6)


@pytest.mark.parametrize("shortcut", ["none", "concat"])
def test_the_network_is_its_formula(shortcut: str) -> None:
    """Scores are those of the formula worked out with plain matrices."""
    network = MLP(widths=(10, 6), activation=("tanh", "logistic"), shortcut=shortcut).build(SIGNATURE, seed=0)
    x = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    w1, b1, w2, b2, w3, b3 = network.parameters()
    first = torch.tanh(x @ w1.T + b1)
    first = torch.cat((x, first), 1) if shortcut == "concat" else first
    second = torch.sigmoid(first @ w2.T + b2)
    second = torch.cat((first, second), 1) if shortcut == "concat" else second
    torch.testing.assert_close(network(x), second @ w3.T + b3)


def test_a_residual_block_is_its_formula() -> None:
    """Once its last weights are not zero, a block is h + U relu(W norm(h) + b) + c."""
    network = MLP(widths=(8,), shortcut="residual").build(SIGNATURE, seed=0)
    stream = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += torch.randn(parameter.shape, generator=stream)
    s, c0, g, b, w, b1, u, c, g2, b2, v, cv = network.parameters()
    x = torch.randn(7, 4, generator=stream)
    h = x @ s.T + c0
    h = h + torch.relu(nn.functional.layer_norm(h, (8,), g, b) @ w.T + b1) @ u.T + c
    torch.testing.assert_close(network(x), nn.functional.layer_norm(h, (8,), g2, b2) @ v.T + cv)


def test_biases_start_at_zero_and_the_head_small() -> None:
    """No bias, and a head ten times smaller than LeCun's rule."""
    network = MLP(widths=(4000,)).build(SIGNATURE, seed=0)
    assert not network[0].bias.any()
    assert not network[-1].bias.any()
    assert network[-1].weight.std().item() == pytest.approx(0.1 / 4000**0.5, rel=0.05)


def test_equal_networks_are_equal_specs() -> None:
    """A tuple of equal values is that value, and an alias is its activation."""
    assert MLP(widths=(8, 8), activation=("sigmoid", "logistic"), dropout=(0.1, 0.1)) == MLP(
        widths=(8, 8), activation="logistic", dropout=0.1
    )
    assert MLP(widths=(), activation=(), dropout=()) == MLP(widths=())


@pytest.mark.parametrize("name", hidden_activations())
def test_every_hidden_activation_can_be_built(name: str) -> None:
    """Each of them makes a network with finite scores."""
    assert MLP(widths=(8, 8), activation=name).build(SIGNATURE, seed=0)(torch.ones(2, 4)).isfinite().all()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"widths": (0,)}, "at least 1, at most 100000"),
        ({"widths": (100_001,)}, "at least 1, at most 100000"),
        ({"widths": (1,) * 1001}, "MLP has 1001 hidden layers"),
        ({"widths": (50_000, 50_000)}, "2,500,000,000 weights"),
        ({"widths": (35_000,), "shortcut": "residual"}, "1,225,000,000 weights"),
        ({"widths": (11_000,) * 5, "shortcut": "concat"}, "1,210,000,000 weights"),
        ({"widths": [8]}, "of type tuple"),
        ({"activation": "step"}, "no gradient"),
        ({"activation": "softmax"}, "the output unit follows from the task"),
        ({"activation": "rleu"}, "did you mean 'relu'"),
        ({"activation": ("relu",)}, "1 values in activation=('relu',) for 2 hidden layer(s)"),
        ({"dropout": (0.1, 0.2, 0.3)}, "3 values in dropout"),
        ({"dropout": 1.0}, "below 1"),
        ({"dropout": float("nan")}, "below 1"),
        ({"norm": "group"}, "norm='group'"),
        ({"shortcut": "highway"}, "shortcut='highway'"),
        ({"initialisation": "zeros"}, "initialisation='zeros'"),
    ],
)
def test_what_cannot_be_built_is_refused(settings: dict[str, object], sentence: str) -> None:
    """A setting that makes no sense gives a sentence with its value and its bounds."""
    with pytest.raises(SpecError) as caught:
        MLP(**settings)
    assert sentence in str(caught.value)


def test_a_step_is_sent_to_the_perceptron() -> None:
    """The error for a step offers what does work."""
    with pytest.raises(SpecError, match=r"logistic.*Perceptron\(\)"):
        MLP(activation="step")


def test_codes_are_refused() -> None:
    """A signature with categories is answered by a sentence, not by a wrong network."""
    with pytest.raises(SpecError, match="onehot"):
        MLP().build(Signature(features=2, scores=2, categories=(3,)), seed=0)
