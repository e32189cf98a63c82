"""What all families share: scores that are never infinite, and checks that name what is wrong."""

import numpy as np
import pytest

from lamina.classical.learnt import check_arrays, check_training, class_scores, log_shares, log_softmax, mean_log_loss


def test_log_softmax_never_overflows() -> None:
    """Logits of any size give logs of probabilities, far below what a probability could hold."""
    np.testing.assert_allclose(log_softmax(np.array([[0.0, 1e5], [-1e300, -1e300]])), [[-1e5, 0], [-np.log(2)] * 2])


def test_scores_stop_at_the_floor() -> None:
    """A class that is all but impossible, or that nobody saw, has a chance of about 1e-12."""
    scores = class_scores(np.array([[0.0, 1e5]]), np.array([1, 2]), 3)
    np.testing.assert_allclose(np.exp(scores), [[1e-12, 1e-12, 1]], rtol=1e-9)
    np.testing.assert_allclose(np.exp(log_shares(np.array([[0.0, 0.25, 0.75]]))), [[1e-12, 0.25, 0.75]], rtol=1e-9)


def test_log_loss_is_the_mean_surprise() -> None:
    """-log p of the true class, on average."""
    scores = np.log([[0.5, 0.5], [0.25, 0.75]])
    assert mean_log_loss(scores, np.array([0, 1])) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2)


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({}, "the array 'a' is missing"),
        ({"a": np.zeros((2, 3)), "b": np.zeros(2), "c": np.zeros(2)}, "there is an array 'c' too many"),
        ({"a": np.zeros((2, 3), np.float32), "b": np.zeros(2)}, "'a' has the type float32, not float64"),
        ({"a": np.zeros(2), "b": np.zeros(2)}, "'a' has 1 axes, not 2"),
        ({"a": np.zeros((2, 4)), "b": np.zeros(2)}, "'a' has an axis of 4, not 3"),
        ({"a": np.zeros((2, 3)), "b": np.zeros(1)}, "'b' has 1 along the axis 'row', where others have 2"),
        ({"a": np.zeros((0, 3)), "b": np.zeros(0)}, "'a' has no row"),
        ({"a": np.zeros((1, 3)), "b": np.array([np.inf])}, "'b' holds a value that is not finite"),
    ],
)
def test_wrong_arrays_are_named(arrays: dict[str, np.ndarray], complaint: str) -> None:
    """The sentence says which array, and what about it."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole text is compared below
        check_arrays(arrays, {"a": ("float64", ("row", 3)), "b": ("float64", ("row",))})
    assert str(refused.value) == complaint


def test_one_class_is_no_task() -> None:
    """Classes are at least two."""
    with pytest.raises(ValueError, match="1 class cannot be told apart"):
        check_training(np.zeros((2, 1)), np.zeros(2, dtype=int), 1)
