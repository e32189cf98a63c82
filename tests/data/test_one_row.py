"""Whether an array is one image or one series, or a row of each."""

import numpy as np
import pytest

from lamina.data import Image, Number, Series, either, is_one, numbers_of, one_row, read
from lamina.data.cells import array_of
from pictures import noise

PHOTO, SCAN = Image(name="photo", channels=3, height=32, width=32), Image(name="scan", channels=1, height=28, width=28)
TINY = Image(name="tiny", channels=3, height=4, width=4)
PULSE, GESTURE = Series(name="pulse", steps=50), Series(name="gesture", channels=3, steps=50)


@pytest.mark.parametrize(
    ("column", "shape", "one"),
    [
        (PHOTO, (32, 32, 3), True),
        (PHOTO, (50, 70, 3), True),
        (PHOTO, (50, 70, 4), True),
        (PHOTO, (50, 70), True),
        (PHOTO, (1, 50, 70), True),
        (PHOTO, (9, 32, 32), False),
        (PHOTO, (9, 32, 32, 3), False),
        (PHOTO, (1, 32, 32, 3), False),
        (PHOTO, (3, 32, 32), None),
        (PHOTO, (9,), False),
        (SCAN, (28, 28), True),
        (SCAN, (28, 28, 1), True),
        (SCAN, (28, 28, 3), True),
        (SCAN, (3, 28, 28), False),
        (SCAN, (1, 28, 28), True),
        (TINY, (9, 4, 4), False),
        (TINY, (4, 4, 4), None),
        (TINY, (4, 4, 3), True),
        (PULSE, (50,), True),
        (PULSE, (1, 20), True),
        (PULSE, (3, 50), False),
        (PULSE, (3, 1, 50), False),
        (GESTURE, (3, 20), True),
        (GESTURE, (5, 50), False),
        (GESTURE, (50,), False),
        (GESTURE, (3, 3, 50), False),
        (Number(name="age"), (3,), False),
    ],
)
def test_the_axes_tell_one_from_many(column, shape, one):
    """Axes and channels tell, with the size of the column where they alone do not; what cannot be told is None."""
    assert is_one(np.zeros(shape, np.uint8), column) is one


@pytest.mark.parametrize(
    "array",
    [
        noise(6, 5),
        noise(6, 5) / 255,
        np.dstack([noise(6, 5), np.zeros((6, 5), np.uint8)]),
        np.dstack([noise(6, 3)] * 2)[..., :4],
        noise(3, 2),
        noise(1, 4),
    ],
)
def test_one_picture_is_a_row_of_its_pixels(array):
    """Channels come first, how opaque a pixel is goes, and shades from 0 to 1 are stretched."""
    found, _ = array_of(read({"photo": one_row(array, PHOTO)}).table["photo"])
    shades = np.rint(array * (255 if array.dtype.kind == "f" else 1))
    assert np.array_equal(found, np.moveaxis(shades[..., :3], 2, 0)[None])


def test_one_grey_picture_is_a_row():
    """Two axes are a grey picture, however high."""
    for height in (1, 3, 9):
        grey = noise(height, 4, channels=1)
        assert np.array_equal(array_of(read({"a": one_row(grey, PHOTO)}).table["a"])[0], grey[None, None])


@pytest.mark.parametrize(("column", "shape"), [(PULSE, (20,)), (PULSE, (1, 20)), (GESTURE, (3, 20))])
def test_one_series_is_a_row_whatever_its_numbers(column, shape):
    """Whole numbers of 8 bits are no pixels in a column of series."""
    for dtype in (np.uint8, np.float64):
        array = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
        found, _ = array_of(read({"image": one_row(array, column)}).table["image"])
        assert np.array_equal(found, np.atleast_2d(array)[None])


def test_a_list_of_numbers_is_a_series_but_other_lists_are_columns():
    """Only in a column of series do the numbers of a list belong together."""
    assert np.array_equal(numbers_of([1, None, 2.5], PULSE), np.array([1, np.nan, 2.5], np.float32), equal_nan=True)
    for value, column in [
        ([1, 2], Number(name="n")),
        ([[1, 2]], PULSE),
        ([1, "x"], PULSE),
        ([], PULSE),
        ([1, 2], None),
    ]:
        assert numbers_of(value, column) is None
    assert numbers_of(np.array(["a.png"]), PHOTO) is None


def test_an_array_that_can_be_both_is_told_with_both_remedies():
    """Each remedy says one of the two, and is read as that."""
    array = noise(32, 32).transpose(2, 0, 1)
    refusal = either(array, "photo")
    assert "one picture with its channels first, or 3 grey ones" in refusal.wrong
    assert "{'photo': array[None]} for one, {'photo': array[..., None]} for 3" in refusal.remedy
    assert array_of(read({"photo": array[None]}).table["photo"])[0].shape == (1, 3, 32, 32)
    assert array_of(read({"photo": array[..., None]}).table["photo"])[0].shape == (3, 1, 32, 32)
