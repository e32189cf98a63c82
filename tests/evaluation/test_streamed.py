"""Streamed studies: the network meets every row, its rivals a sample, and the judges are met by nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lamina
from lamina.data import Pieces, block_rows, fit_encoder, open_source
from lamina.evaluation import Protocol, Study
from lamina.evaluation.passes import Streamed, stream
from lamina.evaluation.streamed import refuse_unstreamed
from lamina.evaluation.tally import truth_of
from lamina.foundation.errors import DataError, LaminaError, SchemaError, SpecError
from lamina.networks import MLP, Conv, ConvNet, Table, Words
from lamina.training import AdamW, Training
from pictures import encoded
from quick import SMALL

ROWS = 3_000
QUICK = Training(epochs=4, batch=64, optimiser=AdamW(learning_rate=0.03), device="cpu")


def table_of(rows: int = ROWS) -> pa.Table:
    """Numbers that are all different, a name, and answers that hang on both; one row alone is of a third class."""
    rng = np.random.default_rng(0)
    x, name = rng.standard_normal(rows), rng.choice(["red", "green", "blue"], rows)
    amount = x + (name == "red") + 0.1 * rng.standard_normal(rows)
    answer = np.where(amount > 0, "yes", "no").astype(object)
    answer[17] = "perhaps"
    return pa.table({"x": x, "name": name, "amount": amount, "answer": pa.array(answer)})


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """The same rows in one file and in three."""
    table, places = table_of(), (tmp_path_factory.mktemp("rows"), tmp_path_factory.mktemp("same"))
    for place, files in zip(places, (1, 3), strict=True):
        (place / "rows").mkdir()
        size = -(-ROWS // files)
        for i in range(files):
            pq.write_table(table.slice(i * size, size), place / "rows" / f"{i}.parquet", row_group_size=400)
    return places[0] / "rows", places[1] / "rows"


@pytest.fixture(scope="module")
def few() -> Iterator[None]:
    """Samples of some hundred rows, so that three thousand are many."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("lamina.data.stream.SAMPLE_ROWS", 500)
        patched.setattr("lamina.data.stream.ASIDE_ROWS", 600)
        yield


def study_of(folder: Path, target: str, **changes: object) -> Study:
    """A streamed study with a linear rival that is over in no time."""
    usual: dict[str, object] = {"contenders": ["linear"], "network": SMALL, "training": QUICK, "workers": 0}
    return lamina.fit(folder, target, **{**usual, "explain": False, "stream": True, **changes})


@pytest.fixture(scope="module")
def judged(folders, few) -> Study:
    """A study of more rows than the rivals meet; the linear model is kept."""
    return study_of(folders[0], "answer", choose="linear")


def passes(folder: Path) -> tuple[Streamed, set[float]]:
    """What two passes held, and every x that an epoch of the network meets."""
    with open_source(folder) as source:
        found = stream(source, "answer", task=None, protocol=Protocol(), kinds={}, seed=0)
        encoder = fit_encoder(found.survey.sample, found.survey.schema, categories="codes")
        pieces = Pieces(source=source, survey=found.survey, encoder=encoder, rows=block_rows(encoder, source.row_bytes))
        tables = [pieces.survey.learning(raw) for raw in source.pieces()]
        assert sum(batch.rows for batch, _ in pieces.epoch(1)) == found.survey.rows
    return found, {x for table in tables for x in table["x"].to_pylist()}


def test_rows_that_judge_are_learnt_from_by_nobody(folders, few) -> None:
    """Judges, the rows opened once, those watched and those learnt from share no row, and are all rows together."""
    found, learnt = passes(folders[0])
    x = np.asarray(found.prepared.table["x"])
    (trial,) = found.plan.trials
    parts = [set(x[trial.test]), set(x[found.plan.test]), set(found.survey.watched["x"].to_pylist()), learnt]
    assert sum(map(len, parts)) == len(set.union(*parts)) == ROWS == found.rows
    assert set(x[trial.train]) <= learnt
    assert len(parts[0]) + len(parts[1]) == pytest.approx(600, abs=60)
    assert found.rival_rows == pytest.approx(500, abs=60)


def test_what_is_rare_is_no_part_of_the_rivals_sample(folders, few) -> None:
    """Rows that joined the encoder's sample for being rare would bend a uniform one; their class is known."""
    found, _ = passes(folders[0])
    sample, answers = found.survey.sample, found.prepared.table["answer"].to_pylist()
    assert found.survey.by_lot.sum() == found.rival_rows < sample.num_rows
    assert "perhaps" in answers
    assert answers.index("perhaps") not in found.plan.judged[0].train


def test_the_rivals_sample_is_bounded_in_bytes(folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoded rows of many features are fewer."""
    monkeypatch.setattr("lamina.data.stream.SAMPLE_ROWS", ROWS)
    monkeypatch.setattr("lamina.evaluation.passes.RIVAL_BYTES", 1)
    monkeypatch.setattr("lamina.evaluation.passes.LEAST_RIVAL_ROWS", 700)
    assert passes(folders[0])[0].rival_rows == 700


def test_the_verdict_says_who_met_what(judged) -> None:
    """Verdict, notes and facts give the rows of the network and of its rivals."""
    study = judged
    facts = study.facts()["streamed"]
    assert study.verdict is not None
    assert study.verdict.sentence.endswith(facts["sentence"])
    met = facts["network_rows"] + facts["watched_rows"]
    assert (
        f"met all {met:,} rows not held out, its rivals a random sample of {facts['rival_rows']:,}."
        in (facts["sentence"])
    )
    assert study.notes[0].sentence == f"streamed. {facts['sentence']}"
    assert study.rows == facts["rows"] == ROWS == met + sum(study.judged[0][1:]) + study.facts()["test"]["rows"]
    assert study.contender("network").score("accuracy").mean > 0.85
    assert study.contender("linear").score("accuracy").mean > 0.85


def test_the_models_answer_as_they_were_judged(folders, judged, tmp_path: Path) -> None:
    """Both files, loaded again, give the chances that were scored; their cards tell how many rows they learnt from."""
    study = judged
    study.save(tmp_path)
    with open_source(folders[0]) as source:
        found = stream(source, "answer", task=None, protocol=Protocol(), kinds={}, seed=0)
    rows_of_judges = found.prepared.table.take(pa.array(found.plan.judged[0].test))
    rows = study.facts()["streamed"]
    for name, file, learnt in (
        ("network", "network.lamina", rows["network_rows"]),
        ("linear", "model.lamina", rows["rival_rows"]),
    ):
        model, tally = lamina.load(tmp_path / file), study.contender(name)
        assert model.card.rows == learnt
        given = model.predict_proba(rows_of_judges).argmax(axis=1)
        truth = truth_of(found.prepared, found.plan.judged[0])
        assert np.mean(given == truth) == pytest.approx(tally.score("accuracy").mean)
    assert "streamed" in (tmp_path / "result.json").read_text()
    assert "random sample" in (tmp_path / "report.html").read_text()


def test_a_study_hangs_on_the_rows_and_not_on_the_files(folders, few) -> None:
    """One file or three: equal verdicts and fingerprints. Numbers are judged as classes are."""
    one, three = (study_of(folder, "amount", explain=True) for folder in folders)
    assert one.verdict is not None
    assert three.verdict is not None
    assert one.verdict.difference == three.verdict.difference
    assert [one.facts()[part] for part in ("fingerprint", "test")] == [
        three.facts()[part] for part in ("fingerprint", "test")
    ]
    assert one.headline.name == "rmse"
    assert one.facts()["importance"] is not None


def test_a_small_stream_gives_its_rivals_every_row(folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the sample holds all rows, nobody has an advantage, and the sentence says that."""
    monkeypatch.setattr("lamina.data.stream.SAMPLE_ROWS", ROWS)
    facts = study_of(folders[0], "answer", contenders=[]).facts()["streamed"]
    assert facts["rival_rows"] == facts["network_rows"] + facts["watched_rows"]
    assert facts["sentence"] == f"The network and its rivals met the same {facts['rival_rows']:,} rows."


def test_a_budget_ends_with_a_model(folders, few) -> None:
    """The network stops with its best so far."""
    study = study_of(folders[0], "answer", training=Training(epochs=10_000, device="cpu"), seconds=3.0, contenders=[])
    assert "seconds" in study.stopped
    assert study.chosen in {"network", "constant"}


def test_a_folder_that_fits_is_one_table(folders) -> None:
    """Without being asked to stream, a small folder is judged as its table is, and a note says that it was read."""
    usual = {"contenders": [], "network": SMALL, "training": QUICK, "workers": 0, "protocol": Protocol(folds=1)}
    folder, whole = (
        lamina.fit(data, "answer", explain=False, curve=False, **usual) for data in (folders[1], table_of())
    )
    assert folder.notes[0].sentence.startswith("'rows' was read as one table of 3,000 rows from 3 files")
    assert folder.verdict is not None
    assert whole.verdict is not None
    assert folder.verdict.difference == whole.verdict.difference
    assert "streamed" not in folder.facts()


@pytest.mark.parametrize("asked", [Protocol(folds=5), Protocol(group="x"), Protocol(time="x"), Protocol(repeats=2)])
def test_what_needs_the_whole_table_is_refused(asked: Protocol) -> None:
    """Folds, groups, time and a quick look name themselves and the way out."""
    for protocol, quick in ((asked, False), (Protocol(folds=1), True)):
        with pytest.raises(SpecError, match=r"was asked for, but the table is streamed") as refused:
            refuse_unstreamed(protocol, quick=quick)
        assert "--no-stream" in refused.value.remedy


def test_sources_that_cannot_be_streamed_are_refused(folders, tmp_path: Path) -> None:
    """No target, an unknown one, too few rows, and what lies in memory already: each in words."""
    pq.write_table(table_of(30), tmp_path / "few.parquet")
    told: list[tuple[object, str | None, type[LaminaError], str]] = [
        (folders[0], None, SchemaError, "no target was named"),
        (folders[0], "answr", SchemaError, "there is no column 'answr'"),
        (tmp_path / "few.parquet", "answer", DataError, "would be left to judge by"),
        (table_of(30), "answer", DataError, "is in memory already"),
        ("penguins", None, DataError, "the built-in set 'penguins' was to be streamed"),
    ]
    for data, target, kind, words in told:
        with pytest.raises(kind, match=words):
            lamina.fit(data, target, stream=True)


def test_fields_are_streamed_with_rivals_of_their_own(tmp_path: Path) -> None:
    """A stream of images and texts is judged like one in memory: rivals that read them, and one network of them."""
    rng = np.random.default_rng(0)
    code = np.arange(200) % 2
    pixels = rng.integers(0, 120, (200, 8, 8)) + 100 * code[:, None, None]
    table = pa.table(
        {
            "photo": [encoded(one.astype(np.uint8)) for one in pixels],
            "remark": [f"we saw {' '.join(rng.choice(['rain', 'wind', 'snow'], 5))} again" for _ in range(200)],
            "kind": [["dark", "light"][one] for one in code],
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=70)
    network = Table(trunk=MLP(widths=(4,)), image=ConvNet(layers=(Conv(channels=2),)), text=Words(units=2, pairs=0))
    study = study_of(
        tmp_path / "rows.parquet", "kind", contenders=["linear", "hog-linear"], network=network, explain=True
    )
    assert {one.contender.name for one in study.tallies} == {"constant", "linear", "hog-linear", "network"}
    assert study.contender("linear").scores[0].mean > 0.9
    assert [one["kind"] for one in study.facts()["fields"]] == ["image", "text"]
    assert len(study.network.predict(table.drop_columns("kind"))) == 200


def test_networks_of_streamed_images_stand_alone(tmp_path: Path) -> None:
    """Where nobody asks for members one network reads images, as in memory."""
    pixels = np.random.default_rng(0).integers(0, 256, (120, 8, 8), dtype=np.uint8)
    table = pa.table({"photo": [encoded(one) for one in pixels], "kind": ["a", "b"] * 60})
    pq.write_table(table, tmp_path / "rows.parquet")
    training = Training(epochs=1, device="cpu")
    study = lamina.fit(
        tmp_path / "rows.parquet", "kind", stream=True, contenders=(), training=training, workers=0, explain=False
    )
    assert len(study.histories) == 1


@pytest.mark.parametrize(("asked", "told"), [({}, True), ({"test": 0.1}, False)], ids=str)
def test_a_split_that_is_not_kept_is_told(tmp_path: Path, asked: dict[str, float], told: bool) -> None:
    """Rows of a stream are dealt by lot, whatever a column says; but for whoever asked for that there is no news."""
    table = table_of(300)
    parts = pa.array(["train" if row % 3 else "test" for row in range(300)])
    pq.write_table(table.append_column("split", parts), tmp_path / "rows.parquet")
    with open_source(tmp_path / "rows.parquet") as source:
        found = stream(source, "answer", task=None, protocol=Protocol(**asked), kinds={}, seed=0)
    assert any("dealt by lot" in note.sentence for note in found.prepared.notes) is told
