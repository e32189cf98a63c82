"""Random forests: the out-of-bag choice, agreement with scikit-learn, and what is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor

from classical.damage import check_kept
from lamina.classical import forest as forest_module
from lamina.classical.asking import small_seed
from lamina.classical.forest import Forest, LearntForest, plant_forest
from lamina.foundation.errors import SpecError


def rows_and_truth(rows: int = 150, classes: int = 3, noise: float = 0.5) -> tuple[Any, Any]:
    """Features of which the first decides, and codes or numbers."""
    stream = np.random.default_rng(rows)
    features = stream.normal(size=(rows, 4)).astype(np.float32)
    law = features[:, 0] + noise * stream.normal(size=rows)
    return features, np.digitize(law, np.linspace(-0.6, 0.6, classes - 1)) if classes else law


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_probabilities_are_those_of_scikit_learn(kind: Any) -> None:
    """The same trees, walked by us, give the same shares."""
    features, truth = rows_and_truth()
    forest = kind(30, min_samples_leaf=3, random_state=0).fit(features, truth)
    learnt = LearntForest(trees=plant_forest(forest.estimators_, classes=3, codes=forest.classes_), classes=3)
    fresh = np.random.default_rng(9).normal(size=(500, 4)).astype(np.float32)
    np.testing.assert_allclose(np.exp(learnt.scores(fresh)), forest.predict_proba(fresh), atol=1e-9)


def test_numbers_are_those_of_scikit_learn() -> None:
    """The same trees, walked by us, give the same means."""
    features, truth = rows_and_truth(classes=0)
    forest = RandomForestRegressor(30, random_state=0).fit(features, truth)
    learnt = LearntForest(trees=plant_forest(forest.estimators_, classes=0, codes=None), classes=0)
    fresh = np.random.default_rng(9).normal(size=(500, 4)).astype(np.float32)
    np.testing.assert_allclose(learnt.scores(fresh)[:, 0], forest.predict(fresh), atol=1e-9)


def test_the_fit_is_the_forest_of_the_chosen_settings() -> None:
    """Trying settings and growing on gives what scikit-learn grows at once with the chosen ones."""
    features, truth = rows_and_truth()
    learnt = Forest(trees=70, tried=50).fit(features, truth, classes=3, seed=4)
    forest = RandomForestClassifier(
        70, min_samples_leaf=int(learnt.chosen["smallest leaf"]), random_state=small_seed(4, "forest"), oob_score=True
    ).fit(features, truth)
    np.testing.assert_allclose(np.exp(learnt.scores(features)), forest.predict_proba(features), atol=1e-9)
    assert learnt.remarks["out-of-bag accuracy"] == pytest.approx(forest.oob_score_)


def test_noise_chooses_large_leaves_and_a_clean_law_small_ones() -> None:
    """The out-of-bag loss tells the two settings apart."""
    noisy = Forest(trees=50).fit(*rows_and_truth(300, 0, noise=3.0), classes=0, seed=0)
    clean = Forest(trees=50).fit(*rows_and_truth(300, 2, noise=0.0), classes=2, seed=0)
    assert (noisy.chosen["smallest leaf"], clean.chosen["smallest leaf"]) == (5, 1)
    assert noisy.remarks["out-of-bag r2"] < 0.3
    assert clean.remarks["out-of-bag accuracy"] > 0.95


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_what_is_kept_answers_alike(classes: int) -> None:
    """Its arrays are enough, and damaged ones are refused."""
    features, truth = rows_and_truth(classes=classes)
    learnt = Forest(trees=50).fit(features, truth, classes=classes, seed=0)
    check_kept(learnt, features, max(1, classes))
    assert learnt.parameters > 100
    assert learnt.multiply_adds > 50


def test_leaves_that_hold_no_shares_are_refused() -> None:
    """Shares are not negative and add up to 1."""
    features, truth = rows_and_truth(classes=2)
    arrays = Forest(trees=50).fit(features, truth, classes=2, seed=0).arrays()
    for share in (-0.5, 2.0):
        value = arrays["value"].copy()
        value[0, 0] = share
        with pytest.raises(ValueError, match="shares"):
            LearntForest.from_arrays(arrays | {"value": value}, features=4, scores=2)
    with pytest.raises(ValueError, match="axis of 2, not 3"):
        LearntForest.from_arrays(arrays, features=4, scores=3)


def test_a_class_without_rows_has_a_tiny_chance() -> None:
    """Codes of the classes keep their places where one is absent."""
    features, truth = rows_and_truth(classes=2)
    learnt = Forest(trees=50).fit(features, truth * 2, classes=3, seed=0)
    assert np.exp(learnt.scores(features))[:, 1].max() < 1e-9
    assert (learnt.scores(features).argmax(axis=1) == truth * 2).mean() > 0.9


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_rows_are_enough(rows: int, classes: int) -> None:
    """A row or two grow a forest without a warning, even where no row is out of a bag."""
    features, truth = rows_and_truth(3, classes)
    learnt = Forest(trees=50).fit(features[:rows], truth[:rows], classes=classes, seed=0)
    assert np.isfinite(learnt.scores(features)).all()


def test_many_classes_on_few_rows_raise_no_warning() -> None:
    """That codes look like numbers is no matter here."""
    features, _ = rows_and_truth(30)
    learnt = Forest(trees=50).fit(features, np.arange(30), classes=30, seed=0)
    assert learnt.scores(features).shape == (30, 30)


def test_jobs_change_nothing_and_seeds_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads share the work, not the result; answers do not depend on who else is asked."""
    monkeypatch.setattr(forest_module, "ROWS_FOR_THREADS", 10)
    features, truth = rows_and_truth()
    one, two = (Forest(trees=50).fit(features, truth, classes=3, seed=0, jobs=jobs) for jobs in (1, 2))
    assert (one.scores(features) == two.scores(features)).all()
    assert (one.scores(features)[7:8] == one.scores(features[7:8])).all()
    other = Forest(trees=50).fit(features, truth, classes=3, seed=1)
    assert (one.scores(features) != other.scores(features)).any()


def test_the_smallest_leaf_grows_with_many_rows() -> None:
    """A tree has at most `MOST_LEAVES` leaves, and its setting says so."""
    assert forest_module._choices(20_000, 2) == [(1, "sqrt"), (5, "sqrt")]
    assert forest_module._choices(20_001, 2) == [(3, "sqrt"), (5, "sqrt")]
    assert forest_module._choices(1_000_000, 2) == [(100, "sqrt")]
    assert len(forest_module._choices(100, 0)) == 3


def test_settings_have_bounds() -> None:
    """Too few trees leave rows that nobody can judge."""
    with pytest.raises(SpecError, match="trees=3"):
        Forest(trees=3)
