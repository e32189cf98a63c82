import math
from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.cells import (
    Signs,
    blank_cells,
    cell_strings,
    decide_order,
    decide_signs,
    flag_words,
    present_cells,
    read_flags,
    read_moments,
    read_numbers,
)


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.sampled_from([Signs(), Signs(",", ""), Signs(",", ".")]))
def test_numbers_are_read_to_the_last_bit(numbers, signs):
    """What Python writes for a number, with any decimal sign, is read as that number."""
    spelt = pa.array([repr(number).replace(".", signs.decimal) for number in numbers])
    assert read_numbers(spelt, signs).to_pylist() == numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("+5", 5), ("-.5", -0.5), ("5.", 5), ("1e3", 1000), ("1E-3", 0.001), ("\u22125", -5), ("007", 7)),
        *(("1e400", math.inf), ("-Infinity", -math.inf), ("inf", math.inf)),
        *(("abc", None), ("", None), ("-", None), ("1_000", None), ("0x1A", None), ("1 2", None), ("nan", None)),
        *(("12%", None), ("€5", None), ("1,5", None), ("1e", None), (".", None)),
    ],
)
def test_what_spells_a_number(text, number):
    """Plain, signed, scientific and infinite numerals are numbers; percentages, amounts of money and words are not."""
    assert read_numbers(pa.array([text, "x"])).to_pylist() == [number, None]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1,5", "2,25"], [1.5, 2.25]),
        (["1.234,5", "2,5"], [1234.5, 2.5]),
        (["1,234.5", "1,000,000"], [1234.5, 1e6]),
        (["1 234,5", "2,5"], [1234.5, 2.5]),
        (["1\u202f234", "56"], [1234, 56]),
        (["1'234.5", "2\u2019000"], [1234.5, 2000]),
        (["1,234", "5,678"], [1234, 5678]),
        (["1,234", "0,125"], [1.234, 0.125]),
        (["1.234", "5.678"], [1.234, 5.678]),
        (["1.234", "5.678.901"], [1234, 5678901]),
        (["1,234", "12,34"], [1.234, 12.34]),
    ],
)
def test_signs_are_decided_over_the_whole_column(cells, numbers):
    """Decimal signs and signs between thousands are those that make the most cells numbers."""
    column = pa.array(cells)
    assert read_numbers(column, decide_signs(column)).to_pylist() == numbers


def test_the_file_decides_what_the_column_leaves_open():
    """Commas that could be either are decimals in a file that is likely to write decimal commas."""
    assert decide_signs(pa.array(["1,234"])) == Signs(".", ",")
    assert decide_signs(pa.array(["1,234"]), comma=True) == Signs(",", "")


DAY = datetime(2021, 3, 4)
NOON = datetime(2021, 3, 4, 12, 30)


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        *(("2021-03-04", "ymd", DAY), ("2021/3/4", "dmy", DAY), ("20210304", "ymd", DAY), ("2021.03.04", "mdy", DAY)),
        *(("2021-03", "ymd", datetime(2021, 3, 1)), ("04.03.2021", "dmy", DAY), ("3/4/21", "mdy", DAY)),
        *(
            ("4 March 2021", "ymd", DAY),
            ("4-Mar-21", "ymd", DAY),
            ("Mar 4, 2021", "ymd", DAY),
            ("4th mar 2021", "ymd", DAY),
        ),
        *(("Thu, 4 Mar 2021 12:30:00 +0000", "ymd", NOON), ("2021-03-04T12:30", "ymd", NOON)),
        *(("2021-03-04 12:30:00Z", "ymd", NOON), ("2021-03-04T14:30:00+02:00", "ymd", NOON)),
        *(
            ("2021-03-04T07:00:00-0530", "ymd", NOON),
            ("3/4/2021 12:30 PM", "mdy", NOON),
            ("20210304T12:30", "ymd", NOON),
        ),
        ("3/4/2021 12:30 AM", "mdy", datetime(2021, 3, 4, 0, 30)),
        ("2021-03-04 12:30:15.250001", "ymd", datetime(2021, 3, 4, 12, 30, 15, 250001)),
        ("2021-03-04 12:30:15,5", "ymd", datetime(2021, 3, 4, 12, 30, 15, 500000)),
        *(("1/1/69", "dmy", datetime(1969, 1, 1)), ("1/1/68", "dmy", datetime(2068, 1, 1))),
        *(("2020-02-29", "ymd", datetime(2020, 2, 29)), ("2021-02-29", "ymd", None), ("2021-13-01", "ymd", None)),
        *(("2021-03-04 25:00", "ymd", None), ("3/4/2021 13:00 PM", "mdy", None), ("13/13/2021", "dmy", None)),
        *(("0000-01-01", "ymd", None), ("12:30", "ymd", None), ("1.2.3.4", "dmy", None), ("march", "ymd", None)),
        ("3/4/2021", "ymd", None),
    ],
)
def test_what_spells_a_moment(text, order, moment):
    """Dates are read in each usual way of writing, with times and zones; impossible ones are not dates."""
    assert read_moments(pa.array([None, text]), order).to_pylist() == [None, moment]


@given(st.lists(st.datetimes(), min_size=1), st.sampled_from(["%Y-%m-%dT%H:%M:%S.%f", "%d.%m.%Y %H:%M:%S.%f"]))
def test_moments_are_read_as_python_reads_them(moments, form):
    """What strftime writes is read as the same microsecond, for every year from 1 to 9999."""
    spelt = [m.strftime(form).replace(m.strftime("%Y"), f"{m.year:04d}", 1) for m in moments]
    assert read_moments(pa.array(spelt), "dmy").to_pylist() == moments


@pytest.mark.parametrize(
    ("cells", "order", "ambiguous"),
    [
        (["03/04/2021", "13/04/2021"], "dmy", False),
        (["03/04/2021", "04/13/2021"], "mdy", False),
        (["03/04/2021", "05/06/2021"], "dmy", True),
        (["2021-03-04"], "ymd", False),
        (["13/04/2021"] * 3 + ["04/13/2021"], "dmy", False),
    ],
)
def test_one_telling_date_decides_for_all(cells, order, ambiguous):
    """A number above 12 tells the day; without one the answer is marked as ambiguous."""
    assert decide_order(pa.array(cells)) == (order, ambiguous)


def test_flags_are_pairs_of_words():
    """Only known pairs are flags, in any case, both words present; the commonest spelling comes back."""
    assert flag_words(["Yes", "NO", "yes"]) == ("Yes", "NO")
    assert flag_words(["1", "0"]) == ("1", "0")
    for levels in (["yes", "0"], ["yes"], ["male", "female"], ["yes", "no", "maybe"], []):
        assert flag_words(levels) is None


def test_a_flag_understands_other_pairs_only_if_its_own_is_known():
    """A flag of yes and no understands true and 0; one of two other words understands only these."""
    cells = pa.array(["yes", "True", "0", "left", "Right", None])
    assert read_flags(cells, "yes", "no").to_pylist() == [True, True, False, None, None, None]
    assert read_flags(cells, "left", "right").to_pylist() == [None, None, None, True, False, None]


def test_blank_cells_are_told_by_spelling_and_by_value():
    """Spellings blank strings after trimming, and numbers where they are numeric; NaN and null are always blank."""
    assert present_cells(pa.array([" NA ", " x", "", None]), ["", "NA"]).to_pylist() == ["x"]
    assert blank_cells(pa.array([-999, 1, None]), ["-999", "NA"]).to_pylist() == [True, False, True]
    assert blank_cells(pa.array([float("nan"), 0.0]), []).to_pylist() == [True, False]


def test_values_are_written_as_a_person_would():
    """Whole floats lose their fraction, others keep it; truth values look as in Python."""
    floats = [1.0, 0.1, None, -0.5, 1e6, -0.0, 123456789012.0, 1e300, float("inf")]
    strings = ["1", "0.1", None, "-0.5", "1000000", "0", "123456789012", "1e+300", "inf"]
    assert cell_strings(pa.array(floats)).to_pylist() == strings
    assert cell_strings(pa.array([True, None])).to_pylist() == ["True", None]
    assert cell_strings(pa.array([3])).to_pylist() == ["3"]
