"""Folders and streams at the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lamina
from quick import mixed_columns

QUICK = ("--network", "8 tanh", "--epochs", "3", "--device", "cpu", "--contender", "none")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two Parquet files of 200 rows each."""
    table, place = pa.table(mixed_columns(400)), tmp_path / "rows"
    place.mkdir()
    for i in range(2):
        pq.write_table(table.slice(i * 200, 200), place / f"{i}.parquet")
    return place


def test_a_folder_is_fitted_as_a_stream_and_answered(command, folder: Path, tmp_path: Path) -> None:
    """The files are those of any fit; the model answers about the folder as CSV, as Parquet and on standard output."""
    out = tmp_path / "run"
    ended = command("fit", folder, "grade", "--stream", "--out", out, *QUICK)
    assert ended.code == 0
    assert ended.out.startswith("Looking through 400 rows of 'rows'.")
    assert "The network and its rivals met the same " in ended.out
    assert {"model.lamina", "report.html", "result.json"} <= {path.name for path in out.iterdir()}
    assert json.loads((out / "result.json").read_text())["streamed"]["files"] == 2
    assert command("inspect", out / "model.lamina").code == 0
    for name in ("a.csv", "a.parquet"):
        ended = command("predict", out / "model.lamina", folder, "--out", tmp_path / name)
        assert ended.code == 0
        assert f"Wrote {tmp_path / name} (400 rows)." in ended.err
    shown = command("predict", out / "model.lamina", folder).out
    assert shown == (tmp_path / "a.csv").read_text()
    said = [row["prediction"] for row in csv.DictReader(io.StringIO(shown))]
    assert pq.read_table(tmp_path / "a.parquet")["prediction"].to_pylist() == said
    assert lamina.load(out / "model.lamina").predict(mixed_columns(400)).tolist() == said


def test_a_folder_that_fits_is_fitted_as_one_table(command, folder: Path, tmp_path: Path) -> None:
    """Without ``--stream`` it takes the ordinary way, folds and all, and says so."""
    ended = command("fit", folder, "grade", "--quick", "--out", tmp_path / "run", *QUICK)
    assert ended.code == 0
    assert "'rows' was read as one table of 400 rows from 2 files; --stream would stream it." in ended.out
    assert "5 splits" in ended.out


def test_what_is_wrong_with_a_folder_is_said_by_name(command, folder: Path, tmp_path: Path) -> None:
    """A torn file by its path, a folder of nothing, two kinds of files, other columns: exit code 3 and three parts."""
    torn, empty, mixed, other = (tmp_path / name for name in ("torn", "empty", "mixed", "other"))
    for place in (torn, empty, mixed, other):
        place.mkdir()
    content = (folder / "0.parquet").read_bytes()
    (torn / "0.parquet").write_bytes(content[:-9])
    (mixed / "0.parquet").write_bytes(content)
    (mixed / "1.csv").write_text("a\n1\n")
    (other / "0.parquet").write_bytes(content)
    pq.write_table(pa.table({"size": [1.0]}), other / "1.parquet")
    for place, words in (
        (torn, f"'{torn / '0.parquet'}' is not a whole Parquet file"),
        (empty, f"'{empty}' is a folder that holds no file of a table and no image."),
        (mixed, f"'{mixed}' is a folder that holds both Parquet and delimited files."),
        (other, "the file '1.parquet' lacks the column"),
    ):
        for how in ((), ("--stream",)):
            ended = command("fit", place, "grade", *how, "--out", tmp_path / "run", *QUICK)
            assert ended.code == 3
            assert words in ended.err.replace("\n", " ")
            assert "Expected:" in ended.err
            assert "To fix it:" in ended.err
