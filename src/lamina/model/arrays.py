"""Arrays of a classical learner as safetensors bytes: six plain types, every number finite, every flag 0 or 1.

The header is read and judged as that of a network's weights is (`lamina.model.weights`): one name once, spans that tile
the data. Which names, types and shapes belong to a kind of learner is for that kind to say, in its ``from_arrays``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy
import torch

from lamina.model.weights import broken, read_header

Arrays = dict[str, npt.NDArray[Any]]
ARRAY_DTYPES: dict[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "I64": torch.int64,
    "I32": torch.int32,
    "BOOL": torch.bool,
    "U8": torch.uint8,
}
_KINDS = {str(dtype).removeprefix("torch.") for dtype in ARRAY_DTYPES.values()}


def write_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Named arrays as safetensors bytes; equal arrays give equal bytes.

    **Shape**: any, of float64, float32, int64, int32, bool or uint8.

    Raises:
        ModelFileError: an array of another type, or a number that is not finite: `read_arrays` would refuse it.

    >>> read_arrays(write_arrays({"bias": np.array([0.5, 1.5])}))
    {'bias': array([0.5, 1.5])}
    """
    for name, array in arrays.items():
        if array.dtype.name not in _KINDS:
            raise broken(f"{name!r} has the type {array.dtype}, which no learner may have")
        _check_values(name, array)
    # np.ascontiguousarray would give an array without axes one
    return safetensors.numpy.save({name: np.asarray(arrays[name], order="C") for name in sorted(arrays)})


def read_arrays(content: bytes) -> Arrays:
    """The arrays that `write_arrays` wrote, to the bit.

    Raises:
        ModelFileError: what `read_header` refuses, a number that is not finite, or a flag that is neither 0 nor 1.
    """
    read_header(content, ARRAY_DTYPES)
    try:
        arrays = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError) as error:
        raise broken(f"it cannot be read ({error})") from error
    for name, array in arrays.items():
        _check_values(name, array)
    return {name: arrays[name] for name in sorted(arrays)}


def _check_values(name: str, array: npt.NDArray[Any]) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise broken(f"{name!r} holds a value that is not finite")
    if array.dtype.kind == "b" and (np.asarray(array, order="C").reshape(-1).view(np.uint8) > 1).any():
        raise broken(f"{name!r} holds a flag that is neither yes nor no")
