"""Calibration: temperatures that keep the order, and thresholds that keep their promise."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lamina.foundation import specs
from lamina.foundation.errors import SpecError
from lamina.model.calibration import (
    MOST_KEPT,
    Calibration,
    calibrated,
    fit_conformity,
    quantile_of,
    rows_needed,
    thinned,
)

chances = st.lists(st.floats(1e-300, 1.0), min_size=2, max_size=5).map(lambda p: np.array([p]) / sum(p))
coverages = st.integers(1, 99).map(lambda percent: percent / 100)


def test_a_temperature_divides_the_logits() -> None:
    """p^(1/T), scaled to add up to 1, is the softmax of logits divided by T, as an independent library has it."""
    logits = torch.randn(50, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for temperature in (0.3, 1.0, 2.3):
        found = calibrated(torch.softmax(logits, -1).numpy(), temperature)
        np.testing.assert_allclose(found, torch.softmax(logits / temperature, -1).numpy(), rtol=1e-10)


@given(chances, st.floats(1e-300, 1e300))
def test_any_temperature_leaves_chances_in_their_order(rows: np.ndarray, temperature: float) -> None:
    """However hot or cold, the chances add up to 1 and none overtakes another."""
    found = calibrated(rows, temperature)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-12)
    assert (np.diff(found[0, np.argsort(rows[0], kind="stable")]) >= 0).all()


def test_a_chance_of_nothing_stays_nothing() -> None:
    """A class that was ruled out stays ruled out, and no warning is given."""
    assert calibrated(np.array([[0.0, 1.0], [0.0, 0.0 + 1e-320]]), 3.0).tolist() == [[0.0, 1.0], [0.0, 1.0]]


def test_the_neutral_temperature_changes_no_bit() -> None:
    """Temperature 1 gives back what came in."""
    rows = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    assert calibrated(rows, 1.0).tobytes() == rows.tobytes()


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), coverages)
def test_a_threshold_is_the_order_statistic(scores: list[float], coverage: float) -> None:
    """The ceil((n + 1) c)-th smallest, counted in exact decimals; infinite where there are not so many."""
    rank = math.ceil((len(scores) + 1) * Fraction(str(coverage)))
    wanted = sorted(scores)[rank - 1] if rank <= len(scores) else math.inf
    assert quantile_of(tuple(sorted(scores)), coverage) == wanted
    assert fit_conformity(scores).threshold(coverage) == wanted


def test_a_decimal_costs_no_rank() -> None:
    """Coverage 0.07 of 99 rows is the 7th score: 100 * 0.07 is a little more than 7 in binary, and is not believed."""
    assert 100 * 0.07 > 7
    assert quantile_of(tuple(map(float, range(1, 100))), 0.07) == 7.0


@given(st.integers(1, 30_000), coverages)
def test_a_thinned_threshold_is_rounded_up(rows: int, coverage: float) -> None:
    """Of many scores 2,000 are kept; a threshold from these is never below the true one, and close above it."""
    scores = np.arange(1.0, rows + 1)
    calibration = fit_conformity(scores)
    assert len(calibration.conformity) == min(rows, MOST_KEPT)
    true = quantile_of(tuple(scores), coverage)
    found = calibration.threshold(coverage)
    assert true <= found
    assert math.isinf(true) == math.isinf(found)
    assert math.isinf(true) or found - true <= math.ceil(rows / MOST_KEPT)


@pytest.mark.parametrize("rows", [1, 7, 1999, 2000, 2001, 3999, 4001, 100_000])
def test_thinning_keeps_the_largest(rows: int) -> None:
    """The largest score is always kept, and so is the size."""
    kept = thinned(np.random.default_rng(0).permutation(rows).astype(float))
    assert kept[-1] == rows - 1
    assert len(set(kept)) == len(kept) == min(rows, MOST_KEPT)


def test_the_promise_is_kept_over_many_draws() -> None:
    """Over 2,000 draws a new number lies below the threshold as often as promised, and hardly more often."""
    draws = np.random.default_rng(0).exponential(size=(2000, 30))
    inside = [row[-1] <= fit_conformity(row[:-1]).threshold(0.9) for row in draws]
    # 27 of 30 ranks are promised: 0.9, with a standard error of 0.0067
    assert 0.88 < np.mean(inside) < 0.92


def test_rows_needed_is_the_fewest() -> None:
    """With so many rows a coverage can be promised, and with one fewer it cannot."""
    for coverage in (0.5, 0.8, 0.9, 0.95, 0.99, 0.07):
        rows = rows_needed(coverage)
        assert math.isfinite(quantile_of(tuple(map(float, range(rows))), coverage))
        assert math.isinf(quantile_of(tuple(map(float, range(rows - 1))), coverage))


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": math.inf},
        {"temperature": True},
        {"conformity": (0.2, 0.1)},
        {"conformity": (0.1, math.nan)},
        {"conformity": (0.1, math.inf)},
        {"conformity": (-0.1, 0.1)},
        {"conformity": ("a", "b")},
        {"conformity": (0.1,)},
        {"rows": 3},
        {"rows": -1},
        {"rows": 2.0},
    ],
)
def test_nonsense_is_refused(changes: dict[str, object]) -> None:
    """Temperatures that are none, and scores that do not rise, are no numbers or are not as many as there were rows."""
    with pytest.raises(SpecError, match=f"Calibration.*{next(iter(changes))}"):
        Calibration(**({"temperature": 1.0, "conformity": (0.1, 0.2), "rows": 2} | changes))  # type: ignore[arg-type]


def test_a_calibration_survives_json() -> None:
    """It comes back equal from JSON text."""
    calibration = fit_conformity(np.random.default_rng(0).random(3000), temperature=1.25)
    assert specs.from_json(json.loads(json.dumps(specs.to_json(calibration))), (Calibration,)) == calibration
