"""What is asked of a model: one row, or many."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.data import Image, Number, Schema, Series, read
from lamina.foundation.errors import DataError
from lamina.model.asking import rows_of
from pictures import noise

PHOTO, AGE, PULSE = Image(name="photo", height=8, width=8), Number(name="age"), Series(name="pulse", steps=5)
SCHEMA = Schema(columns=(PHOTO, AGE, PULSE))
PICTURE = noise(8, 8)


def rows(data):
    """How many rows are read."""
    return read(rows_of(data, SCHEMA)).rows


def test_the_bytes_of_an_image_are_one_value() -> None:
    """A row with an image in it is a row, not columns of letters."""
    assert rows_of({"photo": b"\x89PNG", "age": 3}, SCHEMA) == {"photo": [b"\x89PNG"], "age": [3]}
    assert rows_of({"photo": [b"\x89PNG"], "age": [3]}, SCHEMA) == {"photo": [b"\x89PNG"], "age": [3]}


@pytest.mark.parametrize(
    ("data", "count"),
    [
        ({"photo": PICTURE}, 1),
        ({"photo": PICTURE[..., 0]}, 1),
        ({"photo": PICTURE[None]}, 1),
        ({"photo": np.stack([PICTURE] * 3)}, 3),
        ({"photo": np.stack([PICTURE[..., 0]] * 5)}, 5),
        ({"photo": PICTURE, "age": 3}, 1),
        ({"photo": PICTURE, "age": [3]}, 1),
        ({"photo": PICTURE[None], "age": 3}, 1),
        ({"photo": np.stack([PICTURE] * 2), "age": [3, 4]}, 2),
        ({"photo": PICTURE, "pulse": np.arange(5.0), "age": 3}, 1),
        ({"photo": PICTURE, "pulse": np.ones((1, 5))}, 1),
        ({"pulse": np.arange(5.0)}, 1),
        ({"pulse": [1.0, None, 2.0]}, 1),
        ({"pulse": [[1.0, 2.0], [2.0]]}, 2),
        ({"pulse": np.ones((4, 5))}, 4),
        ({"pulse": np.ones((4, 1, 5)), "photo": np.stack([PICTURE] * 4)}, 4),
        ({"elsewhere": PICTURE[..., 0]}, 8),
    ],
)
def test_one_image_or_series_is_one_row(data, count) -> None:
    """An array that is one picture or one series of a column is its cell, alone or beside single values."""
    assert rows(data) == count


@pytest.mark.parametrize(("age", "count"), [(3, 1), ([3, 4, 5], 3)])
def test_other_columns_decide_what_an_array_can_leave_open(age, count) -> None:
    """Colours first, or three grey pictures: a single value beside them says one, a list says many."""
    assert rows({"photo": np.moveaxis(PICTURE, 2, 0), "age": age}) == count


def test_what_cannot_be_told_is_refused() -> None:
    """Alone, an array that can be one coloured picture or three grey ones is not guessed at."""
    with pytest.raises(DataError, match="one picture with its channels first, or 3 grey ones"):
        rows({"photo": np.moveaxis(PICTURE, 2, 0)})


@pytest.mark.parametrize("data", [{"photo": PICTURE, "age": [3] * 8}, {"photo": np.stack([PICTURE] * 2), "age": 3}])
def test_columns_of_unequal_length_are_refused(data) -> None:
    """One picture beside eight numbers, and two beside one, are neither a row nor rows."""
    with pytest.raises(DataError):
        rows(data)
