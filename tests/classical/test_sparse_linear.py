"""Sparse linear models: scikit-learn's minimum, on rows whose zeros are never written out."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from classical.damage import check_kept
from classical.whole_rows import only, texts
from lamina.classical import SparseLinear, TfIdf, Wide

STREAM = np.random.default_rng(0)
TRUTH = np.arange(90) % 3
EXACT = SparseLinear(tolerance=1e-9, most_steps=10_000)


def wide(seed: int = 0) -> Wide:
    """Weighted terms of some texts."""
    rows = only(texts(TRUTH, seed=seed))
    read = TfIdf().fit(rows, seed=0).features(rows)
    assert isinstance(read, Wide)
    return read


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_are_those_of_logistic_regression(classes: int) -> None:
    """At the C that was chosen, scikit-learn's minimum on the same rows gives the same probabilities."""
    rows, truth = wide(), TRUTH % classes
    learnt = EXACT.fit(rows, truth, classes=classes, seed=0)
    oracle = LogisticRegression(C=learnt.chosen["C"], tol=1e-9, max_iter=10_000).fit(rows.densely(), truth)
    np.testing.assert_allclose(np.exp(learnt.scores(rows)), oracle.predict_proba(rows.densely()), atol=1e-4)


def test_numbers_are_those_of_ridge_regression() -> None:
    """With the alpha that was chosen, scikit-learn's ridge regression on the same rows."""
    rows, truth = wide(), TRUTH + 0.1 * STREAM.normal(size=90)
    learnt = EXACT.fit(rows, truth, classes=0, seed=0)
    oracle = Ridge(alpha=learnt.chosen["alpha"], solver="svd").fit(rows.densely().astype(np.float64), truth)
    np.testing.assert_allclose(learnt.scores(rows)[:, 0], oracle.predict(rows.densely()), atol=1e-4)


def test_strength_follows_the_noise() -> None:
    """Words that tell the class take a large C; labels without a law take the smallest."""
    assert SparseLinear().fit(wide(), TRUTH, classes=3, seed=0).chosen["C"] >= 10
    noise = STREAM.integers(0, 3, 90)
    assert SparseLinear().fit(wide(), noise, classes=3, seed=0).chosen["C"] <= 1


@pytest.mark.parametrize("classes", [2, 3, 4, 0])
def test_it_is_kept(classes: int) -> None:
    """Learnt from dense rows too, arrays say everything and damage is refused; class 3 may have no row."""
    features = STREAM.normal(size=(30, 5)).astype(np.float32)
    truth = np.arange(30) % min(classes, 3) if classes else features[:, 0].astype(np.float64)
    check_kept(SparseLinear().fit(features, truth, classes=classes, seed=0), features, classes or 1)


@pytest.mark.parametrize("truth", [[0], [1, 1, 1], [0, 2], [0, 0, 1], [0, 0, 1, 2, 2, 2]])
def test_few_rows_are_enough(truth: list[int]) -> None:
    """One row, one class only, or a class with a single row: there is an answer all the same."""
    features = STREAM.normal(size=(len(truth), 4)).astype(np.float32)
    scores = SparseLinear().fit(features, np.array(truth), classes=3, seed=0).scores(features)
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, atol=1e-9)
    assert np.isfinite(SparseLinear().fit(features, np.array(truth, float), classes=0, seed=0).scores(features)).all()
