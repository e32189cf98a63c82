from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.columns import Category, Constant, Flag, Identifier, Moment, Number, Text
from lamina.data.infer import infer_schema, infer_task, kind_notes
from lamina.data.read import read
from lamina.foundation.errors import SchemaError, SpecError

DRAW = np.random.default_rng(0)
FRACTIONS = [f"{x:.3f}" for x in DRAW.normal(size=100)]
SENTENCES = [f"the cat number {i} sat on the mat and slept" for i in range(30)]


def column_of(values, name="x", **options):
    """The column inferred for some values."""
    return infer_schema(read({name: values}), **options).column(name)


@pytest.mark.parametrize(
    ("values", "kind", "name"),
    [
        (["1.5", "2", "NA", ""], Number, "x"),
        (["1,5", "2,25", "3"], Number, "x"),
        (["1", "2", "3", "2"], Number, "x"),
        ([1, 2, 2, 3], Number, "x"),
        (["1e5", "-inf", "+3"], Number, "x"),
        (FRACTIONS, Number, "id"),
        ([float(i) for i in range(50)], Number, "id"),
        (list(range(1990, 2020)), Number, "year"),
        (["12%", "15%", "12%"], Category, "x"),
        (["red", "blue", "red"], Category, "x"),
        (["1", "2", "red", "2"], Category, "x"),
        (["01", "02", "11", "01"], Category, "month"),
        ([5, 7, 5, 9], Category, "customer_id"),
        (["a", "b", "c"], Category, "x"),
        (["yes", "no", None], Flag, "x"),
        (["1", "0", "0"], Flag, "x"),
        ([1, 0, 0], Flag, "x"),
        ([True, False, None], Flag, "x"),
        ([1.0, 0.0, 0.0], Number, "x"),
        (["2020-01-01", "2020-02-01", "?"], Moment, "x"),
        (["31.12.2020", "1.1.2021"], Moment, "x"),
        (["20200101", "20210101"], Moment, "start_date"),
        ([20200101, 20210101], Moment, "date"),
        ([20200101, 20210101], Number, "x"),
        ([date(2020, 1, 1), date(2020, 1, 2)], Moment, "x"),
        ([datetime(2020, 1, 1, 5), None, datetime(2020, 1, 2)], Moment, "x"),
        (SENTENCES, Text, "x"),
        (SENTENCES[:2] * 20, Category, "x"),
        ([f"key-{i}" for i in range(30)], Identifier, "x"),
        ([f"key-{i}" for i in range(5)], Identifier, "sample_id"),
        (list(range(10, 20)), Identifier, "PassengerId"),
        ([31, 7, 99], Identifier, "id"),
        (["1.0", "2.0", "3.0"], Number, "id"),
        ([f"key-{i}" for i in range(20)], Identifier, "x"),
        ([f"key-{i}" for i in range(19)], Category, "x"),
        (list(range(10)), Identifier, "row"),
        ([1, 5, 9], Number, "row"),
        (["0007", "0008", "0019"], Identifier, "id"),
        (["7", "7", "7"], Constant, "x"),
        ([5.0, 5.0], Constant, "x"),
        (["NA", "", None], Constant, "x"),
        ([None, None], Constant, "x"),
        (["x", None, "x"], Category, "x"),
        ([5.0, None, 5.0], Number, "x"),
    ],
)
def test_kinds_of_column(values, kind, name):
    """Each sort of cells is given the kind a careful person would give it."""
    assert type(column_of(values, name)) is kind


@pytest.mark.parametrize("library", [pd, pl])
def test_declared_categories_stay_categories(library):
    """What pandas or polars calls a category is one, even if it looks like numbers."""
    make = pd.Categorical if library is pd else lambda values: pl.Series(values, dtype=pl.Categorical)
    frame = library.DataFrame({"x": make(["3", "10", "3"])})
    assert infer_schema(read(frame)).columns == (Category(name="x", levels=("3", "10")),)


def test_a_frame_and_a_file_give_the_same_schema(tmp_path):
    """The same table has the same schema from CSV as from memory."""
    frame = pd.DataFrame(
        {
            "id": range(40),
            "n": DRAW.integers(0, 9, 40),
            "x": DRAW.normal(size=40),
            "binary": DRAW.integers(0, 2, 40),
            "flag": DRAW.integers(0, 2, 40).astype(bool),
            "word": DRAW.choice(["a", "b"], 40),
            "day": pd.date_range("2020-01-01", periods=40),
        }
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert infer_schema(read(tmp_path / "a.csv")) == infer_schema(read(frame))


def test_few_bad_cells_do_not_spoil_numbers():
    """Up to 1 % of unreadable cells leave a column of numbers or dates what it is, and the reason says so."""
    for good, kind in ((FRACTIONS, Number), ([f"2020-01-0{i % 9 + 1}" for i in range(100)], Moment)):
        column = column_of([*good, "broken"])
        assert isinstance(column, kind)
        assert "1 of its 101 values cannot be read" in column.reason


def test_many_bad_cells_spoil_numbers():
    """More unreadable cells make a category, and the reason says how to mend it; an identifier it is never."""
    column = column_of([*FRACTIONS, "broken", "broken"])
    assert isinstance(column, Category)
    assert "missing=['broken']" in column.reason
    assert isinstance(column_of([*FRACTIONS[:15], "broken"]), Category)


def test_one_cell_at_the_end_counts():
    """Kinds are judged over the whole column: the last of 100,000 cells can show that numbers have fractions."""
    values = ["1", "2"] * 50_000
    assert column_of(values).whole
    assert not column_of([*values, "2.5"]).whole


def test_details_are_kept():
    """Signs, levels, words, orders and clocks are part of the column."""
    assert column_of(["1.234,5", "2,5"]) == Number(name="x", decimal=",", thousands=".")
    assert column_of([3, 1, 2]).whole
    assert column_of(["10", "9", "x"]).levels == ("10", "9", "x")
    assert column_of(["10", "9", "10"], kinds={"x": "category"}).levels == ("9", "10")
    assert column_of(["Yes", "no", "yes", "yes"]) == Flag(name="x", true="yes", false="no")
    assert column_of(["12/31/2020 10:00", "1/2/2021"]) == Moment(name="x", order="mdy", clock=True)


def test_what_was_guessed_is_said():
    """Ambiguous dates and commas, and columns that are not used, are told in notes with a way to change them."""
    raw = read({"day": ["1/2/2021", "3/4/2021"], "sum": ["1,234", "5,678"], "n": [1, 1], "y": [0.5, 1.5]})
    notes = {note.column: note.sentence for note in kind_notes(infer_schema(raw))}
    assert set(notes) == {"day", "sum", "n"}
    assert "kinds={'day': Moment(name='day', order='mdy')}" in notes["day"]
    assert "kinds={'sum': Number(name='sum', decimal=',', thousands='')}" in notes["sum"]
    assert "read as constant and not used as input" in notes["n"]


# ---- the target


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b", "a"], "classification"),
        ([f"class-{i}" for i in range(30)], "classification"),
        ([True, False], "classification"),
        ([0, 1, 1], "classification"),
        ([1, 2] * 3 + [1], "classification"),
        ([0] * 500 + [1], "classification"),
        ([1] * 500 + [2], "classification"),
        ([0, 1, 2] * 10, "classification"),
        ([0.0, 1.0, 2.0] * 10, "classification"),
        (["3", "4", "5"] * 10, "classification"),
        ([0, 1, 2] * 100 + [3], "regression"),
        (list(range(21)) * 10, "regression"),
        (list(range(10)), "regression"),
        ([0.5, 1.5] * 10, "regression"),
        (FRACTIONS, "regression"),
        ([1, 1, 1], "regression"),
    ],
)
def test_the_task_follows_from_the_target(values, task):
    """Names and few well-filled whole numbers are classes; other numbers are quantities."""
    assert infer_task(infer_schema(read({"y": values, "x": values}), target="y")) == task


@pytest.mark.parametrize(
    ("task", "word"), [("classification", "category"), ("regression", "number"), (None, "category")]
)
def test_the_user_decides_what_whole_numbers_are(task, word):
    """Whole numbers as a target are classes or quantities as the user says; without a word, a note tells the guess."""
    schema = infer_schema(read({"y": [1, 2, 3] * 10}), target="y", task=task)
    assert schema.target_column.word == word
    assert bool(kind_notes(schema)) == (task is None)


def test_a_binary_target_can_be_a_quantity():
    """Zero and one are numbers if a regression is asked for."""
    assert infer_schema(read({"y": ["0", "1", "1"]}), target="y", task="regression").target_column.word == "number"
    assert (
        infer_schema(read({"y": [0.5, 1.0, 2.0]}), target="y", task="classification").target_column.word == "category"
    )


def test_a_target_is_never_left_out():
    """A target that looks like an identifier, a text or a constant is still a target."""
    for values in ([f"key-{i}" for i in range(30)], SENTENCES, ["a"] * 3, [None] * 3):
        assert column_of(values, "id", target="id").word == "category"
    assert column_of(list(range(30)), "id", target="id").word == "number"


def test_a_schema_without_target_has_no_task():
    """Asking for the task of a schema without a target, or with a date as target, is an error in words."""
    with pytest.raises(SchemaError, match="no target"):
        infer_task(infer_schema(read({"a": [1, 2]})))
    with pytest.raises(SchemaError, match="of the kind moment"):
        infer_task(infer_schema(read({"a": ["2020-01-01", "2020-01-02"]}), target="a"))


# ---- what the user says


@pytest.mark.parametrize("kind", [Number, Category, Moment, Text, Identifier, Constant])
def test_the_user_may_choose_the_kind(kind):
    """A kind named by its word is taken, whatever the cells look like."""
    assert type(column_of(["20200101", "20210101", "20200101"], kinds={"x": kind.word})) is kind


def test_a_whole_column_may_be_declared():
    """A column in full is taken as it is, under the name it has in the table."""
    column = column_of(["1/2/2021"], kinds={"x": Moment(name="anything", order="mdy")})
    assert column == Moment(name="x", order="mdy")


def test_a_flag_of_any_two_words():
    """Two values of any spelling make a flag if the user says so; three do not."""
    assert column_of(["left", "right"], kinds={"x": "flag"}) == Flag(name="x", true="right", false="left")
    assert column_of(["no", "yes"], kinds={"x": "flag"}) == Flag(name="x", true="yes", false="no")
    with pytest.raises(SchemaError, match="holds 3 different values"):
        column_of(["a", "b", "c"], kinds={"x": "flag"})


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"target": "prise"}, SchemaError, "did you mean 'price'"),
        ({"kinds": {"prise": "number"}}, SchemaError, "did you mean 'price'"),
        ({"kinds": {"price": "numbre"}}, SpecError, "did you mean 'number'"),
        ({"kinds": {"price": 5}}, SpecError, "kinds has 5"),
        ({"task": "clasification"}, SpecError, "did you mean 'classification'"),
    ],
)
def test_misspelt_wishes_are_answered_with_the_nearest(options, error, words):
    """Unknown columns, kinds and tasks are errors that offer what was probably meant."""
    with pytest.raises(error, match=words):
        infer_schema(read({"price": [1, 2], "size": [1, 3]}), **options)


@pytest.mark.parametrize("word", ["ignore", "Drop", "skip", "numbre"])
def test_how_a_column_is_left_out_is_easy_to_find(word):
    """Every wrong kind hears of it; whoever asks for it in other words gets what to type, and no image."""
    with pytest.raises(SpecError) as caught:
        infer_schema(read({"fine label": ["a", "b"], "size": [1, 3]}), kinds={"fine label": word})
    assert "; identifier leaves the column out." in caught.value.expected
    if word != "numbre":
        words = "kinds={'fine label': 'identifier'}, or --kind 'fine label=identifier'."
        assert caught.value.remedy == f"to leave 'fine label' out, say {words}"


def test_the_spellings_of_the_source_go_into_the_schema():
    """What counts as missing is remembered, words and numbers alike."""
    raw = read({"x": [1.5, -999.0, 2.5], "y": ["a", "none", "b"]}, missing=["-999", "none"])
    schema = infer_schema(raw)
    assert schema.missing == ("", "-999", "none")
    assert schema.column("y").levels == ("a", "b")


@given(
    st.lists(st.sampled_from(["1", "2.5", "x", "", "2020-01-01", "yes", "no", "1,5"]), min_size=1, max_size=30),
    st.randoms(),
)
def test_the_order_of_rows_does_not_matter(cells, random):
    """A shuffled column has the same kind, levels and signs."""
    shuffled = random.sample(cells, len(cells))
    one, other = column_of(cells), column_of(shuffled)
    assert type(one) is type(other)
    assert getattr(one, "levels", ()) == getattr(other, "levels", ())


REAL = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real sets is not beside the repository")
@pytest.mark.parametrize(
    ("name", "target", "task", "left_out"),
    [
        ("titanic", "Survived", "classification", ["PassengerId", "Name"]),
        ("wine_quality", "quality", "regression", []),
        ("credit_g", "class", "classification", []),
        ("california_housing", "median_house_value", "regression", []),
        ("abalone", "rings", "regression", []),
    ],
)
def test_real_tables(name, target, task, left_out):
    """Well-known tables are understood without help."""
    path = REAL / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    schema = infer_schema(read(path), target=target)
    assert infer_task(schema) == task
    assert [column.name for column in schema.columns if not column.used] == left_out
