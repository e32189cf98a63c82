"""Images, patch by patch: what the answer loses when a square shows nothing but the mean colour of training.

Squares overlap by half; a pixel's contribution is the mean over the squares that cover it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lamina.explain.asking import Floats
from lamina.explain.erasing import Answer, losses

ALONG = 6  # squares that fit side by side along the shorter side, without overlap
MOST = 24  # squares along an axis

Pixels = npt.NDArray[np.uint8]


class Patch(NamedTuple):
    """A rectangle of pixels: from ``top`` to before ``bottom``, from ``left`` to before ``right``."""

    top: int
    left: int
    bottom: int
    right: int


def image_contributions(image: Pixels, blank: Pixels, *, whole: float, answers: Answer) -> Floats:
    """What each pixel says for the answer.

    **Shape**: ``image`` and ``blank`` uint8 ``(channel, height, width)``; float64 ``(height, width)`` out.

    >>> image, blank = np.zeros((1, 4, 4), np.uint8), np.zeros((1, 4, 4), np.uint8)
    >>> image[0, :2, :2] = 9  # a model that answers by how bright an image is
    >>> bright = lambda images: np.array([one.sum() for one in images], float)
    >>> image_contributions(image, blank, whole=36.0, answers=bright)[[0, 3], [0, 3]].tolist()
    [36.0, 0.0]
    """
    _, height, width = image.shape
    found = patches(height, width)
    lost = losses(whole, answers, [erase_patch(image, blank, patch) for patch in found])
    sums, counts = np.zeros((height, width)), np.zeros((height, width))
    for patch, value in zip(found, lost.tolist(), strict=True):
        here = np.s_[patch.top : patch.bottom, patch.left : patch.right]
        sums[here] += value
        counts[here] += 1
    return sums / counts


def patches(height: int, width: int) -> list[Patch]:
    """Overlapping squares that cover an image of this size; rectangles where it is narrower than one.

    >>> len(patches(8, 8)), patches(8, 8)[-1]
    (49, Patch(top=6, left=6, bottom=8, right=8))
    """
    side = max(2, round(min(height, width) / ALONG), -(-2 * max(height, width) // MOST))
    rows, columns = ((_starts(size, side), min(size, side)) for size in (height, width))
    return [Patch(y, x, y + rows[1], x + columns[1]) for y in rows[0] for x in columns[0]]


def erase_patch(image: Pixels, blank: Pixels, patch: Patch) -> Pixels:
    """A copy of the image whose patch is as the blank has it."""
    erased = image.copy()
    here = np.s_[:, patch.top : patch.bottom, patch.left : patch.right]
    erased[here] = blank[here]
    return erased


def _starts(size: int, side: int) -> list[int]:
    """Where stretches of ``side`` begin that overlap by half and reach from end to end."""
    last = max(0, size - side)
    count = -(-last // max(1, side // 2)) + 1
    return [round(start) for start in np.linspace(0, last, count).tolist()]
