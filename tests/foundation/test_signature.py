"""The doorway between tables and tensors."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Signature
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
