"""Networks in a newcomer's words: "64 relu, dropout 0.1, 64 relu" is a spec, and a spec is told in such words.

    network   a family ("table", "ft-transformer", "mlp", "perceptron", "linear", "lenet-5", "resnet-18"), or pieces
              with commas between them, or Python
    piece     first convolutions and pools (`lamina.networks.conv_words`), then hidden layers ("64", "64 relu"),
              "dropout 0.1" after the layer whose units it silences, or, at the end and for the whole network, "layer
              norm", "batch norm", "residual", "concat", "orthogonal weights"
    Python    the call that makes the spec, MLP(widths=(64,)), with plain values only; nothing is run

A layer without an activation takes relu. Large and small letters are alike.
"""

from __future__ import annotations

import math
import re
from typing import Any, NoReturn

from lamina.foundation.errors import SpecError, nearest
from lamina.foundation.specs import code, from_json
from lamina.networks.calls import read_call
from lamina.networks.conv_words import EXAMPLES, Spoken, conv_net, is_spoken, normed, read_spoken, told
from lamina.networks.convnet import ConvNet
from lamina.networks.fields import ENCODER_PARTS, ENCODERS
from lamina.networks.ft_transformer import FTTransformer
from lamina.networks.lenet import LeNet5
from lamina.networks.mlp import MLP, MOST_UNITS, Hidden, check_hidden, hidden_activations
from lamina.networks.perceptron import Perceptron
from lamina.networks.periodic import Periodic
from lamina.networks.pieces import Piece, cut
from lamina.networks.piecewise import Piecewise
from lamina.networks.resnet import RESNETS
from lamina.networks.table import Table
from lamina.networks.transformer import Transformer

Network = MLP | Table | FTTransformer | Perceptron
NETWORKS: tuple[type[Network], ...] = (MLP, Table, FTTransformer, Perceptron)  # every kind; files may hold no other
NETWORK_KINDS: tuple[type, ...] = (*NETWORKS, Piecewise, Periodic, Transformer, *ENCODERS, *ENCODER_PARTS)  # and parts

FAMILIES: dict[str, Network] = {
    "mlp": MLP(),
    "table": Table(),
    "ft-transformer": FTTransformer(),
    "perceptron": Perceptron(),
    "linear": MLP(widths=()),
    "lenet-5": Table(image=LeNet5(), trunk=MLP(widths=())),
    **{name: Table(image=image, trunk=MLP(widths=())) for name, image in RESNETS.items()},
}
OPTIONS: dict[str, tuple[str, str]] = {
    "layer norm": ("norm", "layer"),
    "batch norm": ("norm", "batch"),
    "no norm": ("norm", "none"),
    "residual": ("shortcut", "residual"),
    "concat": ("shortcut", "concat"),
    "he weights": ("initialisation", "he"),
    "glorot weights": ("initialisation", "glorot"),
    "lecun weights": ("initialisation", "lecun"),
    "orthogonal weights": ("initialisation", "orthogonal"),
}
LONGEST = 100_000  # characters


def parse_network(text: str) -> Network:
    """The spec that a string asks for.

    Raises:
        SpecError: a piece makes no sense; the message quotes it, says where it stands, and offers the nearest word.

    >>> parse_network("10 relu, 10 tanh")
    MLP(widths=(10, 10), activation=('relu', 'tanh'), dropout=0.0, norm='auto', shortcut='none', initialisation='auto')
    >>> parse_network("64, dropout 0.1, 64, layer norm").dropout
    (0.1, 0.0)
    >>> parse_network("conv 6 5x5 tanh, pool 2, 84 tanh").trunk.widths
    (84,)
    """
    if len(text) > LONGEST:
        raise SpecError(
            wrong=f"the network is {len(text):,} characters long.",
            expected=f"at most {LONGEST:,} characters.",
            remedy="describe fewer layers, or make the spec in Python.",
        )
    if re.match(r"\s*\w+\s*\(", text):
        spec: Network = from_json(read_call(text), NETWORK_KINDS)
        return spec
    pieces = cut(text)
    if len(pieces) == 1 and pieces[0].words in FAMILIES:
        return FAMILIES[pieces[0].words]
    return _read_pieces(pieces)


def describe(spec: Network) -> str:
    """The shortest string that `parse_network` reads as an equal spec: words where they reach, Python elsewhere.

    >>> describe(MLP(widths=(10, 10), activation=("relu", "tanh")))
    '10 relu, 10 tanh'
    >>> describe(Perceptron(epochs=5))
    'Perceptron(epochs=5)'
    """
    for name, family in FAMILIES.items():
        if spec == family and name != "mlp":  # its widths say more than its name
            return name
    if isinstance(spec, Table) and isinstance(spec.image, ConvNet) and (words := _told(spec, spec.image)):
        return words
    if not isinstance(spec, MLP) or not spec.widths:
        return code(spec)
    return ", ".join(_words(spec))


def _words(spec: MLP) -> list[str]:
    layers = [
        f"{units} {activation}" + (f", dropout {float(chance)!r}" if chance else "")
        for units, activation, chance in spec.hidden
    ]
    options = [words for words, (name, value) in OPTIONS.items() if getattr(spec, name) == value]
    return layers + options


def _told(spec: Table, image: ConvNet) -> str | None:
    """A convolutional network in words, None where they do not say all of it."""
    words = ", ".join([*told(image), *_words(spec.trunk)])
    try:
        return words if image.layers and parse_network(words) == spec else None
    except SpecError:
        return None


def _read_pieces(pieces: list[Piece]) -> Network:
    """Dense layers alone, or convolutions and pools first: an encoder of images, and its trunk."""
    front = next((i for i, piece in enumerate(pieces) if not is_spoken(piece.words)), len(pieces))
    if not front:
        return _read_layers(pieces)
    dense = pieces[front:]
    only_options = all(piece.words in OPTIONS for piece in dense)
    trunk = MLP(widths=(), **_options(dense)) if only_options else _read_layers(dense)
    try:
        image = conv_net([_spoken(piece) for piece in pieces[:front]])
    except SpecError as error:
        pieces[front - 1].refuse(f"ends no such network: {error.wrong.rstrip('.')}", **_advice(error))
    return Table(image=normed(image) if trunk.norm == "batch" else image, trunk=trunk)


def _spoken(piece: Piece) -> Spoken:
    try:
        return read_spoken(piece.words)
    except SpecError as error:
        piece.refuse(f"makes no layer: {error.wrong.rstrip('.')}", **_advice(error))


def _advice(error: SpecError) -> dict[str, str]:
    return {"expected": error.expected, "remedy": error.remedy}


def _read_layers(pieces: list[Piece]) -> MLP:
    layers = list(pieces)
    while layers[1:] and layers[-1].words in OPTIONS:
        layers.pop()
    hidden: list[Hidden] = []
    for piece in layers:
        if piece.words.startswith("dropout"):
            hidden[-1:] = [_silenced(piece, hidden[-1] if hidden else None)]
        else:
            hidden.append(_hidden(piece))
    return MLP(
        widths=tuple(layer.units for layer in hidden),
        activation=tuple(layer.activation for layer in hidden),
        dropout=tuple(layer.dropout for layer in hidden),
        **_options(pieces[len(layers) :]),
    )


def _hidden(piece: Piece) -> Hidden:
    found = re.fullmatch(r"([0-9]+)(?: (.+))?", piece.words)
    if found is None:
        _refuse_words(piece)
    digits, words = found[1], found[2] or "relu"
    if len(digits) > 9 or not 1 <= int(digits) <= MOST_UNITS:
        piece.refuse(
            f"asks for {digits[:12]} units",
            expected=f"from 1 to {MOST_UNITS:,} units in a layer.",
            remedy="try '64 relu'.",
        )
    if re.search("[0-9]", words):
        piece.refuse(
            "has a number too many", expected="one layer, such as '64 relu'.", remedy="put a comma between layers."
        )
    try:
        return Hidden(int(digits), check_hidden(re.sub("[ -]", "_", words)), 0.0)
    except SpecError as error:
        piece.refuse(f"makes no layer: {error.wrong.rstrip('.')}", **_advice(error))


def _silenced(piece: Piece, layer: Hidden | None) -> Hidden:
    if layer is None:
        piece.refuse(
            "has no layer before it",
            expected="dropout after the layer whose units it silences.",
            remedy="try '64, dropout 0.1'.",
        )
    try:
        chance = float(piece.words.removeprefix("dropout"))
    except ValueError:
        chance = math.nan
    if not 0 <= chance < 1:
        piece.refuse("gives no chance", expected="a chance: at least 0, below 1.", remedy="try 'dropout 0.1'.")
    return layer._replace(dropout=chance)


def _options(pieces: list[Piece]) -> dict[str, Any]:
    chosen: dict[str, str] = {}
    for piece in pieces:
        name, value = OPTIONS[piece.words]
        if name in chosen:
            piece.refuse(
                f"sets {name} again, which is {chosen[name]!r} already",
                expected="each choice once.",
                remedy="leave one out.",
            )
        chosen[name] = value
    return chosen


def _refuse_words(piece: Piece) -> NoReturn:
    if piece.words in OPTIONS:
        piece.refuse(
            "does not follow the layers",
            expected="words about the whole network at its end.",
            remedy="try '64, 64, residual'.",
        )
    if piece.words in FAMILIES:
        piece.refuse(
            "stands among other pieces", expected="the name of a family alone.", remedy="leave the others out."
        )
    if is_spoken(piece.words):
        piece.refuse(
            "follows a dense layer",
            expected="convolutions and pools first, then dense layers.",
            remedy="try 'conv 32 3x3, pool 2, 64 relu'.",
        )
    if not piece.words:
        piece.refuse("is empty", expected="a layer, such as '64 relu'.", remedy="take the comma away, or name a layer.")
    known = [*(f"64 {name}" for name in hidden_activations()), "dropout 0.1", *EXAMPLES, *FAMILIES, *OPTIONS]
    piece.refuse(
        "is not known",
        expected="units and an activation ('64 relu'), 'dropout 0.1', a family ('table'), or words such as 'residual'.",
        remedy=nearest(piece.words, known),
    )
