"""Networks of numbers beside images, texts and series."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from lamina.data import infer_schema, read
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.unread import saying_what_is_unread
from lamina.foundation.errors import SpecError
from lamina.networks import MLP, LeNet5, Phrases, Table, parse_network


def prepared(*names: str) -> Prepared:
    """A table of a text, a number, or both, with its target."""
    columns: dict[str, Any] = {
        "remark": [f"the room number {i} was lovely and quite warm for us all" for i in range(12)],
        "age": [float(i * i) + 0.5 for i in range(12)],
        "ill": ["yes", "no"] * 6,
    }
    table = pa.table({name: columns[name] for name in (*names, "ill")})
    return Prepared(
        table=table,
        schema=infer_schema(read(table), target="ill"),
        task="classification",
        name="visits",
        findings=(),
        notes=(),
        fingerprint="",
    )


def test_what_a_network_of_numbers_leaves_out_is_said() -> None:
    """The columns are named; the usual network and one with encoders read them."""
    told = saying_what_is_unread(prepared("remark", "age"), MLP()).notes
    assert [note.sentence for note in told] == [
        "the network that was asked for reads only numbers and categories: it leaves out 'remark'."
    ]
    assert not saying_what_is_unread(prepared("remark", "age"), None).notes
    assert not saying_what_is_unread(prepared("remark"), Table()).notes
    assert not saying_what_is_unread(prepared("age"), MLP()).notes


def test_an_encoder_without_a_column_is_said() -> None:
    """Convolutions that were asked for on a table without images do nothing, and nobody is left to wonder."""
    (note,) = saying_what_is_unread(prepared("age"), parse_network("lenet-5")).notes
    assert "an encoder of images, but there are none: it is left out" in note.sentence
    (note,) = saying_what_is_unread(prepared("age"), Table(image=LeNet5(), text=Phrases())).notes
    assert "an encoder of images and one of texts, but there are none: they are left out" in note.sentence


def test_a_network_of_numbers_without_any_is_refused() -> None:
    """Before anything is trained, with a network that would do."""
    with pytest.raises(SpecError, match="none beside 'remark'") as caught:
        saying_what_is_unread(prepared("remark"), MLP())
    assert "Phrases()" in caught.value.remedy
