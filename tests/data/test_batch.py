import numpy as np
import pytest

from lamina.data.batch import Batch
from lamina.foundation.errors import DataError


def make_batch() -> Batch:
    """Four rows, two numbers and one category each."""
    numbers = np.arange(8, dtype=np.float32).reshape(4, 2)
    return Batch(numbers=numbers, categories=np.arange(4, dtype=np.int64).reshape(4, 1))


def test_take_keeps_the_order_that_was_asked_for():
    """`take` returns the rows asked for, in that order, of numbers and categories alike."""
    taken = make_batch().take(np.array([3, 0, 0]))
    assert taken.rows == 3
    assert taken.numbers.tolist() == [[6, 7], [0, 1], [0, 1]]
    assert taken.categories.tolist() == [[3], [0], [0]]


def test_take_leaves_the_batch_as_it_was():
    """A batch is never changed: what was taken is a copy."""
    batch = make_batch()
    batch.take(np.array([0])).numbers[:] = -1
    assert batch.numbers[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("numbers", "categories"), [((4, 2), (3, 1)), ((4,), (4, 1)), ((4, 2), (4,))], ids=["rows", "numbers", "categories"]
)
def test_shapes_must_agree(numbers, categories):
    """Numbers and categories of different rows or axes are refused, with both shapes in the sentence."""
    with pytest.raises(DataError) as caught:
        Batch(numbers=np.zeros(numbers, np.float32), categories=np.zeros(categories, np.int64))
    assert str(numbers) in caught.value.wrong
    assert str(categories) in caught.value.wrong
