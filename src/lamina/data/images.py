"""Images as fields: their pixels as they are, and the mean colour of the training rows where a row has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data.cells import array_of
from lamina.data.columns import Column, Image
from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting

_CHUNK_ROWS = 1024  # summed at a time


@dataclass(frozen=True, kw_only=True)
class ImageEncoder:
    """A column of images as a field of pixels.

    >>> ImageEncoder(name="photo", shape=(1, 28, 28), fill=(33,)).field
    Field(holds='image', shape=(1, 28, 28), codes=0)
    """

    name: str = setting(meaning="the name of the column")
    shape: tuple[int, int, int] = setting(meaning="channels, height and width of every image", low=1)
    fill: tuple[int, ...] = setting(
        meaning="the mean of each channel in training rows, for a row without", low=0, high=255
    )

    def __post_init__(self) -> None:
        check(self)

    @property
    def field(self) -> Field:
        """What a network meets."""
        return Field(holds="image", shape=self.shape)

    @property
    def blank(self) -> npt.NDArray[np.uint8]:
        """What stands where a row has no image."""
        return np.broadcast_to(np.array(self.fill, np.uint8)[:, None, None], self.shape)

    def reads(self, column: Column) -> bool:
        """Whether it is for what such a column holds."""
        return isinstance(column, Image) and column.shape == self.shape and len(self.fill) == column.channels

    def write(self, column: pa.ChunkedArray, out: npt.NDArray[Any]) -> None:
        """Encode a column of tensors into ``out``, uint8 ``(row, channel, height, width)``."""
        values, gone = array_of(column)
        np.copyto(out, values)
        if gone.any():
            out[gone] = self.blank


def fit_image(name: str, column: pa.ChunkedArray) -> ImageEncoder | None:
    """Learn the mean colour from the training rows; None if these hold no two different images."""
    values, gone = array_of(column)
    here = values if not gone.any() else values[~gone]
    if not len(here) or (len(here) == len(values) and _all_alike(here)):
        return None
    sums = sum(
        here[start : start + _CHUNK_ROWS].sum(axis=(0, 2, 3), dtype=np.int64)
        for start in range(0, len(here), _CHUNK_ROWS)
    )
    means = np.rint(np.asarray(sums) / (len(here) * here.shape[2] * here.shape[3]))
    return ImageEncoder(name=name, shape=here.shape[1:], fill=tuple(int(mean) for mean in means))


def _all_alike(images: npt.NDArray[np.uint8]) -> bool:
    first = images[:64]  # shows it in most columns
    return bool((first == images[0]).all() and (images == images[0]).all())
