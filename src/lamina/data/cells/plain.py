"""Plain arrays: any Arrow column, or any list of Python values, as one of the few types the room works with.

Plain are strings, dictionaries of strings (values that their owner has declared to be categories), bools, integers,
floats and timestamps. Lists, structs and bytes are not: they hold no single value a cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def plain_array(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """A column as a plain one, or None if its type holds no single value a cell.

    >>> plain_array(pa.chunked_array([pa.array([1, 2], pa.decimal128(5, 2))])).type
    DataType(double)
    """
    kind, types = column.type, pa.types
    if types.is_dictionary(kind):
        plain = plain_array(pa.chunked_array([], kind.value_type))
        return None if plain is None else _categories(column)
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
    return None


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
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        if all(value is None or isinstance(value, int | float) for value in values):
            return pa.array([None if value is None else _number(value) for value in values], pa.float64())
        return pa.array([None if _absent(value) else _word(value) for value in values], pa.string())


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
