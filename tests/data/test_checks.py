from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data import conform, infer_schema, read
from lamina.data.checks import FEWEST_ROWS, check_before_training, note_rows_without_target, rows_with_target
from lamina.data.columns import Category, Constant, Flag, Identifier, Moment, Number, Text
from lamina.data.duplicates import check_split, row_keys
from lamina.data.leaks import SAMPLE_ROWS, likeness, share_explained, share_guessed
from lamina.data.schema import Schema
from lamina.foundation.errors import DataError, SchemaError

STORED = {Number: pa.float64(), Flag: pa.bool_(), Moment: pa.timestamp("us")}
ROWS = 60
random = np.random.default_rng(7)
NOISE = random.normal(size=ROWS).tolist()
LABELS = random.permutation(["a"] * 35 + ["b"] * 25).tolist()
PRICES = random.lognormal(3, 1, ROWS).tolist()


def make(target, **columns):
    """A conformed table and its schema; each column is a pair of kind and values, the target is called y."""
    columns = {**columns, "y": target}
    arrays = {name: pa.array(values, STORED.get(kind, pa.string())) for name, (kind, values) in columns.items()}
    schema = Schema(columns=tuple(kind(name=name) for name, (kind, _) in columns.items()), target="y")
    return pa.table(arrays), schema


def found(kind, target, **columns):
    """The findings of one kind."""
    return [f for f in check_before_training(*make(target, **columns), folds=5) if f.kind == kind]


@pytest.mark.parametrize("declared", [True, False])
def test_an_empty_column_is_not_called_the_same(declared):
    """A column without any value is empty in every row, whether its kind was guessed or declared."""
    kind = Number if declared else Constant
    table, schema = make((Number, PRICES), x=(Number, NOISE), void=(kind, [None] * ROWS), same=(Number, [1.0] * ROWS))
    if not declared:
        raw = read({"void": [None] * ROWS, "x": NOISE, "same": [1.0] * ROWS, "y": PRICES})
        schema = infer_schema(raw, target="y")
        table, _ = conform(raw, schema, need_target=True)
    told = {f.sentence for f in check_before_training(table, schema, folds=5) if f.kind == "constant"}
    assert told == {
        "column 'void' is left out: empty in every row.",
        "column 'same' is left out: the same value in every row.",
    }


def test_sound_data_give_no_findings():
    """Data without trouble pass in silence."""
    assert check_before_training(*make((Category, LABELS), x=(Number, NOISE)), folds=5) == ()
    assert check_before_training(*make((Number, PRICES), x=(Number, NOISE))) == ()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Number, [2.0 if label == "a" else 3.5 for label in LABELS]),
        (Number, [i * 0.01 + (0 if label == "a" else 100) for i, label in enumerate(LABELS)]),
        (Category, ["yes" if label == "a" else "no" for label in LABELS]),
        (Category, [f"{label}{i % 5}" for i, label in enumerate(LABELS)]),
        (Flag, [label == "a" for label in LABELS]),
        (Flag, [True if label == "a" else None for label in LABELS]),
        (Moment, [datetime(2020 if label == "a" else 2021, 1, 1) + timedelta(i) for i, label in enumerate(LABELS)]),
    ],
    ids=["copy", "threshold", "renamed", "finer names", "flag", "gaps", "dates"],
)
def test_a_column_that_gives_the_classes_away_is_named(kind, values):
    """A column from which the class follows is an error, whatever its kind; the honest column beside it is not."""
    (leak,) = found("leak", (Category, LABELS), x=(Number, NOISE), given=(kind, values))
    assert leak.column == "given"
    assert leak.severity == "error"
    assert "'given' gives the target away" in leak.sentence
    assert "100.0%" in leak.sentence


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Number, [-3 * price + 7 for price in PRICES]),
        (Number, np.log(PRICES).tolist()),
        (Number, [None if i % 3 == 0 else price for i, price in enumerate(PRICES)]),
        (Moment, [datetime(2020, 1, 1) + timedelta(seconds=60 * price) for price in PRICES]),
    ],
    ids=["line", "curve", "gaps", "dates"],
)
def test_a_column_that_gives_the_numbers_away_is_named(kind, values):
    """A column that rises or falls with the target, in a line or a curve, is an error."""
    (leak,) = found("leak", (Number, PRICES), x=(Number, NOISE), given=(kind, values))
    assert leak.column == "given"
    assert "rise and fall together" in leak.sentence


def test_a_category_that_gives_the_numbers_away_is_named():
    """Names that stand for the numbers are an error too."""
    prices = [float(i % 7) ** 2 for i in range(ROWS)]
    (leak,) = found("leak", (Number, prices), x=(Number, NOISE), code=(Category, [f"p{i % 7}" for i in range(ROWS)]))
    assert leak.column == "code"


def test_a_strong_but_real_feature_is_no_leak():
    """A feature that is right in 29 of 30 rows, or correlates at 0.99, is left in peace."""
    strong = [(label == "a") ^ (i % 30 == 0) for i, label in enumerate(LABELS)]
    assert not found("leak", (Category, LABELS), strong=(Flag, strong), x=(Number, NOISE))
    close = (np.array(PRICES) + 0.12 * np.std(PRICES) * np.array(NOISE)).tolist()
    assert 0.98 < np.corrcoef(close, PRICES)[0, 1] < 0.9999
    assert not found("leak", (Number, PRICES), close=(Number, close))


def test_a_different_name_for_every_row_is_no_leak():
    """A column that is merely unique tells nothing about rows it has not seen."""
    names = [f"n{i}" for i in range(ROWS)]
    assert not found("leak", (Category, LABELS), name=(Category, names), x=(Number, NOISE))
    assert not found("leak", (Number, PRICES), name=(Category, names), x=(Number, NOISE))


def test_guessing_the_commonest_class_is_no_leak():
    """With one class in 1000 rows, being right in 99.9 % of the rows is no news."""
    labels = ["rare"] * 3 + ["common"] * 2997
    noise = np.random.default_rng(0).integers(0, 50, 3000).astype(float).tolist()
    assert not found("leak", (Category, labels), x=(Number, noise))


def test_few_rows_are_not_accused():
    """With fewer than twenty rows a perfect column may be chance, and nothing is said."""
    assert not found("leak", (Category, list("ab") * 9), x=(Number, [0.0, 1.0] * 9))
    assert found("leak", (Category, list("ab") * 10), x=(Number, [0.0, 1.0] * 10))


def test_leaks_in_long_tables_are_found_in_a_sample():
    """A table longer than the sample is judged by a sample, even one that a rare class is missing from."""
    rows = SAMPLE_ROWS + 1000
    labels = np.random.default_rng(0).choice(["a", "b"], rows)
    columns = {"x": (Number, np.arange(rows) * 1.0), "given": (Number, (labels == "a") * 1.0)}
    (leak,) = found("leak", (Category, labels), **columns)
    assert leak.column == "given"
    assert not found("leak", (Category, ["b"] + ["a"] * (10 * SAMPLE_ROWS)), x=(Flag, [True, False] * 250_000 + [True]))


@given(
    values=st.lists(st.sampled_from([0.0, 1.0, 1.5, 4.0, 9.0, float("nan"), float("inf"), -1e308, 1e308]), min_size=2),
    seed=st.integers(0, 99),
)
def test_guesses_equal_the_definition(values, seed):
    """Each row is guessed from the others of its value, or from the nearest other value if it is alone with its own."""
    x = np.array(values)
    classes = np.random.default_rng(seed).integers(0, 3, len(x))
    right = 0
    for row in range(len(x)):
        same = [i for i in range(len(x)) if i != row and (x[i] == x[row] or (np.isnan(x[i]) and np.isnan(x[row])))]
        counts = np.bincount(classes[same], minlength=3)
        if same:
            right += (np.delete(counts, classes[row]) < counts[classes[row]]).all()
            continue
        sides = [x[x < x[row]].max(initial=-np.inf), x[x > x[row]].min(initial=np.inf)]
        with np.errstate(over="ignore", invalid="ignore"):
            gaps = np.abs(sides - x[row])
        if np.isfinite(gaps).any():
            counts = np.bincount(classes[x == sides[np.nanargmin(gaps)]], minlength=3)
            right += 2 - counts[::-1].argmax() == classes[row]  # the commonest there, of equally common ones the last
    assert share_guessed(x, classes) == pytest.approx(right / len(x))


def test_likeness_and_explained_variance_have_known_values():
    """Perfect, absent and undefined relations of numbers are measured as 1, near 0 and 0."""
    x, noise = np.arange(100.0), np.random.default_rng(0).normal(size=100)
    assert likeness(x * 1e306, -x) == pytest.approx(1)
    assert likeness(x, noise) < 0.3
    assert likeness(np.ones(100), x) == 0
    assert likeness(np.where(x < 60, np.nan, x), x) == 0  # too few rows to tell
    levels = np.arange(100) % 4
    assert share_explained(levels, levels * 1e306) == pytest.approx(1)
    assert share_explained(levels, noise) < 0.3
    assert share_explained(np.arange(100), x) == 0
    assert share_explained(levels, np.ones(100)) == 0


def test_rows_in_both_sides_of_a_split_are_counted():
    """Test rows that equal a training row in every feature are counted, by row; the target does not matter."""
    table, schema = make(
        (Category, list("aabb")), x=(Number, [1.0, 2.0, 1.0, 3.0]), k=(Category, ["u", None, "u", "v"])
    )
    (finding,) = check_split(table, schema, np.array([0, 1]), np.array([2, 3]))
    assert (finding.kind, finding.rows, finding.count) == ("split", (3,), 1)
    assert "1 of 2 test rows (50.0%)" in finding.sentence
    assert check_split(table, schema, np.array([0, 2]), np.array([1, 3])) == ()


@given(st.lists(st.tuples(st.sampled_from([0.0, -0.0, 1.0, None]), st.sampled_from(["", "x", None]),
                          st.sampled_from([True, False, None])), min_size=1, max_size=20))  # fmt: skip
def test_row_keys_are_equal_where_rows_are(rows):
    """Two rows have one key exactly when all their values are equal, gaps included."""
    numbers, names, flags = map(list, zip(*rows, strict=True))
    table = pa.table({"n": pa.array(numbers, pa.float64()), "s": pa.array(names, pa.string()),
                      "f": pa.array(flags, pa.bool_())})  # fmt: skip
    keys = row_keys(table, table.column_names)
    assert all((keys[i] == keys[j]) == (rows[i] == rows[j]) for i in range(len(rows)) for j in range(i))


def test_the_order_of_columns_matters_for_row_keys():
    """A row (1, 2) is not a row (2, 1)."""
    keys = row_keys(pa.table({"a": [1.0, 2.0], "b": [2.0, 1.0]}), ["a", "b"])
    assert keys[0] != keys[1]


def test_repeated_rows_are_counted():
    """Rows that repeat an earlier one, target included, are counted and named."""
    x, y = [*NOISE[:-2], NOISE[0], NOISE[1]], [*LABELS[:-1], "b" if LABELS[1] == "a" else "a"]
    y[-2] = y[0]
    (finding,) = found("duplicates", (Category, y), x=(Number, x))
    assert (finding.rows, finding.count, finding.severity) == ((ROWS - 1,), 1, "warning")
    assert "1 of 60 rows" in finding.sentence


def test_rare_classes_are_named():
    """A class with fewer rows than folds is a warning with its rows; many of them are summed up."""
    labels = ["a"] * 30 + ["b"] * 29 + ["c"]
    (finding,) = found("class", (Category, labels), x=(Number, NOISE))
    assert (finding.rows, finding.count) == ((60,), 1)
    assert "class 'c' has 1 row," in finding.sentence
    findings = found("class", (Category, [f"c{i // 3:02}" for i in range(ROWS)]), x=(Number, NOISE))
    assert len(findings) == 6
    assert "15 more classes" in findings[-1].sentence


def test_classes_of_a_flag_are_named_as_the_data_spells_them():
    """A rare yes is called what the data calls it."""
    table, _ = make((Flag, [True] + [False] * 59), x=(Number, NOISE))
    schema = Schema(columns=(Number(name="x"), Flag(name="y", true="ill", false="well")), target="y")
    assert "class 'ill' has 1 row" in check_before_training(table, schema)[0].sentence


def test_gaps_levels_and_width_are_named():
    """Mostly missing columns, names too many to learn and more columns than rows are warnings."""
    gaps = [None] * 31 + NOISE[31:]
    (finding,) = found("missing", (Number, PRICES), gaps=(Number, gaps), x=(Number, NOISE))
    assert (finding.column, finding.severity) == ("gaps", "warning")
    assert "52% of the rows" in finding.sentence
    (finding,) = found("levels", (Number, PRICES), name=(Category, [f"n{i}" for i in range(ROWS)]))
    assert "60 different names" in finding.sentence
    wide = {f"x{i}": (Number, np.random.default_rng(i).normal(size=ROWS).tolist()) for i in range(61)}
    (finding,) = found("wide", (Number, PRICES), **wide)
    assert "(61)" in finding.sentence


def test_what_is_left_out_is_told():
    """Constants and identifiers are told by name, as information; a text is read."""
    columns = {
        "same": (Number, [1.0] * ROWS),
        "void": (Category, [None] * ROWS),
        "country": (Constant, ["CH"] * ROWS),
        "id": (Identifier, [f"p{i}" for i in range(ROWS)]),
        "note": (Text, [f"story {i}" for i in range(ROWS)]),
        "x": (Number, NOISE),
    }
    findings = check_before_training(*make((Number, PRICES), **columns))
    told = {(f.kind, f.column) for f in findings}
    assert told == {("constant", n) for n in ("same", "void", "country")} | {("identifier", "id")}
    assert {f.severity for f in findings} == {"info"}
    assert all(repr(f.column) in f.sentence for f in findings)


def test_an_identifier_is_told_for_what_it_is():
    """One that was guessed, one that somebody declared, and the parts of a split, each with its own reason."""
    names = [f"p{i}" for i in range(ROWS)]
    raw = read({"key": names, "fine": ["a", "b"] * (ROWS // 2), "split": ["train", "test"] * (ROWS // 2), "x": NOISE})
    raw = read(raw.table.append_column("y", pa.array(PRICES)))
    schema = infer_schema(raw, target="y", kinds={"fine": "identifier"})
    findings = check_before_training(conform(raw, schema, need_target=True)[0], schema)
    assert [one.sentence for one in findings if one.kind == "identifier"] == [
        "column 'key' is left out: an identifier, which can only be learnt by heart.",
        "column 'fine' is left out: it was said to be an identifier.",
        "column 'split' is left out: it names the parts of a split that came with the data.",
    ]


def test_many_like_columns_are_told_at_once():
    """A thousand constants are one finding, not a thousand."""
    columns = {f"c{i}": (Constant, ["k"] * ROWS) for i in range(1000)}
    (finding,) = found("constant", (Number, PRICES), x=(Number, NOISE), **columns)
    assert (finding.count, finding.column) == (1000, None)
    assert "'c0'" in finding.sentence
    assert "992 more" in finding.sentence


def test_the_worst_is_told_first():
    """Errors come before warnings, and warnings before information."""
    columns = {"same": (Number, [1.0] * ROWS), "gaps": (Number, [None] * 40 + NOISE[40:]), "y2": (Number, PRICES)}
    findings = check_before_training(*make((Number, PRICES), **columns))
    assert [f.severity for f in findings] == ["error", "warning", "info"]


def test_rows_without_an_answer_are_left_out_and_noted():
    """Rows whose target is missing or infinite are left out of every check, and noted by number."""
    table, schema = make((Number, [None, *PRICES, float("inf")]), x=(Number, [None, *NOISE, None]))
    assert rows_with_target(table, "y").tolist() == list(range(1, ROWS + 1))
    (note,) = note_rows_without_target(table, "y")
    assert (note.rows, note.count, note.column) == ((1, 62), 2, "y")
    assert "rows 1 and 62" in note.sentence
    assert check_before_training(table, schema) == ()
    assert note_rows_without_target(table.slice(1, ROWS), "y") == ()


@pytest.mark.parametrize(
    ("target", "column", "error", "words"),
    [
        ((Category, ["a"] * 20), (Number, range(20)), DataError, "holds only the class 'a'"),
        ((Category, [None] * 20), (Number, range(20)), DataError, "missing in every row"),
        ((Number, [None] * 20), (Number, range(20)), DataError, "missing in every row"),
        ((Number, [float("nan")] * 20), (Number, range(20)), DataError, "missing in every row"),
        ((Number, [4.0] * 20), (Number, range(20)), DataError, "is 4.0 in every row"),
        ((Constant, ["a"] * 20), (Number, range(20)), DataError, "holds only the class 'a'"),
        ((Category, []), (Number, []), DataError, "missing in every row"),
        ((Category, ["a"]), (Number, [1]), DataError, "there is only 1 row"),
        ((Category, list("ab") * 4), (Number, range(8)), DataError, "there are only 8 rows"),
        ((Category, list("ab") * 10), (Number, [1] * 20), DataError, "none of the 1 other columns"),
        ((Category, list("ab") * 10), (Identifier, list("ab") * 10), DataError, "none of the 1 other columns"),
        ((Text, list("ab") * 10), (Number, range(20)), SchemaError, "of the kind text"),
    ],
)
def test_hopeless_data_are_refused_in_words(target, column, error, words):
    """What nothing can be learnt from ends in a three-part error that names the target."""
    with pytest.raises(error) as caught:
        check_before_training(*make(target, x=column))
    assert words in caught.value.wrong
    assert caught.value.remedy


def test_ten_rows_are_enough():
    """The fewest rows that are accepted are accepted."""
    check_before_training(*make((Number, PRICES[:FEWEST_ROWS]), x=(Number, NOISE[:FEWEST_ROWS])))


def test_a_task_that_does_not_fit_or_a_missing_target_is_refused():
    """Numbers asked of names, a schema without a target and a table without its column are refused."""
    table, schema = make((Category, LABELS), x=(Number, NOISE))
    with pytest.raises(SchemaError, match="holds names"):
        check_before_training(table, schema, task="regression")
    with pytest.raises(SchemaError, match="no target"):
        check_before_training(table, Schema(columns=schema.columns))
    with pytest.raises(SchemaError, match="no target column 'y'"):
        check_before_training(table.drop_columns(["y"]), schema)
    with pytest.raises(DataError, match="no column beside the target"):
        check_before_training(*make((Category, LABELS)))
