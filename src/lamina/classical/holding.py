"""Holding what a foreign estimator has learnt without the estimator: as arrays, or as an ONNX graph.

A way of holding only guesses: what has coefficients may be linear, what has trees may be their mean. What counts is
that the guess answers the training rows as the estimator does, to `CLOSE`. The first way that does so is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lamina.classical.answering import Fitted
from lamina.classical.boosting import LearntBoosting
from lamina.classical.forest import LearntForest, plant_forest
from lamina.classical.graph import LearntGraph
from lamina.classical.learnt import Array, Floats
from lamina.classical.linear import LearntLinear
from lamina.classical.planting import Grown, plant
from lamina.classical.rounds import baseline, plant_rounds, start_of
from lamina.classical.to_graph import CannotHoldError, to_graph

CLOSE = 1e-6  # between probabilities, or numbers in units of the larger of 1 and the number

Kept = LearntLinear | LearntForest | LearntBoosting | LearntGraph


class Held(NamedTuple):
    """What was learnt, or None and why it cannot be held, in words."""

    learnt: Kept | None
    why: str = ""


def hold(fitted: Fitted, rows: Array) -> Held:
    """The first way of holding that answers ``rows`` as the estimator does. **Shape**: rows ``(row, feature)``."""
    wanted = fitted.scores(rows)
    guesses: tuple[Callable[[Fitted, int], Kept | None], ...] = (_linear, _trees, _rounds, _lightgbm)
    for guess in guesses:
        try:
            learnt = guess(fitted, rows.shape[1])
            if learnt is not None and _alike(learnt.scores(rows), wanted):
                return Held(learnt)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            continue  # its insides only looked alike
    try:
        return Held(to_graph(fitted, rows.shape[1], lambda graph: _alike(graph.scores(rows), wanted)))
    except CannotHoldError as reason:
        return Held(None, str(reason))


def _alike(scores: Floats, wanted: Floats) -> bool:
    if wanted.shape[1] > 1:
        return bool(np.abs(np.exp(scores) - np.exp(wanted)).max() <= CLOSE)
    return bool((np.abs(scores - wanted) <= CLOSE * np.maximum(1, np.abs(wanted))).all())


def _linear(fitted: Fitted, features: int) -> Kept | None:
    """Coefficients and intercepts: of one number, of each class, or of the second of two classes."""
    if not hasattr(fitted.estimator, "coef_"):
        return None
    weight = np.asarray(fitted.estimator.coef_, np.float64).reshape(-1, features).T
    bias = np.zeros(weight.shape[1]) + np.ravel(fitted.estimator.intercept_)
    codes = None if fitted.codes is None else fitted.seen()
    if codes is not None and len(codes) == 2 and weight.shape[1] == 1:
        weight, bias = weight * [-0.5, 0.5], bias * [-0.5, 0.5]
    if weight.shape[1] != (1 if codes is None else len(codes)):
        return None
    return LearntLinear(weight=weight, bias=bias, codes=codes, classes=fitted.classes)


def _trees(fitted: Fitted, features: int) -> Kept | None:
    """One tree, or the mean of some that all see every feature."""
    estimator = fitted.estimator
    trees = [estimator] if hasattr(estimator, "tree_") else getattr(estimator, "estimators_", None)
    if not isinstance(trees, list) or not all(tree.tree_.n_features == features for tree in trees):
        return None
    codes = None if fitted.codes is None else fitted.seen()
    return LearntForest(trees=plant_forest(trees, classes=fitted.classes, codes=codes), classes=fitted.classes)


def _rounds(fitted: Fitted, features: int) -> Kept | None:
    """scikit-learn's boosting by histograms, without categories."""
    estimator = fitted.estimator
    if not hasattr(estimator, "_predictors") or getattr(estimator, "is_categorical_", None) is not None:
        return None
    seen = 0 if fitted.codes is None else len(fitted.codes)
    trees, column = plant_rounds(estimator, seen, features)
    return _boosting(fitted, trees, column, baseline(estimator, seen))


def _lightgbm(fitted: Fitted, features: int) -> Kept | None:
    """LightGBM's trees; its baseline lies in those of the first round."""
    booster = getattr(fitted.estimator, "booster_", None)
    if booster is None:
        return None
    told = booster.dump_model()
    columns = int(told["num_tree_per_iteration"])
    grown = [_lightgbm_tree(info["tree_structure"]) for info in told["tree_info"]]
    binary = fitted.codes is not None and columns == 1
    column = np.arange(len(grown)) % columns + (1 if binary else 0)
    scores = 1 if fitted.codes is None else len(fitted.codes)
    return _boosting(fitted, plant(grown, features=features), column, np.zeros(scores))


def _lightgbm_tree(root: dict[str, Any]) -> Grown:
    nodes, splits = [root], []
    for node in nodes:  # grows while it is walked
        if "split_feature" in node:
            if node["decision_type"] != "<=":
                raise ValueError(f"a split by {node['decision_type']} is no threshold")
            splits.append((int(node["split_feature"]), float(node["threshold"]), len(nodes), len(nodes) + 1))
            nodes += [node["left_child"], node["right_child"]]
        else:
            splits.append((-1, 0.0, 0, 0))
    feature, threshold, left, right = (np.array(cells) for cells in zip(*splits, strict=True))
    value = np.array([[float(node.get("leaf_value", 0.0))] for node in nodes])
    return Grown(feature, threshold, left, right, value)


def _boosting(fitted: Fitted, trees: Any, column: Array, start: Floats) -> LearntBoosting:
    """Boosting for the classes that were there, spread over all classes."""
    if fitted.codes is None:
        return LearntBoosting(trees=trees, column=column.astype(np.int32), baseline=start)
    full = start_of(fitted.codes, fitted.classes)
    full[fitted.codes] = start
    return LearntBoosting(trees=trees, column=fitted.codes[column].astype(np.int32), baseline=full)
