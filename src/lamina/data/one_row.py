"""One row or many: whether an array in a column of images or of series is one of them, or a row of each.

    a column of images      (height, width), (height, width, channel)             one picture
                            (row, height, width), or four axes                    many
    a column of series      (step,) of one channel, (channel, step) of several    one series
                            (row, step) of one channel, or three axes             many

A picture has 1 to 4 channels, and they come last. An array that three pictures of a grey column would fill, or one of a
coloured column with its channels first, can mean either.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from lamina.data.cells import tensor_column
from lamina.data.columns import Column, Image, Series
from lamina.foundation.errors import DataError

_CHANNELS = (1, 2, 3, 4)  # grey, grey and opaque, colour, colour and opaque
_COLOURED = (3, 4)

Array = npt.NDArray[Any]


def numbers_of(value: Any, column: Column | None) -> Array | None:
    """What was given for a column of images or series as an array of numbers; None if it is none.

    >>> numbers_of([0.5, None], Series(name="X")).tolist()
    [0.5, nan]
    """
    if isinstance(column, Series) and isinstance(value, list | tuple) and value and isinstance(value[0], Real):
        known = all(number is None or isinstance(number, Real) for number in value)
        return np.array(value, np.float32) if known else None
    fits = isinstance(column, Image | Series) and isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    return value if fits and value.ndim and value.size else None


def is_one(array: Array, column: Column | None) -> bool | None:
    """Whether an array is one image or one series; None if it may as well be many.

    >>> photo = Image(name="photo", channels=3, height=32, width=32)
    >>> [is_one(np.zeros(shape, np.uint8), photo) for shape in ((32, 40, 3), (5, 32, 32), (3, 32, 32))]
    [True, False, None]
    """
    if isinstance(column, Series):
        channels = () if array.ndim == 1 and column.channels == 1 else (column.channels,)
        return bool(array.shape[:-1] == channels)
    if not isinstance(column, Image) or array.ndim != 3:
        return isinstance(column, Image) and array.ndim == 2
    first, last, size = array.shape[0], array.shape[2], column.shape[1:]
    if last in _CHANNELS:
        if array.shape[1:] != size:  # so many pictures would be strips, as wide as a picture has channels
            return True
        return None if array.shape[:2] == size else False
    if first in _COLOURED and column.channels == 3:
        return None
    return bool(first == 1)


def one_row(array: Array, column: Column) -> Any:
    """One image or one series as a column of one row."""
    if isinstance(column, Series):
        return tensor_column(np.atleast_2d(array).astype(np.float32)[None])
    if array.ndim == 2:
        return array[None, None]
    if array.shape[2] in _CHANNELS:
        array = np.moveaxis(array, 2, 0)
    return array[None, : {2: 1, 4: 3}.get(len(array), len(array))]  # always 1 or 3 channels first: read in no other way


def either(array: Array, name: str) -> DataError:
    """The refusal of an array that can be one picture or many."""
    rows, last = array.shape[0], array.shape[2] in _CHANNELS
    return DataError(
        wrong=f"column {name!r} is an array of the shape {array.shape}: one picture with its channels "
        f"{'last' if last else 'first'}, or {rows} grey ones.",
        expected="one picture (height, width[, channel]), or many (row, height, width[, channel]).",
        remedy=f"write {{{name!r}: array[None]}} for one, {{{name!r}: array[..., None]}} for {rows}.",
    )
