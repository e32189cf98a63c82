"""A network that reads several things: each way in is drawn beside the others, with what it reads and its weights."""

from __future__ import annotations

import re
from typing import Any

import pytest

from example_facts import classification_facts
from lamina.evaluation.report import report_html
from lamina.evaluation.report.branches import MOST, branches_of, trunk_of
from lamina.evaluation.report.network_figure import network_figure

TRUNK = [
    {"name": "trunk.1", "kind": "Affine", "inputs": 281, "units": 128, "activation": "relu", "weights": 36_096},
    {"name": "trunk.4", "kind": "Affine", "inputs": 128, "units": 3, "activation": "identity", "weights": 387},
]
COLUMN = {"name": "columns.0", "kind": "OneHot", "inputs": 4, "units": 3, "activation": "identity", "weights": 0}
IMAGE = {"name": "encoders.0", "kind": "Image", "inputs": 0, "units": 128, "activation": "identity", "weights": 296_736}
WORDS = {"name": "encoders.1", "kind": "Words", "inputs": 0, "units": 128, "activation": "identity", "weights": 90_000}
SERIES = {"name": "encoders.2", "kind": "Series", "inputs": 0, "units": 13, "activation": "identity", "weights": 500}
TOLD = (
    {"column": "photo", "holds": "image", "shape": [3, 32, 32]},
    {"column": "remark", "holds": "text", "shape": [128]},
    {"column": "pulse", "holds": "series", "shape": [1, 150]},
)
FIELDS = [{**told, "kind": told["holds"]} for told in TOLD]


def network(*layers: dict[str, Any], inputs: int = 5) -> dict[str, Any]:
    """The facts of a network with these ways in."""
    return {"inputs": inputs, "members": 1, "layers": [*layers, *TRUNK]}


def everything() -> dict[str, Any]:
    """One number, one category, an image, a text, a series."""
    readers = [{**layer, **told} for layer, told in zip((IMAGE, WORDS, SERIES), TOLD, strict=True)]
    return network(COLUMN, *readers)


def test_the_ways_in_stand_side_by_side() -> None:
    """None of them is a layer after another; the trunk is what follows all of them."""
    found = branches_of(everything())
    assert [branch.reads for branch in found] == [
        "1 number",
        "1 category",
        "image 3 x 32 x 32",
        "text, 128 tokens",
        "series 1 x 150",
    ]
    assert [branch.weights for branch in found[2:]] == [296_736, 90_000, 500]
    assert sum(branch.units for branch in found) == TRUNK[0]["inputs"]
    assert trunk_of(everything()) == TRUNK


def test_the_drawing_says_what_each_reads_and_its_weights() -> None:
    """And the sentence says so too, without a word of layers in a row for what stands side by side."""
    picture = network_figure({"network": everything()})
    assert picture is not None
    for words in ("image 3 x 32 x 32", "text, 128 tokens", "series 1 x 150", "photo", "296,736 weights", "281 numbers"):
        assert words in picture.drawings[0]
    for words in ("forward: data → scores → loss", "backward: the loss's", "128 units, relu", "3 scores"):
        assert words in picture.drawings[0]
    assert "an image of 3 x 32 x 32 (read by 296,736 weights), a text of up to 128 tokens" in picture.sentence
    assert "these pass through 2 layers to 3 scores, with 423,719 weights in all." in picture.sentence


def test_one_encoder_alone_is_no_single_number() -> None:
    """An image is not told as one input, the number of one row."""
    one = {**IMAGE, **TOLD[0]}
    picture = network_figure({"network": {"inputs": 1, "layers": [one, {**TRUNK[1]}]}})
    assert picture is not None
    assert picture.sentence.startswith("One row is an image of 3 x 32 x 32 (read by 296,736 weights), which becomes")
    assert "pass through 1 layer to 3 scores, with 297,123 weights in all." in picture.sentence
    assert "numbers of one row" not in picture.drawings[0]


def test_it_is_no_wider_than_a_phone_can_show() -> None:
    """No line of it must be scrolled sideways; a network of numbers alone still is, and says so to a keyboard."""
    page = report_html({"network": everything()})
    assert 'viewBox="0 0 420 ' in page
    assert 'class="scroll long"' not in page
    assert 'class="scroll long" tabindex="0"' in report_html({"network": classification_facts()["network"]})


def test_older_facts_take_what_is_read_from_the_columns() -> None:
    """Layers that do not say what they read are told by the columns of images, texts and series, in their order."""
    found = branches_of(network(COLUMN, IMAGE, WORDS, SERIES), FIELDS)
    assert found == branches_of(everything())
    nameless = branches_of(network(IMAGE))
    assert nameless[1].reads == "a column for Image"


def test_many_columns_are_one_way_in() -> None:
    """Twelve texts: the first ones, and the others together; no weight is lost."""
    readers = [{**WORDS, **TOLD[1], "name": f"encoders.{place}"} for place in range(12)]
    found = branches_of(network(*readers, inputs=12))
    assert len(found) == MOST
    assert found[-1].reads == "8 more columns"
    assert sum(branch.weights or 0 for branch in found) == 12 * 90_000


def test_numbers_that_are_bent_have_a_box_of_their_own() -> None:
    """What is learnt of each number by itself stands between the numbers and the trunk."""
    ramps = {"name": "trunk.0", "kind": "Ramps", "inputs": 2, "units": 18, "activation": "identity", "weights": 256}
    found = branches_of(network(COLUMN, ramps, inputs=3))
    assert (found[0].reads, found[0].reader, found[0].weights, found[0].units) == (
        "2 numbers",
        "each bent by itself",
        256,
        18,
    )


def test_numbers_alone_are_drawn_as_before() -> None:
    """No ways in, but layers from left to right."""
    facts = classification_facts()
    assert branches_of(facts["network"]) == []
    picture = network_figure(facts)
    assert picture is not None
    assert picture.wide


def test_a_deep_trunk_is_shown_by_its_ends() -> None:
    """How many layers are between is written."""
    deep = [{**TRUNK[0], "name": f"trunk.{place}"} for place in range(40)]
    picture = network_figure({"network": {"inputs": 1, "layers": [{**IMAGE, **TOLD[0]}, *deep, TRUNK[1]]}})
    assert picture is not None
    assert "34 more layers" in picture.drawings[0]


@pytest.mark.parametrize("key", ["name", "kind", "inputs", "units", "weights", "column", "holds", "shape"])
def test_broken_facts_make_a_page_all_the_same(key: str) -> None:
    """Each part missing or of another kind; and names are only ever text."""
    for broken in (None, "<script>alert(1)</script>", -1, [None], {}):
        told = everything()
        told["layers"] = [layer | {key: broken} for layer in told["layers"]]
        page = report_html({"network": told})
        assert "<script" not in page
        assert not re.search(r"\b(None|nan)\b", page)
