"""Weights as safetensors bytes: headers built by hand, each refused for the one thing that is wrong with it."""

from __future__ import annotations

import json
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from lamina.foundation.errors import ModelFileError
from lamina.model.weights import Shape, check_shapes, read_header, read_weights, write_weights

WEIGHT = {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}
WANTED = {"weight": Shape(dtype=torch.float32, sizes=(1, 2)), "chance": Shape(dtype=torch.float32, sizes=(1,))}


def by_hand(header: object, data: bytes = bytes(8)) -> bytes:
    """Safetensors bytes with any header: JSON text, or something to be written as JSON."""
    text = header.encode() if isinstance(header, str) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def refusal(content: bytes) -> str:
    """What `read_header` says when it refuses."""
    with pytest.raises(ModelFileError) as caught:
        read_header(content)
    assert "weights.safetensors" in caught.value.wrong
    return caught.value.wrong


def test_tensors_come_back() -> None:
    """Names, types and bits are read as they were written, in the order that is wanted."""
    weights = {"weight": torch.tensor([[1.5, -0.0]]), "chance": torch.tensor([1e-45])}
    back = read_weights(write_weights(weights), WANTED)
    assert list(back) == list(WANTED)
    assert all(torch.equal(back[n].view(torch.int32), weights[n].view(torch.int32)) for n in weights)


@given(st.dictionaries(st.text(max_size=5), st.lists(st.integers(0, 3), max_size=4)))
def test_any_tensors_come_back(shapes: dict[str, list[int]]) -> None:
    """Tensors of any names and shapes, empty ones too, come back; the header says what they are."""
    weights = {name: torch.randn(shape) for name, shape in shapes.items() if name != "__metadata__"}
    wanted = {n: Shape(dtype=torch.float32, sizes=tuple(t.shape)) for n, t in weights.items()}
    assert read_header(write_weights(weights)) == wanted
    back = read_weights(write_weights(weights), wanted)
    assert all(torch.equal(back[n], weights[n]) for n in weights)


def test_equal_tensors_give_equal_bytes() -> None:
    """Neither the order of the names nor the memory layout enters the bytes."""
    a, b = torch.arange(6.0).view(2, 3), torch.ones(2)
    assert write_weights({"a": a, "b": b}) == write_weights({"b": b, "a": a.mT.contiguous().mT})


def test_a_name_twice_is_refused() -> None:
    """Two tensors of one name are refused; the library itself would take the last one."""
    one = f'"weight": {json.dumps(WEIGHT)}'
    text = "{" + one + ", " + one + "}"
    assert "key 'weight' twice" in refusal(by_hand(text))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ([], "not a list of tensors"),
        ({"weight": 3}, "not described by"),
        ({"weight": {**WEIGHT, "more": 1}}, "not described by"),
        ({"__metadata__": {"format": "pt"}, "weight": WEIGHT}, "not described by"),
        ({"weight": {**WEIGHT, "dtype": "F64"}}, "the type 'F64'"),
        ({"weight": {**WEIGHT, "dtype": ["F32"]}}, "the type"),
        ({"weight": {**WEIGHT, "dtype": "I64"}}, "needs 16 bytes and has 8"),
        ({"weight": {**WEIGHT, "shape": [1, 3]}}, "needs 12 bytes and has 8"),
        ({"weight": {**WEIGHT, "shape": [1, -2]}}, "impossible shape"),
        ({"weight": {**WEIGHT, "shape": [1, 2.0]}}, "impossible shape"),
        ({"weight": {**WEIGHT, "shape": [True, 2]}}, "impossible shape"),
        ({"weight": {**WEIGHT, "shape": [1] * 9}}, "impossible shape"),
        ({"weight": {**WEIGHT, "shape": [2**32, 2**32]}}, "has 8"),
        ({"weight": {**WEIGHT, "shape": [10**300]}}, "impossible shape"),
        ({"weight": {**WEIGHT, "shape": "12"}}, "impossible shape"),
        ({"weight": {**WEIGHT, "data_offsets": [8, 0]}}, "has -8"),
        ({"weight": {**WEIGHT, "data_offsets": [0]}}, "impossible data_offsets"),
        ({"weight": {**WEIGHT, "data_offsets": [-8, 0]}}, "impossible data_offsets"),
        ({"weight": {**WEIGHT, "data_offsets": [4, 12]}}, "leaves a gap"),
        ({"weight": WEIGHT, "bias": WEIGHT}, "overlaps another tensor"),
        ({}, "take 0 bytes of 8"),
        ({"weight": WEIGHT, "bias": {**WEIGHT, "data_offsets": [8, 16]}}, "take 16 bytes of 8"),
        ({f"w{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(100_001)}, "100,001 tensors"),
        ("{" + " " * 10, "not plain JSON"),
        ('{"weight": NaN}', "NaN"),
    ],
)
def test_a_header_that_does_not_tile_the_data_is_refused(header: object, words: str) -> None:
    """Wrong types, shapes, spans, gaps, overlaps and lengths are each refused with the reason."""
    assert words in refusal(by_hand(header))


@pytest.mark.parametrize("content", [b"", b"\0" * 7, (2**63).to_bytes(8, "little") + b"{}", b"\xff" * 8 + b"{}"])
def test_an_impossible_header_length_is_refused(content: bytes) -> None:
    """A header longer than the file is refused before anything is reserved for it."""
    assert "longer than the file" in refusal(content)


def test_a_long_header_is_refused() -> None:
    """A header larger than any network needs is refused unparsed."""
    assert "its header has" in refusal(by_hand(" " * (16 * 2**20 + 1)))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_weight_that_is_not_finite_is_refused(value: float) -> None:
    """One NaN or infinity anywhere is refused, with the name of its tensor."""
    content = save({"weight": torch.tensor([[0.0, value]]), "chance": torch.zeros(1)})
    with pytest.raises(ModelFileError, match="'weight' holds a value that is not finite"):
        read_weights(content, WANTED)


def test_only_the_wanted_tensors_are_read() -> None:
    """Tensors of another network are refused before they are loaded, whatever they hold."""
    for other in ({"weight": torch.ones(1, 2)}, {"weight": torch.ones(2, 1), "chance": torch.ones(1)}):
        with pytest.raises(ModelFileError, match="the network needs"):
            read_weights(save(other), WANTED)


def test_other_tensors_than_wanted_are_refused() -> None:
    """A missing, an additional and a differently shaped or typed tensor are each refused by name."""
    wanted = {"weight": WANTED["weight"]}
    good = WANTED["weight"]
    for found, words in [
        ({}, "the network needs 'weight'"),
        ({"wieght": good}, "did you mean 'wieght'"),
        ({"weight": good, "bias": good}, "holds 'bias', which the network does not have"),
        (
            {"weight": Shape(dtype=torch.float32, sizes=(2, 1))},
            r"is float32 \(2, 1\), and .* needs .* \(1, 2\)",
        ),
        ({"weight": Shape(dtype=torch.int64, sizes=(1, 2))}, "is int64"),
    ]:
        with pytest.raises(ModelFileError, match=words):
            check_shapes(found, wanted)
    check_shapes(wanted, wanted)
