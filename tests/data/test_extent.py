"""Extent: what fits comfortably is read, what does not is streamed, and nobody is surprised."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamina.data import Raw, Source, as_source
from lamina.foundation.errors import DataError


def folder_of(place: Path, rows: int = 30) -> Path:
    """Two files of numbers."""
    place.mkdir()
    for i in range(2):
        pq.write_table(pa.table({"x": range(i * rows, (i + 1) * rows)}), place / f"{i}.parquet")
    return place


def test_a_folder_that_fits_comes_as_one_table(tmp_path: Path) -> None:
    """All rows in the order of the files, with a note."""
    with as_source(folder_of(tmp_path / "a")) as found:
        assert isinstance(found, Raw)
        assert found.table["x"].to_pylist() == list(range(60))
        assert found.notes[0].sentence == "'a' was read as one table of 60 rows from 2 files; --stream would stream it."


@pytest.mark.parametrize("limit", ["IN_MEMORY_ROWS", "IN_MEMORY_BYTES"])
def test_a_folder_that_does_not_fit_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """Too many rows or too many bytes; unless it is not to be."""
    monkeypatch.setattr(f"lamina.data.extent.{limit}", 59)
    folder = folder_of(tmp_path / "a")
    with as_source(folder) as found:
        assert isinstance(found, Source)
    with as_source(folder, stream=False) as found:
        assert isinstance(found, Raw)


def test_a_file_is_streamed_if_asked_or_if_it_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short file is left to `read`; so is a long one that is not to be streamed."""
    file = folder_of(tmp_path / "a") / "0.parquet"
    with as_source(file) as found:
        assert found == file
    with as_source(file, stream=True) as found:
        assert isinstance(found, Source)
    monkeypatch.setattr("lamina.data.extent.SMALL_FILE", {"parquet": 0})
    with as_source(file) as found:
        assert found == file  # its rows were counted, and fit
    monkeypatch.setattr("lamina.data.extent.IN_MEMORY_ROWS", 29)
    with as_source(str(file)) as found:
        assert isinstance(found, Source)
    with as_source(file, stream=False) as found:
        assert found == file


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    """Built-in sets, frames and names of nothing go to `read`, which knows what to say."""
    for data in ("penguins", {"x": [1]}, tmp_path / "nothing", "https://example.org/a.parquet"):
        with as_source(data) as found:
            assert found is data
    with pytest.raises(DataError, match=r"a dict was to be streamed"), as_source({"x": [1]}, stream=True):
        pass
