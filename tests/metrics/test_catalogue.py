"""The laws that every metric keeps, by being in the catalogue."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.foundation.errors import SpecError
from lamina.metrics import METRICS, Metric, classification_metrics, format_metric, measure, regression_metrics
from strategies import Rows, class_rows, number_rows

EVERY = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


def rows_for(metric: Metric) -> st.SearchStrategy[Rows]:
    """Random rows that the metric can judge."""
    return number_rows() if metric.needs == "numbers" else class_rows()


def perfect(metric: Metric) -> Rows:
    """Four rows without an error."""
    truth = np.array([0, 1, 1, 0])
    scores = truth.astype(float) if metric.needs == "numbers" else np.eye(2)[truth]
    return Rows(truth, scores, np.ones(4))


def nothing(metric: Metric) -> Rows:
    """No rows at all."""
    return Rows(np.zeros(0, int), np.zeros((0, 3)) if metric.needs != "numbers" else np.zeros(0), np.zeros(0))


@EVERY
def test_a_row_of_weight_zero_is_not_there(metric: Metric) -> None:
    """Leaving rows out and weighting them 0 are the same, bit for bit, even if they hold nonsense."""

    @given(rows_for(metric), st.integers(1, 2**30 - 1))
    def compare(rows: Rows, pattern: int) -> None:
        kept = np.array([pattern >> i & 1 for i in range(len(rows.truth))], dtype=bool)
        fewer = Rows(*(array[kept] for array in rows))
        scores = np.where(kept if rows.scores.ndim == 1 else kept[:, None], rows.scores, np.nan)
        left, right = metric.function(rows.truth, scores, rows.weights * kept), metric.function(*fewer)
        assert left == right or (math.isnan(left) and math.isnan(right))

    compare()


@EVERY
def test_weights_count_rows(metric: Metric) -> None:
    """A row of weight 2 is two rows; only the ratio of weights matters."""

    @given(rows_for(metric))
    def compare(rows: Rows) -> None:
        value = metric.function(*rows)
        doubled = metric.function(rows.truth, rows.scores, 2 * rows.weights)
        for other in (metric.function(*rows.repeated(3)), doubled):
            assert other == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)

    compare()


@EVERY
def test_no_rows_no_value(metric: Metric) -> None:
    """An empty table, weights that are all 0 and scores that are not finite give NaN, without a warning."""
    assert math.isnan(metric.function(*nothing(metric)))
    rows = perfect(metric)
    assert math.isnan(metric.function(rows.truth, rows.scores, np.zeros(4)))
    for poison in (np.nan, np.inf):
        scores = rows.scores.copy()
        scores[1] = poison
        assert math.isnan(metric.function(rows.truth, scores))


@EVERY
def test_one_row_is_no_crash(metric: Metric) -> None:
    """The smallest table gives a number or NaN, without a warning."""
    rows = perfect(metric)
    assert isinstance(metric.function(rows.truth[:1], rows.scores[:1]), float)


@EVERY
def test_inputs_are_left_as_they_were(metric: Metric) -> None:
    """Measuring changes nothing."""
    rows = perfect(metric)
    for array in rows:
        array.flags.writeable = False
    assert type(metric.function(*rows)) is float


@EVERY
def test_better_says_which_way_is_better(metric: Metric) -> None:
    """No error at all beats the opposite of every answer."""
    rows = perfect(metric)
    wrong = 1 - rows.scores
    best, worst = metric.function(rows.truth, rows.scores), metric.function(rows.truth, wrong)
    assert (best > worst) == (metric.better == "higher")
    assert best == pytest.approx(1.0 if metric.better == "higher" else 0.0, abs=1e-12)


def test_the_headline_comes_first() -> None:
    """Accuracy heads a classification, the root mean squared error a regression."""
    assert classification_metrics(3)[0].name == "accuracy"
    assert regression_metrics()[0].name == "rmse"
    assert "average_precision" in [m.name for m in classification_metrics(2)]


@given(class_rows())
def test_measure_names_every_value(rows: Rows) -> None:
    """One value for each metric that was asked for, in that order."""
    metrics = classification_metrics(rows.scores.shape[1])
    values = measure(metrics, *rows)
    assert list(values) == [m.name for m in metrics]
    assert values["accuracy"] == METRICS["accuracy"].function(*rows)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("accuracy", 0.9894, "98.9 %"),
        ("accuracy", 1.0, "100.0 %"),
        ("log_loss", 0.01234, "0.0123"),
        ("log_loss", 0.0, "0"),
        ("rmse", 54.321, "54.3"),
        ("rmse", -0.5, "-0.500"),
        ("rmse", 999999.0, "999999"),
        ("rmse", 1.5e9, "1.50e+09"),
        ("rmse", 1.5e-9, "1.50e-09"),
        ("rmse", math.inf, "inf"),
        ("roc_auc", math.nan, "undefined"),
        ("accuracy", math.nan, "undefined"),
    ],
)
def test_values_read_well(name: str, value: float, words: str) -> None:
    """Per cent with one place, other values with three digits that count, and no bare nan."""
    assert format_metric(METRICS[name], value) == words


def test_a_metric_without_direction_is_refused() -> None:
    """A spec like any other: it checks itself."""
    with pytest.raises(SpecError, match="better='up'"):
        Metric(name="a", label="a", function=METRICS["mae"].function, better="up", needs="numbers")
