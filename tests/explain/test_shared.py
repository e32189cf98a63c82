"""What rows share: named when chance would hardly do the same, passed over otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.explain.shared import alike_in_range, shared_by

from .conftest import columns, known_model


@pytest.fixture(scope="module")
def model_and_table():
    """400 rows with a mass, a flag and a species; the model is of no interest."""
    stream = np.random.default_rng(0)
    data = {
        **columns(400, 1),
        "mass": np.linspace(2700, 6300, 400).round(),
        "ringed": [["yes", "no"][i] for i in stream.integers(0, 2, 400)],
        "species": [["Adelie", "Chinstrap", "Gentoo", "Emperor"][i % 4] for i in range(400)],
    }
    model = known_model(data, "species", lambda z: np.zeros((len(z), 4)))
    return model, model.conform(data, need_target=True)[0]


def test_a_common_level_and_a_narrow_range_are_named(model_and_table) -> None:
    """The rows of one species at one end of the mass: both, the less likely first."""
    model, table = model_and_table
    words = shared_by(model, table, np.array([2, 6, 10, 14, 18, 22]) + 360)
    assert words.startswith("mass 59")
    assert "(all rows: 2700 to 6300)" in words
    assert "species Gentoo 6 of 6" in words
    assert "ringed" not in words


def test_random_rows_share_nothing(model_and_table) -> None:
    """Over 200 draws of five rows, something is claimed in no more than one in twelve."""
    model, table = model_and_table
    stream = np.random.default_rng(3)
    words = [shared_by(model, table, stream.choice(400, 5, replace=False)) for _ in range(200)]
    assert np.mean(["nothing" not in one for one in words]) < 1 / 12


def test_the_chance_of_a_window_is_that_of_a_simulation() -> None:
    """5 of 1,000 rows within a fifth of them: the formula against 20,000 draws."""
    values = np.arange(1000.0)
    chance = alike_in_range(values, np.array([0, 50, 100, 150, 199]))
    draws = np.random.default_rng(0).random((20_000, 5))
    assert chance == pytest.approx((np.ptp(draws, axis=1) <= 0.2).mean(), abs=0.002)


def test_a_single_row_and_gaps_share_nothing(model_and_table) -> None:
    """One row is in every range of itself, and a missing number lies in none."""
    model, table = model_and_table
    assert "nothing" in shared_by(model, table, np.array([3]))
    assert alike_in_range(np.array([1.0, np.nan, 2.0]), np.array([0, 1])) == 1
