"""An image with what speaks for the answer laid over it: grey below, orange for the answer, blue against it."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from lamina.explain.asking import Floats

FOR, AGAINST = (213, 94, 0), (0, 114, 178)  # of Okabe and Ito's palette
STRONGEST = 0.75  # how much of the picture the strongest colour hides

Pixels = npt.NDArray[np.uint8]


def overlay(image: Pixels, values: Floats) -> Pixels:
    """The image in grey under the colours of its contributions; the strongest has the strongest colour.

    **Shape**: ``image`` uint8 ``(channel, height, width)`` and ``values`` float64 ``(height, width)`` in, uint8
    ``(height, width, 3)`` out.

    >>> overlay(np.zeros((1, 1, 2), np.uint8), np.array([[1.0, -1.0]]))[0].tolist()
    [[159, 70, 0], [0, 85, 133]]
    """
    grey = image.astype(np.float64).mean(axis=0)[..., None]
    strength = np.abs(values)[..., None] / (np.abs(values).max() or 1.0) * STRONGEST
    colours = np.where(values[..., None] > 0, np.array(FOR, np.float64), np.array(AGAINST, np.float64))
    mixed: Pixels = ((1 - strength) * grey + strength * colours).astype(np.uint8)
    return mixed


def picture(image: Pixels) -> Pixels:
    """Pixels ``(channel, height, width)`` as a picture file has them: ``(height, width)``, or with 3 colours behind."""
    pixels: Pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    return pixels


def beside(image: Pixels, values: Floats, *, least: int = 256) -> Pixels:
    """The image and, beside it, its `overlay`, each pixel as many times as it takes to be ``least`` pixels across.

    **Shape**: as `overlay`, larger, and twice as wide.
    """
    own = image.transpose(1, 2, 0) if len(image) == 3 else image[0][..., None].repeat(3, axis=2)
    zoom = max(1, -(-least // min(own.shape[:2])))
    both = [side.repeat(zoom, axis=0).repeat(zoom, axis=1) for side in (own, overlay(image, values))]
    return np.concatenate(both, axis=1)


def png_of(pixels: Pixels, *, side: int | None = None) -> bytes:
    """A PNG file of pixels ``(height, width)`` or ``(height, width, 3)``; its longer side is at most ``side``.

    >>> png_of(np.zeros((2, 2), np.uint8))[1:4]
    b'PNG'
    """
    from PIL import Image

    image, file = Image.fromarray(np.ascontiguousarray(pixels)), io.BytesIO()
    if side is not None:
        image.thumbnail((side, side))
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
