import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.columns import Category, Constant, Flag, Moment, Number
from lamina.data.target import TARGET_KINDS, ClassTarget, NumberTarget, fit_target, task_of
from lamina.foundation import specs
from lamina.foundation.errors import DataError, SchemaError

any_float = st.floats(allow_nan=False, allow_infinity=False)


def column(values, kind=None):
    """A chunked column, in two chunks where it is long enough."""
    half = len(values) // 2
    return pa.chunked_array([pa.array(values[:half], kind), pa.array(values[half:], kind)])


def test_classes_are_sorted_and_come_back_as_they_were():
    """Names are coded in alphabetic order, and decoding undoes encoding."""
    values = column(["b", "a", "c", "a"], pa.string())
    target = fit_target(values, Category(name="y"), "classification")
    assert target == ClassTarget(classes=("a", "b", "c"), dtype="string")
    assert target.scores == 3
    codes = target.encode(values)
    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 0, 2, 0]
    assert target.decode(codes).tolist() == ["b", "a", "c", "a"]


@pytest.mark.parametrize(
    ("spelt", "classes", "labels"),
    [
        (["10", "2", "-1"], ("-1", "2", "10"), [-1, 2, 10]),
        (["1.5", "0.5"], ("0.5", "1.5"), [0.5, 1.5]),
        (["True", "False"], ("False", "True"), [False, True]),
        (["007", "1"], ("007", "1"), ["007", "1"]),
        (["1", "two"], ("1", "two"), ["1", "two"]),
        (["True", "true", "false"], ("True", "false", "true"), ["True", "false", "true"]),
        (["9" * 30, "1"], ("1", "9" * 30), ["1", "9" * 30]),
        (["inf", "1.0"], ("1.0", "inf"), ["1.0", "inf"]),
        (["²", "1"], ("1", "²"), ["1", "²"]),
    ],
)
def test_labels_have_the_type_they_are_spelt_like(spelt, classes, labels):
    """Classes spelt as whole numbers, numbers or truth values come back as such, in numeric order; others as names."""
    target = fit_target(column(spelt, pa.string()), Category(name="y"), "classification")
    assert target.classes == classes
    assert target.decode(np.arange(len(classes))).tolist() == labels


@pytest.mark.parametrize(
    ("values", "labels"),
    [([1.0, 0.0, -0.0, 2.0], [0, 1, 2]), ([0.5, -0.0, 0.5, 0.0], [0.0, 0.5])],
    ids=["whole", "parts"],
)
def test_numbers_can_be_classes(values, labels):
    """A column of numbers serves as classes: whole ones come back as ints, and the two zeros are one class."""
    target = fit_target(column(values, pa.float64()), Number(name="y"), "classification")
    assert repr(target.labels.tolist()) == repr(labels)
    assert target.decode(target.encode(column(values, pa.float64()))).tolist() == [v + 0 for v in values]


def test_a_flag_is_coded_no_before_yes():
    """A flag has classes no and yes, coded 0 and 1, and answers in the spelling of the data."""
    values = column([True, False, True], pa.bool_())
    target = fit_target(values, Flag(name="y", true="good", false="poor"), "classification")
    assert target.encode(values).tolist() == [1, 0, 1]
    assert target.decode(np.array([1, 0])).tolist() == ["good", "poor"]
    truth = fit_target(values, Flag(name="y", true="true", false="false"), "classification")
    assert truth.decode(np.array([1, 0])).tolist() == [True, False]


def test_an_unseen_class_is_named_with_the_nearest_one():
    """Evaluating on a class that was not there in training is refused by row, with the nearest class."""
    target = ClassTarget(classes=("Adelie", "Gentoo"))
    with pytest.raises(SchemaError) as caught:
        target.encode(column(["Gentoo", "Gento", "Gento"], pa.string()))
    assert "row 2" in caught.value.wrong
    assert "'Gento'" in caught.value.wrong
    assert "2 rows" in caught.value.wrong
    assert "'Gentoo'" in caught.value.remedy


def test_a_missing_class_is_named_by_row():
    """A row without a class cannot be encoded."""
    with pytest.raises(SchemaError, match="row 1 of the target holds no class"):
        ClassTarget(classes=("a", "b")).encode(column([None, "a"], pa.string()))


@given(st.lists(any_float, min_size=2, max_size=30))
def test_numbers_are_standardised_and_come_back(values):
    """Whatever the numbers: encoded they are finite, float32 and of mean 0, and decoding undoes it."""
    target = fit_target(column(values, pa.float64()), Number(name="y"), "regression")
    scores = target.encode(column(values, pa.float64()))
    assert scores.shape == (len(values), 1)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert abs(scores.mean()) < 1e-3
    assert (target.low, target.high) == (min(values), max(values))
    reach = max(abs(target.low), abs(target.high))
    assert np.allclose(target.decode(scores)[:, 0] / (reach or 1), np.array(values) / (reach or 1), atol=1e-5)


def test_the_unit_of_a_number_does_not_matter():
    """Near the end of float64 the same shape of numbers has the same scores: nothing overflows on the way."""
    for unit in (1.0, 1.7e308):
        values = column([unit * y for y in (-1.0, -1.0, -1.0, 1.0)])
        scores = fit_target(values, Number(name="y"), "regression").encode(values)
        assert scores[:, 0] == pytest.approx([-(3**-0.5)] * 3 + [3**0.5])


def test_standardising_equals_the_definition():
    """Mean and scale are the mean and the standard deviation of the training rows."""
    values = np.random.default_rng(0).normal(30, 7, 500)
    target = fit_target(column(values.tolist()), Number(name="y"), "regression")
    assert target.mean == pytest.approx(values.mean(), rel=1e-12)
    assert target.scale == pytest.approx(values.std(), rel=1e-12)
    assert np.array_equal(target.encode(column([target.mean, target.mean + 2 * target.scale])), [[0], [2]])


def test_a_number_absurdly_far_off_stays_finite():
    """An evaluation row of 1e308 is standardised to a finite float32."""
    target = NumberTarget(mean=-1e308, scale=1.0, low=0.0, high=1.0)
    assert np.isfinite(target.encode(column([1e308, -1e308]))).all()


def test_a_score_absurdly_far_off_stays_finite():
    """A prediction beyond float64 comes back as the largest float64, not as infinity."""
    largest = np.finfo(np.float64).max
    decoded = NumberTarget(mean=0.0, scale=1e308, low=-1e308, high=1e308).decode(np.array([9.0, -9.0, 0.5]))
    assert decoded.tolist() == [largest, -largest, 5e307]


def test_equal_numbers_have_scale_one():
    """Training rows with one and the same number are centred and not divided by 0."""
    target = fit_target(column([0.1, 0.1, 0.1]), Number(name="y"), "regression")
    assert (target.mean, target.scale) == (0.1, 1.0)


@pytest.mark.parametrize(
    ("values", "kind", "task", "error", "words"),
    [
        (["a", "a"], Category(name="y"), "classification", DataError, "holds only the class 'a'"),
        ([None, None], Category(name="y"), "classification", DataError, "missing in every row"),
        ([], Number(name="y"), "regression", DataError, "missing in every row"),
        (["a", "b"], Category(name="y"), "regression", SchemaError, "holds names"),
        ([1.0, None], Number(name="y"), "regression", SchemaError, "row 2"),
        ([1.0, float("inf")], Number(name="y"), "regression", SchemaError, "row 2"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused_in_words(values, kind, task, error, words):
    """One class, no values, names as numbers or an infinite number end in a three-part error."""
    stored = pa.float64() if isinstance(kind, Number) else pa.string()
    with pytest.raises(error) as caught:
        fit_target(pa.chunked_array([pa.array(values, stored)]), kind, task)
    assert words in caught.value.wrong


def test_the_kind_of_the_column_says_what_is_asked():
    """Names and flags ask for classes, numbers for numbers, and a date cannot be predicted."""
    kinds = [Category(name="y"), Flag(name="y"), Constant(name="y"), Number(name="y")]
    assert [task_of(kind) for kind in kinds] == ["classification"] * 3 + ["regression"]
    with pytest.raises(SchemaError, match="kind moment"):
        task_of(Moment(name="y"))


@pytest.mark.parametrize(
    "target",
    [ClassTarget(classes=("1", "2"), dtype="int"), NumberTarget(mean=0.1, scale=1 / 3, low=-1e308, high=5e-324)],
    ids=["classes", "numbers"],
)
def test_a_target_survives_json(target):
    """A target written as JSON text comes back equal, bit for bit."""
    assert specs.from_json(json.loads(json.dumps(specs.to_json(target))), TARGET_KINDS) == target
