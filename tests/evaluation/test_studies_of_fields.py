"""Studies of images, texts, series and all of them together: the same command, the same verdict, the same file."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_digits

import lamina
from lamina.classical import LearntRead
from lamina.evaluation import Protocol, Study
from lamina.model import ClassicPredictor, Predictor, load
from lamina.networks import FCN, MLP, Conv, ConvNet, Table, Words
from lamina.training import AdamW, Training
from pictures import encoded
from rival_ground import HERE

THREE = Protocol(folds=3, repeats=1)
BRIEF = Training(epochs=12, batch=32, optimiser=AdamW(learning_rate=0.01), device="cpu", precision="float32")
WORDS = ["all", "that", "we", "saw", "in", "town", "was", "rain", "and", "wind", "some", "snow", "again", "so", "long"]

Columns = dict[str, Any]


def with_gaps(cells: list[Any], every: int = 17) -> list[Any]:
    """The cells, but for some that are missing."""
    return [None if row % every == every - 1 else cell for row, cell in enumerate(cells)]


def photos(rows: int) -> list[bytes]:
    """Digits of 8 x 8 pixels as files."""
    return [encoded((image * 15.9).astype(np.uint8)) for image in load_digits().images[:rows]]


def digits(rows: int = 300) -> Columns:
    """Digits, of which some are missing, and the part of each row in a split."""
    return {"photo": with_gaps(photos(rows), 29), "digit": [f"d{code}" for code in load_digits().target[:rows]]}


def reviews(rows: int = 200) -> Columns:
    """Sentences that differ in one word."""
    stream = np.random.default_rng(0)
    planted = ["dreadful", "wonderful"]
    texts = [f"{' '.join(stream.choice(WORDS, 6))} {planted[row % 2]} {stream.choice(WORDS)}" for row in range(rows)]
    return {"review": with_gaps(texts), "liked": [["no", "yes"][row % 2] for row in range(rows)]}


def gestures(rows: int = 120) -> Columns:
    """Two channels of 20 to 30 steps, in one of which some rows have a bump."""
    stream = np.random.default_rng(0)
    cells = []
    for row in range(rows):
        values = stream.normal(0, 0.3, (2, int(stream.integers(20, 31))))
        values[1, 8:12] += 3 * (row % 2)
        cells.append(values.tolist())
    return {"move": with_gaps(cells), "bump": [["no", "yes"][row % 2] for row in range(rows)]}


def visits(rows: int = 120) -> Columns:
    """An image, a text, a series, a number and a category; the cost follows from the text, the number and the town."""
    stream = np.random.default_rng(1)
    age, town = stream.normal(50, 10, rows), stream.integers(0, 3, rows)
    remark = stream.integers(0, 2, rows)
    return {
        "photo": with_gaps(photos(rows)),
        "remark": with_gaps([f"{' '.join(stream.choice(WORDS, 5))} {['well', 'badly'][code]}" for code in remark], 13),
        "pulse": with_gaps([stream.normal(70, 5, int(n)).tolist() for n in stream.integers(10, 15, rows)], 11),
        "age": age.tolist(),
        "town": [["Aarau", "Basel", "Chur"][code] for code in town],
        "cost": (age + 15 * remark + 5 * town + stream.normal(0, 1, rows)).tolist(),
    }


def asked(columns: Columns, target: str, **changes: Any) -> Study:
    """A study without a learning curve, in this process, of a network with one member."""
    usual = {"training": BRIEF, "members": 1, "protocol": THREE, "curve": False, "workers": 0}
    return lamina.fit(pa.table(columns), target, **{**usual, **changes})


@pytest.fixture(scope="module")
def of_images() -> Study:
    """Of digits, with a given split: a small convolutional network and two linear models."""
    columns = digits()
    columns["split"] = [["train", "train", "train", "val", "test"][row % 5] for row in range(300)]
    network = Table(trunk=MLP(widths=(16,)), image=ConvNet(layers=(Conv(channels=8, pool=2), Conv(channels=16))))
    return asked(columns, "digit", network=network, protocol=None, contenders=["linear", "hog-linear"], choose="linear")


@pytest.fixture(scope="module")
def of_texts() -> Study:
    """Of sentences: the usual network and a linear model of words."""
    return asked(reviews(), "liked", contenders=["linear"], choose="linear")


@pytest.fixture(scope="module")
def of_series() -> Study:
    """Of gestures: a small network and a ridge of random kernels."""
    network = Table(trunk=MLP(widths=()), series=FCN(widths=(16, 16), sizes=(5, 3)))
    return asked(gestures(), "bump", network=network, contenders=["kernels"], choose="kernels")


@pytest.fixture(scope="module")
def of_all() -> Study:
    """Of a number, by columns of every kind: a small network and a forest."""
    network = Table(
        trunk=MLP(widths=(32,)),
        image=ConvNet(layers=(Conv(channels=4),)),
        text=Words(units=8, pairs=0),
        series=FCN(widths=(4,), sizes=(3,)),
    )
    longer = replace(BRIEF, epochs=40)
    return asked(visits(), "cost", network=network, training=longer, contenders=["forest"], choose="forest")


WHOLE: dict[str, tuple[Columns, str, str]] = {  # columns, target, the rival that is kept
    "of_images": (digits(60), "digit", "linear"),
    "of_texts": (reviews(60), "liked", "linear"),
    "of_series": (gestures(60), "bump", "kernels"),
    "of_all": (visits(60), "cost", "forest"),
}
KINDS = {"of_images": ["image"], "of_texts": ["text"], "of_series": ["series"], "of_all": ["image", "text", "series"]}


@pytest.fixture(params=WHOLE)
def name(request: pytest.FixtureRequest) -> str:
    """The name of each study."""
    return str(request.param)


@pytest.fixture
def study(request: pytest.FixtureRequest, name: str) -> Study:
    """Each study."""
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


@pytest.fixture
def rows(name: str) -> Columns:
    """Rows to ask about, some cells of which are missing, without the target."""
    columns, target, _ = WHOLE[name]
    return {column: cells for column, cells in columns.items() if column != target}


def test_every_kind_ends_in_a_verdict(study: Study, name: str) -> None:
    """The network is held against the rival of its kind, both were scored, and the one that was chosen is kept."""
    rival = WHOLE[name][2]
    assert study.verdict is not None
    assert study.verdict.sentence
    assert {study.verdict.rival, "constant", "network"} <= {one.contender.name for one in study.tallies}
    assert study.chosen == rival
    assert isinstance(study.model.predictor, ClassicPredictor)
    assert isinstance(study.model.predictor.learnt, LearntRead)
    assert study.network is not None
    assert isinstance(study.network.predictor, Predictor)


def test_there_is_something_to_learn_and_the_network_learns_it(study: Study, name: str) -> None:
    """A short training of a small network takes it well past the constant."""
    network, constant = (study.contender(one).scores[0].mean for one in ("network", "constant"))
    if name == "of_all":
        assert network < 0.85 * constant  # an error
    else:
        assert network > constant + 0.2


def said(model: Any, rows: Any) -> list[np.ndarray]:
    """All that a model says about rows, as arrays."""
    more = [] if model.card.task == "regression" else [model.predict_proba(rows)]
    return [np.asarray(model.predict(rows)), *more]


def test_a_saved_run_answers_as_the_study_does(study: Study, rows: Columns, tmp_path: Path) -> None:
    """Network and rival come back from their files with the same answers, to the bit."""
    study.save(tmp_path / "run")
    for file, model in (("model.lamina", study.model), ("network.lamina", study.network)):
        for back, here in zip(said(load(tmp_path / "run" / file), rows), said(model, rows), strict=True):
            np.testing.assert_array_equal(back, here)


def test_the_order_of_columns_changes_nothing(study: Study, rows: Columns) -> None:
    """A table whose columns come in another order, with one more among them, is answered alike."""
    turned = pa.table({"noise": [7] * len(next(iter(rows.values()))), **dict(reversed(rows.items()))})
    for model in (study.model, study.network):
        for one, other in zip(said(model, turned), said(model, pa.table(rows)), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_row_is_answered_alike_alone_and_in_company(study: Study, rows: Columns) -> None:
    """Which other rows are asked about has no part in an answer."""
    some = {column: cells[20:35] for column, cells in rows.items()}
    for model in (study.model, study.network):
        alone, together = said(model, some)[-1], said(model, rows)[-1][20:35]
        np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-5)


def test_a_missing_cell_is_answered(study: Study, name: str, rows: Columns) -> None:
    """Without its image, text or series a row is answered still; chances are chances, numbers are numbers."""
    columns = [column for column, cells in rows.items() if None in cells]
    assert len(columns) == len(KINDS[name])
    empty = {column: [None, *cells[1:6]] if column in columns else cells[:6] for column, cells in rows.items()}
    for model in (study.model, study.network):
        found = said(model, pa.table(empty))
        assert all(len(one) == 6 for one in found)
        if model.card.task == "classification":
            assert np.isfinite(found[1]).all()
            np.testing.assert_allclose(found[1].sum(axis=1), 1, atol=1e-6)
            assert set(found[0]) <= set(model.target.classes)
        else:
            assert np.isfinite(found[0]).all()


def test_the_answer_is_a_table(study: Study, rows: Columns) -> None:
    """`answer` has a row for each row that was asked about."""
    for model in (study.model, study.network):
        assert model is not None
        found = model.answer(rows)
        assert found.num_rows == 60
        assert not any(column.null_count for column in found.columns)


def test_the_facts_show_every_field(study: Study, name: str, tmp_path: Path) -> None:
    """``result.json`` tells of each column of images, texts or series, and the report shows each picture."""
    study.save(tmp_path)
    facts = json.loads((tmp_path / "result.json").read_text())
    assert [one["kind"] for one in facts["fields"]] == KINDS[name]
    page = (tmp_path / "report.html").read_text()
    for field in facts["fields"]:
        assert field["column"] in page
        for example in field["examples"]:
            assert field["kind"] != "image" or example["picture"] in page
    assert ("data:image/png;base64," in page) == ("image" in KINDS[name])


def test_a_given_split_is_kept_and_said(of_images: Study) -> None:
    """The part for validation judges, that for tests is opened once, and a note tells it."""
    facts = of_images.facts()
    assert of_images.judged == ((180, 60),)
    assert (facts["test"]["rows"], facts["test"]["kind"]) == (60, "opened once")
    assert facts["protocol"]["test_rows"] == 60
    words = "the split that came with the data is kept: 180 rows to learn from, 60 rows judge, 60 are opened once"
    assert f"{words}; its column 'split' is no input." in facts["notes"]
    assert "split" not in of_images.model.encoder.inputs


def test_a_network_of_fields_is_told_in_layers(of_all: Study) -> None:
    """What reads a field is one layer, and stands beside those that follow."""
    kinds = [one["kind"] for one in of_all.facts()["network"]["layers"]]
    assert kinds == ["OneHot", "Image", "Words", "Series", "Affine", "Affine"]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_guest_takes_part_and_is_kept_if_it_can_be(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """An estimator by its name learns from pixels, here or in another process; what no file can hold is not kept."""
    monkeypatch.setattr(sys, "path", [*sys.path, HERE])
    guests = ["none", "sklearn.tree:DecisionTreeClassifier", "rival_ground:Unkept"]
    columns = {"photo": photos(90), "odd": [f"{code % 2}" for code in load_digits().target[:90]]}
    network = Table(trunk=MLP(widths=()), image=ConvNet(layers=(Conv(channels=2),)))
    study = asked(columns, "odd", network=network, contenders=guests, choose="Unkept", workers=workers, explain=False)
    assert {one.contender.name for one in study.tallies} == {"constant", "DecisionTreeClassifier", "Unkept", "network"}
    assert study.contender("DecisionTreeClassifier").scores[0].mean > 0.6
    assert study.chosen != "Unkept"
    words = "'Unkept' was to be kept, but cannot be written to a file; the advised contender is kept."
    assert words in [note.sentence for note in study.notes]
    chosen = replace(BRIEF, epochs=1)
    tree = asked(
        columns,
        "odd",
        network=network,
        training=chosen,
        contenders=guests[:2],
        choose="DecisionTreeClassifier",
        workers=workers,
        explain=False,
    )
    assert tree.chosen == "DecisionTreeClassifier"
    assert len(tree.model.predict({"photo": columns["photo"]})) == 90
