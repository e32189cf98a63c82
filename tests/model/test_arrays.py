"""Arrays of learners as safetensors bytes: they come back to the bit, and only six plain types are let in."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lamina.foundation.errors import ModelFileError
from lamina.model.arrays import ARRAY_DTYPES, read_arrays, write_arrays

KINDS = ("float64", "float32", "int64", "int32", "bool", "uint8")
any_array = st.sampled_from(KINDS).flatmap(
    lambda kind: arrays(
        kind,
        array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
        elements={"allow_nan": False, "allow_infinity": False} if kind.startswith("f") else None,
    )
)


def by_hand(header: dict[str, Any], data: bytes) -> bytes:
    """Safetensors bytes with any header."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def refusal(content: bytes) -> str:
    """What `read_arrays` says when it refuses."""
    with pytest.raises(ModelFileError) as caught:
        read_arrays(content)
    return caught.value.wrong


@given(st.dictionaries(st.text(max_size=5).filter(lambda name: name != "__metadata__"), any_array, max_size=4))
def test_any_arrays_come_back(given_arrays: dict[str, np.ndarray]) -> None:
    """Names, types, shapes and bits come back, of arrays without axes and empty ones too."""
    back = read_arrays(write_arrays(given_arrays))
    assert list(back) == sorted(given_arrays)
    for name, array in given_arrays.items():
        assert (back[name].dtype, back[name].shape) == (array.dtype, array.shape)
        assert back[name].tobytes() == array.tobytes()


def test_equal_arrays_give_equal_bytes() -> None:
    """Neither the order of the names nor the memory layout enters the bytes; read-only arrays will do."""
    a, b = np.arange(6.0).reshape(2, 3), np.ones(2, np.uint8)
    turned = np.asfortranarray(a)
    turned.flags.writeable = False
    assert write_arrays({"a": a, "b": b}) == write_arrays({"b": b, "a": turned})


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F8_E4M3", "I8", "I16", "U16", "U32", "U64", "C64", "O", ""])
def test_no_other_type_is_read(dtype: str) -> None:
    """Types beyond the closed list are refused by name, whether the library knows them or not."""
    assert f"the type {dtype!r}" in refusal(by_hand({"a": {"dtype": dtype, "shape": [0], "data_offsets": [0, 0]}}, b""))


@pytest.mark.parametrize("dtype", ["float16", "int8", "uint64", "complex128", "object", "datetime64[s]", "U3"])
def test_no_other_type_is_written(dtype: str) -> None:
    """What could not be read is not written."""
    with pytest.raises(ModelFileError, match="'a' has the type"):
        write_arrays({"a": np.zeros(2, dtype)})


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(dtype: str, value: float) -> None:
    """One NaN or infinity anywhere is neither read nor written."""
    array = np.array([[0.0, value]], dtype)
    assert "'a' holds a value that is not finite" in refusal(safetensors.numpy.save({"a": array}))
    with pytest.raises(ModelFileError, match="not finite"):
        write_arrays({"a": array})


def test_a_flag_is_0_or_1() -> None:
    """A byte that is neither yes nor no would be both, depending on who asks: it is refused."""
    header = {"a": {"dtype": "BOOL", "shape": [2], "data_offsets": [0, 2]}}
    assert read_arrays(by_hand(header, b"\0\1"))["a"].tolist() == [False, True]
    assert "neither yes nor no" in refusal(by_hand(header, b"\0\2"))


@pytest.mark.parametrize("dtype", ARRAY_DTYPES)
def test_spans_are_held_against_the_type(dtype: str) -> None:
    """Each type has its own width, and a span that does not fit it is refused."""
    width = ARRAY_DTYPES[dtype].itemsize
    right = {"a": {"dtype": dtype, "shape": [3], "data_offsets": [0, 3 * width]}}
    assert read_arrays(by_hand(right, bytes(3 * width)))["a"].tolist() == [0, 0, 0]
    wrong = {"a": {**right["a"], "shape": [4]}}
    assert f"needs {4 * width} bytes and has {3 * width}" in refusal(by_hand(wrong, bytes(3 * width)))


def test_a_name_twice_a_gap_and_a_rest_are_refused() -> None:
    """The spans must tile the data, each name once: as for the weights of a network."""
    one = '{"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}'
    text = f'{{"a": {one}, "a": {one}}}'.encode()
    assert "key 'a' twice" in refusal(len(text).to_bytes(8, "little") + text + b"\0")
    gap = {"a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}}
    assert "leaves a gap" in refusal(by_hand(gap, b"\0\0"))
    assert "take 0 bytes of 1" in refusal(by_hand({}, b"\0"))
