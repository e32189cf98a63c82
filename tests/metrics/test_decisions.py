"""Answers against truth: scikit-learn is the oracle."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given

from lamina.foundation.errors import DataError
from lamina.metrics import accuracy, balanced_accuracy, confusion_matrix, f1, mcc
from strategies import Rows, class_rows

HALF = [[0.5, 0.5]]


@given(class_rows())
def test_confusion_matrix_equals_scikit_learn(rows: Rows) -> None:
    """True classes down, answers across, summed weights in the cells."""
    answers = rows.scores.argmax(axis=1)
    expected = sklearn.metrics.confusion_matrix(
        rows.truth, answers, sample_weight=rows.weights, labels=range(rows.scores.shape[1])
    )
    np.testing.assert_allclose(confusion_matrix(*rows), expected, rtol=1e-9)


@given(class_rows())
def test_answers_are_judged_as_scikit_learn_does(rows: Rows) -> None:
    """Accuracy, balanced accuracy and Matthews' coefficient agree to 1e-9, with and without weights."""
    oracles = {
        accuracy: sklearn.metrics.accuracy_score,
        balanced_accuracy: sklearn.metrics.balanced_accuracy_score,
        mcc: sklearn.metrics.matthews_corrcoef,
    }
    answers = rows.scores.argmax(axis=1)
    for ours, oracle in oracles.items():
        if balanced_accuracy is ours or len(set(answers)) > 1:
            weighted = oracle(rows.truth, answers, sample_weight=rows.weights)
            assert ours(*rows) == pytest.approx(weighted, rel=1e-9, abs=1e-9)
        assert ours(rows.truth, rows.scores) == pytest.approx(oracle(rows.truth, answers), rel=1e-9, abs=1e-9)


@given(class_rows())
def test_f1_equals_scikit_learn(rows: Rows) -> None:
    """Two classes: the second is positive; more: the plain mean over the classes that occur."""
    average = "binary" if rows.scores.shape[1] == 2 else "macro"
    answers = rows.scores.argmax(axis=1)
    expected = sklearn.metrics.f1_score(rows.truth, answers, sample_weight=rows.weights, average=average)
    assert f1(*rows) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_matthews_is_zero_when_only_one_class_is_answered() -> None:
    """Always the same answer is no better than chance, however the weights round."""
    assert mcc([0, 1, 1], HALF * 3, [0.1, 0.7, 0.3]) == 0.0
    assert mcc([1, 1], [[0.9, 0.1], [0.1, 0.9]]) == 0.0


def test_f1_without_any_positive_is_undefined() -> None:
    """No positive row and no positive answer: nothing can be said about the positive class."""
    assert np.isnan(f1([0, 0], HALF * 2))
    assert f1([1, 1], HALF * 2) == 0.0


def test_a_class_without_rows_is_left_out_of_balanced_accuracy() -> None:
    """The mean is over the classes that are true somewhere."""
    scores = [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1]]
    assert balanced_accuracy([0, 0, 1], scores) == 0.75


def test_equal_scores_answer_the_first_class() -> None:
    """A tie is decided by position, the same on every machine."""
    assert accuracy([0], HALF) == 1.0


def test_a_confusion_matrix_of_no_rows_is_all_zero() -> None:
    """An empty table keeps its shape and its dtype."""
    empty = confusion_matrix([], np.zeros((0, 3)))
    assert empty.shape == (3, 3)
    assert empty.dtype == np.float64


@pytest.mark.parametrize(
    ("truth", "scores", "weights", "words"),
    [
        ([0, 2], HALF * 2, None, "truth lies between 0 and 2"),
        ([-1, 0], HALF * 2, None, "truth lies between -1 and 0"),
        ([0.5, 1.0], HALF * 2, None, "truth is of type float64"),
        ([0], HALF * 2, None, "truth has the shape (1,)"),
        ([[0], [1]], HALF * 2, None, "truth has the shape (2, 1)"),
        ([0, 1], [0.5, 0.5], None, "scores has the shape (2,)"),
        ([0, 1], HALF * 2, [1.0], "weights has the shape (1,)"),
        ([0, 1], HALF * 2, [1.0, -1.0], "weights lie between -1.0 and 1.0"),
        ([0, 1], HALF * 2, [1.0, np.nan], "weights lie between nan and nan"),
        ([0, 1], HALF * 2, [1e308, 1e308], "weights lie between 1e+308 and 1e+308"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(truth, scores, weights, words) -> None:
    """The error names the array and what it holds."""
    with pytest.raises(DataError) as caught:
        accuracy(truth, scores, weights)
    assert words in caught.value.wrong
