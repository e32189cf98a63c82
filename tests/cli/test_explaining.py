"""`lamina explain` on a terminal and as JSON: true to the explanation, and harmless whatever the data are called."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from explain.field_models import model_of, texts
from lamina.cli.explaining import (
    INSIDE,
    Explained,
    check_out,
    explained_rows,
    explanations_json,
    keep_pictures,
    show_explanations,
    signed_bar,
)
from lamina.data import conform, fit_encoder, fit_target, infer_schema, read
from lamina.data.cells import tensor_column
from lamina.explain import Contribution, RowExplanation, explain_field
from lamina.foundation.errors import SpecError
from lamina.model import Card, Model, Predictor
from lamina.networks import MLP, Table
from lamina.networks.convnet import Conv, ConvNet
from lamina.networks.fcn import FCN
from lamina.networks.hierarchical import Hierarchical
from lamina.networks.words import Words
from small_models import make_model, random_weights, some_data


def shown(model, found, method="shapley", width=100) -> str:
    """What is printed, without styles."""
    screen = Console(file=io.StringIO(), width=width, color_system=None)
    show_explanations(model, found, method, screen)
    return screen.file.getvalue()


def alone(*rows) -> Explained:
    """Explanations of rows without a table, in which nothing lies inside."""
    return Explained(None, rows, [[]] * len(rows), ())


@pytest.mark.parametrize("method", ["shapley", "gradients"])
@pytest.mark.parametrize("target", ["species", "price"])
def test_every_row_is_shown_with_answer_base_and_bars(target, method) -> None:
    """As many rows as asked for; each names its columns with their values and what they add."""
    model = make_model(target)
    found = explained_rows(model, some_data(9), rows=2, method=method, seed=0)
    text = shown(model, found, method)
    assert len(found.rows) == 2
    assert text.count(f": {target} ") == 2
    assert all(name in text for name in model.encoder.inputs)
    assert ("points" in text) == (target == "species")
    assert ("Integrated gradients, accurate to" if method == "gradients" else "Shapley values, exact") in text


def test_json_holds_the_same_numbers() -> None:
    """Plain values that add up, finite, with the place of each row from 1 on."""
    model = make_model("species")
    found = explained_rows(model, some_data(5), rows=3, method="shapley", seed=0)
    facts = json.loads(json.dumps(explanations_json(model, found, "shapley"), allow_nan=False))
    assert [row["row"] for row in facts["rows"]] == [1, 2, 3]
    for row in facts["rows"]:
        total = row["base"] + sum(part["contribution"] for part in row["contributions"])
        assert total == pytest.approx(row["chance"], abs=1e-9)


def test_names_and_values_do_nothing() -> None:
    """Escapes are spelt out, markup stays text, nothing begins a line of its own, long names are cut."""
    evil = "\x1b]0;owned\x07[bold]\nWrote /etc/passwd"
    parts = (Contribution(evil, evil, 0.25), Contribution("x" * 500, "y" * 500, -0.5))
    text = shown(make_model("species"), alone(RowExplanation(answer=evil, chance=0.5, base=0.75, contributions=parts)))
    assert not {"\x1b", "\x07"} & set(text)
    assert "\nWrote" not in text
    assert "[bold]" in text
    assert "x" * 41 not in text


def test_many_columns_are_summed_up() -> None:
    """The largest are shown; the others share one line, so that the column of numbers still adds up."""
    parts = tuple(Contribution(f"c{i}", "1", 0.01) for i in range(40))
    row = RowExplanation(answer="Gentoo", chance=0.9, base=0.5, contributions=parts)
    text = shown(make_model("species"), alone(row))
    assert "28 other columns" in text
    assert "+28.0 points" in text


def test_bars_point_the_right_way() -> None:
    """More goes right, less goes left, the longest is full, and nothing at all has no bar."""
    assert signed_bar(2.0, 4.0).endswith("|██████")
    assert signed_bar(-4.0, 4.0) == "█" * 12 + "|"
    assert signed_bar(0.0, 0.0).strip() == "|"


def test_no_rows_show_nothing() -> None:
    """An empty table is no error."""
    model = make_model("species")
    found = explained_rows(model, some_data(3), rows=0, method="shapley", seed=0)
    assert found.rows == ()
    assert shown(model, found) == ""


FIELDS = pa.table(
    {
        "photo": tensor_column(np.random.default_rng(0).integers(0, 256, (8, 1, 9, 9), dtype=np.uint8)),
        "review": [f"a {word} [b]film[/b] \x1b[31m in {row} parts, all told" for row, word in enumerate("abcdefgh")],
        "pulse": tensor_column(np.random.default_rng(1).normal(0, 1, (8, 2, 20)).astype(np.float32)),
        "kind": ["x", "y"] * 4,
    }
)


def field_model():
    """An untrained network of an image, a text and a series."""
    schema = infer_schema(read(FIELDS), target="kind", kinds={"review": "text"})
    table, _ = conform(read(FIELDS), schema, need_target=True)
    encoder = fit_encoder(table, schema, categories="codes", fields=True)
    network = Table(
        trunk=MLP(widths=(4,), activation="tanh"),
        image=ConvNet(layers=(Conv(channels=3),)),
        text=Words(units=4, pairs=0),
        series=FCN(widths=(4,), sizes=(3,)),
    )
    target = fit_target(table.column("kind"), schema.target_column, "classification")
    signature = encoder.signature(scores=target.scores)
    predictor = Predictor(spec=network, signature=signature, weights=random_weights(network, signature, 1))
    card = Card(name="test", task="classification", target="kind", classes=target.classes, rows=8, created="2026-11-21")
    return Model(schema=schema, encoder=encoder, target=target, predictor=predictor, link="softmax", card=card)


def test_what_lies_inside_is_shown_and_does_nothing() -> None:
    """A map of an image, the words of a text with escapes spelt out, the steps that say most; one screen a few rows."""
    model = field_model()
    found = explained_rows(model, FIELDS, rows=2, method="shapley", seed=0)
    text = shown(model, found)
    assert "\x1b" not in text
    assert "[b]film[/b]" in text
    assert text.count("photo: what its parts say") == 2
    assert text.count("say most: ") == 2
    assert "for an empty row" in text
    assert "Inside 'photo', 'review', 'pulse', by occlusion: " in text
    assert "parts do not add up" in text
    assert len(text.splitlines()) < 60


def test_json_holds_what_lies_inside() -> None:
    """Each image, text and series of each row, as plain values."""
    model = field_model()
    found = explained_rows(model, FIELDS, rows=2, method="shapley", seed=0)
    facts = json.loads(json.dumps(explanations_json(model, found, "shapley"), allow_nan=False))
    for row in facts["rows"]:
        assert [one["column"] for one in row["fields"]] == ["photo", "review", "pulse"]
        assert len(row["fields"][0]["values"]) == 9


def test_pictures_are_written_where_asked(tmp_path) -> None:
    """One for each row and column of images; a model without images is refused before any work."""
    model = field_model()
    found = explained_rows(model, FIELDS, rows=2, method="shapley", seed=0)
    keep_pictures(model, found, tmp_path / "new", Console(file=io.StringIO()))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["row-1-photo.png", "row-2-photo.png"]
    check_out(model, tmp_path)
    with pytest.raises(SpecError, match="reads no images"):
        check_out(make_model("species"), tmp_path)


APPLIES = {
    "shapley": ("occlusion", "occlusion", "occlusion"),
    "occlusion": ("occlusion", "occlusion", "occlusion"),
    "grad-cam": ("grad-cam", "occlusion", "occlusion"),
    "gradients": ("occlusion", "gradients", "gradients"),
}


@pytest.mark.parametrize("method", APPLIES)
def test_a_method_is_used_in_the_columns_that_know_it(method) -> None:
    """The others are looked into by occlusion, which is said; the numbers in the screen are those of each method."""
    model = field_model()
    found = explained_rows(model, FIELDS, rows=2, method=method, seed=0)
    facts = json.loads(json.dumps(explanations_json(model, found, method), allow_nan=False))
    assert (facts["method"], facts["method_of_columns"]) == (method, "shapley")
    text, names = shown(model, found, method, width=200), ("photo", "review", "pulse")
    for place, (name, used) in enumerate(zip(names, APPLIES[method], strict=True)):
        assert {row["fields"][place]["method"] for row in facts["rows"]} == {used}
        straight = explain_field(model, FIELDS.slice(0, 1), name, method=used)[0]
        np.testing.assert_allclose(found.fields[0][place].values, straight.values)
        assert f"by {used}: {INSIDE[used]}." in text
    others = [name for name, used in zip(names, APPLIES[method], strict=True) if used != method]
    told = f"{method} does not apply to {', '.join(map(repr, others))}: occlusion looks inside."
    assert (told in text) == (method in ("grad-cam", "gradients"))


def test_columns_beside_them_are_told_apart() -> None:
    """Of a number beside a text Shapley values tell, whatever looks inside the text."""
    beside = {**texts(), "age": list(range(24))}
    model = model_of(beside, "verdict", network=Table(trunk=MLP(widths=(4,)), text=Words(units=4, pairs=0)))
    for method in ("occlusion", "gradients"):
        found = explained_rows(model, beside, rows=1, method=method, seed=0)
        told = [note.sentence for note in found.notes if note.kind == "method"]
        assert told == [f"{method} does not apply to 'age': Shapley values tell what it adds."]
    assert explained_rows(model, beside, rows=1, method="shapley", seed=0).notes == ()


def test_attention_is_told_without_a_unit() -> None:
    """A share of the attention, and that it proves nothing."""
    model = model_of(texts(), "verdict", network=Table(text=Hierarchical(units=4, chunk=4, section=2)))
    text = shown(model, explained_rows(model, texts(), rows=1, method="attention", seed=0), "attention")
    assert "% of the attention" in text
    assert "no proof that it mattered" in text


REFUSED = [
    (field_model, "attention", "'review' (texts) occlusion, gradients;", "try --method occlusion."),
    (field_model, "grad-cma", "'photo' (images) occlusion, grad-cam;", "did you mean 'grad-cam'?"),
    (lambda: make_model("species"), "occlusion", "shapley or gradients for what each", "try --method shapley."),
    (lambda: make_model("species"), "gradient", "shapley or gradients for what each", "did you mean 'gradients'?"),
    (
        lambda: model_of(texts(), "verdict", known=lambda x: x[:, 0]),
        "attention",
        "shapley for what each column adds; inside 'review' (texts) occlusion.",
        "try --method occlusion; only networks may know attention: fit with --choose network.",
    ),
]


@pytest.mark.parametrize(("make", "method", "expected", "remedy"), REFUSED)
def test_a_method_that_no_column_knows_is_refused(make, method, expected, remedy) -> None:
    """Before the data are read; what the columns of this very model know is named."""
    with pytest.raises(SpecError, match=f"the method '{method}' is none for the columns") as caught:
        explained_rows(make(), "no such file", rows=1, method=method, seed=0)
    assert expected in caught.value.expected
    assert caught.value.remedy == remedy
