"""Flat trees: the walk, the order they are planted in, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor

from lamina.classical import trees as trees_module
from lamina.classical.forest import plant_forest
from lamina.classical.planting import Grown, plant
from lamina.classical.trees import Trees, check_trees, largest_below


def two_trees() -> Trees:
    """Feature 0 above 0.5 and then feature 1 above 0.25; and a tree that is one leaf."""
    return Trees(
        feature=np.array([0, -1, 1, -1, -1, -1], np.int32),
        threshold=np.array([0.5, 0, 0.25, 0, 0, 0], np.float32),
        child=np.array([1, 0, 3, 1, 2, 0], np.int32),
        start=np.array([0, 5], np.int32),
        value=np.array([[1.0], [2.0], [3.0]]),
        features=2,
    )


def slow_leaves(trees: Trees, row: Any) -> list[int]:
    """The leaf of one row in each tree, one step at a time."""
    found = []
    for node in trees.start:
        while trees.feature[node] >= 0:
            node = trees.child[node] + int(row[trees.feature[node]] > trees.threshold[node])
        found.append(int(trees.child[node]))
    return found


def grown_trees(count: int = 7) -> tuple[Trees, Any]:
    """A small forest of scikit-learn, planted."""
    stream = np.random.default_rng(0)
    features = stream.normal(size=(80, 3)).astype(np.float32)
    forest = RandomForestRegressor(count, random_state=0).fit(features, features[:, 0] + stream.normal(size=80))
    return plant_forest(forest.estimators_, classes=0, codes=None), forest


def test_a_row_on_the_threshold_goes_left() -> None:
    """A cell of at most the threshold takes the left road, as in scikit-learn."""
    rows = np.array([[0.5, 9], [0.6, 0.25], [0.6, 0.26]], np.float32)
    assert two_trees().leaves(rows).tolist() == [[0, 0], [1, 0], [2, 0]]


def test_the_walk_agrees_with_one_step_at_a_time() -> None:
    """All rows through all trees at once end where a plain loop ends."""
    trees, _ = grown_trees()
    rows = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
    assert trees.leaves(rows).tolist() == [slow_leaves(trees, row) for row in rows]


def test_planting_keeps_every_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tree answers as scikit-learn's tree does, however few rows walk together."""
    trees, forest = grown_trees()
    rows = np.random.default_rng(2).normal(size=(101, 3)).astype(np.float32)
    wanted = np.stack([tree.predict(rows) for tree in forest.estimators_], axis=1)
    for rows_together in (4096, 10, 1):
        monkeypatch.setattr(trees_module, "ROWS", rows_together)
        monkeypatch.setattr(trees_module, "STEPS", 3 * rows_together)
        blocks = [leaves for _, leaves in trees.blocks(rows)]
        assert (trees.value[np.concatenate(blocks)][:, :, 0] == wanted).all()


def test_no_rows_have_no_leaves() -> None:
    """An empty table is walked in no time, and nothing is made up."""
    assert two_trees().leaves(np.zeros((0, 2), np.float32)).shape == (0, 2)
    assert list(two_trees().blocks(np.zeros((0, 2), np.float32))) == []


def test_rows_of_another_width_are_refused() -> None:
    """A flat walk would otherwise read the neighbour's cells."""
    for width in (1, 3):
        with pytest.raises(ValueError, match=r"not \(row, 2\)"):
            two_trees().leaves(np.zeros((4, width), np.float32))


def test_depths_are_the_longest_ways() -> None:
    """Depths agree with those that scikit-learn tells."""
    trees, forest = grown_trees()
    assert trees.depths().tolist() == [tree.tree_.max_depth for tree in forest.estimators_]
    assert two_trees().depths().tolist() == [2, 0]


def test_equal_leaves_share_an_answer() -> None:
    """Two leaves with equal answers keep one row of `value`."""
    grown = Grown(*(np.array(a) for a in ([0, -1, 0, -1, -1], [0.0] * 5, [1, 0, 3, 0, 0], [2, 0, 4, 0, 0])), value=None)
    trees = plant([grown._replace(value=np.array([[0], [5], [0], [5], [6]]))], features=1)
    assert trees.value.tolist() == [[5.0], [6.0]]


@given(
    threshold=st.floats(-1e38, 1e38),
    cell=st.floats(width=32, allow_nan=False, allow_infinity=False),
    near=st.integers(-2, 2),
)
@settings(max_examples=200, deadline=None)
def test_a_rounded_threshold_asks_the_same(threshold: float, cell: float, near: int) -> None:
    """For every finite float32, at or far from the threshold, the rounded one decides alike."""
    close = np.float32(threshold)
    for _ in range(abs(near)):
        close = np.nextafter(close, np.float32(np.inf if near > 0 else -np.inf))
    rounded = largest_below(np.array([threshold]))[0]
    for x in (np.float32(cell), close):
        assert (x <= rounded) == (float(x) <= threshold)


def test_a_threshold_beyond_float32_stays_finite() -> None:
    """What no float32 can exceed is kept as the largest of them."""
    assert largest_below(np.array([np.inf, 1e300]))[0] == np.finfo(np.float32).max
    assert np.isfinite(largest_below(np.array([-1e300]))).all()


def change(name: str, at: int, value: float) -> dict[str, Any]:
    """The arrays of two trees with one number changed."""
    arrays = {key: array.copy() for key, array in two_trees().arrays().items()}
    arrays[name].reshape(-1)[at] = value
    return arrays


@pytest.mark.parametrize(
    ("name", "at", "value", "words"),
    [
        ("child", 2, 0, "come after its parent"),
        ("child", 2, 2, "come after its parent"),
        ("child", 2, 1, "come after its parent"),
        ("child", 0, 3, "no parent, or more than one"),
        ("child", 2, 4, "outside its tree"),
        ("child", 2, 2**31 - 2, "outside its tree"),
        ("child", 1, 3, "no row of 'value'"),
        ("child", 1, -1, "no row of 'value'"),
        ("child", 4, 0, "belongs to no leaf"),
        ("feature", 0, 2, "features there are"),
        ("feature", 0, -2, "features there are"),
        ("feature", 2, -1, "no row of 'value'"),
        ("threshold", 0, np.nan, "not finite"),
        ("threshold", 1, 0.5, "leaf has a threshold"),
        ("start", 0, 1, "begin at node 0"),
        ("start", 1, 0, "rise inside"),
        ("start", 1, 6, "rise inside"),
        ("start", 1, 4, "outside its tree"),
        ("value", 1, np.inf, "not finite"),
    ],
)
def test_what_is_no_tree_is_refused(name: str, at: int, value: float, words: str) -> None:
    """Circles, strangers, orphans and values that are not finite are refused, each in words."""
    with pytest.raises(ValueError, match=words):
        check_trees(change(name, at, value), features=2)


def test_every_damage_to_a_number_that_matters_ends_a_walk() -> None:
    """Whatever small number is put anywhere: it is refused, or every walk still ends at a leaf."""
    rows = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    for name in ("feature", "child", "start"):
        for at in range(getattr(two_trees(), name).size):
            for value in range(-2, 7):
                try:
                    trees = Trees(**change(name, at, value), features=2)
                except ValueError:
                    continue
                assert trees.leaves(rows).max() < len(trees.value)
