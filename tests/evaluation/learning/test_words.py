"""What is said of a learning curve."""

from __future__ import annotations

import json
import math

import pytest

from lamina.evaluation.learning.band import Crossing, Doubled
from lamina.evaluation.learning.law import Law, Points
from lamina.evaluation.learning.words import Curve, Measure, about, meeting, read_curve, sentence, to_json

ROWS = (50, 100, 200, 400, 800)
FALLING = Points(rows=ROWS, errors=tuple((2 * n**-0.5 - 0.001, 2 * n**-0.5 + 0.001) for n in ROWS))


def curve(now: float, then: float, low: float, high: float, *, least: float, most: float) -> Curve:
    """A curve of which only the doubling is told."""
    answer = Doubled(
        rows=688, now=now, then=then, low=low, high=high, gain=1 - then / now, least_gain=least, most_gain=most
    )
    return Curve(points=FALLING, law=Law(a=0.0, b=1.0, c=0.5), why_no_law=None, band=(), doubled=answer)


def test_a_clear_gain_is_told_with_its_interval() -> None:
    """The sentence of the verdict, to the letter."""
    told = sentence({"network": curve(0.0112, 0.0091, 0.0068, 0.0109, least=0.03, most=0.4)})
    assert told == (
        "More data: doubling the rows would lower the network's error from 1.1 to 0.9 % (90 % interval 0.7 to 1.1)."
    )


def test_no_gain_is_told_as_such() -> None:
    """Where even the hopeful end gains little, more data would hardly help."""
    told = sentence({"network": curve(0.102, 0.101, 0.098, 0.105, least=0.0, most=0.04)})
    assert told == (
        "More data would hardly help: doubling the rows would take the network's error from 10.2 to 10.1 % "
        "(90 % interval 9.8 to 10.5)."
    )


@pytest.mark.parametrize(("then", "least", "most"), [(0.08, 0.0, 0.4), (0.098, 0.0, 0.3)])
def test_a_doubtful_gain_is_told_as_such(then, least, most) -> None:
    """Where the interval holds both much and nothing, more data might help."""
    told = sentence({"network": curve(0.1, then, 0.06, 0.11, least=least, most=most)})
    assert told.startswith("More data might help: doubling the rows might lower the network's error from 10.0 to ")


def test_no_law_is_told_with_its_reason() -> None:
    """A curve that rises would hardly be helped; one of too few sizes says nothing either way."""
    rising = read_curve(Points(rows=ROWS, errors=tuple((0.1 + i / 50, 0.11 + i / 50) for i in range(5))), seed=0)
    assert sentence({"network": rising}) == (
        "More data would hardly help: the error rises with more rows, from 0.105 to 0.185."
    )
    short = read_curve(Points(rows=(10,), errors=((0.1,),)), seed=0)
    assert sentence({"network": short}) == (
        "Whether more data would help is not known: a law needs errors at 4 sizes or more, and there are 1."
    )
    assert sentence({}) == ""


def test_numbers_that_are_no_per_cent() -> None:
    """An RMSE is written as it is, under its own name, by the title of its contender."""
    told = sentence(
        {"linear": curve(54.71, 50.2, 48.0, 53.0, least=0.05, most=0.1)},
        name="linear",
        titles={"linear": "Linear model"},
        measure=Measure(metric="rmse", label="RMSE", percent=False),
    )
    assert "lower the linear model's RMSE from 54.7 to 50.2 (90 % interval 48.0 to 53.0)" in told


@pytest.mark.parametrize(
    ("now", "then", "shown"), [(0.011, 0.0104, ("1.10", "1.04")), (0.5, 0.3, ("50.0", "30.0")), (0.0, 0.0, ("0", "0"))]
)
def test_as_many_digits_as_the_difference_needs(now, then, shown) -> None:
    """A gain that is worth telling can be seen in the two numbers; other digits are left away."""
    measure = Measure()
    places = measure.places(now, then)
    assert (measure.text(now, places=places), measure.text(then, places=places)) == shown


def test_a_crossing_is_told_in_round_numbers() -> None:
    """Who crosses whom, about where, how sure, and who errs less afterwards."""
    crossed = ("network", "linear", Crossing(rows=5012, low=3120, high=9470, first_wins=True))
    told = sentence({}, titles={"network": "Network", "linear": "Linear model"}, crossed=crossed)
    assert told == (
        "Network and linear model cross at about 5,000 rows (90 % interval 3,100 to 9,500); "
        "with more, the network errs less."
    )
    assert sentence({}, crossed=("network", "linear", None)) == ""


def test_about_never_counts() -> None:
    """Two digits are kept, whole rows always."""
    assert [about(rows) for rows in (1, 9, 99, 104, 995, 1_234_567)] == ["1", "9", "99", "100", "1,000", "1,200,000"]


def test_curves_that_meet_are_read_from_their_points() -> None:
    """`meeting` compares two contenders by name and knows of none that is missing."""
    late = Points(rows=ROWS, errors=tuple((0.1 + n**-0.5 - 0.001, 0.1 + n**-0.5 + 0.001) for n in ROWS))
    curves = {"network": read_curve(FALLING, seed=0), "linear": read_curve(late, seed=0)}
    met = meeting(curves, "network", "linear", seed=0)
    assert met.rows == pytest.approx(100, rel=0.05)
    assert met.first_wins
    assert meeting(curves, "network", "svm", seed=0) is None


def test_a_curve_is_read_up_to_four_times_its_rows() -> None:
    """The band starts at the smallest size, passes every measured one and ends at four times the largest."""
    read = read_curve(FALLING, seed=0, rows=1000)
    sizes = [one.rows for one in read.band]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (50, 3200)
    assert set(ROWS) < set(sizes)
    assert read.doubled.rows == 2000


def test_what_lies_too_far_is_not_told() -> None:
    """Where twice the rows lie beyond the reach of the law, the band stays and the sentence says why."""
    read = read_curve(FALLING, seed=0, rows=1601)
    assert read.doubled is None
    assert read.band
    assert sentence({"network": read}) == (
        "Whether more data would help is not known: twice the rows are more than 4 times those of the largest fit."
    )


def test_the_json_is_the_learning_curve_of_a_result() -> None:
    """Every part is under its name, plain values only; what is not finite or not known is null."""
    broken = Points(rows=(10, 20), errors=((math.inf, 0.5), (0.4,)))
    curves = {"network": read_curve(FALLING, seed=0), "linear": read_curve(broken, seed=0)}
    crossed = Crossing(rows=5000, low=3000, high=9000, first_wins=True)
    data = to_json(curves, measure=Measure(label="error rate"), crossing=crossed, sentence="More data: ...")
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert list(data) == ["metric", "label", "percent", "contenders", "crossing", "sentence"]
    network, linear = data["contenders"]["network"], data["contenders"]["linear"]
    assert set(network["law"]) == {"a", "b", "c"}
    assert set(network["band"][0]) == {"rows", "low", "middle", "high"}
    assert set(network["doubled"]) == {"rows", "now", "then", "low", "high"}
    assert linear["points"][0] == {"rows": 10, "errors": [None, 0.5]}
    assert linear["law"] is None
    assert linear["doubled"] is None
    assert linear["band"] == []
    assert linear["why_no_law"].startswith("a law needs errors")
    assert data["crossing"] == {"rows": 5000, "low": 3000, "high": 9000}


def test_large_errors_are_written_short() -> None:
    """An error of billions is not written out digit by digit."""
    measure = Measure(metric="rmse", label="root mean squared error", percent=False)
    assert measure.text(3.21987e9, places=0) == "3.22e+09"
    assert measure.text(12345.6, places=0) == "12,346"
