import gzip
import json
import os
import pickle
import random
import sys
import zipfile
from datetime import date, datetime, time

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.conform import conform
from lamina.data.infer import infer_schema
from lamina.data.read import read
from lamina.foundation.errors import DataError, LaminaError

PEOPLE = {"name": ["Zoë", "Bo"], "height": [1.68, 1.8]}


@pytest.fixture
def put(tmp_path):
    """Write bytes or text to a file of some name, and return its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def values(raw):
    """All cells, by column."""
    return raw.table.to_pydict()


def refusal(source, **options):
    """The error that reading a source ends in."""
    with pytest.raises(DataError) as caught:
        read(source, **options)
    assert all([caught.value.expected, caught.value.remedy])
    return caught.value.wrong


# ---- delimited text


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_encodings_are_recognised(put, codec):
    """The same text reads the same in every encoding, with a byte order mark or without."""
    raw = read(put("a.csv", "größe,x\nZoë,1\n".encode(codec)))
    assert values(raw) == {"größe": ["Zoë"], "x": ["1"]}
    assert [note.kind for note in raw.notes] == (["encoding"] if codec == "latin-1" else [])


def test_windows_characters_are_recognised(put):
    """Bytes that only Windows' shape of Latin-1 has, such as the euro sign, are read as such."""
    assert values(read(put("a.csv", "a\n5 €\n".encode("cp1252")))) == {"a": ["5 €"]}


def test_one_byte_far_down_decides_the_encoding(put):
    """The whole file is looked at: a letter in Latin-1 after megabytes of plain ones is not lost."""
    table = values(read(put("a.csv", b"a,b\n" + b"x,y\n" * 1_500_000 + "é,z\n".encode("latin-1"))))
    assert table["a"][-1] == "é"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt"])
def test_separators_are_recognised(put, separator, name):
    """Comma, semicolon, tab and pipe are told apart by the rows, whatever the file is called."""
    rows = [["a", "b c", "d"], ["1", "x", "3"], ["4", "y", "6"]]
    assert values(read(put(name, "\n".join(separator.join(row) for row in rows)))) == {
        "a": ["1", "4"],
        "b c": ["x", "y"],
        "d": ["3", "6"],
    }


def test_decimal_commas_do_not_separate(put):
    """Commas inside numbers of a semicolon file, or of a single column, do not cut cells."""
    assert values(read(put("a.csv", "a;b\n1,5;2,5\n3,5;4,5\n"))) == {"a": ["1,5", "3,5"], "b": ["2,5", "4,5"]}
    assert values(read(put("b.csv", "a\n1,5\n2,5\n"))) == {"a": ["1,5", "2,5"]}


def test_commas_of_a_semicolon_file_are_decimal(put):
    """A number such as 1,234 is a fraction in a file whose cells are separated by semicolons."""
    raw = read(put("a.csv", "a;b\n1,234;x\n5,678;y\n"))
    assert conform(raw, infer_schema(raw), need_target=False)[0].column("a").to_pylist() == [1.234, 5.678]


def test_the_header_decides_between_separators(put):
    """Of two signs that cut all rows alike, the one that cuts the header likewise separates."""
    assert values(read(put("a.csv", "a, x;b\n1,2,3;4\n5,6,7;8\n"))) == {"a, x": ["1,2,3", "5,6,7"], "b": ["4", "8"]}


def test_quoted_cells_keep_separators_breaks_and_quotes(put):
    """A quoted cell may hold the separator, line breaks and doubled quotation marks."""
    assert values(read(put("a.csv", 'a,b\n"x, y","1\n2"\n"say ""hi""",5" nail\n'))) == {
        "a": ["x, y", 'say "hi"'],
        "b": ["1\n2", '5" nail'],
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_of_every_system_are_read(put, ending):
    """Unix, Windows and old Mac line endings mean the same; blank lines are skipped."""
    assert values(read(put("a.csv", ending.join(["", "a,b", "1,2", "", "3,4"])))) == {"a": ["1", "3"], "b": ["2", "4"]}


def test_ragged_rows_are_left_out_and_counted(put):
    """Rows of the wrong width are left out, named by their number, and later numbers still count them."""
    rows = ["1,2"] * 3 + ["5", "6,7,8"] + ["3,4"] * 3
    raw = read(put("a.csv", "a,b\n" + "\n".join(rows)))
    assert raw.rows == 6
    assert (raw.notes[0].kind, raw.notes[0].rows, raw.notes[0].count) == ("rows", (4, 5), 2)
    assert raw.notes[0].sentence == "rows 4 and 5 do not have 2 cells, as the header does: left out."
    assert raw.row_numbers([0, 2, 3, 5]) == (1, 3, 6, 8)


def test_mostly_ragged_files_are_refused(put):
    """If most rows do not fit the header, the first one is named with its cells."""
    assert "row 1 has 3, the header 2" in refusal(put("a.csv", "a,b\n1,2,3\n4,5,6\n"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n \n", "is empty"),
        (b"a,b\n", "has column names, but no rows"),
        (b"a,b", "has column names, but no rows"),
        (b"a,b,a\n1,2,3\n", "2 columns named 'a' (columns 1, 3)"),
        (b"a, a \n1,2\n", "2 columns named 'a' (columns 1, 2)"),
        (random.Random(0).randbytes(5000), "bytes that are not text"),
        (bytes(range(256)) * 20, "bytes that are not text"),
        ("a,b\né,1\n".encode("utf-16")[:-1], "bytes that are not text"),
        (pickle.dumps({"a": [1]}), "a pickle, which could run code"),
        (gzip.compress(b"a,b\n1,2\n"), "a gzip archive"),
        (b"\x93NUMPY\x01", "a numpy array"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b'a,b\n1,"2\n3,4\n5,6\n', "opens a quotation mark that is never closed, from row 1 on"),
    ],
    ids=[
        *("nothing", "mark", "blank lines", "header", "header without end", "doubled name", "doubled after trimming"),
        *("random bytes", "all bytes", "cut UTF-16", "pickle", "gzip", "numpy", "pdf", "open quote"),
    ],
)
def test_files_that_hold_no_table_are_refused(put, content, words):
    """Each kind of hopeless file ends in a sentence that says what it is and where."""
    wrong = refusal(put("a.csv", content))
    assert words in wrong
    assert "a.csv" in wrong


def test_a_quote_open_for_many_blocks_is_refused(put, monkeypatch):
    """A row longer than a block ends in a sentence, not in a parser's words."""
    monkeypatch.setattr("lamina.data.formats.delimited._BLOCK_BYTES", 1 << 16)
    wrong = refusal(put("a.csv", b'a,b\n1,"' + b"3,4\n" * 100_000))
    assert "quotation mark that is never closed, or has a row of more than 16 MiB" in wrong


def test_old_pickles_are_told_by_their_name(put):
    """A pickle of protocol 0 is plain text, so its name must do."""
    assert "a pickle" in refusal(put("a.pkl", pickle.dumps([1], protocol=0)))


def test_columns_without_a_name_are_called_by_position(put):
    """An empty header cell, as pandas writes it for row labels, becomes a name, and a note says so."""
    raw = read(put("a.csv", ",b\n1,2\n"))
    assert raw.table.column_names == ["column 1", "b"]
    assert raw.notes[0].kind == "columns"


def test_a_header_of_values_is_doubted(put):
    """If the first row looks like values, a note says that the header may be missing; years do not."""
    assert "looks like values ('5.1', '3.5')" in read(put("a.csv", "5.1,3.5,x\n4.9,3.0,y\n")).notes[0].sentence
    assert not read(put("a.csv", "country,2019,2020\nCH,1,2\n")).notes


def test_ten_thousand_columns(put):
    """A file with 10,000 columns is read, inferred and conformed."""
    rows = [",".join(f"column_{i}" for i in range(10_000))]
    rows += [",".join(f"{i + row * 0.5}" for i in range(10_000)) for row in range(4)]
    raw = read(put("a.csv", "\n".join(rows)))
    schema = infer_schema(raw, target="column_7")
    table, _ = conform(raw, schema, need_target=True)
    assert table.shape == (4, 10_000)
    assert table.column("column_9999").to_pylist() == [9999, 9999.5, 10000, 10000.5]


# ---- paths


def test_a_missing_file_is_answered_with_the_nearest(put, monkeypatch):
    """A path that leads nowhere offers files beside it and built-in sets."""
    path = put("measurements.csv", "a\n1\n")
    assert "there is no file" in refusal(path.with_name("measurement.csv"))
    with pytest.raises(DataError, match="did you mean 'measurements"):
        read(path.with_name("measurement.csv"))
    with pytest.raises(DataError, match="one of penguins, iris"):
        read(path.with_name("no_such_folder") / "x.csv")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (".", "is a folder without images"),
        (os.devnull, "it is a pipe or a device"),
        ("https://example.org/a.csv", "'https://example.org/a.csv' cannot be read: it is an address"),
        ("a\0b", "null"),
        ("x" * 5000, "cannot be read"),
    ],
    ids=["folder", "device", "address", "zero byte", "long"],
)
def test_paths_that_cannot_be_read(path, words):
    """Folders, devices, addresses and impossible names are refused with the reason, and shortly."""
    wrong = refusal(path)
    assert words in wrong
    assert len(wrong) < 300


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_without_permission(put):
    """A file that may not be read is refused with the system's reason."""
    path = put("a.csv", "a\n1\n")
    path.chmod(0)
    assert "ermission" in refusal(path)


def test_a_reader_that_the_system_refuses(put, monkeypatch):
    """An error of the system while a file is opened becomes a sentence with its reason."""

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    path = put("a.csv", "a\n1\n")
    monkeypatch.setattr(sys.modules["lamina.data.read"], "recognise", refuse)
    assert "a.csv' cannot be read: Permission denied" in refusal(path)


# ---- other files


@pytest.fixture
def frame():
    """A pandas frame with one column of each type that files should keep."""
    return pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "part": [1.5, None, 3.0],
            "word": ["x", None, "z"],
            "day": pd.to_datetime(["2020-01-01", None, "2020-03-01"]),
            "yes": [True, False, True],
        }
    )


@pytest.mark.parametrize("ending", [".parquet", ".feather", ".xlsx", ".jsonl"])
def test_files_with_types_keep_them(frame, tmp_path, ending):
    """Parquet, Feather, Excel and JSON lines give the same stored values as the frame they were written from."""
    path = tmp_path / f"a{ending}"
    if ending == ".xlsx":
        frame.to_excel(path, index=False)
    elif ending == ".jsonl":
        frame.to_json(path, orient="records", lines=True, date_format="iso")
    else:
        getattr(frame, f"to_{ending[1:]}")(path)
    raw, same = read(path), read(frame)
    schema = infer_schema(same)
    assert [c.word for c in infer_schema(raw).columns] == ["number", "number", "category", "moment", "flag"]
    assert conform(raw, schema, need_target=False)[0].equals(conform(same, schema, need_target=False)[0])


@pytest.mark.parametrize("ending", [".parquet", ".feather", ".xlsx"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_cut_files_are_refused(frame, tmp_path, ending, share):
    """A file of which the end is missing is refused by name, wherever it was cut."""
    path = tmp_path / f"a{ending}"
    frame.to_excel(path) if ending == ".xlsx" else getattr(frame, f"to_{ending[1:]}")(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert f"a{ending}" in refusal(path)


@pytest.mark.parametrize("ending", [".parquet", ".feather", ".xlsx", ".jsonl", ".xls"])
def test_text_with_a_wrong_ending_is_refused(put, ending):
    """A CSV file under another format's name is refused in words."""
    assert f"a{ending}" in refusal(put(f"a{ending}", "a,b\n1,2\n"))


def test_a_wrong_ending_does_no_harm_to_files_that_know_what_they_are(frame, tmp_path):
    """A Parquet file called .csv is read as Parquet."""
    frame.to_parquet(tmp_path / "a.csv")
    assert read(tmp_path / "a.csv").rows == 3


def test_the_index_of_pandas_is_not_a_column(frame, tmp_path):
    """Row labels of pandas are no data, whether in memory or in a file."""
    frame.index = [7, 8, 9]
    frame.to_parquet(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").table.column_names == read(frame).table.column_names == list(frame.columns)


def test_columns_that_cannot_be_used_are_left_out(tmp_path):
    """Structs, lists of words, empty lists and bytes of no image are left out with a note, or refused if alone."""
    table = pa.table(
        {"a": [1], "b": [["x", "y"]], "c": [b"x"], "d": [{"e": 1}], "f": pa.array([[]], pa.list_(pa.int8()))}
    )
    raw = read(table)
    assert raw.table.column_names == ["a"]
    assert [note.column for note in raw.notes] == ["b", "c", "d", "f"]
    assert "no columns that can be used. column 'b' holds list<item: string>" in refusal(table.select(["b"]))


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ('{"a": 1, "b": "x"}\n\n{"a": 2.5}\n', {"a": [1.0, 2.5], "b": ["x", None]}),
        ('{"a": 1}\n{"a": "x"}\n{"a": 2.0}\n', {"a": ["1", "x", "2"]}),
        ('[{"a": 1}, {"a": 2}]', {"a": [1, 2]}),
        ('{"a": 1}\n{"a": 1' + "0" * 30 + "}\n", {"a": [1.0, 1e30]}),
        ('{"a": "\\ud800"}\n{"a": 1}', {"a": ["\ufffd\ufffd\ufffd", "1"]}),
        ('{"a": "é"}'.encode("latin-1"), {"a": ["é"]}),
        ('{"a": "é"}'.encode("utf-16"), {"a": ["é"]}),
    ],
    ids=["missing key", "mixed", "list", "huge", "half a character", "latin", "utf-16"],
)
def test_json_lines(put, content, cells):
    """JSON objects become rows, whatever their types, characters and missing keys."""
    assert values(read(put("a.jsonl", content))) == cells


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": 1}\n{"a":\n', "is not JSON at line 2, column 6"),
        ('{"a": 1}\n7\n', "has 7 as line 2, which is not an object"),
        ('[{"a": 1}, 7]', "has 7 as item 2"),
        ("[1, 2", "is not JSON at line 1, column 6"),
        ("[" * 100_000, "cannot be read at line 1"),
        ('{"a": ' + "9" * 5000 + '}\n{"a": "x"}', "cannot be read at line 1"),
    ],
    ids=["cut", "number", "item", "list", "deep", "digits"],
)
def test_broken_json_is_refused_by_line(put, content, words):
    """A line that is not an object is named."""
    assert words in refusal(put("a.jsonl", content))


def test_excel_keeps_types_and_names_other_sheets(tmp_path):
    """The first filled sheet is read, its types kept column by column; the others are named in a note."""
    book = openpyxl.Workbook()
    book.create_sheet("more").append(["z"])
    sheet = book.create_sheet("data", 1)
    rows = [
        ["n", "mixed", "day", "clock", "gap"],
        [1, "x", date(2020, 1, 2), time(6, 0), None],
        [2, 3, datetime(2020, 1, 3, 12), time(12, 0), 5.5],
    ]
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    raw = read(tmp_path / "a.xlsx")
    assert values(raw) == {
        "n": [1, 2],
        "mixed": ["x", "3"],
        "day": [datetime(2020, 1, 2), datetime(2020, 1, 3, 12)],
        "clock": [6 * 3600.0, 12 * 3600.0],
        "gap": [None, 5.5],
    }
    assert raw.table.schema.field("n").type == "int64"  # a spreadsheet itself has only floats
    assert "'data' was read; not read: 'Sheet', 'more'" in raw.notes[0].sentence


def test_a_workbook_without_cells_is_refused(tmp_path):
    """An empty workbook is refused in words."""
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    assert "no sheet has any cells" in refusal(tmp_path / "a.xlsx")


def test_a_bomb_is_not_unpacked(tmp_path):
    """A workbook that declares more than it may is refused before anything is unpacked."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "0" * 1000)
        archive.filelist[0].file_size = 5 << 30  # as a forged directory would say
    assert "unpacks to 5,120 MiB" in refusal(tmp_path / "a.xlsx")


def test_parts_that_share_their_bytes_are_refused(tmp_path):
    """An archive whose parts overlap, so that they pack more than the file holds, is refused."""
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", random.Random(0).randbytes(1000))
        archive.filelist *= 10
        archive.filelist[0].compress_size  # noqa: B018  (the same part is listed ten times)
    assert "unpacks to" in refusal(tmp_path / "a.xlsx")


def test_a_sheet_with_a_cell_in_the_last_corner_is_refused(tmp_path):
    """Two cells in opposite corners would be laid out as a full grid, so the extent is looked at first."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", 1
    book.save(tmp_path / "a.xlsx")
    assert "cells as far as row 1,048,576 and column 16,384" in refusal(tmp_path / "a.xlsx")


# ---- frames


@pytest.mark.parametrize(
    "make",
    [
        dict,
        pd.DataFrame,
        pl.DataFrame,
        pl.LazyFrame,
        pa.table,
        pa.record_batch,
        lambda columns: pd.DataFrame(columns, index=["p", "q"]),
        lambda columns: {name: np.array(values) for name, values in columns.items()},
        lambda columns: {name: pd.Series(values) for name, values in columns.items()},
        lambda columns: [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    ],
    ids=["dict", "pandas", "polars", "lazy", "arrow", "batch", "labelled", "arrays", "series", "records"],
)
def test_every_frame_gives_the_same_table(make):
    """The same columns read the same from every library."""
    assert values(read(make(PEOPLE))) == PEOPLE


def test_a_matrix_has_columns_by_number():
    """A numpy array of two axes is read with columns x0, x1, ..."""
    assert values(read(np.array([[1.0, 2.0], [3.0, 4.0]]))) == {"x0": [1, 3], "x1": [2, 4]}


def test_what_was_read_can_be_read_again():
    """A Raw passes through, and may be given other missing spellings."""
    raw = read(PEOPLE)
    assert read(raw) is raw
    assert read(raw, missing=["Bo"]).missing == ("", "Bo")


def test_types_of_all_libraries_become_plain():
    """Categories stay declared, spans and times become seconds, decimals and short floats doubles, zones UTC."""
    stamp = pd.Timestamp("2020-07-01 12:00")
    table = read(
        pd.DataFrame(
            {
                "category": pd.Categorical([2, 1]),
                "span": pd.to_timedelta([1, 90], unit="s"),
                "zone": [stamp.tz_localize("Europe/Zurich")] * 2,
                "nullable": pd.array([1, None], dtype="Int64"),
                "half": np.array([1, 2], np.float16),
            }
        )
    ).table
    assert table.to_pydict() == {
        "category": ["2", "1"],
        "span": [1.0, 90.0],
        "zone": [datetime(2020, 7, 1, 10)] * 2,
        "nullable": [1, None],
        "half": [1.0, 2.0],
    }
    assert pa.types.is_dictionary(table.schema.field("category").type)


def test_mixed_columns_become_strings():
    """Python values of several kinds in one column are read as they would be written."""
    mixed = {"a": [1, "x", None, 2.0, True]}
    expected = {"a": ["1", "x", None, "2", "True"]}
    assert values(read(mixed)) == expected
    assert values(read(pd.DataFrame(mixed))) == expected


def test_integers_beyond_64_bits_become_floats():
    """Huge Python integers are read as floats, those beyond floats as infinite."""
    assert values(read({"a": [2**70, -(10**400), 1, None]})) == {"a": [2.0**70, float("-inf"), 1, None]}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "of type NoneType"),
        (5, "of type int"),
        ([1, 2], "of type list"),
        (pd.Series([1]), "of type pandas.Series"),
        (np.arange(3), "1 axes, shape (3,)"),
        ({"a": [1], "b": [1, 2]}, "column 'a' has 1 values, but 'b' has 2"),
        ({"a": 1}, "column 'a' is 1, not a list of values"),
        ({"a": "xyz"}, "column 'a' is 'xyz', not a list"),
        ({}, "no columns"),
        ({"a": []}, "no rows"),
        (pd.DataFrame(), "no columns"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "2 columns named 'a'"),
        (pa.table([[1], [2]], names=["a", "a"]), "2 columns named 'a'"),
        ({1: [1], "1": [2]}, "2 columns named '1'"),
    ],
    ids=[
        *("none", "number", "list", "series", "axes", "unequal", "scalar", "string", "empty", "no rows", "empty frame"),
        *("pandas doubled", "arrow doubled", "same as text"),
    ],
)
def test_what_is_no_table_is_refused(source, words):
    """Each thing that is no table is refused with its type or the column at fault."""
    assert words in refusal(source)


# ---- anything


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["", "NA", "1,5", "1.234,5", "2020-01-02", "3/4/21", "yes", "no", "007", "inf", "1e400", "é"]),
    st.dates(),
    st.datetimes(),
    st.binary(max_size=3),
)


@given(st.data(), st.integers(1, 6), st.integers(1, 4))
def test_any_table_is_read_or_refused_in_words(data, rows, columns):
    """Whatever a table holds, it becomes a table of its own schema, or a three-part error."""
    names = data.draw(st.lists(st.text(max_size=4), min_size=columns, max_size=columns, unique=True))
    table = {name: data.draw(st.lists(cells, min_size=rows, max_size=rows)) for name in names}
    target = data.draw(st.sampled_from([None, *names]))
    check_any(lambda: read(table), target, rows)


@given(
    st.lists(st.lists(st.sampled_from([*"ab1 ,;\t|\"'-.\n\r", "é", "NA", "\0"]), max_size=12).map("".join), max_size=8)
)
def test_any_text_is_read_or_refused_in_words(tmp_path_factory, lines):
    """Whatever a text file holds, it becomes a table or a three-part error."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes("\n".join(lines).encode())
    check_any(lambda: read(path), None, None)


@given(st.binary(max_size=300), st.sampled_from([".csv", ".tsv", ".parquet", ".feather", ".xlsx", ".xls", ".jsonl"]))
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory, content, ending):
    """Whatever bytes a file of whatever name holds, it becomes a table or a three-part error."""
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    path.write_bytes(content)
    check_any(lambda: read(path), None, None)


def check_any(source, target, rows):
    """Read, infer and conform; only lamina's own errors may end this."""
    try:
        raw = source()
        schema = infer_schema(raw, target=raw.table.column_names[0] if target and raw.table.num_columns else None)
        table, notes = conform(raw, schema, need_target=True)
    except LaminaError:  # its three parts cannot be left out
        return
    table.validate(full=True)
    assert rows is None or table.num_rows == rows
    assert table.column_names == list(schema.names)
    json.dumps(schema.to_json())
    assert all(isinstance(note.sentence, str) for note in notes)


@given(
    st.lists(
        st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from("ab")), min_size=2, max_size=30
    )
)
def test_numbers_survive_a_csv_file(tmp_path_factory, rows):
    """Numbers written to CSV and read back are the same to the last bit."""
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    path.write_text("x,y\n" + "".join(f"{number!r},{word}\n" for number, word in rows))
    raw = read(path)
    table, notes = conform(raw, infer_schema(raw, kinds={"x": "number"}), need_target=False)
    assert table.column("x").to_pylist() == [number for number, _ in rows]
    assert not notes
