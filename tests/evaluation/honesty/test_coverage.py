"""Sets and intervals hold the truth as often as they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge

from lamina.evaluation.honesty.coverage import Coverage, conformity_of_classes, conformity_of_numbers, measured_coverage
from lamina.foundation.errors import DataError
from lamina.model.calibration import fit_conformity

SPLITS = 200


def split_conformal(load, make, classes: bool, nominal: float) -> float:
    """The mean coverage over random splits of a real set: half to learn, a quarter for thresholds, the rest judges."""
    X, y = load(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    coverages = []
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(y))
        learn, hold, judge = np.split(order, [len(y) // 2, 3 * len(y) // 4])
        contender = make().fit(X[learn], y[learn])
        answer = contender.predict_proba if classes else contender.predict
        score = conformity_of_classes if classes else conformity_of_numbers
        threshold = fit_conformity(score(answer(X[hold]), y[hold])).threshold(nominal)
        coverages.append((score(answer(X[judge]), y[judge]) <= threshold).mean())
    return float(np.mean(coverages))


@pytest.mark.parametrize("nominal", [0.8, 0.9])
@pytest.mark.parametrize(
    ("load", "make", "classes"),
    [(load_breast_cancer, LinearDiscriminantAnalysis, True), (load_diabetes, Ridge, False)],
    ids=["breast cancer", "diabetes"],
)
def test_coverage_of_real_sets_is_within_two_points(load, make, classes, nominal) -> None:
    """Over 200 random splits the truth lies inside as often as promised, to two points."""
    assert split_conformal(load, make, classes, nominal) == pytest.approx(nominal, abs=0.02)


@pytest.mark.parametrize("nominal", [0.5, 0.8, 0.9])
def test_coverage_of_exchangeable_rows_is_that_of_theory(nominal) -> None:
    """With n = 49 held-out rows the mean coverage lies from nominal to nominal + 1 / 50 (+- 3 Monte-Carlo errors)."""
    draw = np.random.default_rng(0)
    inside = [draw.exponential() <= fit_conformity(draw.exponential(size=49)).threshold(nominal) for _ in range(6000)]
    slack = 3 * math.sqrt(nominal * (1 - nominal) / 6000)
    assert nominal - slack <= np.mean(inside) <= nominal + 1 / 50 + slack


@pytest.mark.parametrize("nominal", [0.8, 0.9])
def test_cross_fitting_measures_the_nominal_coverage(nominal) -> None:
    """Held-out numbers with equal noise in five folds are covered as promised; the width is twice its quantile."""
    draw = np.random.default_rng(1)
    answers = draw.normal(size=5000)
    measured = measured_coverage(answers, answers + draw.normal(size=5000), np.arange(5000) % 5, nominal=nominal)
    assert measured.measured == pytest.approx(nominal, abs=0.02)
    assert measured.size == pytest.approx(2 * {0.8: 1.2816, 0.9: 1.6449}[nominal], rel=0.05)


def test_sets_of_classes_are_counted_by_hand() -> None:
    """Four rows in two folds: thresholds, sets and sizes as worked out on paper."""
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.45, 0.55]])
    truth = np.array([0, 1, 0, 0])  # conformity 0.1, 0.6 | 0.2, 0.55
    measured = measured_coverage(probabilities, truth, [0, 0, 1, 1], nominal=0.6)
    # fold 0 is judged by 0.55: {0}, {0}; fold 1 by 0.6: {0}, {0, 1}: the second row is missed
    assert measured == Coverage(nominal=0.6, measured=0.75, size=1.25)


def test_no_set_is_empty() -> None:
    """The most likely class is always in the set, as in the Model, and counts when it is right."""
    probabilities = np.array([[0.99, 0.01], [0.99, 0.01], [0.6, 0.4], [0.6, 0.4]])
    measured = measured_coverage(probabilities, [0, 0, 0, 0], [0, 0, 1, 1], nominal=0.5)
    assert measured == Coverage(nominal=0.5, measured=1.0, size=1.0)


def test_each_fold_is_judged_by_the_others() -> None:
    """A fold whose answers are far worse than the others' is covered badly: its own rows set no threshold for it."""
    truth = np.zeros(200)
    answers = np.r_[np.linspace(-1, 1, 100), np.linspace(-10, 10, 100)]
    measured = measured_coverage(answers, truth, np.repeat([0, 1], 100), nominal=0.9)
    assert measured.measured == pytest.approx((1.0 + 0.1) / 2, abs=0.03)


def test_too_few_rows_promise_everything() -> None:
    """Where the other folds cannot promise so much, intervals are infinite, and sets hold every class."""
    wide = measured_coverage([0.0, 1.0], [0.5, 0.5], [0, 1], nominal=0.9)
    assert (wide.measured, wide.size) == (1.0, math.inf)
    assert wide.to_json()["size"] is None
    whole = measured_coverage([[0.9, 0.1], [0.9, 0.1]], [0, 1], [0, 1], nominal=0.9)
    assert (whole.measured, whole.size) == (1.0, 2.0)


def test_one_fold_is_refused() -> None:
    """Rows may not set the threshold that judges them."""
    with pytest.raises(DataError, match="two folds or more"):
        measured_coverage([0.0, 1.0], [0.5, 0.5], [0, 0])


def test_a_contender_that_diverged_covers_nothing() -> None:
    """Where an answer is not finite nothing is promised, and JSON says null."""
    measured = measured_coverage([[math.nan, math.nan], [0.5, 0.5]], [0, 1], [0, 1])
    assert measured.to_json() == {"nominal": 0.9, "measured": None, "size": None}
