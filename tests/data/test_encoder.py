import json
import math
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data import encoder as encoder_module
from lamina.data.categories import frequent_levels
from lamina.data.columns import Category, Flag, Identifier, Moment, Number, Text
from lamina.data.encoder import Encoder, fit_encoder
from lamina.data.numbers import CLIP, fit_number
from lamina.data.schema import Schema
from lamina.foundation.errors import DataError, SchemaError, SpecError
from lamina.foundation.signature import Signature

STORED = {Number: pa.float64(), Category: pa.string(), Flag: pa.bool_(), Moment: pa.timestamp("us")}
MODES = ["codes", "onehot"]
any_float = st.one_of(st.none(), st.floats(), st.sampled_from([1.7e308, -1.7e308, 5e-324, 0.0, 1.0, float("inf")]))
any_moment = st.one_of(st.none(), st.datetimes())
any_name = st.one_of(st.none(), st.sampled_from(["a", "b", "c", ""]), st.text(max_size=3))


def four(values):
    """Four cells of a column."""
    return st.lists(values, min_size=4, max_size=4)


def make(kinds, **values):
    """A schema and a conformed table; values by name, one list a column."""
    columns = tuple(kind(name=name) for name, kind in zip(values, kinds, strict=True))
    arrays = [pa.array(v, STORED.get(kind, pa.string())) for kind, v in zip(kinds, values.values(), strict=True)]
    return pa.table(dict(zip(values, arrays, strict=True))), Schema(columns=columns)


def encode(kinds, mode="onehot", **values):
    """Fit and encode the same rows."""
    table, schema = make(kinds, **values)
    return fit_encoder(table, schema, categories=mode).encode(table)


def mixed(rows, seed=0):
    """A table with every kind of column and every kind of gap."""
    random = np.random.default_rng(seed)
    days = np.datetime64("2020-01-01T00", "us") + random.integers(0, 900, rows) * np.timedelta64(7, "h")
    gap = random.random(rows) < 0.2
    return make(
        [Number, Number, Category, Category, Flag, Moment],
        mass=np.where(gap, np.nan, random.normal(40, 9, rows)).tolist(),
        height=random.lognormal(3, 1, rows).tolist(),
        island=[None if g else f"i{k}" for g, k in zip(gap, random.integers(0, 5, rows), strict=True)],
        sex=random.choice(["f", "m"], rows).tolist(),
        wild=[None if g else bool(b) for g, b in zip(gap[::-1], random.integers(0, 2, rows), strict=True)],
        seen=[None if g else d for g, d in zip(gap, days.tolist(), strict=True)],
    )


class RecordingTable:
    """A table that writes down the ids of all rows that anyone looks at."""

    def __init__(self, table, seen):
        self.table, self.seen = table, seen
        self.column_names, self.num_rows = table.column_names, table.num_rows

    def take(self, rows):
        """These rows, still recorded."""
        return RecordingTable(self.table.take(pa.array(rows)), self.seen)

    def column(self, name):
        """A column; all rows of this table count as looked at."""
        self.seen.update(self.table.column("row id").to_pylist())
        return self.table.column(name)


@pytest.mark.parametrize("mode", MODES)
def test_fitting_looks_at_training_rows_only(mode):
    """Recorded by row id: of a table, fitting reads every training row and not one test row."""
    table, schema = mixed(100)
    train, test = np.arange(0, 100, 2), set(range(1, 100, 2))
    seen = set()
    recording = RecordingTable(table.append_column("row id", pa.array(range(100))), seen)
    fit_encoder(recording.take(train), schema, categories=mode)
    assert seen == set(train.tolist())
    assert not seen & test


@pytest.mark.parametrize("mode", MODES)
def test_test_rows_leave_no_trace_in_the_encoder(mode):
    """Test rows with wild numbers, new names, new gaps and far dates give the very same encoder."""
    table, schema = mixed(60)
    wild = make(
        [Number, Number, Category, Category, Flag, Moment],
        mass=[1e300] * 40,
        height=[None] * 40,
        island=["atlantis"] * 40,
        sex=[None] * 40,
        wild=[None] * 40,
        seen=[datetime(9999, 12, 31, 23)] * 40,
    )[0]
    both = pa.concat_tables([table, wild])
    alone = fit_encoder(table, schema, categories=mode)
    assert fit_encoder(both.take(pa.array(range(60))), schema, categories=mode) == alone
    assert fit_encoder(both, schema, categories=mode) != alone


@given(values=st.lists(any_float, min_size=1, max_size=20), others=st.lists(any_float, max_size=20))
def test_numbers_are_always_finite(values, others):
    """Whatever numbers are fitted on and met later (NaN, infinite, 1e308, subnormal): features are finite, within 3."""
    fitted = fit_number("x", np.array(values, np.float64))
    if fitted is None:
        return
    met = np.array(values + others, np.float64)
    features = np.full((len(met), len(fitted.feature_names)), np.nan, np.float32)
    fitted.write_values(met, features)
    assert np.isfinite(features).all()
    assert np.abs(features).max() <= CLIP


@given(
    numbers=four(any_float),
    names=four(any_name),
    flags=four(st.sampled_from([True, False, None])),
    moments=four(any_moment),
    mode=st.sampled_from(MODES),
)
def test_any_table_is_encoded_finite_and_in_its_bounds(numbers, names, flags, moments, mode):
    """Fitted on three rows of anything and met with a fourth: numbers finite, codes inside the signature."""
    table, schema = make([Number, Category, Flag, Moment], x=numbers, name=names, flag=flags, when=moments)
    try:
        encoder = fit_encoder(table.slice(0, 3), schema, categories=mode)
    except DataError:  # three equal rows tell nothing apart
        return
    batch, signature = encoder.encode(table), encoder.signature(scores=1)
    assert np.isfinite(batch.numbers).all()
    assert batch.numbers.shape == (4, signature.features) == (4, len(encoder.feature_names))
    assert batch.categories.shape == (4, len(signature.categories)) == (4, len(encoder.category_names))
    assert (batch.categories >= 0).all()
    assert (batch.categories < np.array(signature.categories, int)).all()
    assert (batch.numbers.dtype, batch.categories.dtype) == (np.float32, np.int64)


def test_numbers_equal_the_formula():
    """Median centre, one over the distance of the quartiles, smooth clip: checked against the definition."""
    values = np.random.default_rng(0).lognormal(0, 2, 501)
    z = (values - np.median(values)) / np.subtract(*np.percentile(values, [75, 25]))
    expected = z / np.sqrt(1 + (z / 3) ** 2)
    assert np.allclose(encode([Number], x=values.tolist()).numbers[:, 0], expected, atol=1e-6)


def test_the_unit_of_a_number_does_not_matter():
    """Up to the end of float64 the same shape of numbers has the same features: nothing overflows on the way."""
    values = np.array([-1.0, -0.9, -0.8, -0.7, 1.0])
    small, large = (encode([Number], x=(values * unit).tolist()).numbers for unit in (1.0, 1.7e308))
    assert small == pytest.approx(large)
    assert small.max() == pytest.approx(9 / 10**0.5)  # z = 9, clipped to 9 / sqrt(1 + 9)


def test_equal_quartiles_fall_back_to_the_range():
    """A column that is 0 in nine of ten rows is scaled by 2 / (max - min)."""
    values = [0.0] * 18 + [4.0, 8.0]
    z = np.array(values) * 2 / 8
    assert np.allclose(encode([Number], x=values).numbers[:, 0], z / np.sqrt(1 + (z / 3) ** 2))


def test_without_the_clip_a_number_keeps_its_law():
    """For a linear learner the feature is the centred and scaled number itself, however far, up to a hard bound."""
    values = np.random.default_rng(0).lognormal(0, 2, 501)
    table, schema = make([Number], x=values.tolist())
    encoder = fit_encoder(table, schema, categories="onehot", clipped=False)
    width = np.subtract(*np.percentile(values, [75, 25]))
    later = np.array([-1e5 * width, 3.0, 1e5 * width])
    wanted = (later - np.median(values)) / width
    assert np.allclose(encoder.encode(make([Number], x=later.tolist())[0]).numbers[:, 0], wanted, rtol=1e-6)
    wild = encoder.encode(make([Number], x=[-1e308, 1e308, None, float("inf")])[0]).numbers[:, 0]
    assert wild.tolist() == [-1e6, 1e6, 0.0, 1e6]


def test_without_the_clip_a_year_keeps_its_law():
    """The year of a moment is a number like any other: two years are twice as far as one."""
    days = [datetime(2000 + i, 1, 1) for i in (0, 1, 2, 3, 4)]
    table, schema = make([Moment], seen=days)
    encoder = fit_encoder(table, schema, categories="onehot", clipped=False)
    years = encoder.encode(make([Moment], seen=[days[2], datetime(2042, 1, 1), datetime(2082, 1, 1)])[0])
    assert years.numbers[:, -1] == pytest.approx([0, 20, 40], abs=0.05)


def test_an_encoder_of_format_1_is_clipped():
    """An encoder written before there was a choice reads back as it was meant."""
    old = {"kind": "NumberEncoder", "name": "x", "centre": 2.0, "scale": 0.5, "missing": False}
    encoder = Encoder.from_json({"kind": "Encoder", "columns": [old]})
    assert encoder.columns[0].clipped
    assert encoder.encode(make([Number], x=[8.0])[0]).numbers[0, 0] == pytest.approx(3 / 2**0.5)


def test_the_order_of_numbers_is_kept():
    """A larger number never has a smaller feature, even far beyond the clip."""
    features = encode([Number], x=[-1e308, -1e9, -5.0, 0.0, 0.5, 7.0, 1e9, 1e308]).numbers[:, 0]
    assert (np.diff(features) >= 0).all()


def test_missing_numbers_are_the_median_and_marked():
    """A missing number is 0, with a mark beside it if and only if training rows had missing ones."""
    table, schema = make([Number, Number], x=[1.0, None, 3.0], y=[1.0, 2.0, 3.0])
    encoder = fit_encoder(table, schema, categories="onehot")
    assert encoder.feature_names == ("x", "x is missing", "y")
    later = encoder.encode(make([Number, Number], x=[None, 2.0], y=[None, float("nan")])[0])
    assert later.numbers.tolist() == [[0, 1, 0], [0, 0, 0]]


def test_a_constant_with_gaps_gives_only_the_mark():
    """Where the only news is that a value is missing, that is the feature."""
    table, schema = make([Number, Flag], x=[5.0, None, 5.0], flag=[True, True, None])
    encoder = fit_encoder(table, schema, categories="codes")
    assert encoder.feature_names == ("x is missing", "flag is missing")
    assert encoder.encode(table).numbers.tolist() == [[0, 0], [1, 0], [0, 1]]


def test_onehot_has_a_number_a_level_and_none_for_the_unseen():
    """Each level has its own 1; a missing or unseen name is all 0."""
    table, schema = make([Category], island=["b", "c", "a", "b"])
    encoder = fit_encoder(table, schema, categories="onehot")
    assert encoder.feature_names == ("island=a", "island=b", "island=c")
    later = encoder.encode(make([Category], island=["c", None, "atlantis", "a"])[0])
    assert later.numbers.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert later.categories.shape == (4, 0)


def test_codes_start_at_one_and_keep_zero_for_the_unseen():
    """The sorted levels of the training rows are 1, 2, ...; a missing or unseen name is 0."""
    table, schema = make([Category], island=["b", "c", "a", "b"])
    encoder = fit_encoder(table, schema, categories="codes")
    later = encoder.encode(make([Category], island=["c", None, "atlantis", "a"])[0])
    assert later.categories.tolist() == [[3], [0], [0], [1]]
    assert later.numbers.shape == (4, 0)
    assert encoder.signature(scores=2) == Signature(features=0, scores=2, categories=(4,))
    assert encoder.category_names == ("island",)


@pytest.mark.parametrize("mode", MODES)
def test_two_levels_are_one_number(mode):
    """A category with two levels and a flag are -1 or 1 in both modes; unseen is 0; gaps are marked if trained on."""
    table, schema = make([Category, Flag], sex=["f", "m", None, "m"], wild=[True, False, True, False])
    encoder = fit_encoder(table, schema, categories=mode)
    assert encoder.feature_names == ("sex=m", "sex is missing", "wild")
    later = encoder.encode(make([Category, Flag], sex=["m", "f", "x", None], wild=[False, True, None, True])[0])
    assert later.numbers.tolist() == [[1, 0, -1], [-1, 0, 1], [0, 0, 0], [0, 1, 1]]


def test_only_the_most_frequent_levels_are_kept():
    """Of very many levels the commonest stay, the first in the alphabet among equals; the rest is unseen."""
    column = pa.chunked_array([["z", "z", "c", "a", "a", "b", None, None, None]])
    assert frequent_levels(column, limit=3) == ("a", "b", "z")
    table, schema = make([Category], name=[f"n{i % 1500:04}" for i in range(2500)])
    encoder = fit_encoder(table, schema, categories="codes")
    assert encoder.signature(scores=1).categories == (1001,)
    assert set(encoder.columns[0].levels) == {f"n{i:04}" for i in range(1000)}


def test_moments_become_year_parts_and_cycles():
    """The parts that vary are a line from -1 to 1 and a cycle; the year runs on evenly; the rest gives nothing."""
    days = [datetime(2020, 1, 1), datetime(2021, 12, 1), datetime(2022, 7, 1), None]
    table, schema = make([Moment], visit=days)
    encoder = fit_encoder(table, schema, categories="onehot")
    names = encoder.feature_names
    assert names[:3] == ("visit month", "visit month sin", "visit month cos")
    assert names[-2:] == ("visit year", "visit year is missing")
    assert not [name for name in names if "hour" in name]
    features = dict(zip(names, encoder.encode(table).numbers.T.tolist(), strict=True))
    assert features["visit month"] == pytest.approx([-1, 1, 1 / 11, 0])
    assert features["visit month sin"] == pytest.approx([0, math.sin(2 * math.pi * 11 / 12), 0, 0], abs=1e-6)
    assert features["visit month cos"] == pytest.approx([1, math.cos(2 * math.pi * 11 / 12), -1, 0], abs=1e-6)
    assert features["visit weekday"] == pytest.approx([-1 / 3, -1 / 3, 1 / 3, 0])  # Wednesday, Wednesday, Friday
    year = features["visit year"]
    assert year[0] < year[1] == 0 < year[2]
    assert features["visit year is missing"] == [0, 0, 0, 1]


def test_hours_are_read_where_they_vary():
    """Two visits on one day differ by the hour, and midnight is next to 23 o'clock on the cycle."""
    hours = [0, 12, 23]
    table, schema = make([Moment], visit=[datetime(2020, 5, 5, hour) for hour in hours])
    encoder = fit_encoder(table, schema, categories="onehot")
    cycle = encoder.encode(table).numbers[:, [encoder.feature_names.index(f"visit hour {f}") for f in ("sin", "cos")]]
    assert np.linalg.norm(cycle[0] - cycle[2]) < 0.3 < np.linalg.norm(cycle[0] - cycle[1])


def test_what_does_not_vary_or_is_no_input_gives_no_feature():
    """Constants, empty columns, identifiers, the target, and fields that are not asked for are left out."""
    kinds = [Number, Number, Category, Flag, Moment, Identifier, Text, Number]
    values = {
        "x": [1.0, 2.0],
        "same": [3.0, 3.0],
        "one": ["a", "a"],
        "yes": [True, True],
        "day": [datetime(2020, 1, 1)] * 2,
        "id": ["p", "q"],
        "note": ["long", "words"],
        "y": [1.0, 2.0],
    }
    table, schema = make(kinds, **values)
    schema = Schema(columns=schema.columns, target="y")
    for mode in MODES:
        assert fit_encoder(table, schema, categories=mode).inputs == ("x",)
        assert fit_encoder(table, schema, categories=mode, fields=True).inputs == ("x", "note")


def test_nothing_that_varies_is_refused():
    """If no column varies in the training rows, fitting says so."""
    table, schema = make([Number, Category], x=[1.0, 1.0], name=[None, None])
    with pytest.raises(DataError, match="none of the 2 input columns varies"):
        fit_encoder(table, schema, categories="codes")


@pytest.mark.parametrize("mode", MODES)
def test_a_row_is_encoded_by_itself(mode, monkeypatch):
    """Alone, in any order, or in small chunks: each row has bitwise the same encoding."""
    table, schema = mixed(201)
    encoder = fit_encoder(table, schema, categories=mode)
    whole = encoder.encode(table)
    order = np.random.default_rng(1).permutation(201)
    shuffled = encoder.encode(table.take(pa.array(order)))
    assert shuffled.numbers.tobytes() == whole.take(order).numbers.tobytes()
    assert shuffled.categories.tobytes() == whole.take(order).categories.tobytes()
    for row in range(0, 201, 20):
        assert encoder.encode(table.slice(row, 1)).numbers.tobytes() == whole.numbers[row].tobytes()
    monkeypatch.setattr(encoder_module, "CHUNK_ROWS", 7)
    chunked = encoder.encode(table)
    assert chunked.numbers.tobytes() == whole.numbers.tobytes()
    assert chunked.categories.tobytes() == whole.categories.tobytes()


@pytest.mark.parametrize("mode", MODES)
def test_an_encoder_survives_json(mode):
    """Written as JSON text and read back, it is equal and encodes bitwise alike."""
    table, schema = mixed(80)
    encoder = fit_encoder(table, schema, categories=mode)
    again = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again == encoder
    assert again.encode(table).numbers.tobytes() == encoder.encode(table).numbers.tobytes()
    assert again.encode(table).categories.tobytes() == encoder.encode(table).categories.tobytes()


def test_json_of_anything_else_is_refused():
    """A kind that is not on the closed list, or a part in place of the whole, makes no encoder."""
    with pytest.raises(SpecError, match="'Popen' is not known"):
        Encoder.from_json({"kind": "Encoder", "columns": [{"kind": "Popen", "args": "ls"}]})
    with pytest.raises(SchemaError, match="do not hold an encoder"):
        Encoder.from_json({"kind": "CodeEncoder", "name": "x", "levels": ["a"]})


def test_a_column_that_is_not_there_is_named():
    """Encoding or fitting a table without a needed column names it and the nearest one."""
    table, schema = make([Number], mass=[1.0, 2.0])
    encoder = fit_encoder(table, schema, categories="codes")
    for attempt in (encoder.encode, lambda t: fit_encoder(t, schema, categories="codes")):
        with pytest.raises(SchemaError) as caught:
            attempt(table.rename_columns(["mas"]))
        assert "'mass'" in caught.value.wrong
        assert "'mas'" in caught.value.remedy


def test_no_rows_are_encoded_as_no_rows():
    """An empty table gives an empty batch of the right width."""
    table, schema = mixed(30)
    batch = fit_encoder(table, schema, categories="codes").encode(table.slice(0, 0))
    assert batch.rows == 0
    assert batch.categories.shape == (0, 1)
