"""Plain arrays: any Arrow column, or any list of Python values, as one of the few types the room works with.

Plain are strings, dictionaries of strings (values that their owner has declared to be categories), bools, integers,
floats and timestamps; and, with more than one value a cell, bytes, lists of numbers (also lists of such lists), and
tensors of uint8 (channel, height, width) or of float32 (channel, step). Structs and other lists are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.cells.arrays import array_of, is_array, is_list, is_tensor, tensor_column


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def plain_array(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """A column as a plain one, or None if its type is none of the plain ones.

    >>> plain_array(pa.chunked_array([pa.array([1, 2], pa.decimal128(5, 2))])).type
    DataType(double)
    """
    kind, types = column.type, pa.types
    if types.is_dictionary(kind):
        plain = plain_array(pa.chunked_array([], kind.value_type))
        return None if plain is None or is_array(plain.type) else _categories(column)
    if types.is_string(kind) or types.is_boolean(kind) or types.is_integer(kind) or types.is_float64(kind):
        return column
    if types.is_large_string(kind) or types.is_null(kind) or str(kind) == "string_view":
        return column.cast(pa.string())
    if types.is_floating(kind) or types.is_decimal(kind):
        return column.cast(pa.float64(), safe=False)
    if types.is_timestamp(kind) or types.is_date(kind):
        # the values of a column with a zone are in UTC already; safe=False lets go of nanoseconds
        return column.cast(pa.timestamp("us"), safe=False)
    if types.is_duration(kind) or types.is_time(kind):
        return _seconds(column)
    if types.is_struct(kind) and "bytes" in [
        field.name for field in kind
    ]:  # how some libraries keep a file: bytes, path
        inner = pc.struct_field(column, "bytes")
        return plain_array(inner) if is_array(inner.type) else None
    return _plain_arrays(column) if is_array(kind) else None


def pixels_first(values: np.ndarray) -> np.ndarray | None:
    """Pixels ``(row, height, width[, channel])`` or ``(row, channel, height, width)`` with the channels first.

    A channel of its own for how opaque a pixel is (the second or the fourth one) is left out. None: they are none.

    >>> pixels_first(np.zeros((5, 8, 9, 3), np.uint8)).shape
    (5, 3, 8, 9)
    """
    if values.ndim == 3:
        return values[:, None]
    if values.ndim != 4 or 0 in values.shape[1:]:
        return None
    first, last = values.shape[1], values.shape[3]
    if first not in (1, 3) and last in (1, 2, 3, 4):
        values = np.moveaxis(values, 3, 1)
    elif first not in (1, 2, 3, 4):
        return None
    return values[:, : {2: 1, 4: 3}.get(values.shape[1], values.shape[1])]


def _plain_arrays(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    kind = column.type
    if is_tensor(kind):
        return _plain_tensors(column)
    if not is_list(kind):
        return column.cast(pa.large_binary())
    inner = kind.value_type
    if is_list(inner) and _is_number(inner.value_type):
        return column.cast(pa.list_(pa.list_(pa.float32())), safe=False)
    return column.cast(pa.list_(pa.float32()), safe=False) if _is_number(inner) else None


def _plain_tensors(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if not _is_number(column.type.value_type):
        return None
    values, gone = array_of(column)
    if values.dtype == np.uint8 and values.ndim > 2:
        pixels = pixels_first(values)
        return None if pixels is None else pa.chunked_array([tensor_column(pixels, gone)])
    steps = values[:, None] if values.ndim == 2 else values
    return pa.chunked_array([tensor_column(steps.astype(np.float32), gone)]) if steps.ndim == 3 else None


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def cell_strings(array: pa.Array) -> pa.Array:
    """The values of a plain array as a person would write them: whole floats without a fraction, bools as in Python.

    >>> cell_strings(pa.array([1.0, 2.5, None])).to_pylist(), cell_strings(pa.array([True])).to_pylist()
    (['1', '2.5', None], ['True'])
    """
    if pa.types.is_string(array.type):
        return array
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    if pa.types.is_boolean(array.type):
        return pc.if_else(array, "True", "False")
    text = pc.cast(array, pa.string())
    return _whole_without_exponent(array, text) if pa.types.is_floating(array.type) else text


def from_values(values: Sequence[Any]) -> pa.Array:
    """A list of Python values as an array; values of mixed kinds become strings, numbers stay numbers.

    >>> from_values([1, None, "x"]).to_pylist(), from_values([1, 2.5]).type
    (['1', None, 'x'], DataType(double))
    """
    arrays = _same_arrays(values)
    if arrays is not None:
        return arrays
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        if all(value is None or isinstance(value, int | float) for value in values):
            return pa.array([None if value is None else _number(value) for value in values], pa.float64())
        return pa.array([None if _absent(value) else _word(value) for value in values], pa.string())


def _same_arrays(values: Sequence[Any]) -> pa.Array | None:
    """Arrays of one shape with two axes or more as tensors, missing ones as null; None if these are no such arrays."""
    first = next((value for value in values if value is not None), None)
    if not isinstance(first, np.ndarray) or first.ndim < 2 or first.dtype.kind not in "biuf" or not first.size:
        return None
    like = (first.shape, first.dtype)
    if any(v is not None and (not isinstance(v, np.ndarray) or (v.shape, v.dtype) != like) for v in values):
        return None
    gone = np.array([value is None for value in values])
    return tensor_column(np.stack([first if value is None else value for value in values]), gone)


def _whole_without_exponent(floats: pa.Array, text: pa.Array) -> pa.Array:
    whole = pc.and_(pc.equal(pc.floor(floats), floats), pc.less(pc.abs(floats), 2.0**53))
    digits = pc.cast(pc.if_else(whole, floats, 0.0), pa.int64())  # Arrow writes a million as 1e+06
    return pc.if_else(whole, pc.cast(digits, pa.string()), text)


def _categories(column: pa.ChunkedArray) -> pa.ChunkedArray:
    values = plain_array(column.cast(column.type.value_type))
    strings = [cell_strings(chunk) for chunk in (values.chunks if values is not None else [])]
    return pa.chunked_array(strings, pa.string()).dictionary_encode()


def _seconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[column.type.unit]
    width = pa.int32() if pa.types.is_time32(column.type) else pa.int64()
    return pc.divide(column.cast(width).cast(pa.float64(), safe=False), unit)


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond float64
        return float("inf") if value > 0 else float("-inf")


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _word(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
