import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.columns import COLUMN_KINDS, Category, Constant, Flag, Identifier, Image, Moment, Number, Series, Text
from lamina.data.schema import MISSING_SPELLINGS, Schema
from lamina.foundation.errors import SchemaError, SpecError

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
columns = st.one_of(
    st.builds(Number, name=words, decimal=st.sampled_from(".,"), whole=st.booleans(), reason=words),
    st.builds(Category, name=words, levels=st.lists(words, max_size=4).map(tuple)),
    st.builds(Flag, name=words, true=words, false=words),
    st.builds(Moment, name=words, order=st.sampled_from(["ymd", "dmy", "mdy"]), clock=st.booleans()),
    *(st.builds(kind, name=words, reason=words) for kind in (Text, Identifier, Constant)),
)
tables = st.lists(columns, max_size=6, unique_by=lambda column: column.name).map(tuple)


@given(tables, st.lists(words, max_size=3).map(tuple), st.integers(0, 6))
def test_a_schema_survives_json(found, missing, target):
    """Any schema, written as JSON text and read back, is equal to what it was."""
    schema = Schema(columns=found, missing=missing, target=found[target].name if target < len(found) else None)
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_features_leave_out_what_cannot_be_learnt_from():
    """Inputs are the columns in order less target, identifiers and constants; features those of single values."""
    schema = Schema(columns=tuple(kind(name=kind.word) for kind in COLUMN_KINDS), target="flag")
    assert [column.name for column in schema.inputs] == ["number", "category", "moment", "text", "image", "series"]
    assert [column.name for column in schema.features] == ["number", "category", "moment"]


def test_a_misspelt_column_is_answered_with_the_nearest():
    """Asking for a column that is not there offers the names most like it."""
    schema = Schema(columns=(Number(name="species"), Number(name="island")))
    with pytest.raises(SchemaError, match="did you mean 'species'"):
        schema.column("specis")


def test_the_target_must_be_a_column():
    """A schema cannot be made with a target that is not among its columns."""
    with pytest.raises(SchemaError, match="did you mean 'price'"):
        Schema(columns=(Number(name="price"),), target="prize")


def test_doubled_names_are_refused():
    """Two columns of one name are an error that says which."""
    with pytest.raises(SchemaError, match="two columns named 'a'"):
        Schema(columns=(Number(name="a"), Text(name="b"), Category(name="a")))


@pytest.mark.parametrize(
    "data", [{"kind": "Number", "name": "a"}, [], None, {}], ids=["column", "list", "null", "empty"]
)
def test_other_json_is_refused(data):
    """JSON that holds something else than a schema is refused in words."""
    with pytest.raises(SchemaError, match="do not hold a schema"):
        Schema.from_json(data)


def test_unknown_kinds_are_refused():
    """Only the listed kinds can be read, whatever a file names."""
    with pytest.raises(SpecError, match="is not known here"):
        Schema.from_json({"kind": "Schema", "columns": [{"kind": "os.system", "name": "ls"}]})


def test_the_empty_cell_is_missing_by_default():
    """Empty cells and the usual words count as missing; ordinary words and zero do not."""
    assert {"", "NA", "N/A", "NaN", "null", "None", "?", "-"} <= set(MISSING_SPELLINGS)
    assert not {"0", "none", "no", "missing"} & set(MISSING_SPELLINGS)


def test_the_kinds_of_fields_are_those_of_the_inputs():
    """Each kind once, in one order, whatever that of the columns; a target or an identifier is none."""
    columns = [
        Series(name="walk"),
        Text(name="remark"),
        Number(name="mass"),
        Image(name="photo"),
        Image(name="more"),
        Text(name="said"),
        Identifier(name="id"),
    ]
    assert Schema(columns=tuple(columns)).field_kinds == ("image", "text", "series")
    assert Schema(columns=tuple(columns[:2]), target="remark").field_kinds == ("series",)
    assert Schema(columns=(columns[2], columns[-1])).field_kinds == ()
    schema = Schema(columns=tuple(columns), target="said")
    assert [column.name for column in schema.features] == ["mass"]
    assert {column.name for column in schema.inputs} - {"mass"} == {"walk", "remark", "photo", "more"}
