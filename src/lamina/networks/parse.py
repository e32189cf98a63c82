"""Networks in a newcomer's words: "64 relu, dropout 0.1, 64 relu" is a spec, and a spec is told in such words.

    network   a family ("mlp", "table", "perceptron", "linear"), or pieces with commas between them, or Python
    piece     a hidden layer ("64", "64 relu"), "dropout 0.1" after the layer whose units it silences, or, at the end
              and for the whole network, "layer norm", "batch norm", "residual", "concat", "orthogonal weights"
    Python    the call that makes the spec, MLP(widths=(64,)), with plain values only; nothing is run

A layer without an activation takes relu. Large and small letters are alike.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from lamina.foundation.errors import SpecError, nearest
from lamina.foundation.specs import code, from_json
from lamina.networks.mlp import MLP, MOST_UNITS, Hidden, check_hidden, hidden_activations
from lamina.networks.perceptron import Perceptron
from lamina.networks.periodic import Periodic
from lamina.networks.piecewise import Piecewise
from lamina.networks.table import Table

Network = MLP | Table | Perceptron
NETWORKS: tuple[type[Network], ...] = (MLP, Table, Perceptron)  # every kind there is; files may hold no other
NETWORK_KINDS: tuple[type, ...] = (*NETWORKS, Piecewise, Periodic)  # and what they may be made of

FAMILIES: dict[str, Network] = {
    "mlp": MLP(),
    "table": Table(),
    "perceptron": Perceptron(),
    "linear": MLP(widths=()),
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
    """
    if len(text) > LONGEST:
        raise SpecError(
            wrong=f"the network is {len(text):,} characters long.",
            expected=f"at most {LONGEST:,} characters.",
            remedy="describe fewer layers, or make the spec in Python.",
        )
    if re.match(r"\s*\w+\s*\(", text):
        return _read_call(text)
    pieces = _cut(text)
    if len(pieces) == 1 and pieces[0].words in FAMILIES:
        return FAMILIES[pieces[0].words]
    return _read_layers(pieces)


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
    if not isinstance(spec, MLP) or not spec.widths:
        return code(spec)
    layers = [
        f"{units} {activation}" + (f", dropout {float(chance)!r}" if chance else "")
        for units, activation, chance in spec.hidden
    ]
    options = [words for words, (name, value) in OPTIONS.items() if getattr(spec, name) == value]
    return ", ".join(layers + options)


@dataclass(frozen=True, kw_only=True)
class _Piece:
    text: str  # as it was typed, without blanks around it
    number: int  # 1 for the first
    place: int  # of its first character in the string, 1 for the first

    @property
    def words(self) -> str:
        return " ".join(self.text.lower().split())

    def refuse(self, why: str, *, expected: str, remedy: str) -> NoReturn:
        where = f"piece {self.number} of the network, {self.text[:60]!r} at character {self.place},"
        raise SpecError(wrong=f"{where} {why}.", expected=expected, remedy=remedy)


def _cut(text: str) -> list[_Piece]:
    pieces, place = [], 1
    for number, raw in enumerate(text.split(","), start=1):
        indent = len(raw) - len(raw.lstrip())
        pieces.append(_Piece(text=raw.strip(), number=number, place=place + indent))
        place += len(raw) + 1
    return pieces


def _read_layers(pieces: list[_Piece]) -> MLP:
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


def _hidden(piece: _Piece) -> Hidden:
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
        piece.refuse(f"makes no layer: {error.wrong.rstrip('.')}", expected=error.expected, remedy=error.remedy)


def _silenced(piece: _Piece, layer: Hidden | None) -> Hidden:
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


def _options(pieces: list[_Piece]) -> dict[str, Any]:
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


def _refuse_words(piece: _Piece) -> NoReturn:
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
    if not piece.words:
        piece.refuse("is empty", expected="a layer, such as '64 relu'.", remedy="take the comma away, or name a layer.")
    known = [*(f"64 {name}" for name in hidden_activations()), "dropout 0.1", *FAMILIES, *OPTIONS]
    piece.refuse(
        "is not known",
        expected="units and an activation ('64 relu'), 'dropout 0.1', a family ('table'), or words such as 'residual'.",
        remedy=nearest(piece.words, known),
    )


def _read_call(text: str) -> Network:
    try:
        plain = _plain(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # MemoryError: brackets nested too deep
        raise SpecError(
            wrong=f"the network {text[:80]!r} cannot be read: {str(error) or type(error).__name__}.",
            expected="one call with plain values, such as MLP(widths=(64, 64), dropout=0.1).",
            remedy='check brackets and commas, or use words, such as "64 relu, 64 relu".',
        ) from error
    spec: Network = from_json(plain, NETWORK_KINDS)
    return spec


def _plain(node: ast.expr) -> Any:
    """A call as the JSON that `from_json` reads; everything but calls of names, tuples and constants is refused."""
    if isinstance(node, ast.Call):
        if (
            not isinstance(node.func, ast.Name)
            or node.args
            or any(word.arg in (None, "kind") for word in node.keywords)
        ):
            raise ValueError("settings are given by name, as in MLP(dropout=0.1)")
        return {"kind": node.func.id, **{str(word.arg): _plain(word.value) for word in node.keywords}}
    if isinstance(node, ast.Tuple | ast.List):
        return [_plain(item) for item in node.elts]
    value = ast.literal_eval(node)
    if not isinstance(value, bool | int | float | str | None):
        raise ValueError(f"{value!r} is not a plain value")
    return value
