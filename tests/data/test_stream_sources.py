"""Sources: a file or a folder of files as one long table."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamina.data import read
from lamina.data.opening import open_source
from lamina.foundation.errors import DataError, SchemaError


def numbered(rows: int) -> pa.Table:
    """Rows that know their own number, with a gap in every seventh name."""
    names = [None if i % 7 == 0 else f"name {i % 5}" for i in range(rows)]
    return pa.table({"row": pa.array(range(rows), pa.int64()), "name": pa.array(names, pa.string())})


def dealt(folder: Path, table: pa.Table, files: int, group: int = 40) -> Path:
    """The table in so many Parquet files, in row groups of so many rows."""
    size = -(-table.num_rows // files)
    for i in range(files):
        pq.write_table(table.slice(i * size, size), folder / f"part-{i:03}.parquet", row_group_size=group)
    return folder


@pytest.mark.parametrize("files", [1, 2, 5])
@pytest.mark.parametrize("stretch", [(0, 1), (0, 500), (37, 43), (99, 401), (499, 500)])
def test_any_stretch_of_rows_is_what_one_table_would_give(tmp_path: Path, files: int, stretch: tuple[int, int]) -> None:
    """Rows are numbered through files and row groups, and come back unchanged."""
    table = numbered(500)
    with open_source(dealt(tmp_path, table, files)) as source:
        found = source.raw(*stretch).table
    assert found.equals(table.slice(stretch[0], stretch[1] - stretch[0]))


@pytest.mark.parametrize("files", [1, 3])
def test_pieces_hold_every_row_once_and_are_equally_long(tmp_path: Path, files: int) -> None:
    """One pass gives all rows in order, whatever the files are."""
    with open_source(dealt(tmp_path, numbered(500), files)) as source:
        pieces = list(source.pieces(rows=64))
    assert [raw.before for raw in pieces] == list(range(0, 500, 64))
    assert [row for raw in pieces for row in raw.table["row"].to_pylist()] == list(range(500))
    assert {raw.rows for raw in pieces[:-1]} == {64}


def test_delimited_files_come_as_read_gives_them(tmp_path: Path) -> None:
    """Separator, encoding and ragged rows are dealt with as in memory, and the cells are strings."""
    (tmp_path / "a.csv").write_bytes("größe;x\n1,5;a\n2,5;b\n7\n".encode("latin-1"))
    (tmp_path / "b.csv").write_text("größe;x\n3,5;c\n", encoding="utf-8")
    whole = [read(tmp_path / name).table for name in ("a.csv", "b.csv")]
    with open_source(tmp_path) as source:
        assert source.comma
        assert any("row 3 does not have 2 cells" in note.sentence for note in source.notes)
        assert source.raw(0, source.rows).table.equals(pa.concat_tables(whole).combine_chunks())


def test_temporary_files_are_gone_after_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a delimited file was rewritten to is taken away, also after an error."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    (tmp_path / "a.csv").write_text("x\n1\n")
    with open_source(tmp_path / "a.csv") as source:
        assert source.rows == 1
        assert any(scratch.iterdir())
    with pytest.raises(ZeroDivisionError), open_source(tmp_path / "a.csv") as source:
        1 // (source.rows - 1)
    assert not any(scratch.iterdir())


def test_no_room_for_delimited_text_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is no traceback: the message says what to do."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_batch", full)
    (tmp_path / "a.csv").write_text("x\n1\n")
    with pytest.raises(DataError, match="No space left on device"), open_source(tmp_path / "a.csv"):
        pass


def test_a_file_cut_short_is_named(tmp_path: Path) -> None:
    """Of many files the one that is not whole is told by its name."""
    dealt(tmp_path, numbered(100), 3)
    broken = tmp_path / "part-001.parquet"
    broken.write_bytes(broken.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"part-001.parquet' is not a whole Parquet file"), open_source(tmp_path):
        pass


def test_a_file_with_flipped_bits_is_named_when_its_rows_come(tmp_path: Path) -> None:
    """A number that was changed inside a page can only be known by the checksum of the page."""
    table = pa.table({"x": pa.array(range(4_000), pa.float64())})
    plain = {"compression": "none", "use_dictionary": False, "write_page_checksum": True}
    for name in ("a", "b"):
        pq.write_table(table, tmp_path / f"{name}.parquet", **plain)
    content = bytearray((tmp_path / "b.parquet").read_bytes())
    content[16_000] ^= 1
    (tmp_path / "b.parquet").write_bytes(content)
    with open_source(tmp_path) as source, pytest.raises(DataError, match=r"b.parquet' is not a whole Parquet file"):
        list(source.pieces())


def test_a_delimited_file_without_rows_is_named(tmp_path: Path) -> None:
    """A header alone is no table, in a folder as anywhere."""
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("x\n")
    with pytest.raises(DataError, match=r"b.csv' has column names, but no rows"), open_source(tmp_path):
        pass


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"row": [1]}, r"'part-001.parquet' lacks the column 'name', which 'part-000.parquet' has"),
        ({"row": [1], "name": ["a"], "more": [1]}, r"'part-001.parquet' has the column 'more'"),
        ({"row": [1.5], "name": ["a"]}, r"'row' is double in 'part-001.parquet', but int64 in 'part-000.parquet'"),
    ],
)
def test_files_that_do_not_agree_are_refused_in_words(
    tmp_path: Path, other: dict[str, list[object]], words: str
) -> None:
    """Missing columns, new columns and other types name the column and both files."""
    dealt(tmp_path, numbered(10), 1)
    pq.write_table(pa.table(other), tmp_path / "part-001.parquet")
    with pytest.raises(SchemaError, match=words), open_source(tmp_path):
        pass


def test_columns_in_another_order_and_columns_of_nulls_fit(tmp_path: Path) -> None:
    """A file may order its columns as it likes, and a column without any value has any type."""
    pq.write_table(pa.table({"name": pa.nulls(2), "row": [0, 1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"row": [2], "name": ["x"]}), tmp_path / "b.parquet")
    with open_source(tmp_path) as source:
        found = source.raw(0, 3).table
    assert found.to_pydict() == {"name": [None, None, "x"], "row": [0, 1, 2]}


def test_other_files_of_a_folder_are_left_out_with_a_note(tmp_path: Path) -> None:
    """A README or a success mark beside the data does not stop the work."""
    dealt(tmp_path, numbered(10), 2)
    for name in ("README.md", "_SUCCESS", ".hidden.parquet"):
        (tmp_path / name).write_text("nothing")
    with open_source(tmp_path) as source:
        assert source.rows == 10
        assert [note.sentence for note in source.notes] == [f"not read in {tmp_path.name!r}: 'README.md'."]


@pytest.mark.parametrize(("names", "words"), [(("a.csv", "b.parquet"), "both Parquet and delimited"), ((), "no file")])
def test_folders_of_no_table_or_of_two_kinds_are_refused(tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    """A folder must hold one table."""
    for name in names:
        (tmp_path / name).write_text("x\n1\n")
    with pytest.raises(DataError, match=words), open_source(tmp_path):
        pass


def test_files_that_can_only_be_read_whole_are_refused(tmp_path: Path) -> None:
    """A file of JSON lines is no stream, and one that is not there is said not to be."""
    (tmp_path / "a.jsonl").write_text('{"x": 1}\n')
    with pytest.raises(DataError, match="only be read whole"), open_source(tmp_path / "a.jsonl"):
        pass
    with pytest.raises(DataError, match=r"b.csv' cannot be read: No such file"), open_source(tmp_path / "b.csv"):
        pass
