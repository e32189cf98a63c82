"""The doorway between tables and tensors."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field, Signature
from lamina.foundation.specs import from_json, to_json


@given(
    st.builds(Signature, features=st.integers(0), scores=st.integers(1), categories=st.lists(st.integers(1)).map(tuple))
)
def test_a_signature_survives_json(signature: Signature) -> None:
    """It is written into every model file and read back equal."""
    assert from_json(json.loads(json.dumps(to_json(signature))), (Signature,)) == signature


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"features": -1, "scores": 1}, "features=-1"),
        ({"features": 1, "scores": 0}, "scores=0"),
        ({"features": 1, "scores": 1, "categories": (3, 0)}, "categories=(3, 0)"),
        ({"features": 1.0, "scores": 1}, "features=1.0"),
    ],
)
def test_an_impossible_signature_is_refused(values: dict[str, Any], place: str) -> None:
    """No network has fewer than no features, no score, or a category without a code."""
    with pytest.raises(SpecError) as caught:
        Signature(**values)
    assert place in caught.value.wrong


def test_the_smallest_signature_is_allowed() -> None:
    """A network may see no numbers at all and a category of one code, and gives at least one score."""
    assert Signature(features=0, scores=1, categories=(1,)).features == 0


def test_a_signature_cannot_be_changed() -> None:
    """What was checked at the doorway stays as it was checked."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Signature(features=1, scores=1).scores = 0


@given(
    st.builds(
        Field,
        holds=st.sampled_from(["image", "text", "series"]),
        shape=st.lists(st.integers(1), max_size=3).map(tuple),
        codes=st.integers(0),
    )
)
def test_fields_survive_json(field: Field) -> None:
    """They are part of the signature in every model file."""
    signature = Signature(features=0, scores=1, fields=(field, field))
    assert from_json(json.loads(json.dumps(to_json(signature))), (Signature, Field)) == signature


def test_each_kind_has_a_type_of_its_own() -> None:
    """By the type of its array a field is known, wherever only arrays are handed on."""
    types = [Field(holds=holds, shape=(1,)).dtype for holds in ("image", "text", "series")]
    assert types == ["uint8", "int32", "float32"]
    assert [np.zeros(1, kind).dtype.itemsize for kind in types] == [1, 4, 4]


@pytest.mark.parametrize("wrong", [{"holds": "sound"}, {"shape": (0, 3)}, {"shape": (2.0,)}, {"codes": -1}])
def test_an_impossible_field_is_refused(wrong: dict[str, Any]) -> None:
    """Another kind, an axis without length, or fewer than no codes."""
    with pytest.raises(SpecError):
        Field(**{"holds": "image", "shape": (1, 2, 3), **wrong})
