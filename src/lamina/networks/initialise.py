r"""First weights: normal numbers whose spread keeps the signal alive through many layers.

    he          variance 2 / inputs                       for relu and its family
    glorot      variance 2 gain^2 / (inputs + outputs)    for tanh and its family
    lecun       variance 1 / inputs                       for selu, and for layers without an activation
    orthogonal  gain x an orthogonal matrix               for very deep networks
    auto        glorot for tanh, lecun_tanh, logistic and none; variance gain^2 / inputs for all others, which is he
                for relu and lecun for selu

``inputs`` is how many numbers a unit adds up; ``gain`` is the activation's own (`Activation`), 5/3 for tanh. A relu
silences half of its inputs, hence He's 2. torch's own default for `torch.nn.Linear`, variance 1 / (3 inputs), loses a
factor of 6 at every relu layer, and a network of 30 such layers answers every row alike.

The signal keeps its spread over twenty layers of relu, leaky_relu, elu, selu, tanh and lecun_tanh. Through gelu and
silu it drifts, and logistic and softplus lose the gradient: build those deep with residual shortcuts.

Sources: He et al. (2015), arXiv:1502.01852; Glorot and Bengio (2010), PMLR 9:249; LeCun et al. (1998),
doi:10.1007/3-540-49430-8_2; Saxe, McClelland and Ganguli (2014), arXiv:1312.6120; Klambauer et al. (2017),
arXiv:1706.02515 (selu).
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from lamina.networks.activations import activation as find_activation
from lamina.networks.layers import Affine, Embedding

Scheme = Literal["auto", "he", "glorot", "lecun", "orthogonal"]

_GLOROT = ("identity", "logistic", "tanh", "lecun_tanh")  # activations that look alike on both sides of zero


def fill_affine(
    layer: Affine, *, scheme: Scheme, activation: str, stream: torch.Generator, scale: float = 1.0
) -> Affine:
    """Draw the weights of an affine layer in place, leave its biases zero, and return it.

    A layer without memory (``torch.device("meta")``), made to learn shapes from, is left as it is: torch's arithmetic
    on such tensors fills nothing either, but its first use imports a compiler for seconds.

    Args:
        layer: the layer to fill.
        scheme: the rule (see the table above).
        activation: the name of the activation that follows, "identity" for none.
        stream: where the draws come from.
        scale: an extra factor; 0 leaves zeros, and 0.1 keeps first answers near "all classes alike".

    >>> layer = fill_affine(Affine(200, 100), scheme="he", activation="relu", stream=torch.Generator().manual_seed(0))
    >>> round(layer.weight.std().item(), 2)  # sqrt(2 / 200)
    0.1
    """
    if layer.weight.is_meta:
        return layer
    with torch.no_grad():
        if scheme == "orthogonal":
            drawn = _orthogonal(layer.weight, stream) * find_activation(activation).gain
        else:
            drawn = torch.randn(layer.weight.shape, generator=stream) * _spread(layer.weight, scheme, activation)
        layer.weight.copy_(drawn * scale)
    return layer


def fill_embedding(layer: Embedding, *, stream: torch.Generator) -> Embedding:
    """Draw the rows of an embedding in place and return it.

    A row has length 1 on average, so that a category starts with the weight of one standardised number, however wide
    its embedding. Row 0 (unseen) stays zero: an unseen category starts, and without training stays, "nothing known".
    A layer without memory is left as it is (see `fill_affine`).
    """
    if layer.weight.is_meta:
        return layer
    size, width = layer.weight.shape
    with torch.no_grad():
        layer.weight[1:] = torch.randn((max(size - 1, 0), width), generator=stream) / math.sqrt(max(width, 1))
    return layer


def _spread(weight: Tensor, scheme: Scheme, activation: str) -> float:
    outputs, inputs = weight.shape
    known = find_activation(activation)
    if scheme == "auto" and known.name in _GLOROT:
        scheme = "glorot"
    variance = {
        "he": 2 / max(inputs, 1),
        "glorot": 2 * known.gain**2 / max(inputs + outputs, 1),
        "lecun": 1 / max(inputs, 1),
        "auto": known.gain**2 / max(inputs, 1),
    }
    return math.sqrt(variance[scheme])


def _orthogonal(weight: Tensor, stream: torch.Generator) -> Tensor:
    outputs, inputs = weight.shape
    tall = torch.randn((max(outputs, inputs), min(outputs, inputs)), generator=stream)
    basis, triangle = torch.linalg.qr(tall)
    # a sign per column makes the distribution uniform over orthogonal matrices (Mezzadri 2007)
    basis *= torch.where(triangle.diagonal() < 0, -1.0, 1.0)
    square: Tensor = basis if outputs >= inputs else basis.mT
    return square
