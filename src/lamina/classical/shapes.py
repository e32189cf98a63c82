"""The shape of a field as an array, and back with care: a file may say anything."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lamina.classical.learnt import Array
from lamina.foundation.errors import require

LARGEST = 2**20  # of one axis
MOST = 2**28  # values in one row


def shape_array(shape: tuple[int, ...]) -> Array:
    """A shape as int64 ``(axis,)``."""
    return np.array(shape, np.int64)


def read_shape(arrays: Mapping[str, Array], axes: int) -> tuple[int, ...]:
    """The shape that lies under "shape".

    Raises:
        ValueError: there is none, or none that a field could have.

    >>> read_shape({"shape": np.array([1, 8, 8])}, 3)
    (1, 8, 8)
    """
    require("shape" in arrays, "the array 'shape' is missing")
    found = arrays["shape"]
    require(found.dtype == np.int64 and found.shape == (axes,), f"'shape' is not int64 with {axes} sizes")
    sizes = tuple(int(size) for size in found)
    require(all(1 <= size <= LARGEST for size in sizes), f"no field has the shape {sizes}")
    values = 1
    for size in sizes:
        values *= size
    require(values <= MOST, f"a field of shape {sizes} is too large")
    return sizes


def read_whole(arrays: Mapping[str, Array], name: str, low: int, high: int) -> int:
    """The one whole number under a name.

    Raises:
        ValueError: there is none, or it lies outside ``low`` to ``high``.

    >>> read_whole({"cell": np.array([8])}, "cell", 1, 10)
    8
    """
    require(name in arrays, f"the array {name!r} is missing")
    found = arrays[name]
    require(found.dtype == np.int64 and found.shape == (1,), f"{name!r} is not one int64")
    value = int(found[0])
    require(low <= value <= high, f"{name!r} is {value}, not {low} to {high}")
    return value
