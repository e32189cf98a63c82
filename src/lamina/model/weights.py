"""Weights as safetensors bytes: the header is read and judged here before the library sees it.

The library takes the last of two equal names, and nothing in it knows which tensors a network needs. So the header is
parsed as plain JSON with unique keys, its spans must tile the data exactly, and names, types and shapes must be those
that the network's spec gives. Only then are bytes turned into tensors, and a weight that is not finite is refused.

    8 bytes: header length (little-endian)  ·  header: JSON, name -> dtype, shape, data_offsets  ·  data

Source: safetensors, "Format", github.com/huggingface/safetensors.
We differ: no ``__metadata__``, no gaps, at most `MOST_TENSORS` tensors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import safetensors.torch
import torch
from torch import Tensor

from lamina.foundation.errors import ModelFileError, nearest, require
from lamina.foundation.specs import Json
from lamina.model.plain_json import read_json

MEMBER = "weights.safetensors"
MOST_TENSORS = 100_000  # ten times what a table of ten thousand embedded columns takes
LARGEST_HEADER_BYTES = 16 * 2**20
DTYPES: dict[str, torch.dtype] = {"F32": torch.float32, "I64": torch.int64, "BOOL": torch.bool}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What one tensor is: its type and the sizes of its axes, ``member`` first.

    >>> Shape(dtype=torch.float32, sizes=(5, 3, 2)).bytes
    120
    """

    dtype: torch.dtype
    sizes: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Bytes of the content, in Python's integers, which do not wrap around."""
        return math.prod(self.sizes) * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{str(self.dtype).removeprefix('torch.')} {self.sizes}"


def write_weights(weights: Mapping[str, Tensor]) -> bytes:
    """Named tensors as safetensors bytes; equal tensors give equal bytes.

    **Shape**: each ``(member, *shape)``, float32, int64 or bool, on the CPU.

    >>> read_weights(write_weights({"bias": torch.ones(1, 2)}), {"bias": Shape(dtype=torch.float32, sizes=(1, 2))})
    {'bias': tensor([[1., 1.]])}
    """
    return bytes(safetensors.torch.save({name: weights[name].contiguous() for name in sorted(weights)}))


def read_header(content: bytes, dtypes: Mapping[str, torch.dtype] = DTYPES) -> dict[str, Shape]:
    """The names, types and shapes that the header declares, in the order in which the tensors lie in the file.

    Args:
        content: safetensors bytes.
        dtypes: the types that may stand there, by their name in the format.

    Raises:
        ModelFileError: the header is too long, not plain JSON, has a name twice, or its spans do not tile the data.
    """
    length = int.from_bytes(content[:8], "little")
    _require(len(content) >= 8 and length <= len(content) - 8, "its header is longer than the file")
    _require(length <= LARGEST_HEADER_BYTES, f"its header has {length:,} bytes")
    header = read_json(content[8 : 8 + length], MEMBER)
    _require(isinstance(header, dict), "its header is not a list of tensors")
    _require(len(header) <= MOST_TENSORS, f"it declares {len(header):,} tensors, and {MOST_TENSORS:,} is the most")
    spans = sorted((_span(name, facts, dtypes), name) for name, facts in header.items())
    at = 0
    for (begin, end), name in spans:
        _require(begin == at, f"{name!r} overlaps another tensor, or leaves a gap before it")
        at = end
    _require(at == len(content) - 8 - length, f"its tensors take {at:,} bytes of {len(content) - 8 - length:,}")
    return {name: _shape(name, header[name], dtypes) for _, name in spans}


def read_weights(content: bytes, wanted: Mapping[str, Shape]) -> dict[str, Tensor]:
    """The tensors that `write_weights` wrote, if they are exactly those that are ``wanted``.

    **Shape**: each ``(member, *shape)`` on the CPU.

    Raises:
        ModelFileError: what `read_header` refuses, other names or shapes than wanted, or a value that is not finite.
    """
    check_shapes(read_header(content), wanted)
    try:
        weights = safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError) as error:
        raise broken(f"it cannot be read ({error})") from error
    for name, tensor in weights.items():
        _require(bool(torch.isfinite(tensor).all()), f"{name!r} holds a value that is not finite")
    return {name: weights[name] for name in wanted}


def check_shapes(found: Mapping[str, Shape], wanted: Mapping[str, Shape]) -> None:
    """Refuse tensors that are not exactly the wanted ones.

    Raises:
        ModelFileError: a tensor is missing, is one too many, or has another type or shape.
    """
    for name in wanted:
        _require(
            name in found,
            f"the network needs {name!r}, which it does not hold ({nearest(name, found)}); a network of an older "
            f"lamina may have had other tensors",
        )
    for name, shape in found.items():
        _require(name in wanted, f"it holds {name!r}, which the network does not have")
        _require(shape == wanted[name], f"{name!r} is {shape}, and the network needs {wanted[name]}")


def _span(name: str, facts: Json, dtypes: Mapping[str, torch.dtype]) -> tuple[int, int]:
    """Where the tensor lies in the data, checked against its own type and shape."""
    complete = isinstance(facts, dict) and set(facts) == {"dtype", "shape", "data_offsets"}
    _require(complete, f"{name!r} is not described by dtype, shape and data_offsets")
    offsets = facts["data_offsets"]
    _require(_counts(offsets) and len(offsets) == 2, f"{name!r} has impossible data_offsets")
    begin, end = offsets
    bytes_needed = _shape(name, facts, dtypes).bytes
    _require(end - begin == bytes_needed, f"{name!r} needs {bytes_needed:,} bytes and has {end - begin:,}")
    return begin, end


def _shape(name: str, facts: Json, dtypes: Mapping[str, torch.dtype]) -> Shape:
    known = isinstance(facts["dtype"], str) and facts["dtype"] in dtypes
    _require(known, f"{name!r} has the type {str(facts['dtype'])[:20]!r}, which nothing here has")
    _require(_counts(facts["shape"]) and len(facts["shape"]) <= 8, f"{name!r} has an impossible shape")
    return Shape(dtype=dtypes[facts["dtype"]], sizes=tuple(facts["shape"]))


def _counts(value: Json) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**48 for item in value)


def broken(complaint: str) -> ModelFileError:
    """The refusal of a member of weights, with what is wrong with it."""
    return ModelFileError(
        wrong=f"{MEMBER!r} is damaged or does not fit: {complaint}.",
        expected="exactly the tensors of the network or learner that the file describes, every value finite.",
        remedy="take another copy of the file, or make it again with `lamina fit` or `model.save(path)`.",
    )


_require = partial(require, refusal=broken)
