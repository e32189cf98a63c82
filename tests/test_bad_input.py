"""Bad input, from the file on disk to the row that is asked about: every road ends in three sentences, none in a
traceback, and nothing that was there before is lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina
from lamina.cli.app import main
from lamina.evaluation import Protocol, Study
from lamina.foundation.errors import DataError, LaminaError, ModelFileError, SchemaError, SpecError, TrainingError
from lamina.model import DataWarning, archive, container
from lamina.networks import MLP
from lamina.training import SGD, Training
from quick import mixed_columns, quick_fit

SEED = np.random.default_rng(0)
NOISE = SEED.integers(0, 256, 5_000, dtype=np.uint8).tobytes()


def csv_of(row: Any, rows: int = 30, header: str = "a,y") -> bytes:
    """A table as bytes; ``row`` makes the text of a row from its number."""
    return "\n".join([header, *(row(i) for i in range(rows))]).encode()


def sound(rows: int = 40) -> dict[str, list[Any]]:
    """Three columns of numbers and two classes."""
    columns = {name: np.random.default_rng(i).normal(0, 1, rows).tolist() for i, name in enumerate("abc")}
    return {**columns, "y": [["no", "yes"][i % 2] for i in range(rows)]}


def refused(error: type[LaminaError], data: Any, target: str = "y", **changes: Any) -> LaminaError:
    """The error in which a fit ends, after a look at its three parts."""
    with pytest.raises(error) as caught:
        quick_fit(data, target, **changes)
    parts = (caught.value.wrong, caught.value.expected, caught.value.remedy)
    assert all(part.strip() and part == part.strip() for part in parts), parts
    return caught.value


def said(words: list[Any], code: int, capsys: Any) -> str:
    """What the command line shows when it ends with ``code``, after a look at its last three lines."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    shown = capsys.readouterr()
    assert left.value.code == code, shown.err
    assert "Traceback" not in shown.err
    assert [line.split(":")[0] for line in shown.err.splitlines()[-2:]] == ["Expected", "To fix it"]
    return str(shown.out + shown.err)


TABLES = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n  \n\n", "is empty"),
    "header only.csv": (b"a,y\n", "no rows"),
    "one class.csv": (csv_of(lambda i: f"{i * 0.5},no"), "only the class 'no'"),
    "one row.csv": (b"a,y\n1.5,no\n", "only 1 row"),
    "few rows.csv": (csv_of(lambda i: f"{i * 0.5},{i % 2}", rows=5), "only 5 rows"),
    "all missing.csv": (csv_of(lambda i: "NA,"), "'y' is missing in every row"),
    "no answers.csv": (csv_of(lambda i: f"{i * 0.5},"), "'y' is missing in every row"),
    "no inputs.csv": (csv_of(lambda i: f",{i % 2}"), "none of the 1 other columns is usable"),
    "constant inputs.csv": (csv_of(lambda i: f"7,{i % 2}"), "none of the 1 other columns is usable"),
    "target alone.csv": (csv_of(lambda i: f"{i % 2}", header="y"), "no column beside the target"),
    "constant target.csv": (csv_of(lambda i: f"{i * 0.5},3.5"), "'y' is 3.5 in every row"),
    "duplicated names.csv": (csv_of(lambda i: f"{i},{-i},{i % 2}", header="a,a,y"), "2 columns named 'a'"),
    "ragged.csv": (csv_of(lambda i: ",".join("12345"[: i % 5 + 1])), "do not have as many cells"),
    "garbage.csv": (NOISE, "not text"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + NOISE, "a PNG image"),
    "garbage.parquet": (b"PAR1" + NOISE, "Parquet"),
    "garbage.feather": (b"ARROW1\0\0" + NOISE, "garbage.feather"),
    "garbage.xlsx": (b"PK\x03\x04" + NOISE, "garbage.xlsx"),
    "garbage.jsonl": (b'{"a": 1, "y": "no"}\n{"a": 2,', "line 2"),
    "a pickle.csv": (pickle.dumps({"a": [1.5]}), "a pickle.csv"),
}


@pytest.mark.parametrize("name", TABLES)
def test_bad_tables_are_refused(tmp_path, monkeypatch, capsys, name) -> None:
    """By the command line with exit code 3, and without a trace: no folder is made, and the file stays as it was."""
    content, words = TABLES[name]
    (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    assert words in said(["fit", name, "y", "--epochs", "2", "--device", "cpu", "--quick"], 3, capsys)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == content


def test_a_misspelt_target_gets_the_nearest_name() -> None:
    """The column that was meant is offered."""
    assert refused(SchemaError, "penguins", "speceis").remedy == "did you mean 'species'?"
    assert "'a', 'b', 'c', 'y'" in refused(SchemaError, sound(), "zzz").remedy


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("no such.csv", "no file"),
        ("folder", "is a folder"),
        ("file.csv/inside", "Not a directory"),
        ("zero\0byte", "null byte"),
        ("x" * 5_000, "too long"),
        ("https://example.org/t.csv", "download the file first"),
        ("/dev/null", "a pipe or a device"),
        (None, "type NoneType"),
        (7, "type int"),
        ([], "type list"),
        ({}, "no columns"),
        ({"a": [1, 2], "y": [1]}, "'a' has 2 values"),
        ({"a": 1, "y": 2}, "'a'"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, monkeypatch, source, words) -> None:
    """Paths that lead nowhere and values that are no tables are named for what they are."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.csv").write_bytes(csv_of(lambda i: f"{i},{i % 2}"))
    monkeypatch.chdir(tmp_path)
    assert words in refused(DataError, source).wrong


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_the_right_to_read_is_refused(tmp_path) -> None:
    """A file that this user may not read is said to be so."""
    (tmp_path / "secret.csv").write_bytes(csv_of(lambda i: f"{i},{i % 2}"))
    (tmp_path / "secret.csv").chmod(0)
    assert "Permission denied" in refused(DataError, tmp_path / "secret.csv").wrong


def test_a_few_ragged_rows_are_left_out_and_noted(tmp_path) -> None:
    """Rows with too few or too many cells do not stop the others, and are named by number."""
    ragged = {4: "1,2,3", 8: "1"}
    (tmp_path / "t.csv").write_bytes(csv_of(lambda i: ragged.get(i, f"{i * 0.5},{i % 2}")))
    study = quick_fit(tmp_path / "t.csv", "y")
    assert study.rows == 28
    assert any("rows 5 and 9" in note.sentence for note in study.notes)


def test_ten_thousand_columns_simply_work(tmp_path) -> None:
    """A table far wider than long is learnt from, saved, loaded and asked, with a warning that it is so."""
    data = {f"c{i}": column.tolist() for i, column in enumerate(SEED.normal(0, 1, (10_000, 40)))}
    data["y"] = sound()["y"]
    study = quick_fit(data, "y", network="4 tanh", protocol=Protocol(folds=1))
    assert study.model.predictor.signature.features == 10_000
    assert "wide" in {finding.kind for finding in study.findings}
    study.model.save(tmp_path / "wide.lamina")
    assert len(lamina.load(tmp_path / "wide.lamina").predict(data)) == 40


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324])
def test_extreme_cells_do_no_harm(bad) -> None:
    """A cell that is no number, or hardly one, never reaches a score or an answer as anything but a finite number."""
    data = sound()
    data["a"][3] = data["b"][4] = bad
    study = quick_fit(data, "y")
    assert study.rows == 40
    assert all(np.isfinite(score.mean) for score in study.scores)
    with pytest.warns(DataWarning, match="too large") if np.isinf(bad) else contextlib.nullcontext():
        assert np.isfinite(study.model.predict_proba(data)).all()
    assert np.isinf(bad) == any("too large" in note.sentence for note in study.notes)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_answers_that_are_no_numbers_are_left_out(bad) -> None:
    """A target that is NaN or infinite leaves its row out, and a note says so."""
    data = {**sound(), "y": np.linspace(0, 1, 40).tolist()}
    data["y"][5] = bad
    study = quick_fit(data, "y")
    assert study.rows == 39
    assert any("row 6" in note.sentence for note in study.notes)


def test_answers_too_large_to_square_leave_plain_json(tmp_path) -> None:
    """Targets of 1e308 have no finite error; that is null in ``result.json``, and the answers are finite."""
    data = {**sound(), "y": np.linspace(0, 1, 40).tolist()}
    data["y"][5], data["y"][6] = 1e308, -1e308
    study = quick_fit(data, "y")
    facts = json.loads(study.save(tmp_path)[-1].read_text())
    (network,) = [one for one in facts["contenders"] if one["name"] == "network"]
    assert network["scores"]["rmse"]["mean"] is None
    assert np.isfinite(study.model.predict(data)).all()
    assert study.headline.words()


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "64 reluu", "relu", "64 softmax", "8 step", "-3 relu", "1e9 relu", "0", "64,,32", "dropout 0.5"),
        *("64, dropout 2", "__import__('os').abort()", "MLP(widths=(1,", "MLP(depth=3)", "9999999999", "perceptron"),
        *("64 " * 50_000, "((((" * 1_000, "64 relu\0", "🙂"),
    ],
    ids=lambda text: repr(text[:20]),
)
def test_senseless_networks_are_refused(text) -> None:
    """A network string that makes no sense is told where, and what would."""
    refused(SpecError, sound(), network=text)


def test_a_batch_larger_than_the_data_takes_all_rows() -> None:
    """Asking for more rows a step than there are is asking for all of them."""
    huge, whole = (
        quick_fit(sound(), "y", training=Training(epochs=2, batch=batch, device="cpu")) for batch in (10**9, "all")
    )
    assert huge.scores == whole.scores


@pytest.mark.parametrize("rate", ["1e9", "1e30"])
def test_a_learning_rate_that_diverges_saves_nothing(tmp_path, capsys, rate) -> None:
    """The run stops with advice, and an old model in the folder stays as it was."""
    (tmp_path / "model.lamina").write_bytes(b"old")
    words = ["fit", "diabetes", "--network", "8 relu", "--learning-rate", rate, "--epochs", "20", "--device", "cpu"]
    words += ["--contender", "none", "--quick"]
    text = said([*words, "--out", tmp_path], 1, capsys)
    assert "training diverged" in text
    assert "try a tenth of it" in text
    assert "loss 0.0000" not in text
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"model.lamina": b"old"}


def test_a_loss_that_is_no_number_saves_nothing() -> None:
    """Weights that overflow are never a model."""
    wild = Training(epochs=30, clip=None, optimiser=SGD(learning_rate=1e20), device="cpu")
    assert "learning rate 1e+20" in refused(TrainingError, sound(), training=wild, network=MLP(widths=(8, 8))).wrong


@pytest.fixture(scope="module")
def study() -> Study:
    """A small study of mixed columns."""
    return quick_fit(mixed_columns(), "grade")


@pytest.fixture(scope="module")
def saved(study, tmp_path_factory) -> Path:
    """Its model file."""
    return study.save(tmp_path_factory.mktemp("saved"))[0]


@contextlib.contextmanager
def small_disk(size: int) -> Iterator[None]:
    """A disk on which no file can grow beyond ``size`` bytes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 100, 4_000])
def test_a_full_disk_leaves_the_old_files(study, tmp_path, size) -> None:
    """Wherever the disk is full, the old model and the old results survive byte for byte, with nothing beside them."""
    study.save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with small_disk(size), pytest.raises(LaminaError, match=r"(?s)cannot be written.*Expected: .*To fix it: "):
        study.save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert lamina.load(tmp_path / "model.lamina").card == study.model.card


def test_a_full_disk_is_said_by_the_command_line(tmp_path, capsys) -> None:
    """Exit code 1, three lines, and the folder as it was."""
    words = ["fit", "iris", "--network", "8 tanh", "--epochs", "2", "--device", "cpu", "--out", tmp_path]
    words += ["--contender", "none", "--quick"]
    with small_disk(0):
        assert "cannot be written" in said(words, 1, capsys)
    assert list(tmp_path.iterdir()) == []


def zipped(path: Path, name: str, content: bytes, **facts: Any) -> bytes:
    """An ordinary zip with one member; ``facts`` are fields of its `zipfile.ZipInfo`."""
    member = zipfile.ZipInfo(name)
    for fact, value in facts.items():
        setattr(member, fact, value)
    with zipfile.ZipFile(path, "w") as archive_file:
        archive_file.writestr(member, content)
    return path.read_bytes()


class Runs:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, ("run by a pickle",)


def twice_named(content: bytes) -> bytes:
    """A model file, right in every digest, whose weights name one tensor twice."""
    members = container.unpack(content)
    weights = members.pop("weights.safetensors")
    members.pop(archive.MANIFEST)
    length = int.from_bytes(weights[:8], "little")
    header = weights[8 : 8 + length].rstrip()
    name, facts = next(iter(json.loads(header).items()))
    twice = header[:-1] + b"," + json.dumps({name: facts}).encode()[1:]
    return archive.seal(
        {**members, "weights.safetensors": len(twice).to_bytes(8, "little") + twice + weights[8 + length :]}
    )


EVIL = {
    "empty": lambda good, path: b"",
    "cut in the middle": lambda good, path: good[: len(good) // 2],
    "cut at the end": lambda good, path: good[:-1],
    "bytes behind": lambda good, path: good + b"\0",
    "a flipped bit of a weight": lambda good, path: flipped(good, good.index(b"weights.safetensors") + 5_000),
    "a flipped bit of a text": lambda good, path: flipped(good, good.index(b'"classification"') + 3),
    "two models": lambda good, path: good + good,
    "traversal": lambda good, path: zipped(path, "../../evil", b"x"),
    "root": lambda good, path: zipped(path, "/etc/evil", b"x"),
    "symlink": lambda good, path: zipped(path, "link", b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16),
    "bomb": lambda good, path: zipped(path, "manifest.json", b" " * 10_000_000, compress_type=zipfile.ZIP_DEFLATED),
    "pickle": lambda good, path: pickle.dumps(Runs()),
    "duplicate keys": lambda good, path: twice_named(good),
    "text": lambda good, path: b"just words",
    "noise": lambda good, path: NOISE,
}


def flipped(content: bytes, place: int) -> bytes:
    """The bytes with one bit changed."""
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("name", EVIL)
def test_evil_model_files_are_refused(saved, tmp_path, monkeypatch, capsys, name) -> None:
    """Every command that takes a model refuses the file with exit code 1; nothing of it is unpacked or run."""
    monkeypatch.chdir(tmp_path)
    evil = EVIL[name](saved.read_bytes(), tmp_path / "m.lamina")
    (tmp_path / "m.lamina").write_bytes(evil)
    for words in (["inspect", "m.lamina"], ["predict", "m.lamina", "iris"], ["evaluate", "m.lamina", "iris"]):
        assert "ModelFileError" in said(words, 1, capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["m.lamina"]


@pytest.mark.parametrize("name", ["no.lamina", ".", "", "zero\0byte", "x" * 5_000])
def test_model_files_that_are_not_there_are_refused(tmp_path, monkeypatch, name) -> None:
    """A path without a file is a sentence."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError):
        lamina.load(name)


def asked(**changes: Any) -> dict[str, list[Any]]:
    """Ten rows to ask about."""
    return {**{name: values[:10] for name, values in mixed_columns(seed=2).items()}, **changes}


def test_missing_columns_are_named_when_asked(study, tmp_path, capsys) -> None:
    """Without a column that the model needs there is no answer, and the nearest name is offered."""
    data = asked()
    data["siez"] = data.pop("size")
    with pytest.raises(SchemaError, match=r"lacks the column 'size'.*") as caught:
        study.model.predict(data)
    assert "did you mean 'siez'?" in caught.value.remedy


def test_extra_columns_and_another_order_change_nothing(study) -> None:
    """Columns go by name; those that the model does not know are passed over with a note."""
    data = asked()
    turned = {"more": [1] * 10, **dict(reversed(data.items()))}
    np.testing.assert_array_equal(study.model.predict_proba(turned), study.model.predict_proba(data))
    _, notes = study.model.answer_with_notes(turned)
    assert any("'more'" in note.sentence for note in notes)


def test_unseen_categories_are_answered_with_a_warning(study) -> None:
    """A name never seen is answered as unknown, and said."""
    with pytest.warns(DataWarning, match="Zug"):
        chances = study.model.predict_proba(asked(town=["Zug"] * 10))
    assert np.isfinite(chances).all()


def test_wrong_types_are_refused_or_noted(study) -> None:
    """A column of words where numbers belong is refused by row; a single such cell is read as missing, and said."""
    with pytest.raises(SchemaError, match=r"'size' is a number, but row 1 holds 'large'"):
        study.model.predict(asked(size=["large"] * 10))
    with pytest.warns(DataWarning, match="row 3 holds 'large': read as missing"):
        study.model.predict(asked(size=[1.0, 2.0, "large", *range(7)]))
    with pytest.raises(SchemaError, match="'sold' is a moment"):
        study.model.predict(asked(sold=["some day"] * 10))
    with pytest.raises(SchemaError, match="'fresh' is a flag"):
        study.model.predict(asked(fresh=["maybe"] * 10))


def test_numbers_as_words_are_read(study) -> None:
    """Numbers, dates and flags that come as text mean the same."""
    data = asked()
    words = {name: [None if value is None else str(value) for value in values] for name, values in data.items()}
    np.testing.assert_allclose(study.model.predict_proba(words), study.model.predict_proba(data), atol=1e-6)


def test_no_rows_and_no_answers_are_refused_when_asked(study) -> None:
    """Nothing to answer about, nothing to compare with, and classes never seen are sentences."""
    with pytest.raises(DataError, match="no rows"):
        study.model.predict({name: [] for name in asked()})
    with pytest.raises(DataError, match="no row has a value of the target"):
        study.model.evaluate(asked(grade=[None] * 10))
    with pytest.raises(SchemaError, match="'middling', which was not there in training"):
        study.model.evaluate(asked(grade=["middling"] * 10))
    with pytest.raises(SchemaError, match="lacks the column 'grade'"):
        study.model.evaluate({name: values for name, values in asked().items() if name != "grade"})


def test_one_row_may_be_asked_about(study) -> None:
    """A single row, as a dict of values or of lists of one, is answered like a row among others."""
    many = study.model.predict_proba(asked())[:1]
    row = {name: values[0] for name, values in asked().items()}
    np.testing.assert_allclose(study.model.predict_proba(row), many, atol=1e-6)
    np.testing.assert_allclose(
        study.model.predict_proba({name: [value] for name, value in row.items()}), many, atol=1e-6
    )
