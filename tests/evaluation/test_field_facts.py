"""Facts about images, texts and series: small, true to the answers on held-out rows, and plain values."""

from __future__ import annotations

import base64
import io
import json
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

import lamina
from lamina.data.cells import tensor_column
from lamina.evaluation.field_facts import LETTERS, Held, channels_of, pieces_of, some, worst
from lamina.explain import Word
from lamina.networks import MLP, Table
from lamina.networks.convnet import Conv, ConvNet
from lamina.networks.fcn import FCN
from lamina.networks.words import Words
from quick import ENOUGH, quick_fit

WORDS = ["all", "that", "we", "saw", "in", "town", "was", "rain", "wind", "snow", "again", "so", "long"]


def mixed_fields(rows: int = 40) -> pa.Table:
    """An image, a text, a series and a number; the text tells the class."""
    stream = np.random.default_rng(0)
    texts = [f"{' '.join(stream.choice(WORDS, 6))} {['dull', 'fine'][row % 2]} film {row}" for row in range(rows)]
    return pa.table(
        {
            "photo": tensor_column(stream.integers(0, 256, (rows, 1, 8, 8), dtype=np.uint8)),
            "review": texts,
            "pulse": tensor_column(stream.normal(0, 1, (rows, 1, 12)).astype(np.float32)),
            "age": stream.integers(20, 90, rows),
            "kind": ["bad", "good"] * (rows // 2),
        }
    )


@pytest.fixture(scope="module")
def study() -> lamina.Study:
    """A network alone, judged by three folds."""
    network = Table(
        trunk=MLP(widths=(8,)),
        image=ConvNet(layers=(Conv(channels=4),)),
        text=Words(units=4, pairs=0),
        series=FCN(widths=(4,), sizes=(3,)),
    )
    asked = {"network": network, "training": ENOUGH, "protocol": lamina.Protocol(folds=3, repeats=1), "explain": True}
    return quick_fit(mixed_fields(), "kind", **asked)


def png(pixels) -> bytes:
    """A small grey image as a file holds it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def held_of(chances, truth) -> Held:
    """Held-out rows of two classes, 0 to the last."""
    chances = np.asarray(chances, float)
    codes, best = chances.argmax(axis=1), chances.max(axis=1)
    miss = np.where(codes == truth, 0.0, best)
    names = ["a", "b"]
    return Held(np.arange(len(codes)), [names[t] for t in truth], [names[c] for c in codes], best, miss)


def test_every_column_has_its_part(study) -> None:
    """In the order of the table, as plain JSON, with examples and the number of errors that folds show."""
    facts = json.loads(json.dumps(study.facts(), allow_nan=False))
    assert [one["kind"] for one in facts["fields"]] == ["image", "text", "series"]
    counts = np.array(facts["confusion"]["counts"])
    for one in facts["fields"]:
        assert (one["rows"], one["wrong"]) == (40, int(counts.sum() - np.trace(counts)))
        assert 0 < len(one["examples"]) <= 5
        assert len(one["errors"]) == min(one["wrong"], 3 if one["kind"] == "series" else 5)
        for told in one["errors"]:
            assert told["truth"] != told["answer"]
    assert len(json.dumps(facts["fields"])) < 60_000


def test_pictures_are_small_and_the_pixels(study) -> None:
    """PNG files of at most 64 pixels, of the very image."""
    image = study.facts()["fields"][0]
    for told in image["examples"]:
        drawn = Image.open(io.BytesIO(base64.b64decode(told["picture"].partition(",")[2])))
        own = mixed_fields().column("photo").chunk(0).to_numpy_ndarray()[told["row"], 0]
        np.testing.assert_array_equal(np.asarray(drawn), own)


def test_a_study_without_such_columns_has_none() -> None:
    """An empty list, and no pictures."""
    study = quick_fit("iris", training=ENOUGH, explain=True)
    assert study.facts()["fields"] == []


def test_rows_without_one_are_never_shown() -> None:
    """Neither as an example nor as an error: there is nothing to see in a blank, and nothing to look at."""
    stream = np.random.default_rng(0)
    pixels = stream.integers(0, 256, (40, 8, 8), dtype=np.uint8)
    table = {
        "photo": [png(pixels[row]) if row % 4 == 0 else None for row in range(40)],
        "review": [f"{' '.join(stream.choice(WORDS, 6))} film {row}" if row % 4 == 1 else " " for row in range(40)],
        "pulse": [stream.normal(0, 1, 12).tolist() if row % 4 == 2 else None for row in range(40)],
        "kind": ["bad", "good"] * 20,
    }
    network = Table(
        trunk=MLP(widths=(4,)), image=ConvNet(layers=(Conv(channels=2),)), text=Words(units=4, pairs=0),
        series=FCN(widths=(4,), sizes=(3,)),
    )  # fmt: skip
    asked = {"network": network, "training": ENOUGH, "protocol": lamina.Protocol(folds=2, repeats=1), "explain": True}
    kinds = {"photo": "image", "review": "text", "pulse": "series"}
    facts = quick_fit(pa.table(table), "kind", kinds=kinds, **asked).facts()
    assert [one["column"] for one in facts["fields"]] == ["photo", "review", "pulse"]
    for place, one in enumerate(facts["fields"]):
        assert (one["rows"], one["without"]) == (40, 30)
        assert len(one["examples"]) == (3 if one["kind"] == "series" else 5)
        assert {told["row"] % 4 for told in one["examples"] + one["errors"]} == {place}


def test_worst_errors_are_the_surest_ones() -> None:
    """Right answers are never among them."""
    held = held_of([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.6, 0.4]], np.array([0, 0, 0, 1]))
    assert worst(held, 2).tolist() == [2, 1]
    assert worst(held, 9).tolist() == [2, 1, 3]


def test_examples_take_turns_among_the_answers() -> None:
    """A rare answer is shown too; equal seeds give equal examples."""
    held = held_of([[0.9, 0.1]] * 30 + [[0.1, 0.9]], np.zeros(31, int))
    found = some(held, 3, seed=0)
    assert 30 in found
    assert found.tolist() == some(held, 3, seed=0).tolist()


def test_long_texts_are_cut_around_what_tells() -> None:
    """Not more than so many letters, the most telling word among them, and nothing is lost between words."""
    text = " ".join(f"w{i}" for i in range(400))
    words, place = [], 0
    for i, word in enumerate(text.split()):
        words.append(Word(word, place, place + len(word), i, i + 1))
        place += len(word) + 1
    values = np.zeros(400)
    values[300] = 0.5
    pieces = pieces_of(text, SimpleNamespace(words=words, values=values))
    whole = "".join(letters for letters, _ in pieces)
    assert ["w300", 0.5] in pieces
    assert whole.strip("…") in text
    assert len(whole) <= LETTERS + 2
    assert len(pieces_of(text, None)[0][0]) == LETTERS + 1


def test_long_series_are_thinned_and_end_where_they_end() -> None:
    """At most so many steps; padding is not drawn; a gap is null."""
    cell = np.ones((3, 1000), np.float32)
    cell[:, 900:], cell[:, 0] = np.nan, np.nan
    found = channels_of(cell, None)
    assert len(found) == 2
    assert found[0]["steps"][-1] == 899
    assert len(found[0]["steps"]) <= 120
    assert found[0]["values"][0] is None
