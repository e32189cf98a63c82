"""Pictures of images, texts and series: what the facts say, and nothing that they should not be able to do."""

from __future__ import annotations

import base64
import re

import pytest

from example_facts import classification_facts
from lamina.evaluation.report import report_html
from lamina.evaluation.report.fields import field_pictures
from lamina.evaluation.report.page import arranged, pictures_of

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG made up").decode()
RIGHT = {"row": 3, "truth": "cat", "answer": "cat", "chance": 0.91}
WRONG = {"row": 7, "truth": "cat", "answer": "dog", "chance": 0.84}
COMMON = {"contender": "network", "rows": 50, "wrong": 1}
IMAGE = {
    **COMMON,
    "column": "photo",
    "kind": "image",
    "shape": [1, 8, 8],
    "examples": [{**RIGHT, "picture": PNG, "overlay": PNG}],
    "errors": [{**WRONG, "picture": PNG}],
    "filters": {"picture": PNG, "count": 12, "height": 3, "width": 3},
}
TEXT = {
    **COMMON,
    "column": "review",
    "kind": "text",
    "shape": [30],
    "examples": [{**RIGHT, "pieces": [["A ", None], ["purring", 0.4], [" ", None], ["bark", -0.2], [".", 0.0]]}],
    "errors": [{**WRONG, "pieces": [["Nothing of it", None]]}],
    "words": {"rows": 20, "answers": [{"answer": "cat", "words": [{"word": "purring", "mean": 0.31, "count": 9}]}]},
}
CHANNEL = {"channel": 1, "steps": [0, 1, 2, 3], "values": [0.1, None, 2.0, 0.3], "said": [0.0, 0.0, 0.4, -0.1]}
SERIES = {
    **COMMON,
    "column": "pulse",
    "kind": "series",
    "shape": [2, 4],
    "examples": [{**RIGHT, "channels": [{**CHANNEL, "channel": 0}, CHANNEL]}],
    "errors": [{**WRONG, "channels": [{**CHANNEL, "said": None}]}],
}
KINDS = {"image": IMAGE, "text": TEXT, "series": SERIES}


def facts_with(*fields):
    """Facts of a study that read these columns."""
    return {**classification_facts(), "fields": list(fields)}


@pytest.mark.parametrize("kind", KINDS)
def test_examples_and_errors_are_told_with_answer_and_truth(kind) -> None:
    """Each column has a picture of either, a sentence, and words that a screen reader reads."""
    pictures = field_pictures(facts_with(KINDS[kind]))
    assert [picture.name for picture in pictures[:2]] == ["field-0-examples", "field-0-errors"]
    page = "".join(str(drawing) for picture in pictures for drawing in picture.drawings)
    assert re.search(r"cat, 91\s% sure: right", page)
    assert re.search(r"dog, 84\s% sure; it is cat", page)
    assert pictures[1].sentence == "Of 50 held-out rows 1 is answered wrong: this one."
    assert "Neural network" in pictures[0].sentence


def test_all_kinds_stand_on_one_page() -> None:
    """Names of pictures are unique, every image has an alternative text, and nothing is asked of another host."""
    facts = facts_with(IMAGE, TEXT, SERIES, IMAGE)
    names = [picture.name for picture in arranged(pictures_of(facts))]
    assert len(set(names)) == len(names)
    page = report_html(facts)
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 8
    assert all('src="data:image/png;base64,' in image and re.search(r'alt="[^"]+"', image) for image in images)
    assert not re.search(r"(src|href)=\"https?:", page)
    assert report_html(facts) == page


def test_words_are_marked_by_what_they_say() -> None:
    """For and against differ in more than colour; what says nothing is not marked; the text is whole."""
    (examples, _, words) = field_pictures(facts_with(TEXT))
    drawn = str(examples.drawings[0])
    assert '<mark class="for3">purring</mark> <mark class="against2">bark</mark>.' in drawn
    assert words.table.rows[0][1].words == "purring (31.0, 9 times)"


def test_data_is_only_ever_text() -> None:
    """Markup in names, classes and texts is spelt out; a picture that is none, or lies elsewhere, is left out."""
    evil = "<script>alert(1)</script>"
    tile = {**WRONG, "truth": evil, "answer": evil, "picture": 'https://elsewhere/x.png" onload="'}
    image = {**IMAGE, "column": evil, "errors": [tile], "examples": [{**RIGHT, "picture": PNG, "overlay": evil}]}
    text = {**TEXT, "column": evil, "examples": [{**RIGHT, "truth": evil, "pieces": [[evil, 0.5], [evil, None]]}]}
    text["words"] = {"rows": 2, "answers": [{"answer": evil, "words": [{"word": evil, "mean": 1, "count": 2}]}]}
    series = {**SERIES, "column": evil, "examples": [{**RIGHT, "answer": evil, "channels": [CHANNEL]}]}
    page = report_html(facts_with(image, text, series))
    assert "<script" not in page
    assert "elsewhere" not in page
    assert "onload" not in page


@pytest.mark.parametrize("kind", KINDS)
def test_broken_facts_leave_parts_out(kind) -> None:
    """Each part missing, null or of another kind: a page all the same."""
    some = (None, {}, "x", [None], [{}], [[1]]) if kind != "series" else (None, "x", [{}])
    for key in KINDS[kind].keys() - {"column", "contender", "rows"}:
        for broken in some:
            assert isinstance(field_pictures(facts_with({**KINDS[kind], key: broken})), list)
    assert field_pictures({}) == []


@pytest.mark.parametrize("key", CHANNEL)
def test_broken_channels_are_drawn_all_the_same(key) -> None:
    """Nothing, words, gaps and numbers that no picture holds."""
    for broken in (None, ["a"], [None] * 4, [1e300] * 4):
        one = {**SERIES, "examples": [{**RIGHT, "channels": [{**CHANNEL, key: broken}]}], "errors": []}
        assert len(field_pictures(facts_with(one))) == 1


def test_a_number_is_told_without_chances() -> None:
    """Truth and answer as numbers; errors are those furthest off."""
    numbers = {"truth": 3.25, "answer": 4.5, "chance": None}
    one = {**SERIES, "wrong": None, "errors": [{**numbers, "channels": [CHANNEL]}]}
    picture = field_pictures(facts_with(one))[1]
    assert picture.heading == "Where it is furthest off"
    assert "4.50; it is 3.25" in str(picture.drawings[0])
