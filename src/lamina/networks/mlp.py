r"""Multilayer perceptrons: affine layers with an activation between them, and roads past them for deep ones.

    plain     h_0 = x     h_i = drop(f_i(norm(W_i h_{i-1} + b_i)))                    score = V h_L + c
    concat    h_0 = x     h_i = (h_{i-1}, drop(f_i(norm(W_i h_{i-1} + b_i))))         score = V h_L + c
    residual  h_0 = S x   h_i = h_{i-1} + U_i drop(f_i(W_i norm(h_{i-1}) + b_i)) + c_i    score = V norm(h_L) + c

A residual layer holds two affine ones, and U_i starts at zero: at birth the network is S x followed by V, however deep
it is, and every layer learns a correction to the one before. Where the width changes, an affine road takes the place of
h_{i-1}. V starts ten times smaller than usual: the first answers treat all classes alike (loss near ln(classes)).

Sources: Rumelhart, Hinton and Williams (1986), doi:10.1038/323533a0; He et al. (2016), arXiv:1603.05027 (the norm
before the layer); Goyal et al. (2017), arXiv:1706.02677 (zero at the end of a block); Huang et al. (2017),
arXiv:1608.06993 (concat). We differ: with selu the dropout is the plain one, not alpha dropout, so its fixed point is
only kept without dropout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any, ClassVar, Literal, NamedTuple

from torch import nn

from lamina.foundation.errors import SpecError, nearest
from lamina.foundation.randomness import torch_stream
from lamina.foundation.signature import Signature
from lamina.foundation.specs import check, setting
from lamina.networks.activations import ACTIVATIONS, ALIASES, activation
from lamina.networks.initialise import Scheme, fill_affine
from lamina.networks.layers import Activate, Affine, BatchNorm, Concat, Dropout, LayerNorm, Residual
from lamina.networks.refuse import refuse_fields

MOST_LAYERS = 1000
MOST_UNITS = 100_000
MOST_WEIGHTS = 1_000_000_000  # between hidden layers: more would not fit into the memory of most machines


class Hidden(NamedTuple):
    """One hidden layer as asked for: how many units, which activation, and the chance to silence a unit."""

    units: int
    activation: str
    dropout: float


@dataclass(frozen=True, kw_only=True)
class MLP:
    """A multilayer perceptron, described but not yet built.

    ``activation`` and ``dropout`` may be one value for all hidden layers or a tuple with one for each; a tuple of equal
    values becomes that value, and an alias the full name, so that equal networks are equal specs. Without widths it
    is a linear model.

    **Shape**: float32 ``(batch, feature)`` in, scores ``(batch, score)`` out.

    Raises:
        SpecError: a setting lies outside its bounds, a tuple does not match ``widths``, an activation is unknown or
            cannot stand inside a network.

    >>> import torch
    >>> network = MLP(widths=(8,)).build(Signature(features=3, scores=2), seed=0)
    >>> network(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    categories: ClassVar[Literal["onehot", "codes"]] = "onehot"  # how an encoder should hand over categories
    by_gradient: ClassVar[bool] = True  # trained by following a gradient
    reads_fields: ClassVar[bool] = False  # images, texts and series

    widths: tuple[int, ...] = setting((256, 256), "units of each hidden layer", low=1, high=MOST_UNITS)
    activation: str | tuple[str, ...] = setting("relu", "activation of the hidden layers, one or one for each")
    dropout: float | tuple[float, ...] = setting(
        0.0, "chance to silence a hidden unit while training, one or one for each layer", low=0, below=1
    )
    norm: Literal["auto", "none", "layer", "batch"] = setting(
        "auto", "normalisation of the units; auto is layer for residual networks, otherwise none"
    )
    shortcut: Literal["none", "residual", "concat"] = setting("none", "roads past the hidden layers")
    initialisation: Scheme = setting("auto", "rule for the first weights; auto fits the activation")

    def __post_init__(self) -> None:
        check(self)
        _check_size(self.widths, self.shortcut)
        chosen = self.activation
        names = tuple(map(check_hidden, chosen)) if isinstance(chosen, tuple) else check_hidden(chosen)
        for name, value in (("activation", names), ("dropout", self.dropout)):
            object.__setattr__(self, name, _one_if_equal(name, value, self.widths))

    def build(self, signature: Signature, *, seed: int) -> nn.Sequential:
        """The network; equal seeds give equal weights, and no other draw is disturbed.

        Without norm and shortcut it is a flat chain of `Affine`, `Activate` and (where there is a chance) `Dropout`.

        Raises:
            SpecError: the signature has categories or fields: this network takes numbers only.
        """
        refuse_fields("MLP", signature.fields)
        if signature.categories:
            raise SpecError(
                wrong=f"MLP was asked to take {len(signature.categories)} category column(s) as codes.",
                expected="numbers only: categories as one-hot features.",
                remedy='encode with categories="onehot", or use Table(), which takes codes.',
            )
        stream = torch_stream(seed, "initialise")
        fill = partial(fill_affine, scheme=self.initialisation, stream=stream)
        body = {"none": _plain, "concat": _concat, "residual": _residual}[self.shortcut]
        layers, width = body(self.hidden, signature.features, self._norm, fill)
        head = Affine(width, signature.scores)
        fill(head, scheme="lecun", activation="identity", scale=0.1)
        return nn.Sequential(*layers, head)

    @property
    def hidden(self) -> tuple[Hidden, ...]:
        """The hidden layers, one by one.

        >>> MLP(widths=(8, 4), activation=("relu", "tanh")).hidden[1]
        Hidden(units=4, activation='tanh', dropout=0.0)
        """
        layers = len(self.widths)
        names = self.activation if isinstance(self.activation, tuple) else (self.activation,) * layers
        chances = self.dropout if isinstance(self.dropout, tuple) else (self.dropout,) * layers
        return tuple(map(Hidden, self.widths, names, chances))

    @property
    def _norm(self) -> str:
        if self.norm != "auto":
            return self.norm
        return "layer" if self.shortcut == "residual" else "none"


def hidden_activations() -> tuple[str, ...]:
    """The names of the activations that a hidden layer may have."""
    return tuple(name for name, known in ACTIVATIONS.items() if known.hidden and known.differentiable)


def check_hidden(name: str) -> str:
    """The full name of an activation that may stand between two layers of a network trained by gradients.

    Raises:
        SpecError: the name is unknown, is "step" (no gradient), or is "softmax" (an output).

    >>> check_hidden("sigmoid")
    'logistic'
    """
    if name not in (*ACTIVATIONS, *ALIASES):
        raise SpecError(
            wrong=f"a hidden layer has activation {name!r}, which is not known.",
            expected=f"one of {', '.join(hidden_activations())}.",
            remedy=nearest(name, [*hidden_activations(), *ALIASES]),
        )
    known = activation(name)
    if not known.differentiable:
        raise SpecError(
            wrong=f"a hidden layer has activation {name!r}, which has no gradient: it is zero wherever it is defined.",
            expected=f"an activation to learn through, one of {', '.join(hidden_activations())}.",
            remedy='use "logistic", a smooth step, or Perceptron(), which learns by its own rule.',
        )
    if not known.hidden:
        raise SpecError(
            wrong=f"a hidden layer has activation {name!r}, which is an output.",
            expected="an activation of single units; the output unit follows from the task, softmax for classes.",
            remedy="leave it out, or use 'relu' or 'tanh' for the hidden layer.",
        )
    return known.name


Fill = Callable[..., Affine]
Body = tuple[list[nn.Module], int]  # layers, and how many units the last one gives


def _plain(hidden: tuple[Hidden, ...], inputs: int, norm: str, fill: Fill) -> Body:
    layers: list[nn.Module] = []
    for layer in hidden:
        layers += _step(layer, inputs, norm, fill)
        inputs = layer.units
    return layers, inputs


def _concat(hidden: tuple[Hidden, ...], inputs: int, norm: str, fill: Fill) -> Body:
    layers: list[nn.Module] = []
    for layer in hidden:
        layers.append(Concat(nn.Sequential(*_step(layer, inputs, norm, fill))))
        inputs += layer.units
    return layers, inputs


def _residual(hidden: tuple[Hidden, ...], inputs: int, norm: str, fill: Fill) -> Body:
    if not hidden:
        return [], inputs
    # the stem comes first: a norm over raw features would wipe out a single one, and mixes units of measure
    layers: list[nn.Module] = [fill(Affine(inputs, hidden[0].units), activation="identity")]
    inputs = hidden[0].units
    for layer in hidden:
        layers.append(_block(layer, inputs, norm, fill))
        inputs = layer.units
    return [*layers, *_norms(norm, inputs)], inputs


def _step(layer: Hidden, inputs: int, norm: str, fill: Fill) -> list[nn.Module]:
    affine = fill(Affine(inputs, layer.units), activation=layer.activation)
    return [affine, *_norms(norm, layer.units), Activate(layer.activation), *_dropouts(layer.dropout)]


def _block(layer: Hidden, inputs: int, norm: str, fill: Fill) -> Residual:
    road = None if inputs == layer.units else fill(Affine(inputs, layer.units), activation="identity")
    inner = [*_norms(norm, inputs), *_step(layer, inputs, "none", fill), Affine(layer.units, layer.units)]
    return Residual(nn.Sequential(*inner), road)


def _norms(norm: str, units: int) -> list[nn.Module]:
    kinds: dict[str, type[nn.Module]] = {"layer": LayerNorm, "batch": BatchNorm}
    return [] if norm == "none" else [kinds[norm](units)]


def _dropouts(chance: float) -> list[nn.Module]:
    return [Dropout(chance)] if chance > 0 else []


def _one_if_equal(name: str, value: Any, widths: tuple[int, ...]) -> Any:
    if not isinstance(value, tuple):
        return value
    if len(value) != len(widths):
        raise SpecError(
            wrong=f"MLP has {len(value)} values in {name}={value!r} for {len(widths)} hidden layer(s).",
            expected="one value for all hidden layers, or one for each.",
            remedy=f"give {name} as many values as widths, or a single one.",
        )
    if not value:
        return MLP.__dataclass_fields__[name].default
    return value[0] if len(set(value)) == 1 else value


def _check_size(widths: tuple[int, ...], shortcut: str) -> None:
    if len(widths) > MOST_LAYERS:
        raise SpecError(
            wrong=f"MLP has {len(widths)} hidden layers.",
            expected=f"at most {MOST_LAYERS}.",
            remedy='take fewer layers; with shortcut="residual" fifty are already very deep.',
        )
    before = [0, *accumulate(widths)] if shortcut == "concat" else [0, *widths]
    weights = sum(a * b for a, b in zip(before, widths, strict=False))
    weights += sum(b * b for b in widths) if shortcut == "residual" else 0
    if weights > MOST_WEIGHTS:
        raise SpecError(
            wrong=f"MLP has {weights:,} weights between its hidden layers.",
            expected=f"at most {MOST_WEIGHTS:,}, which take {4 * MOST_WEIGHTS / 1e9:g} gigabytes.",
            remedy="take fewer layers or fewer units, such as widths=(256, 256).",
        )
