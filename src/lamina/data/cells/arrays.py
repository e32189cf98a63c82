"""Arrays in columns: one array of a fixed shape a row, between numpy and Arrow's ``fixed_shape_tensor``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array = npt.NDArray[Any]


def tensor_column(values: Array, gone: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """An array ``(row, ...)`` as a column of tensors; ``gone`` says which rows are missing.

    >>> tensor_column(np.zeros((2, 1, 4), np.float32), np.array([True, False])).null_count
    1
    """
    shape = values.shape[1:]
    kind = pa.fixed_shape_tensor(pa.from_numpy_dtype(values.dtype), list(shape))
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    mask = None if gone is None or not gone.any() else pa.array(gone)
    stored = pa.FixedSizeListArray.from_arrays(flat, math.prod(shape), mask=mask)
    return pa.ExtensionArray.from_storage(kind, stored)


def array_of(column: pa.ChunkedArray | pa.Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """A column of tensors as an array ``(row, ...)``, and which rows are missing.

    It is not copied if it lies in one piece. What stands in a missing row is not defined.

    >>> array_of(tensor_column(np.arange(6).reshape(2, 3)))[0].tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    shape = tuple(whole.type.shape)
    size = math.prod(shape)
    stored = whole.storage
    flat = stored.values.slice(stored.offset * size, len(stored) * size)
    values = (flat.fill_null(0) if flat.null_count else flat).to_numpy(zero_copy_only=True)
    return values.reshape(len(stored), *shape), np.asarray(whole.is_null())


def tensor_type(value: pa.DataType, shape: Sequence[int]) -> pa.DataType:
    """The type of a column of tensors."""
    return pa.fixed_shape_tensor(value, list(shape))


def is_tensor(kind: pa.DataType) -> bool:
    """Whether a column of this type holds tensors."""
    return isinstance(kind, pa.FixedShapeTensorType)


def is_list(kind: pa.DataType) -> bool:
    """Whether a column of this type holds lists, of any length."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def is_array(kind: pa.DataType) -> bool:
    """Whether a cell of this type holds more than one value: a tensor, a list, or bytes."""
    return is_tensor(kind) or is_list(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
