"""Small pictures that several tests share."""

import io

import numpy as np
from PIL import Image


def noise(height, width, channels=3, seed=0):
    """Random pixels uint8, ``(height, width)`` or ``(height, width, channel)``."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def encoded(pixels, form="PNG", **options):
    """The bytes of an image file with these pixels, or of a Pillow image."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
