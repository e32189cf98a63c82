"""Models of images, texts and series: their parts are held against each other, and no file of theirs does any harm."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina.classical import (
    Hog,
    Kernels,
    LearntRead,
    Linear,
    Plain,
    Read,
    Ridge,
    SparseLinear,
    SupportVectors,
    TfIdf,
    Warping,
)
from lamina.data import Schema, conform, fit_encoder, fit_target, infer_schema, read
from lamina.data.cells import tensor_column
from lamina.estimators.keep import classic_model
from lamina.foundation.errors import LaminaError, ModelFileError
from lamina.foundation.signature import Field, Signature
from lamina.model import Card, ClassicPredictor, Model, Predictor, file, load
from lamina.model.archive import seal
from lamina.model.arrays import read_arrays, write_arrays
from lamina.model.classic import learner_words
from lamina.networks import FCN, MLP, Conv, ConvNet, Table, Words
from small_models import random_weights

NETWORK = Table(
    trunk=MLP(widths=(4,)),
    image=ConvNet(layers=(Conv(channels=2),), head="mean"),
    text=Words(units=4, pairs=0),
    series=FCN(widths=(3,), sizes=(3,)),
)
KINDS = {"remark": "text"}


def rows(count: int = 24) -> pa.Table:
    """An image, a text, a series, a number, and a class."""
    stream = np.random.default_rng(0)
    words = ["rain", "wind", "snow", "town", "again", "long"]
    return pa.table(
        {
            "photo": tensor_column(stream.integers(0, 256, (count, 1, 6, 8), dtype=np.uint8)),
            "remark": [" ".join(stream.choice(words, 5)) for _ in range(count)],
            "pulse": tensor_column(stream.normal(0, 1, (count, 2, 10)).astype(np.float32)),
            "age": stream.normal(50, 10, count),
            "kind": ["bad", "good"] * (count // 2),
        }
    )


def parts() -> tuple[pa.Table, Schema, Any]:
    """The rows, conformed, their schema and target."""
    raw = read(rows())
    schema = infer_schema(raw, target="kind", kinds=KINDS)
    table, _ = conform(raw, schema, need_target=True)
    return table, schema, fit_target(table.column("kind"), schema.column("kind"), "classification")


def made_network() -> Model:
    """Two networks with arbitrary weights."""
    table, schema, target = parts()
    encoder = fit_encoder(table, schema, categories="codes", fields=True)
    signature = encoder.signature(scores=2)
    card = Card(name="t", task="classification", target="kind", classes=target.classes, rows=24, created="2026-11-21")
    predictor = Predictor(spec=NETWORK, signature=signature, weights=random_weights(NETWORK, signature, 2))
    return Model(schema=schema, encoder=encoder, target=target, predictor=predictor, link="softmax", card=card)


def made_rival() -> Model:
    """A linear model of pixels, words and values."""
    table, schema, target = parts()
    encoder = fit_encoder(table, schema, categories="onehot", fields=True, clipped=False)
    family = Read(reading=Plain(), family=Linear(folds=3, most_steps=20))
    learnt = family.fit(encoder.encode(table), target.encode(table.column("kind")), classes=2, seed=0)
    return classic_model(learnt, encoder, target, schema, task="classification", rows=24, name="t")


MODELS = {"network": made_network(), "rival": made_rival()}
MEMBERS = {name: file.to_members(model._parts) for name, model in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
def test_it_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    """Saved and loaded: the same answers to the bit, and saved again the same file."""
    MODELS[name].save(tmp_path / "m")
    back = load(tmp_path / "m")
    np.testing.assert_array_equal(back.predict_proba(rows()), MODELS[name].predict_proba(rows()))
    back.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


def refusal(path: Path, members: dict[str, bytes]) -> str:
    """What `load` says about these members, with right digests."""
    path.write_bytes(seal(members))
    with pytest.raises(ModelFileError) as caught:
        load(path)
    return caught.value.wrong


def with_column(
    members: dict[str, bytes], column: str, changes: dict[str, Any], member: str = "encoder.json"
) -> dict[str, bytes]:
    """The members with some settings of one column's encoder, or of the column in the schema, changed."""
    told = json.loads(members[member])
    (one,) = [one for one in told["columns"] if one["name"] == column]
    one.update(changes)
    return members | {member: json.dumps(told).encode()}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("column", "changes"),
    [
        ("photo", {"shape": [1, 8, 6]}),
        ("photo", {"shape": [3, 6, 8]}),
        ("photo", {"shape": [1, 6, 8, 1]}),
        ("photo", {"fill": [0, 0, 0]}),
        ("photo", {"fill": []}),
        ("photo", {"fill": [300]}),
        ("photo", {"name": "pulse"}),
        ("photo", {"name": "age"}),
        ("photo", {"name": "nobody"}),
        ("pulse", {"shape": [2, 11]}),
        ("pulse", {"shape": [1, 10]}),
        ("pulse", {"centres": [0.0]}),
        ("pulse", {"scales": [1.0, 1.0, 1.0]}),
        ("remark", {"name": "photo"}),
        ("remark", {"tokens": 7}),
        ("remark", {"codes": 3}),
    ],
    ids=str,
)
def test_an_encoder_of_another_column_is_refused(tmp_path: Path, model: str, column: str, changes: Any) -> None:
    """Shapes, colours, channels and lengths are those of the schema and of the predictor."""
    assert refusal(tmp_path / "m", with_column(MEMBERS[model], column, changes))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("column", "changes"),
    [
        ("photo", {"height": 7}),
        ("photo", {"channels": 3}),
        ("photo", {"kind": "Text"}),
        ("pulse", {"steps": 9}),
        ("pulse", {"channels": 1}),
        ("remark", {"kind": "Category"}),
        ("remark", {"kind": "Identifier"}),
        ("age", {"kind": "Text"}),
    ],
    ids=str,
)
def test_a_schema_of_other_columns_is_refused(tmp_path: Path, model: str, column: str, changes: Any) -> None:
    """An image of another size, or a text in its place, is not what the encoder was made for."""
    assert refusal(tmp_path / "m", with_column(MEMBERS[model], column, changes, "schema.json"))


def test_parts_in_memory_are_held_against_each_other_too() -> None:
    """What files may not do, nobody may: an encoder whose images have another shape is refused, in words."""
    model = MODELS["network"]
    photo, *others = model.encoder.columns
    strange = dataclasses.replace(model.encoder, columns=(dataclasses.replace(photo, shape=(1, 8, 6)), *others))
    with pytest.raises(ModelFileError, match="made for columns of other kinds"):
        dataclasses.replace(model, encoder=strange)
    with pytest.raises(ModelFileError, match="the encoder makes"):
        dataclasses.replace(model, encoder=dataclasses.replace(model.encoder, columns=tuple(others)))


BROKEN = {
    "no JSON": "{",
    "no tokenizer": "{}",
    "a list": "[]",
    "empty": "",
}


def vocabulary(change: Any) -> str:
    """The vocabulary of the text with something in it changed."""
    (remark,) = [one for one in MODELS["network"].encoder.field_columns if one.name == "remark"]
    told = json.loads(remark.vocabulary)
    change(told)
    return json.dumps(told)


def far_code(told: Any) -> None:
    """A word whose code is beyond all that were declared."""
    words = told["model"]["vocab"]
    words[max(words, key=words.get)] = 10**6


def endless(told: Any) -> None:
    """A rule that makes a long text of every letter."""
    told["normalizer"]["normalizers"].append({"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 9999})


def by_lot(told: Any) -> None:
    """Merges that are passed over now and then."""
    told["model"]["dropout"] = 0.5


def padded(told: Any) -> None:
    """Every text as long as memory allows."""
    told["padding"] = {
        "strategy": {"Fixed": 10**9},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "<pad>",
    }


CHANGED = {change.__name__: vocabulary(change) for change in (far_code, endless, by_lot, padded)}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("text", [*BROKEN.values(), *CHANGED.values()], ids=[*BROKEN, *CHANGED])
def test_a_vocabulary_that_is_none_is_refused(tmp_path: Path, model: str, text: str) -> None:
    """It cannot be read, has codes without a place, or other rules than ours: refused when loaded, not when asked."""
    assert refusal(tmp_path / "m", with_column(MEMBERS[model], "remark", {"vocabulary": text}))


@pytest.mark.parametrize("model", MODELS)
def test_a_signature_of_other_fields_is_refused(tmp_path: Path, model: str) -> None:
    """Fewer fields, other ones, in another order or absurdly large."""
    plan = json.loads(MEMBERS[model]["model.json"])
    photo, remark, pulse = plan["signature"]["fields"]
    changed = ([], [photo], [remark, photo, pulse], [photo, remark, pulse, pulse], [{**photo, "shape": [1, 6]}])
    changed += ([{**photo, "shape": [1, 2**40, 2**40]}, remark, pulse], [{**photo, "holds": "sound"}, remark, pulse])
    changed += ([photo, {**remark, "codes": 2**50}, pulse], [photo, remark, {**pulse, "shape": [2, 2**50]}], None, [1])
    for fields in changed:
        signature = {**plan["signature"], "fields": fields}
        told = json.dumps({**plan, "signature": signature}).encode()
        assert refusal(tmp_path / "m", MEMBERS[model] | {"model.json": told})


def test_arrays_of_a_rival_are_its_own(tmp_path: Path) -> None:
    """Each array left out, doubled, of another type or holding nonsense: refused in words, or it still answers."""
    members = MEMBERS["rival"]
    arrays = read_arrays(members["weights.safetensors"])
    assert any(name.startswith("reader.") for name in arrays)

    def packed(some: dict[str, np.ndarray]) -> dict[str, bytes]:
        return members | {"weights.safetensors": write_arrays(some)}

    for key, array in arrays.items():
        others = {name: one for name, one in arrays.items() if name != key}
        assert "does not hold" in refusal(tmp_path / "m", packed(others))
        assert "does not hold" in refusal(tmp_path / "m", packed(arrays | {f"{key}2": array}))
        other = np.int32 if array.dtype.kind == "f" else np.float32
        assert refusal(tmp_path / "m", packed(arrays | {key: array.astype(other)}))
        for wild in (array[:-1], array[:0], array[None], np.full_like(array, np.iinfo(np.uint8).max), array[::-1]):
            (tmp_path / "m").write_bytes(seal(packed(arrays | {key: np.ascontiguousarray(wild)})))
            with contextlib.suppress(ModelFileError), np.errstate(all="ignore"):
                assert load(tmp_path / "m").predict(rows().drop_columns("kind")).shape == (24,)


def test_a_reader_of_other_fields_is_refused() -> None:
    """A rival that reads other images than the signature says cannot answer one row of them."""
    learnt = MODELS["rival"].predictor.learnt  # type: ignore[union-attr]
    signature = MODELS["rival"].predictor.signature
    photo, *others = signature.fields
    turned = dataclasses.replace(signature, fields=(Field(holds="image", shape=(1, 8, 6)), *others))
    assert ClassicPredictor(learnt=learnt, signature=signature).answers()
    assert not ClassicPredictor(learnt=learnt, signature=turned).answers()
    assert not ClassicPredictor(learnt=learnt, signature=dataclasses.replace(signature, fields=(photo,))).answers()


def test_an_image_of_petabytes_is_refused() -> None:
    """Before one row of zeros is made of it."""
    learnt = MODELS["rival"].predictor.learnt  # type: ignore[union-attr]
    huge = Signature(features=1, scores=2, fields=(Field(holds="image", shape=(3, 2**20, 2**20)),))
    with pytest.raises(ModelFileError, match="too large"):
        ClassicPredictor(learnt=learnt, signature=huge)
    right = Signature(features=1, scores=2, fields=(Field(holds="series", shape=(4, 2**24)),))
    assert ClassicPredictor(learnt=learnt, signature=right).signature == right


def test_a_network_of_endless_series_is_refused(tmp_path: Path) -> None:
    """Schema, encoder and signature agree that a series has a thousand million steps: nobody could be asked of one."""
    endless, members = 2**30, MEMBERS["network"]
    members = with_column(members, "pulse", {"shape": [2, endless]})
    members = with_column(members, "pulse", {"steps": endless}, "schema.json")
    plan = json.loads(members["model.json"])
    plan["signature"]["fields"][2]["shape"] = [2, endless]
    words = refusal(tmp_path / "m", members | {"model.json": json.dumps(plan).encode()})
    assert "2.15e+09 numbers is too large" in words


def test_rows_are_asked_in_portions() -> None:
    """A rival of fields answers alike, however many rows it is given at a time; no rows give no scores."""
    model = MODELS["rival"]
    batch = model.encoder.encode(model.conform(rows())[0])
    whole = model.predictor.scores(batch)
    np.testing.assert_allclose(model.predictor.scores(batch, rows_at_once=7), whole, rtol=1e-9)
    assert model.predictor.scores(batch.take(np.arange(0))).shape == (1, 0, 2)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("member", ["encoder.json", "schema.json"])
def test_any_exchanged_value_is_refused_or_harmless(tmp_path: Path, model: str, member: str) -> None:
    """Whatever stands in a setting of a column is exchanged: refused as a model file, or it answers or says why not."""
    told = json.loads(MEMBERS[model][member])
    for place, column in enumerate(told["columns"]):
        for key in column:
            for value in (None, -1, 0, 10**12, 1e300, "", "x", [], [1], {}, True):
                changed = json.loads(MEMBERS[model][member])
                changed["columns"][place][key] = value
                (tmp_path / "m").write_bytes(seal(MEMBERS[model] | {member: json.dumps(changed).encode()}))
                with contextlib.suppress(ModelFileError):
                    back = load(tmp_path / "m")
                    with contextlib.suppress(LaminaError), np.errstate(all="ignore"):
                        assert len(back.predict(rows().drop_columns("kind"))) == 24


def test_all_fields_of_a_row_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many fields, each small enough, are refused as one large one is, before any row of them is made."""
    learnt: Any = MODELS["rival"].predictor
    fields = (Field(holds="image", shape=(1, 2**12, 2**12)),) * 5
    with pytest.raises(ModelFileError, match=r"8\.39e\+07 numbers is too large"):
        ClassicPredictor(learnt=learnt.learnt, signature=Signature(features=1, scores=2, fields=fields))
    signature = MODELS["network"].predictor.signature
    monkeypatch.setattr("lamina.model.parts.MOST_NUMBERS", max(math.prod(one.shape) for one in signature.fields))
    with pytest.raises(ModelFileError, match="numbers is too large"):
        dataclasses.replace(MODELS["network"])


def test_fields_are_checked_before_anything_is_reckoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of other shapes is not even asked, and a row that does not fit into memory is no answer."""
    predictor: Any = MODELS["rival"].predictor
    assert predictor.answers()
    other = dataclasses.replace(predictor.signature, fields=predictor.signature.fields[::-1])

    def run_out(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(LearntRead, "scores", run_out)
    assert not predictor.answers()
    monkeypatch.setattr(LearntRead, "scores", lambda *_: pytest.fail("it was asked"))
    assert not dataclasses.replace(predictor, signature=other).answers()


@pytest.mark.parametrize(
    ("family", "words"),
    [
        (Read(family=Linear(folds=3, most_steps=20)), "Linear model ("),
        (Read(reading=Hog(), family=Linear(folds=3, most_steps=20)), "Linear model on oriented gradients ("),
        (Read(reading=TfIdf(least=1), family=SparseLinear()), "Linear model on words and pairs of words"),
        (Read(reading=Kernels(features=84), family=Ridge()), "Linear model on random convolution kernels"),
        (Read(reading=Hog(), family=SupportVectors()), "Support vector machine on oriented gradients"),
        (Warping(), "Nearest neighbour with time warping (band="),
    ],
    ids=str,
)
def test_a_learner_behind_a_reader_has_its_name(family: Any, words: str) -> None:
    """The card names what learnt and what it reads, with the settings that were chosen."""
    table, schema, target = parts()
    encoder = fit_encoder(table, schema, categories="onehot", fields=True, clipped=False)
    learnt = family.fit(encoder.encode(table), target.encode(table.column("kind")), classes=2, seed=0)
    assert learner_words(learnt).startswith(words)
