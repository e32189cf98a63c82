"""Answers piece by piece: the same as of the whole table, in the same order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from PIL import Image

import lamina
from lamina.data import Raw
from lamina.model import Answers, Model
from lamina.training import Training
from quick import mixed_columns, quick_fit


@pytest.fixture(scope="module")
def model() -> Model:
    """A small network."""
    return quick_fit(mixed_columns(), "grade").model


@pytest.fixture
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of sixteen rows."""
    monkeypatch.setattr("lamina.data.sources.READ_ROWS", 16)
    monkeypatch.setattr("lamina.data.sources.LEAST_ROWS", 1)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_pieces_of_a_folder_are_the_whole(model: Model, tmp_path: Path, short_pieces: None, kind: str) -> None:
    """Answers of several files come in order, and equal those of one table up to rounding."""
    table = pa.table(mixed_columns(100, seed=3))
    for i in range(3):
        part = table.slice(i * 40, 40)
        if kind == "csv":
            csv.write_csv(part, tmp_path / f"{i}.csv")
        else:
            pq.write_table(part, tmp_path / f"{i}.parquet")
    with Answers(model, tmp_path) as answers:
        found = list(answers)
    assert [len(one) for one in found] == [16] * 6 + [4]
    assert answers.rows == 100
    whole, one = model.answer(table), pa.concat_tables(found)
    assert one["prediction"].to_pylist() == whole["prediction"].to_pylist()
    for name in whole.column_names[1:]:
        assert one[name].to_pylist() == pytest.approx(whole[name].to_pylist(), abs=1e-6)


def test_a_note_is_told_once_with_its_count(model: Model, tmp_path: Path, short_pieces: None) -> None:
    """Cells that do not fit are counted through all pieces."""
    columns = mixed_columns(48, seed=3)
    size = [str(value) for value in columns["size"]]
    size[0], size[20], size[40] = "small", "large", "large"
    csv.write_csv(pa.table({**columns, "size": size}), tmp_path / "a.csv")
    with Answers(model, tmp_path) as answers:
        assert sum(one.num_rows for one in answers) == 48
    (note,) = [note for note in answers.notes if note.column == "size"]
    assert note.count == 3
    assert "And so on: 3 in all." in note.sentence


def test_what_fits_is_one_piece(model: Model) -> None:
    """Data in memory is answered as `Model.answer` does."""
    columns = mixed_columns(20, seed=3)
    for data in (columns, Raw(table=pa.table(columns))):
        with Answers(model, data) as answers:
            (found,) = answers
        assert found.equals(model.answer(columns))


def test_answers_about_a_folder_of_images_name_the_files(tmp_path: Path) -> None:
    """Rows of a folder have no other name; a single image needs none."""
    for label, shade in (("dark", 40), ("light", 200)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for i in range(8):
            pixels = np.full((8, 8), shade + i, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{i}.png")
    kept = lamina.fit(
        tmp_path / "photos", "label", contenders=["linear"], choose="linear", curve=False, training=Training(epochs=1)
    ).model
    with Answers(kept, tmp_path / "photos" / "light") as answers:
        (found,) = answers
    assert found["file"].to_pylist() == [f"{i}.png" for i in range(8)]
    with Answers(kept, tmp_path / "photos" / "light" / "3.png") as answers:
        (one,) = answers
    assert "file" not in one.column_names
    assert one["prediction"].to_pylist() == found["prediction"].to_pylist()[3:4]
