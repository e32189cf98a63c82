"""What stands behind the encoders of fields where nobody says."""

from __future__ import annotations

import pytest

from lamina.foundation.signature import Field
from lamina.networks import usual_encoders, usual_trunk
from lamina.networks.fields import ENCODERS
from lamina.networks.table import Table
from lamina.networks.usual import JOINED, TRUNKS, USUAL

IMAGE, TINY = Field(holds="image", shape=(3, 48, 48)), Field(holds="image", shape=(1, 8, 8))
TEXT, SERIES = Field(holds="text", shape=(20,), codes=100), Field(holds="series", shape=(2, 50))


@pytest.mark.parametrize("field", [IMAGE, TINY, TEXT, SERIES], ids=lambda field: str(field.shape))
def test_every_kind_has_an_encoder_and_a_trunk(field: Field) -> None:
    """The encoder is of that kind and on the list of those that files may hold."""
    for rows in (10, 100_000):
        encoder = USUAL[field.holds](field, rows)
        assert encoder.kind == field.holds
        assert isinstance(encoder, ENCODERS)
    assert usual_trunk([field]) == TRUNKS[field.holds](field)
    assert set(USUAL) == set(TRUNKS) == {"image", "text", "series"}


@pytest.mark.parametrize(
    ("fields", "features"), [([IMAGE, TEXT], 0), ([IMAGE, IMAGE], 0), ([TEXT], 1), ([SERIES, TEXT, IMAGE], 7)]
)
def test_side_by_side_they_are_weighed_by_a_hidden_layer(fields, features: int) -> None:
    """Two fields, or one beside numbers, share one trunk with a hidden layer."""
    assert usual_trunk(fields, features) == JOINED
    assert JOINED.widths


def test_texts_alone_are_one_text_in_parts() -> None:
    """Several texts with nothing beside them share the trunk of one; with numbers they have the hidden layer."""
    assert usual_trunk([TEXT, TEXT]) == TRUNKS["text"](TEXT)
    assert usual_trunk([TEXT, TEXT], 1) == JOINED


def test_a_named_encoder_is_kept_beside_the_usual_ones() -> None:
    """Only kinds that have none get the usual one, by the first field of the kind; others stay without."""
    mine = USUAL["image"](TINY, 10)
    found = usual_encoders(Table(image=mine), [IMAGE, TEXT], rows=100)
    assert found.image is mine
    assert found.text == USUAL["text"](TEXT, 100)
    assert found.series is None
    assert usual_encoders(Table(), [TINY, IMAGE], rows=100).image == USUAL["image"](TINY, 100)
