r"""Images as histograms of oriented gradients: which way edges run in each part of the image, whatever the light.

    g = (x[column + 1] - x[column - 1], x[row + 1] - x[row - 1])       0 at the border; the channel where |g| is largest
    cell_b = sum over the cell's pixels of |g| w_b(angle of g)           b = 0..8, angles from 0 to 180 degrees
    block  = 2 x 2 neighbouring cells, v / sqrt(|v|^2 + e^2), cut at 0.2, and v / sqrt(|v|^2 + e^2) once more

w_b shares a pixel out between the two bins whose centres (10, 30, ..., 170 degrees) lie next to its angle. Blocks
overlap: every cell but those at the border is in four. Cells have 8 pixels a side, 4 where an image has fewer than 32,
2 where it has fewer than 16.

Source: Dalal and Triggs (2005), doi:10.1109/CVPR.2005.177. We differ: a pixel counts in its own cell only (no sharing
between cells, no Gaussian window), so that all is sums over slices; images beyond 128 pixels are pooled first.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Self

import numpy as np

from lamina.classical.learnt import Array, blocks, check_arrays
from lamina.classical.pixels import pooled_shape, shrunk
from lamina.classical.pooling import factor_for
from lamina.classical.shapes import read_shape, read_whole, shape_array
from lamina.foundation.signature import FieldKind

BINS = 9
CUT = 0.2
SMALL = 1e-2  # e, in grey levels: far below any edge that can be seen
CELLS = ((32, 8), (16, 4))  # the shorter side in pixels, at least, and the cell that goes with it
SMALLEST_CELL = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Gradients:
    """How images of one shape are cut into cells. Nothing in it was learnt from values."""

    kind: ClassVar[str] = "gradients"
    holds: ClassVar[FieldKind] = "image"
    parameters: ClassVar[int] = 0

    shape: tuple[int, ...]  # (channel, height, width) before pooling
    factor: int
    cell: int  # pixels a side

    @property
    def cells(self) -> tuple[int, int]:
        """Cells down and across, two at least."""
        _, height, width = pooled_shape(self.shape, self.factor)
        return max(2, height // self.cell), max(2, width // self.cell)

    @property
    def width(self) -> int:
        """Four histograms a block."""
        down, across = self.cells
        return (down - 1) * (across - 1) * 4 * BINS

    @property
    def multiply_adds(self) -> int:
        """Each pixel of the pooled image meets each bin; about."""
        return prod(self.shape) + prod(pooled_shape(self.shape, self.factor)[1:]) * BINS

    def read(self, values: Array) -> Array:
        """**Shape**: uint8 ``(row, channel, height, width)`` in, float32 ``(row, block * cell * bin)`` out."""
        answers = np.empty((len(values), self.width), np.float32)
        for block in blocks(len(values), 8 * prod(self.shape)):
            images = fitted(shrunk(values[block], self.factor), self.cells, self.cell)
            answers[block] = normalised(cell_histograms(images, self.cell)).reshape(len(images), self.width)
        return answers

    def arrays(self) -> dict[str, Array]:
        """Shape, factor and cell."""
        whole = {name: np.array([getattr(self, name)], np.int64) for name in ("factor", "cell")}
        return {"shape": shape_array(self.shape), **whole}

    @classmethod
    def from_arrays(cls, arrays: dict[str, Array]) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: they cannot be right.
        """
        shape = read_shape(arrays, 3)
        factor, cell = read_whole(arrays, "factor", 1, max(shape[1:])), read_whole(arrays, "cell", 2, 64)
        check_arrays(arrays, {"shape": ("int64", (3,)), "factor": ("int64", (1,)), "cell": ("int64", (1,))})
        return cls(shape=shape, factor=factor, cell=cell)


def gradients_for(shape: tuple[int, ...], side: int) -> Gradients:
    """The cells for images of a shape, pooled to at most ``side`` pixels a side."""
    factor = factor_for(max(shape[1:]), side)
    _, height, width = pooled_shape(shape, factor)
    cell = next((cell for least, cell in CELLS if min(height, width) >= least), SMALLEST_CELL)
    return Gradients(shape=shape, factor=factor, cell=cell)


def fitted(images: Array, cells: tuple[int, int], cell: int) -> Array:
    """Images of whole cells: what is over at the right and below is left out, what lacks repeats the edge."""
    height, width = cells[0] * cell, cells[1] * cell
    lack = [(0, 0), (0, 0), (0, max(0, height - images.shape[2])), (0, max(0, width - images.shape[3]))]
    return np.pad(images, lack, mode="edge")[:, :, :height, :width]


def cell_histograms(images: Array, cell: int) -> Array:
    """Weighted votes for each angle. **Shape**: ``(row, channel, height, width)`` in, ``(row, down, across, bin)`` out.

    >>> ramp = np.tile(np.arange(8.0, dtype=np.float32), (1, 1, 8, 1))  # grows to the right: 0 degrees, on the border
    >>> cell_histograms(ramp, 8)[0, 0, 0].round(6).tolist()
    [48.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 48.0]
    """
    across, down = np.zeros_like(images), np.zeros_like(images)
    across[..., 1:-1] = images[..., 2:] - images[..., :-2]
    down[..., 1:-1, :] = images[..., 2:, :] - images[..., :-2, :]
    if images.shape[1] > 1:
        largest = (across**2 + down**2).argmax(axis=1)[:, None]
        across, down = (np.take_along_axis(one, largest, axis=1) for one in (across, down))
    across, down = across[:, 0], down[:, 0]
    size = np.sqrt(across**2 + down**2)
    place = np.arctan2(down, across) * (BINS / np.pi) - 0.5  # in bins, from the centre of the first
    rows, height, width = size.shape
    votes = np.empty((rows, height // cell, width // cell, BINS), np.float32)
    for angle in range(BINS):
        away = np.abs((place - angle + BINS / 2) % BINS - BINS / 2)
        share = size * np.maximum(0, 1 - away)
        votes[..., angle] = share.reshape(rows, height // cell, cell, width // cell, cell).sum(axis=(2, 4))
    return votes


def normalised(votes: Array) -> Array:
    """Blocks of 2 x 2 cells, L2-Hys. **Shape**: ``(row, down, across, bin)`` in, ``(row, down, across, 36)`` out."""
    corners = (votes[:, :-1, :-1], votes[:, :-1, 1:], votes[:, 1:, :-1], votes[:, 1:, 1:])
    return _unit(np.minimum(_unit(np.concatenate(corners, axis=3)), CUT), SMALL / 100)


def _unit(vectors: Array, small: float = SMALL) -> Array:
    return np.asarray(vectors / np.sqrt((vectors**2).sum(axis=-1, keepdims=True) + np.float32(small**2)))
