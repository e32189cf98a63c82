from datetime import datetime

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.columns import Category, Constant, Flag, Identifier, Moment, Number, Text
from lamina.data.conform import conform
from lamina.data.infer import infer_schema
from lamina.data.read import read
from lamina.data.schema import Schema
from lamina.foundation.errors import SchemaError

SCHEMA = Schema(
    columns=(
        Number(name="mass"),
        Category(name="island", levels=("Biscoe", "Dream")),
        Flag(name="ringed", true="yes", false="no"),
        Moment(name="seen", order="dmy"),
        Text(name="remark"),
        Identifier(name="id"),
        Constant(name="sea"),
        Category(name="species", levels=("Adelie", "Gentoo")),
    ),
    target="species",
)
ROWS = {
    "mass": ["3.5", "4"],
    "island": ["Dream", "Biscoe"],
    "ringed": ["no", "yes"],
    "seen": ["1.2.2008", "2.2.2008"],
    "remark": ["small", ""],
    "id": ["1", "2"],
    "sea": ["x", "x"],
    "species": ["Adelie", "Gentoo"],
}


def conformed(columns, schema=SCHEMA, *, need_target=False):
    """The table and the notes for some columns."""
    return conform(read(columns), schema, need_target=need_target)


def only(column, values, **options):
    """The stored values and the notes of a single column."""
    table, notes = conform(read({column.name: values}), Schema(columns=(column,), **options), need_target=False)
    return table.column(0).to_pylist(), notes


def test_every_kind_is_stored_as_it_says():
    """A conformed table has the columns of its schema, in order, each of the Arrow type that its kind names."""
    table, notes = conformed(ROWS, need_target=True)
    assert table.column_names == list(SCHEMA.names)
    assert [str(field.type) for field in table.schema] == [column.stored for column in SCHEMA.columns]
    assert table.slice(0, 1).to_pylist() == [
        {
            "mass": 3.5,
            "island": "Dream",
            "ringed": False,
            "seen": datetime(2008, 2, 1),
            "remark": "small",
            "id": "1",
            "sea": "x",
            "species": "Adelie",
        }
    ]
    assert not notes


def test_the_order_of_columns_does_not_matter():
    """Columns may come in any order."""
    turned = dict(reversed(ROWS.items()))
    assert conformed(turned)[0].equals(conformed(ROWS)[0])


def test_extra_columns_are_left_out_and_named():
    """Columns that the schema does not know are left out with a note."""
    table, notes = conformed({**ROWS, "wind": [1, 2]})
    assert "wind" not in table.column_names
    assert [note.sentence for note in notes] == ["the column 'wind' is not part of the schema: left out."]
    _, notes = conformed({**ROWS, "wind": [1, 2], "rain": [1, 2]})
    assert notes[0].sentence == "2 columns: 'wind', 'rain' are not part of the schema: left out."


def test_the_target_is_there_only_if_needed():
    """To predict, the target may be absent and is left out; to evaluate, it must be there."""
    without = {name: values for name, values in ROWS.items() if name != "species"}
    assert "species" not in conformed(ROWS)[0].column_names
    assert conformed(without)[0].equals(conformed(ROWS)[0])
    with pytest.raises(SchemaError, match="lacks the column 'species'"):
        conformed(without, need_target=True)


def test_columns_that_are_no_input_may_be_absent():
    """Identifiers and constants that are not there are missing in every row, without a word."""
    table, notes = conformed({name: ROWS[name] for name in ("mass", "island", "ringed", "seen", "remark")})
    assert table.column_names == list(SCHEMA.names[:-1])
    assert table.column("id").null_count == 2
    assert table.column("id").type == "string"
    assert not notes


def test_missing_columns_are_answered_with_the_nearest():
    """Columns that are needed but absent are all named, and what is there instead is offered."""
    renamed = {{"mass": "Mass", "island": "islands"}.get(name, name): values for name, values in ROWS.items()}
    with pytest.raises(SchemaError) as caught:
        conformed(renamed)
    assert caught.value.wrong == "columns lacks 2 columns: 'mass', 'island'."
    assert "for 'mass', did you mean 'Mass'?" in caught.value.remedy
    assert "for 'island', did you mean 'islands'?" in caught.value.remedy


def test_cells_that_do_not_fit_become_missing_by_row():
    """Cells that cannot be read are missing, and a note names column, rows and the first value."""
    values, notes = only(Number(name="x"), ["1", "two", "3", "4", "five"])
    assert values == [1, None, 3, 4, None]
    assert (notes[0].kind, notes[0].column, notes[0].rows, notes[0].count) == ("cells", "x", (2, 5), 2)
    assert notes[0].sentence == (
        "column 'x' should hold a number, but rows 2 and 5 hold values such as 'two': read as missing."
    )


def test_notes_name_a_few_rows_and_count_all():
    """A note stays short however many cells it is about."""
    _, notes = only(Number(name="x"), ["1"] * 50 + ["?!"] * 40)
    assert notes[0].rows == (51, 52, 53, 54, 55)
    assert notes[0].count == 40
    assert "and 35 more" in notes[0].sentence


def test_rows_are_those_of_the_file(tmp_path):
    """Row numbers count the rows of the file, ragged ones included."""
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,a\n2\n3,b\nfour,c\n5,d\n")
    raw = read(path)
    _, notes = conform(raw, Schema(columns=(Number(name="x"), Text(name="y"))), need_target=False)
    assert [(note.kind, note.rows) for note in notes] == [("rows", (2,)), ("cells", (4,))]


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        (Number(name="x"), ["abc"], "column 'x' is a number, but row 1 holds 'abc'."),
        (Number(name="x"), ["", "a", "b", "3"], "row 2 holds 'a' (2 of 3 values do not fit)."),
        (Number(name="x"), [datetime(2020, 1, 1)], "row 1 holds '2020-01-01 00:00:00'."),
        (Flag(name="x"), ["true", "maybe", "perhaps"], "column 'x' is a flag, but row 2 holds 'maybe'"),
        (Moment(name="x"), ["soon", "later"], "column 'x' is a moment, but row 1 holds 'soon'"),
        (Moment(name="x"), [1.5], "row 1 holds '1.5'."),
    ],
)
def test_a_column_that_mostly_does_not_fit_is_refused(column, values, words):
    """If most values are of another kind, the data is another: the first one is named, with what to do."""
    with pytest.raises(SchemaError) as caught:
        only(column, values)
    assert words in caught.value.wrong
    assert "kinds={'x': 'category'}" in caught.value.remedy


def test_infinite_numbers_become_missing_and_huge_ones_stay():
    """Infinity cannot be learnt from and is noted; 1e308 is a number; NaN is a missing value and nothing to note."""
    for values in ([1.0, float("inf"), 1e308, float("nan"), -1e308], ["1", "1e999", "1e308", "NaN", "-1e308"]):
        stored, notes = only(Number(name="x"), values)
        assert stored == [1.0, None, 1e308, None, -1e308]
        assert [(note.rows, note.count) for note in notes] == [((2,), 1)]
        assert "numbers too large to work with" in notes[0].sentence


def test_unseen_categories_are_kept_and_named():
    """Categories that were not there in training are kept for the encoder and noted with their rows."""
    values, notes = only(Category(name="x", levels=("a", "b")), ["a", "zz", None, "b", "zz"])
    assert values == ["a", "zz", None, "b", "zz"]
    assert notes[0].sentence == "column 'x' has a category not seen before ('zz') in rows 2 and 5."
    assert (notes[0].kind, notes[0].count) == ("categories", 2)


@pytest.mark.parametrize("values", [["1", "2"], [1, 2], [1.0, 2.0], ["1.0", "2.00"], [" 1", "2 "]])
def test_categories_that_are_numbers_match_however_written(values):
    """The levels 1 and 2 are met by integers, floats and strings of the same number."""
    assert only(Category(name="x", levels=("1", "2")), values) == (["1", "2"], ())


def test_codes_with_zeros_are_not_mixed_up():
    """Levels that are different names of one number are matched by their spelling only."""
    values, notes = only(Category(name="x", levels=("01", "1")), ["01", "1", "1.0"])
    assert values == ["01", "1", "1.0"]
    assert notes[0].rows == (3,)


@pytest.mark.parametrize("values", [["yes", "NO"], [True, False], [1, 0], ["1", "0"], ["True", "f"], [1.0, 0.0]])
def test_flags_are_understood_in_every_usual_form(values):
    """A flag trained on yes and no reads truth values, ones and zeros, and other usual words."""
    assert only(Flag(name="x", true="yes", false="no"), values) == ([True, False], ())


def test_truth_values_can_be_numbers():
    """Bools fit a column of numbers as 1 and 0."""
    assert only(Number(name="x"), [True, None, False]) == ([1.0, None, 0.0], ())


@pytest.mark.parametrize(
    "values",
    [
        ["2021-03-04", None],
        [datetime(2021, 3, 4), None],
        pd.Series(pd.to_datetime(["2021-03-04", None]).tz_localize("UTC")),
        ["20210304", ""],
        [20210304, None],
        ["4.3.2021", "?"],
    ],
    ids=["iso", "datetime", "zone", "compact", "integer", "dmy"],
)
def test_moments_are_understood_in_every_usual_form(values):
    """A column of moments reads strings, dates of every library and compact integers."""
    assert only(Moment(name="x", order="dmy"), values) == ([datetime(2021, 3, 4), None], ())


def test_another_decimal_sign_is_noticed():
    """Numbers learnt with points and given with commas are read with commas, and a note says so."""
    assert only(Number(name="x", decimal="."), ["1,5", "2,25"])[0] == [1.5, 2.25]
    values, notes = only(Number(name="x", decimal=",", thousands="."), ["1.5", "2.25"])
    assert values == [1.5, 2.25]
    assert notes[0].sentence == "column 'x' is written with '.' as its decimal sign here: read that way."


def test_missing_spellings_are_those_of_the_schema():
    """What counted as missing in training counts as missing in prediction, words and numbers alike."""
    assert only(Number(name="x"), ["1", "none", "-9"], missing=("", "none", "-9"))[0] == [1, None, None]
    assert only(Number(name="x"), [1.0, -9.0], missing=("", "-9"))[0] == [1, None]
    assert only(Category(name="x", levels=("a", "NA")), ["a", "NA"], missing=("",))[0] == ["a", "NA"]


def test_what_is_given_is_not_changed():
    """Conforming makes a new table and leaves the raw one alone."""
    raw = read({"x": ["1", "NA"]})
    before = raw.table.to_pydict()
    conform(raw, Schema(columns=(Number(name="x"),)), need_target=False)
    assert raw.table.to_pydict() == before


cells = st.sampled_from(["1", "2.5", "-3", "x", "", "NA", "2020-01-01", "1/2/2021", "yes", "no", "1,5", "inf", "007"])


@given(st.data(), st.integers(1, 12))
def test_a_row_is_conformed_by_itself(data, rows):
    """A table conforms to its own schema, and each accepted row alone gives what it gives among the others."""
    columns = {name: data.draw(st.lists(cells, min_size=rows, max_size=rows)) for name in "ab"}
    raw = read(columns)
    schema = infer_schema(raw)
    table, _ = conform(raw, schema, need_target=False)
    assert table.column_names == ["a", "b"]
    row = data.draw(st.integers(0, rows - 1))
    single = {name: [values[row]] for name, values in columns.items()}
    try:
        alone, _ = conform(read(single), schema, need_target=False)
    except SchemaError:  # its only value does not fit
        return
    assert alone.to_pylist() == table.slice(row, 1).to_pylist()


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
def test_no_stored_number_is_infinite(numbers):
    """Whatever numbers come in, those stored are finite or missing."""
    table, _ = conform(read(pa.table({"x": numbers})), Schema(columns=(Number(name="x"),)), need_target=False)
    assert all(value is None or abs(value) <= 1.8e308 for value in table.column("x").to_pylist())
    assert table.column("x").null_count == sum(abs(number) == float("inf") for number in numbers)
