"""What a network reads side by side: numbers, categories, and each image, text or series by a network of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.read import mappings, number, numbers, text
from lamina.evaluation.report.words import count, listed, shown

MOST = 5  # columns of images, texts and series that are drawn one by one
LETTERS = 20  # of a column's name
_BENT = ("Ramps", "Waves")  # layers that learn of each number by itself
_OF_A_KIND = {"OneHot": "one-hot", "Embedding": "embedding"}


class Branch(NamedTuple):
    """One way in: what is read, what reads it, and how many numbers that hands on to the trunk."""

    name: str  # of the column; empty where there are several
    reads: str  # as a label says it
    said: str  # as a sentence says it
    reader: str  # empty where the values go in as they are
    weights: float | None
    units: int


def branches_of(network: Facts, fields: Sequence[Facts] = ()) -> list[Branch]:
    """The ways in, in the order in which they are joined; none where the network reads numbers alone.

    ``fields`` are the columns of images, texts and series in their order; they tell what the layers leave open.
    """
    layers = mappings(network.get("layers"))
    readers, coded = (_named(layers, place) for place in ("encoders.", "columns."))
    if not readers and not coded:
        return []
    known = [*fields, *([{}] * len(readers))]
    columns = [_field(layer, told) for layer, told in zip(readers, known, strict=False)]
    found = [*([_categories(coded)] if coded else []), *_few(columns)]
    own = _numbers(network, len(readers) + len(coded), sum(branch.units for branch in found))
    return [own, *found] if own else found


def trunk_of(network: Facts) -> list[Facts]:
    """The layers after everything is joined."""
    layers = [layer for layer in mappings(network.get("layers")) if (number(layer.get("units")) or 0) >= 1]
    apart = [*_named(layers, "encoders."), *_named(layers, "columns."), *_bent(layers)]
    return [layer for layer in layers if not any(layer is one for one in apart)]


def entrance(branches: Sequence[Branch]) -> str:
    """What one row is, and by how many weights each part is read.

    >>> entrance([Branch("photo", "image 1 x 8 x 8", "an image of 1 x 8 x 8", "Image network", 1200, 16)])
    'One row is an image of 1 x 8 x 8 (read by 1,200 weights), which becomes 16 numbers'
    """
    parts = [one.said + (f" (read by {count(one.weights)} weights)" if one.weights else "") for one in branches]
    joined = f"{count(sum(one.units for one in branches))} numbers"
    how = "which becomes" if len(parts) == 1 else "read side by side and joined to"
    return f"One row is {listed(parts)}, {how} {joined}"


def _named(layers: Sequence[Facts], place: str) -> list[Facts]:
    return [layer for layer in layers if text(layer.get("name")).startswith(place)]


def _bent(layers: Sequence[Facts]) -> list[Facts]:
    return [layer for layer in layers if text(layer.get("kind")) in _BENT]


def _units(layer: Facts) -> int:
    return int(number(layer.get("units")) or 0)


def _weights(layers: Sequence[Facts]) -> float:
    return sum(number(layer.get("weights")) or 0 for layer in layers)


def _field(layer: Facts, told: Facts) -> Branch:
    holds = text(layer.get("holds")) or text(told.get("kind"))
    shape = [f"{axis:.0f}" for axis in numbers(layer.get("shape")) or numbers(told.get("shape"))]
    size, kind = " x ".join(shape), shown(text(layer.get("kind")) or "one", 12)
    reads, said = {
        "image": (f"image {size}", f"an image of {size}"),
        "text": (f"text, {size} tokens", f"a text of up to {size} tokens"),
        "series": (f"series {size}", f"a series of {size}"),
    }.get(holds if shape else "", (f"a column for {kind}", f"a column for {kind}"))
    name = shown(text(layer.get("column")) or text(told.get("column")), LETTERS)
    return Branch(name if name != "(blank)" else "", reads, said, f"{kind} network", _weights([layer]), _units(layer))


def _few(columns: list[Branch]) -> list[Branch]:
    """The first columns, and the rest of many as one."""
    if len(columns) <= MOST:
        return columns
    head, rest = columns[: MOST - 1], columns[MOST - 1 :]
    words, weights = f"{len(rest)} more columns", sum(one.weights or 0 for one in rest)
    return [*head, Branch("", words, words, "a network each", weights, sum(one.units for one in rest))]


def _categories(coded: list[Facts]) -> Branch:
    kinds = [_OF_A_KIND.get(kind, kind) for kind in dict.fromkeys(text(layer.get("kind")) for layer in coded)]
    words = "1 category" if len(coded) == 1 else f"{len(coded)} categories"
    name = shown(text(coded[0].get("column")), LETTERS) if len(coded) == 1 and text(coded[0].get("column")) else ""
    reader = shown(" and ".join(filter(None, kinds)) or "codes", 24)
    return Branch(name, words, words, reader, _weights(coded), sum(map(_units, coded)))


def _numbers(network: Facts, others: int, joined: int) -> Branch | None:
    """The numbers, which go in as they are, and what is learnt of each by itself."""
    features = int(number(network.get("inputs")) or 0) - others
    if features < 1:
        return None
    words = "1 number" if features == 1 else f"{features:,} numbers"
    alone = "bent by itself" if features == 1 else "each bent by itself"
    bent, trunk = _bent(mappings(network.get("layers"))), trunk_of(network)
    if bent:
        return Branch("", words, words, alone, _weights(bent), _units(bent[0]))
    plain = bool(trunk) and re.fullmatch(r"trunk\.\d+", text(trunk[0].get("name"))) is not None
    rest = int(number(trunk[0].get("inputs")) or 0) - joined if plain else features
    return Branch("", words, words, alone if rest > features else "", None, max(rest, features))
