"""Permutation importance: the right number, the right order, an interval that holds it."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.explain import permutation_importance
from lamina.foundation.errors import DataError, LaminaError, SchemaError
from lamina.metrics import METRICS

from .conftest import columns, known_model


def noisy(rows: int, seed: int) -> tuple[dict, np.ndarray]:
    """``y = 2 x0 + x1 + noise`` with a column ``x2`` that says nothing."""
    data = columns(rows, 3, seed)
    truth = 2 * data["x0"] + data["x1"]
    return data, truth + np.random.default_rng(seed + 1000).normal(0, 1, rows)


def perfect(data: dict, y: np.ndarray):
    """The model that answers ``2 x0 + x1`` in the table's own numbers."""
    model = known_model({**data, "y": y}, "y", lambda z: 0)
    encoders = model.encoder.columns[:2]
    model.predictor.function = lambda z: sum(
        slope * (z[:, i] / one.scale + one.centre) for i, (slope, one) in enumerate(zip((2, 1), encoders, strict=True))
    )
    return model


def test_the_interval_holds_the_true_importance() -> None:
    """In 40 draws of 200 rows, the interval holds what theory gives, sqrt(1 + 2 slope^2) - 1, nine times in ten."""
    held = []
    for seed in range(40):
        data, y = noisy(200, seed)
        model = perfect(data, y)
        found = permutation_importance(
            model, model.conform({**data, "y": y}, need_target=True)[0], repeats=5, seed=seed
        )
        wanted = {"x0": np.sqrt(1 + 2 * 4) - 1, "x1": np.sqrt(1 + 2) - 1, "x2": 0.0}
        assert [one.column for one in found] == ["x0", "x1", "x2"]
        assert (found[2].low, found[2].mean, found[2].high) == (0, 0, 0)
        held += [one.low <= wanted[one.column] <= one.high for one in found[:2]]
    assert np.mean(held) >= 0.9


def test_equal_seeds_give_equal_importances(penguins, penguin_table) -> None:
    """The seed decides everything; another one decides otherwise."""
    first, again, other = (permutation_importance(penguins, penguin_table, seed=seed, repeats=3) for seed in (1, 1, 2))
    assert first == again != other


def test_a_network_that_has_learnt_uses_its_columns(penguins, penguin_table) -> None:
    """The bill tells penguins apart, and the interval says that this is no chance."""
    found = permutation_importance(penguins, penguin_table, metric=METRICS["log_loss"])
    assert {one.column for one in found} == set(penguins.encoder.inputs)
    assert found[0].column.startswith("bill_length")
    assert found[0].low > 0.1
    assert list(found) == sorted(found, key=lambda one: -one.mean)


def test_a_column_of_no_use_has_no_importance() -> None:
    """Where answers do not change, the importance is exactly 0, whatever the metric."""
    data = {**columns(50, 2), "y": ["a", "b"] * 25}
    model = known_model(data, "y", lambda z: np.stack((z[:, 0], -z[:, 0]), axis=1))
    table = model.conform(data, need_target=True)[0]
    for name in ("accuracy", "log_loss", "roc_auc"):
        found = {one.column: one for one in permutation_importance(model, table, metric=METRICS[name])}
        assert (found["x1"].low, found["x1"].mean, found["x1"].high) == (0, 0, 0)
        assert found["x0"].high > found["x0"].low


def test_a_column_is_shuffled_as_a_whole() -> None:
    """The places of a one-hot move together: no row ever holds two islands, or none."""
    islands = [["Biscoe", "Dream", "Torgersen"][i % 3] for i in range(60)]
    data = {**columns(60, 1), "island": islands, "y": columns(60, 1, seed=1)["x0"]}
    sums = set()
    model = known_model(data, "y", lambda z: sums.update(z[:, 1:4].sum(axis=1).tolist()) or z[:, 1])
    permutation_importance(model, model.conform(data, need_target=True)[0])
    assert sums == {1.0}


def test_the_cost_is_bounded_by_rows() -> None:
    """Of many rows only so many are asked about: once as they are, and once for each column and repeat."""
    data = {**columns(500, 2), "y": np.arange(500.0)}
    model = known_model(data, "y", lambda z: z[:, 0])
    permutation_importance(model, model.conform(data, need_target=True)[0], rows=100, repeats=4)
    assert model.predictor.rows == 100 * (1 + 2 * 4)


def test_what_cannot_be_measured_is_refused_in_words(penguins, penguin_table) -> None:
    """No target, a single row, or a metric of another task: each gets a sentence."""
    with pytest.raises(SchemaError, match="no column 'species', the target"):
        permutation_importance(penguins, penguin_table.drop_columns("species"))
    with pytest.raises(DataError, match="a single row"):
        permutation_importance(penguins, penguin_table.slice(0, 1))
    with pytest.raises(DataError, match="without rows"):
        permutation_importance(penguins, penguin_table.slice(0, 0))
    with pytest.raises(LaminaError, match="metric 'rmse' was asked of a classification"):
        permutation_importance(penguins, penguin_table, metric=METRICS["rmse"])
