"""JSON inside a model file: one reading of every text, nothing but plain finite values."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.foundation.errors import ModelFileError
from lamina.model import plain_json
from lamina.model.plain_json import finite, read_json, write_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def refusal(text: str | bytes) -> str:
    """What `read_json` says when it refuses."""
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ModelFileError) as caught:
        read_json(content, "schema.json")
    assert "schema.json" in caught.value.wrong
    return caught.value.wrong


@given(values)
def test_values_come_back(value: object) -> None:
    """Any finite plain value is written and read back equal, type by type."""
    back = read_json(write_json(value), "schema.json")
    assert repr(back) == repr(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "key 'c' twice"),
        ('{"a": NaN}', "NaN"),
        ("[-Infinity]", "-Infinity"),
        ("[1e999]", "too large"),
        ("[-1e999]", "too large"),
        ("", "Expecting value"),
        ("{} {}", "Extra data"),
        ("{'a': 1}", "Expecting property name"),
        (b"\xff\xfe{}", "utf-8"),
        ('["\\ud800"]', "surrogates not allowed"),
        ('{"\\udfff": 1}', "surrogates not allowed"),
        ("1" * 5000, "Exceeds the limit"),
    ],
)
def test_what_is_not_plain_is_refused(text: str | bytes, words: str) -> None:
    """Repeated keys, numbers that are not finite, other encodings and broken text are refused with the reason."""
    assert words in refusal(text)


@pytest.mark.parametrize("depth", [66, 900, 100_000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_refused(depth: int, begin: str, end: str) -> None:
    """A text that nests too deeply is refused, whether or not Python's own reader could have followed."""
    assert "deeper than 64" in refusal(begin * depth + ("1" if end == "}" else "") + end * depth)


def test_depth_of_real_models_is_fine() -> None:
    """Thirty levels are read, three times what a model has."""
    assert read_json(b"[" * 30 + b"]" * 30, "model.json")


def test_size_is_refused_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member larger than the limit is refused without being parsed."""
    monkeypatch.setattr(plain_json, "LARGEST_BYTES", 10)
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    assert "11 bytes" in refusal(b"[          ]"[:11])


def test_a_value_that_is_not_finite_cannot_be_written() -> None:
    """NaN never reaches a file unless it was turned into None on purpose."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"loss": math.nan})
    assert write_json(finite({"loss": math.nan, "rows": [1, math.inf]})) == write_json(
        {"loss": None, "rows": [1, None]}
    )
