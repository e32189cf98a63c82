import pytest

from lamina.data import conform, given_split, infer_schema, read
from lamina.data.given import are_parts


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["train", "test"], True),
        (["train", "dev", "test"], True),
        (["Training", "Validation"], True),
        (["train", "test_2016", "test_2017"], True),
        (["train"], False),
        (["train", "bus"], False),
        (["test", "val"], False),
        (["left", "right"], False),
    ],
)
def test_the_parts_of_a_split(names, parts):
    """Parts are one to learn from and another to judge; a means of transport is none."""
    assert are_parts(names) is parts


def test_a_given_split_is_honoured_and_no_input():
    """Its rows are found by part, and the column cannot be learnt from."""
    raw = read({"x": [1.0, 2.0, 3.0, 4.0], "split": ["train", "dev", None, "test"], "y": [1.0, 2.0, 3.0, 5.0]})
    schema = infer_schema(raw, target="y")
    assert [column.name for column in schema.features] == ["x"]
    found = given_split(conform(raw, schema, need_target=True)[0], schema)
    assert {part: rows.tolist() for part, rows in found.items()} == {"train": [0], "val": [1], "test": [3]}


def test_a_column_that_only_sounds_like_a_split_is_an_input():
    """Other words in a column of that name are categories, and there is no given split."""
    raw = read({"split": ["pea", "bean"] * 5, "y": range(10)})
    schema = infer_schema(raw, target="y")
    assert schema.column("split").word == "category"
    assert given_split(conform(raw, schema, need_target=True)[0], schema) is None
