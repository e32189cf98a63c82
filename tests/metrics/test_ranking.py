"""The order of rows by score: scikit-learn is the oracle."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given

from lamina.metrics import average_precision, roc_auc
from strategies import Rows, class_rows


@given(class_rows(classes=2))
def test_two_classes_equal_scikit_learn(rows: Rows) -> None:
    """The second class is the positive one; ties and weights are treated alike."""
    truth, scores, weights = rows
    for ours, oracle in (
        (roc_auc, sklearn.metrics.roc_auc_score),
        (average_precision, sklearn.metrics.average_precision_score),
    ):
        assert ours(truth, scores, weights) == pytest.approx(
            oracle(truth, scores[:, 1], sample_weight=weights), rel=1e-9, abs=1e-9
        )
        assert ours(truth, scores) == pytest.approx(oracle(truth, scores[:, 1]), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("classes", [3, 5])
def test_many_classes_equal_scikit_learn(classes: int) -> None:
    """Each class against the rest, then the plain mean."""

    @given(class_rows(classes=classes))
    def compare(rows: Rows) -> None:
        truth, scores, weights = rows
        area = sklearn.metrics.roc_auc_score(truth, scores, sample_weight=weights, multi_class="ovr", average="macro")
        steps = sklearn.metrics.average_precision_score(truth, scores, sample_weight=weights, average="macro")
        assert roc_auc(*rows) == pytest.approx(area, rel=1e-9, abs=1e-9)
        assert average_precision(*rows) == pytest.approx(steps, rel=1e-9, abs=1e-9)

    compare()


@given(class_rows(classes=2))
def test_only_the_order_of_scores_matters(rows: Rows) -> None:
    """A rising map of the scores changes nothing."""
    bent = np.sqrt(rows.scores)
    assert roc_auc(rows.truth, bent, rows.weights) == roc_auc(*rows)
    assert average_precision(rows.truth, bent, rows.weights) == average_precision(*rows)


def test_one_class_alone_has_no_area() -> None:
    """Nothing to put in order: NaN for the area, and a precision only where there are positives."""
    scores = [[0.2, 0.8], [0.6, 0.4]]
    assert np.isnan(roc_auc([1, 1], scores))
    assert np.isnan(roc_auc([0, 0], scores))
    assert average_precision([1, 1], scores) == 1.0
    assert np.isnan(average_precision([0, 0], scores))


def test_an_absent_class_is_left_out_of_the_mean() -> None:
    """A test set without a rare class still has an area, over the classes that are there."""
    scores = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.1, 0.6, 0.3]])
    assert roc_auc([0, 1, 1, 0], scores) == (0.5 + 0.75) / 2
