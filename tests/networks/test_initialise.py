"""First weights: their spread is the one the source gives, and they come from the stream alone."""

import math

import pytest
import torch

from lamina.networks.initialise import Scheme, fill_affine, fill_embedding
from lamina.networks.layers import Affine, Embedding


def filled(scheme: Scheme, activation: str, inputs: int = 400, outputs: int = 300, seed: int = 0) -> Affine:
    """A large filled layer, so that the spread of its weights is known to one part in 500."""
    stream = torch.Generator().manual_seed(seed)
    return fill_affine(Affine(inputs, outputs), scheme=scheme, activation=activation, stream=stream)


@pytest.mark.parametrize(
    ("scheme", "activation", "variance"),
    [
        ("auto", "relu", 2 / 400),
        ("auto", "leaky_relu", 2 / (400 * (1 + 0.01**2))),
        ("auto", "tanh", (5 / 3) ** 2 * 2 / 700),
        ("auto", "identity", 2 / 700),
        ("auto", "sigmoid", 2 / 700),
        ("auto", "selu", 1 / 400),
        ("he", "tanh", 2 / 400),
        ("glorot", "relu", 2 * 2 / 700),
        ("lecun", "relu", 1 / 400),
    ],
)
def test_the_variance_is_that_of_the_source(scheme: Scheme, activation: str, variance: float) -> None:
    """The spread of the weights is He's, Glorot's or LeCun's; the mean is 0 and so are the biases."""
    layer = filled(scheme, activation)
    assert layer.weight.std().item() == pytest.approx(math.sqrt(variance), rel=0.01)
    assert layer.weight.mean().item() == pytest.approx(0, abs=4 * math.sqrt(variance / layer.weight.numel()))
    assert not layer.bias.any()


@pytest.mark.parametrize(("inputs", "outputs"), [(40, 40), (40, 30), (30, 40)])
def test_orthogonal_weights_keep_lengths(inputs: int, outputs: int) -> None:
    """Rows (or, of a tall matrix, columns) are at right angles, and as long as the gain of the activation."""
    weight = filled("orthogonal", "tanh", inputs, outputs).weight.detach()
    gram = weight @ weight.mT if outputs <= inputs else weight.mT @ weight
    torch.testing.assert_close(gram, torch.eye(min(inputs, outputs)) * (5 / 3) ** 2, rtol=0, atol=1e-5)


@pytest.mark.parametrize("scheme", ["auto", "orthogonal"])
def test_equal_streams_give_equal_weights(scheme: Scheme) -> None:
    """The weights follow from the stream: equal seeds equal weights, other seeds others."""
    assert torch.equal(filled(scheme, "relu", seed=1).weight, filled(scheme, "relu", seed=1).weight)
    assert not torch.equal(filled(scheme, "relu", seed=1).weight, filled(scheme, "relu", seed=2).weight)


def test_a_scale_shrinks_the_weights() -> None:
    """A tenth of the scale is a tenth of every weight."""
    stream = torch.Generator().manual_seed(0)
    small = fill_affine(Affine(400, 300), scheme="he", activation="relu", stream=stream, scale=0.1)
    torch.testing.assert_close(small.weight, filled("he", "relu").weight * 0.1)


def test_a_layer_without_inputs_can_be_filled() -> None:
    """No inputs means no weights, not a division by zero."""
    assert filled("auto", "relu", inputs=0).weight.numel() == 0


def test_an_embedding_starts_at_length_one_and_at_zero_for_unseen() -> None:
    """The mean square length of a row is 1 however wide it is, and the row of code 0 is zero."""
    weight = fill_embedding(Embedding(2000, 9), stream=torch.Generator().manual_seed(0)).weight.detach()
    assert not weight[0].any()
    assert weight[1:].square().sum(1).mean().item() == pytest.approx(1, rel=0.05)
