import numpy as np
import pyarrow as pa
import pytest

from lamina.data import conform, fit_encoder, infer_schema, read
from lamina.data.cells import array_of, tensor_column
from lamina.data.columns import Series
from lamina.data.series import MOST_STEPS, fit_series
from lamina.foundation.errors import SchemaError


def as_column(values, **schema):
    """The schema, the stored array and the notes of one column."""
    raw = read({"walk": values} if not isinstance(values, pa.Array) else pa.table({"walk": values}))
    found = infer_schema(raw, **schema)
    table, notes = conform(raw, found, need_target=False)
    return found.column("walk"), array_of(table["walk"])[0], notes


def test_unequal_lengths_are_filled_up_at_the_end():
    """A shorter series ends in NaN; nothing is shifted."""
    column, values, notes = as_column([[1.0, 2.0, 3.0], [4.0], [5.0, 6.0]])
    assert column == Series(name="walk", channels=1, steps=3)
    assert np.array_equal(values[:, 0], [[1, 2, 3], [4, np.nan, np.nan], [5, 6, np.nan]], equal_nan=True)
    assert not notes


def test_gaps_stay_gaps():
    """A missing or infinite step inside a series is NaN there."""
    _, values, _ = as_column([[1.0, None, 3.0], [float("inf"), 2.0, 1e300]])
    assert np.array_equal(values[:, 0], [[1, np.nan, 3], [np.nan, 2, np.nan]], equal_nan=True)


def test_lists_of_lists_are_channels():
    """Channels may differ in length; a row with another number of them is missing, and told."""
    walks = [[[1, 2], [3, 4]], [[5], [6, 7]], [[8, 9]]]
    column, values, notes = as_column(walks)
    assert column.shape == (2, 2)
    assert np.array_equal(values[1], [[5, np.nan], [6, 7]], equal_nan=True)
    assert notes[0].sentence.endswith("row 3 holds a list (has 1 channel where 2 are expected): read as missing.")


def test_arrays_and_lists_say_the_same():
    """The same numbers as an array (row, channel, step), as tensors and as lists give the same table."""
    numbers = np.random.default_rng(0).normal(size=(6, 2, 5)).astype(np.float32)
    found = [as_column(values) for values in (numbers, numbers.tolist(), tensor_column(numbers), list(numbers))]
    assert all(column == found[0][0] and np.array_equal(values, numbers) for column, values, _ in found)


def test_an_array_with_one_value_a_row_is_a_column():
    """The shape (row, 1) is a column of numbers, not a series of one step."""
    assert read({"x": np.arange(4.0)[:, None]}).table["x"].to_pylist() == [0, 1, 2, 3]


def test_a_longer_series_loses_its_end():
    """What has more steps than the schema says is cut, with a note of its row."""
    raw = read({"walk": [[1.0, 2.0], [3.0, 4.0, 5.0]]})
    schema = infer_schema(raw, kinds={"walk": Series(name="walk", channels=1, steps=2)})
    table, notes = conform(raw, schema, need_target=False)
    assert array_of(table["walk"])[0].tolist() == [[[1, 2]], [[3, 4]]]
    assert notes[0].sentence == "column 'walk' has more than 2 steps in row 2: the rest is left out."


def test_one_endless_series_does_not_stretch_the_others():
    """The length is at most 4 times that of 95 % of the rows, and a reason says so."""
    column, values, notes = as_column([[1.0, 2.0]] * 99 + [list(range(50_000))])
    assert column.steps == 8
    assert "only the first 8 are read" in column.reason
    assert values.shape == (100, 1, 8)
    assert notes[0].rows == (100,)
    assert as_column([list(range(50_000))] * 2)[0].steps == MOST_STEPS


def test_channels_are_standardised_by_training_rows():
    """Mean 0 and deviation 1 over the steps of the training rows, gaps aside; a constant channel is only centred."""
    random = np.random.default_rng(0)
    train = np.stack([random.normal(50, 4, (30, 20)), np.full((30, 20), 7.0)], axis=1)
    train[3, 0, 10:] = np.nan
    column = pa.chunked_array([tensor_column(train.astype(np.float32))])
    encoder = fit_series("walk", column)
    out = np.empty((30, 2, 20), np.float32)
    encoder.write(column, out)
    assert np.nanmean(out[:, 0]) == pytest.approx(0, abs=1e-5)
    assert np.nanstd(out[:, 0]) == pytest.approx(1, abs=1e-5)
    assert (out[:, 1] == 0).all()
    assert np.isnan(out[3, 0, 10:]).all()


def test_a_missing_series_is_nan_whatever_its_memory_holds():
    """What stands in the memory of a missing row is never seen."""
    values = np.arange(12, dtype=np.float32).reshape(3, 1, 4)
    column = pa.chunked_array([tensor_column(values, np.array([False, True, False]))])
    out = np.zeros((3, 1, 4), np.float32)
    fit_series("walk", column).write(column, out)
    assert np.isnan(out).all(axis=(1, 2)).tolist() == [False, True, False]


def test_other_numbers_of_channels_are_refused():
    """A table of series with another number of channels than in training is another table."""
    schema = infer_schema(read({"walk": np.zeros((4, 2, 5), np.float32)}))
    with pytest.raises(SchemaError, match=r"row 1 holds an array of the shape \(3, 5\) \(has 3 channels where 2 are"):
        conform(read({"walk": np.zeros((4, 3, 5), np.float32)}), schema, need_target=False)
    with pytest.raises(SchemaError, match="column 'walk' is a series, but row 1 holds 'a'"):
        conform(read({"walk": ["a", "b"]}), schema, need_target=False)


def test_series_cannot_be_a_single_value():
    """Lists cannot be declared to be numbers or categories, and numbers no series."""
    for values, kind in [([[1.0], [2.0]], "number"), ([[1.0], [2.0]], "category"), ([1.0, 2.0], "series")]:
        with pytest.raises(SchemaError):
            infer_schema(read({"walk": values}), kinds={"walk": kind})


def test_numbered_classes_beside_series_are_classes():
    """Whole numbers that run from 0 without a gap are classes beside series, though there are more than 20 of them."""
    people = np.repeat(np.arange(40), 3)
    walks = np.random.default_rng(0).normal(size=(120, 1, 4)).astype(np.float32)
    assert infer_schema(read({"walk": walks, "person": people}), target="person").column("person").word == "category"
    assert (
        infer_schema(read({"x": walks[:, 0, 0], "person": people}), target="person").column("person").word == "number"
    )
    asked = infer_schema(read({"walk": walks, "person": people}), target="person", task="regression")
    assert asked.column("person").word == "number"


def test_series_that_do_not_vary_give_no_field():
    """A column of one and the same series is nothing to learn from."""
    raw = read({"walk": np.ones((5, 1, 4), np.float32), "x": [1.0, 2.0, 3.0, 4.0, 5.0]})
    schema = infer_schema(raw)
    table, _ = conform(raw, schema, need_target=False)
    assert fit_encoder(table, schema, categories="codes", fields=True).fields == ()
