"""Networks that learn from a stream: the same model as in memory where it fits, the same promises where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from lamina.data import conform, infer_schema, infer_stream, load_builtin, open_source, read, survey
from lamina.data.lots import drawn
from lamina.estimators import Part, fit_networks, mirror, renew_networks, streaming
from lamina.estimators.mirror import Mirrors
from lamina.estimators.streaming import fit_stream, fit_surveyed
from lamina.foundation.errors import DataError, SchemaError, SpecError
from lamina.model import DataWarning
from lamina.networks import FCN, MLP, Conv, ConvNet, Table, Words
from lamina.training import GradientDescent, Progress, Training
from pictures import encoded

SMALL = Table(trunk=MLP(widths=(8,), activation="tanh"))
QUICK = Training(epochs=3, batch=32, device="cpu")


def table_of(rows: int, seed: int = 0) -> pa.Table:
    """Numbers, one with gaps, a name, and answers that hang on all of them."""
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, rows))
    name = rng.choice(["red", "green", "blue"], rows)
    amount = a - b + (name == "red")
    return pa.table(
        {
            "a": pa.array(a, mask=rng.random(rows) < 0.1),
            "b": b,
            "name": name,
            "amount": amount + 0.1 * rng.standard_normal(rows),
            "answer": np.where(amount > 0, "yes", "no"),
        }
    )


def written(folder: Path, table: pa.Table, *, files: int = 1, group: int = 500) -> Path:
    """The table as a folder of Parquet files."""
    folder.mkdir()
    size = -(-table.num_rows // files)
    for i in range(files):
        pq.write_table(table.slice(i * size, size), folder / f"{i}.parquet", row_group_size=group)
    return folder


@pytest.mark.parametrize("target", ["answer", "amount"])
def test_a_small_stream_trains_as_the_table_in_memory_does(tmp_path: Path, target: str) -> None:
    """With the same rows watched, encoder, target and every answer agree to a millionth, watched rows included."""
    table = table_of(3_000)
    model = fit_stream(written(tmp_path / "a", table, files=3), target, network=SMALL, training=QUICK, seed=5)
    raw = read(table)
    schema = infer_schema(raw, target=target)
    conformed, _ = conform(raw, schema, need_target=True)
    watch = drawn(0, 3_000, 0.1, 5, "watch")
    part = Part(train=np.flatnonzero(~watch), watch=np.flatnonzero(watch), seeds=(5,))
    task = "regression" if target == "amount" else "classification"
    (fitted,) = fit_networks(conformed, schema, [part], network=SMALL, training=QUICK, task=task)
    assert (model.schema, model.encoder, model.target) == (schema, fitted.encoder, fitted.target)
    for name, weight in fitted.predictor.weights.items():
        np.testing.assert_allclose(model.predictor.weights[name], weight, rtol=0, atol=1e-6)
    assert model.card.rows == int((~watch).sum())


def test_the_model_hangs_on_the_rows_and_the_seed_and_not_on_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file, or four with other row groups, streamed in many blocks: equal weights; another seed: others."""
    monkeypatch.setattr("lamina.data.blocks.BLOCK_BYTES", 1)  # the least block: 1,024 rows
    table = table_of(4_000)
    one, four = written(tmp_path / "a", table), written(tmp_path / "b", table, files=4, group=130)
    models = [
        fit_stream(path, "answer", network=SMALL, training=QUICK, seed=s) for path, s in [(one, 0), (four, 0), (one, 1)]
    ]
    weights = [model.predictor.weights for model in models]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])
    assert any((weights[0][name] != weights[2][name]).any() for name in weights[0])


def test_many_blocks_learn_what_there_is_to_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table sorted by its answer, in blocks of a quarter of it, is learnt well."""
    monkeypatch.setattr("lamina.data.blocks.BLOCK_BYTES", 1)
    table = table_of(4_000).sort_by("answer")
    path, fresh = written(tmp_path / "a", table), table_of(500, seed=1)
    model = fit_stream(path, "answer", network=SMALL, training=Training(epochs=15, batch=32, device="cpu"))
    right = model.predict(fresh)
    assert (right == fresh["answer"].to_numpy(zero_copy_only=False)).mean() > 0.9


def test_a_folder_of_csv_learns_like_the_whole_file(tmp_path: Path) -> None:
    """Delimited text is streamed too; the model answers rows of a table."""
    table = load_builtin("penguins")
    for i in range(2):
        csv.write_csv(table.slice(i * 172, 172), tmp_path / f"{i}.csv")
    (tmp_path / "README.md").write_text("penguins")
    told: list[Progress] = []
    model = fit_stream(
        tmp_path, "species", network=SMALL, training=Training(epochs=60, device="cpu"), on_epoch=told.append
    )
    assert (model.predict(table) == table["species"].to_numpy(zero_copy_only=False)).mean() > 0.9
    assert len(told) == 60
    assert model.card.rows == 344
    assert model.card.notes[0] == f"not read in {tmp_path.name!r}: 'README.md'."


def test_levels_that_come_late_or_not_at_all_have_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A level of the last row only is known; one of many thousands, or of no row, is answered as unseen."""
    monkeypatch.setattr("lamina.data.stream.SAMPLE_ROWS", 500)
    table = table_of(3_000)
    many = [f"level {i % 1_500}" for i in range(3_000)]
    names = ["red"] * 2_999 + ["late"]
    table = table.append_column("many", pa.array(many)).set_column(2, "name", pa.array(names))
    table = table.append_column("shade", pa.array([*(["x", "y", "z"] * 1000)[:-1], "last"]))
    model = fit_stream(written(tmp_path / "a", table, files=2), "answer", network=SMALL, training=QUICK)
    levels = {one.name: getattr(one, "levels", ()) for one in model.encoder.columns}
    assert set(levels["name"]) == {"red", "late"}
    assert set(levels["shade"]) == {"x", "y", "z", "last"}
    assert len(levels["many"]) == 1_000
    assert len(model.schema.column("many").levels) == 1_500
    strange = table.slice(0, 3).set_column(table.column_names.index("shade"), "shade", pa.array(["?", None, "new"]))
    with pytest.warns(DataWarning, match="'shade' has a category not seen before"):
        assert set(model.predict(strange)) <= {"yes", "no"}


def test_a_saved_model_answers_alike(tmp_path: Path) -> None:
    """What a stream learnt is a model like any other."""
    import lamina

    table = table_of(500)
    model = fit_stream(written(tmp_path / "a", table), "amount", network=SMALL, training=QUICK)
    model.save(tmp_path / "x.lamina")
    assert np.array_equal(lamina.load(tmp_path / "x.lamina").predict(table), model.predict(table))


def test_what_cannot_be_streamed_is_refused_in_words(tmp_path: Path) -> None:
    """Whole batches, targets that are not there and tables of nothing to learn are told before training."""
    path = written(tmp_path / "a", table_of(300))
    with pytest.raises(SpecError, match="all rows in one step"):
        fit_stream(path, "answer", training=Training(batch="all"))
    with pytest.raises(SpecError, match="all rows in one step"):
        fit_stream(path, "answer", training=Training(optimiser=GradientDescent(learning_rate=0.1)))
    with pytest.raises(SchemaError, match="there is no column 'anser'"):
        fit_stream(path, "anser")
    few = written(tmp_path / "b", table_of(5))
    with pytest.raises(DataError, match="there are only 5 rows"):
        fit_stream(few, "answer")


def test_a_limit_of_seconds_ends_with_a_model(tmp_path: Path) -> None:
    """When the passes took all the time, one epoch begins and the network of that moment is given."""
    model = fit_stream(written(tmp_path / "a", table_of(2_500)), "answer", network=SMALL, seconds=1e-6)
    assert model.card.task == "classification"


def test_epochs_left_open_meet_no_more_rows_than_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A long table gets fewer passes; a number that was asked for is kept."""
    monkeypatch.setattr("lamina.estimators.streaming.MOST_MET", 6_000)
    path, told = written(tmp_path / "a", table_of(2_500)), []
    fit_stream(path, "answer", network=SMALL, training=Training(batch=64, device="cpu"), on_epoch=told.append)
    assert len(told) == 2
    fit_stream(path, "answer", network=SMALL, training=QUICK, on_epoch=told.append)
    assert len(told) == 5


FIELDS = Table(
    trunk=MLP(widths=(4,)),
    image=ConvNet(layers=(Conv(channels=2),)),
    text=Words(units=4, pairs=0),
    series=FCN(widths=(2,), sizes=(3,)),
)


def fields_of(rows: int = 400) -> pa.Table:
    """Images as files, texts, series of unequal length, some of each missing, a number, and a class from the text."""
    rng = np.random.default_rng(0)
    words = ["rain", "wind", "snow", "town", "again", "long", "ago"]
    gone = rng.random((3, rows)) < 0.05
    pixels = rng.integers(0, 256, (rows, 8, 8), dtype=np.uint8)
    return pa.table(
        {
            "photo": pa.array([encoded(one) for one in pixels], mask=gone[0]),
            "remark": pa.array(
                [f"{' '.join(rng.choice(words, 5))} {['dull', 'fine'][i % 2]}" for i in range(rows)], mask=gone[1]
            ),
            "pulse": pa.array([rng.normal(0, 1, n).tolist() for n in rng.integers(8, 13, rows)], mask=gone[2]),
            "a": rng.standard_normal(rows),
            "answer": np.where(np.arange(rows) % 2 == 0, "no", "yes"),
        }
    )


def test_fields_are_streamed(tmp_path: Path) -> None:
    """Images, texts and series are read piece by piece; model, weights and answers are those of the table in memory."""
    table = fields_of()
    model = fit_stream(written(tmp_path / "a", table, files=2, group=90), "answer", network=FIELDS, training=QUICK)
    raw = read(table)
    schema = infer_schema(raw, target="answer")
    conformed, _ = conform(raw, schema, need_target=True)
    part = Part(train=np.arange(400), watch=np.arange(0), seeds=(0,))
    (fitted,) = fit_networks(conformed, schema, [part], network=FIELDS, training=QUICK, task="classification")
    assert [field.holds for field in model.predictor.signature.fields] == ["image", "text", "series"]
    assert (model.encoder, model.target) == (fitted.encoder, fitted.target)
    for name, weight in fitted.predictor.weights.items():
        np.testing.assert_allclose(model.predictor.weights[name], weight, rtol=0, atol=1e-5)
    assert len(model.predict(table.slice(0, 30).drop_columns("answer"))) == 30


def test_fields_get_the_usual_encoders_where_none_is_named(tmp_path: Path) -> None:
    """A table network without encoders, and no network at all, read every field of a stream."""
    path = written(tmp_path / "a", fields_of(60))
    for network in (None, SMALL):
        model = fit_stream(path, "answer", network=network, training=Training(epochs=1, device="cpu"))
        spec = model.predictor.spec
        assert None not in (spec.image, spec.text, spec.series)


@pytest.mark.parametrize("asked", ["auto", "float32"])
def test_a_stream_is_reckoned_as_a_table_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """Where the processor is made for it convolutions are reckoned in bfloat16, unless something else was asked for.

    Beside a text or a tiny image they are not: these stay in float32.
    """
    monkeypatch.setattr("lamina.estimators.recipe.reckons_halves", lambda device: True)
    found: list[str] = []
    honest = streaming.fit_fleet

    def fit_fleet(build, pool, members, training, **others):
        found.append(training.precision)
        return honest(build, pool, members, training, **others)

    monkeypatch.setattr(streaming, "fit_fleet", fit_fleet)
    training = Training(epochs=1, device="cpu", precision=asked)
    alone = fields_of(60).select(["pulse", "a", "answer"])
    fit_stream(written(tmp_path / "a", alone), "answer", training=training)
    fit_stream(written(tmp_path / "b", fields_of(60)), "answer", training=training)
    assert found == [{"auto": "bfloat16"}.get(asked, asked), asked]


@pytest.mark.parametrize("flip", [True, False])
def test_a_stream_asks_about_mirror_images_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flip: bool) -> None:
    """Rows that teach are asked, a sample of them, and none that is watched; what they say is done and handed on."""
    asked: list[tuple[int, int, float | None]] = []

    def answer(rows, learning, *others, training, **more):
        asked.append((len(rows), learning, training.seconds))
        return Mirrors(plain=1.0, mirrored=1.0, constant=2.0, flip=flip)

    monkeypatch.setattr(mirror, "ask_mirrors", answer)
    monkeypatch.setattr(streaming, "PROBE_ROWS", 50)
    table = fields_of(60).select(["photo", "answer"])
    with open_source(written(tmp_path / "a", table)) as source:
        found = survey(source, infer_stream(source, target="answer"), seed=0, share=0.2)
        given = {"training": replace(QUICK, epochs=1), "task": "classification", "seeds": (0,), "seconds": 90.0}
        fitted = fit_surveyed(source, found, network=None, **given)
        kept = fit_surveyed(source, found, network=FIELDS, **given)
    learning = min(50, found.rows)
    assert asked == [(learning + found.watched.num_rows, learning, 90.0)]
    assert fitted.mirrors is not None
    augment = fitted.predictor.spec.image.augment
    assert (augment is not None and augment.flip) is fitted.mirrors.flip is flip
    assert (kept.mirrors, kept.predictor.spec.image) == (None, FIELDS.image)


def test_texts_have_few_passes_in_a_stream_and_on_new_rows_too(tmp_path: Path) -> None:
    """What is usual in memory is usual in a stream, and where a model goes on with new rows."""
    words = np.where(np.arange(1200) % 2 == 0, "fine", "dull")
    table = pa.table({"remark": [f"a {word} day, said number {i}" for i, word in enumerate(words)], "answer": words})
    network = Table(text=Words(units=2, pairs=0), trunk=MLP(widths=()))
    model = fit_stream(written(tmp_path / "a", table), "answer", network=network, training=Training(device="cpu"))
    assert [len(one["epochs"]) for one in model.history] == [30]
    known, _ = model.conform(table, need_target=True)
    rows = np.arange(1200)
    renewed = renew_networks(model, known, rows, rows[:0], training=Training(device="cpu"))
    assert [len(one.epochs) for one in renewed.histories] == [30]
