"""Drift: told where two sides of a split differ by more than chance, and only there."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp

from lamina.data import column_drift, infer_schema, read
from lamina.data.drift import chance_distance


def drift_of(train: np.ndarray, test: np.ndarray, **columns):
    """What is found in some columns between two sides."""
    raw = read({**columns, "y": [i % 2 for i in range(len(train) + len(test))]})
    return column_drift(raw.table, infer_schema(raw, target="y"), train, test)


HALF = np.arange(200), np.arange(200, 400)


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    """The same number as SciPy's, with gaps passed over."""
    stream = np.random.default_rng(0)
    values = np.concatenate([stream.normal(0, 1, 200), stream.normal(1, 1, 200)])
    gaps = [None if i % 7 == 0 else float(value) for i, value in enumerate(values)]
    (found,) = drift_of(*HALF, a=gaps)
    first, second = ([v for v in gaps[s] if v is not None] for s in (slice(0, 200), slice(200, 400)))
    assert found.distance == pytest.approx(ks_2samp(first, second).statistic)
    assert found.column == "a"
    assert "'a'" in found.sentence


def test_categories_are_compared_by_their_shares() -> None:
    """Half of the sum of the differences between shares; their order means nothing."""
    towns = ["Aarau"] * 100 + ["Basel"] * 100 + ["Aarau"] * 40 + ["Chur"] * 160
    (found,) = drift_of(*HALF, town=towns)
    assert found.distance == pytest.approx((abs(0.5 - 0.2) + 0.5 + 0.8) / 2)


def test_what_chance_does_is_not_told() -> None:
    """Columns of one source are silent, in hundreds of them, with few rows and with many."""
    stream = np.random.default_rng(1)
    told = drift_of(*HALF, **{f"c{i}": stream.normal(0, 1, 400).tolist() for i in range(300)})
    assert len(told) <= 3
    assert drift_of(np.arange(4), np.arange(4, 400), a=stream.normal(0, 1, 400).tolist()) == ()


def test_a_sure_but_small_change_is_not_told() -> None:
    """A shift that is of no consequence stays unsaid, however many rows prove it."""
    stream = np.random.default_rng(2)
    rows = 20_000
    values = np.concatenate([stream.normal(0, 1, rows), stream.normal(0.2, 1, rows)])
    sides = np.arange(rows), np.arange(rows, 2 * rows)
    assert drift_of(*sides, a=values.tolist()) == ()
    assert len(drift_of(*sides, a=(values + (np.arange(2 * rows) >= rows)).tolist())) == 1


def test_the_farthest_comes_first_and_time_is_seen() -> None:
    """Dates drift wholly where the past teaches and the future judges."""
    day = datetime.datetime(2024, 1, 1)
    values = np.concatenate([np.random.default_rng(3).normal(0, 1, 200), np.random.default_rng(4).normal(1, 1, 200)])
    found = drift_of(*HALF, a=values.tolist(), when=[day + datetime.timedelta(hours=i) for i in range(400)])
    assert [one.column for one in found] == ["when", "a"]
    assert found[0].distance == 1


@pytest.mark.parametrize("sides", [(np.arange(0), np.arange(400)), (np.arange(400), np.arange(0))])
def test_an_empty_side_tells_nothing(sides) -> None:
    """Nothing to compare with is no drift."""
    assert drift_of(*sides, a=[float(i % 13) for i in range(400)]) == ()
    assert chance_distance(0, 10) == math.inf


def test_columns_without_values_tell_nothing() -> None:
    """A column that is missing on one side has no distance."""
    raw = read({"a": [1.5, 2.5] * 100 + [None] * 200, "y": [i % 2 for i in range(400)]})
    assert column_drift(raw.table, infer_schema(raw, target="y"), *HALF) == ()
    assert isinstance(raw.table, pa.Table)
