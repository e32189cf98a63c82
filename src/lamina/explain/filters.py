"""What the first layer of an image network looks for: its filters as small pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lamina.explain.network import member_module, predictor_of
from lamina.model import Model
from lamina.networks.convolution import Convolve

SMALLEST = 3  # pixels a side: a filter of one pixel is no picture

Pixels = npt.NDArray[np.uint8]


def first_filters(model: Model, column: str, *, most: int = 32) -> Pixels | None:
    """The filters of the first convolution that reads a column of images, those with the largest weights first.

    Each is drawn by itself between its smallest weight (black) and its largest (white), zero being the middle grey;
    in colour where the image has colours. None where nothing convolves the image: then there are no filters.

    **Shape**: uint8 ``(filter, channel, height, width)``.

    Raises:
        LaminaError: the model is no network.
    """
    predictor = predictor_of(model, what="the filters of its first layer")
    place = model.encoder.field_names.index(column)
    parts = member_module(predictor).get_submodule(f"encoders.{place}").modules()
    first = next((part for part in parts if isinstance(part, Convolve)), None)
    channels = model.encoder.fields[place].shape[0]
    if first is None or first.weight.shape[1] != channels or min(first.weight.shape[2:]) < SMALLEST:
        return None
    weights = first.weight.detach().numpy()
    strongest = np.argsort(-np.square(weights).sum(axis=(1, 2, 3)), kind="stable")[:most]
    chosen = weights[strongest]
    sizes = np.abs(chosen).max(axis=(1, 2, 3), keepdims=True)
    return (127.5 + 127.5 * chosen / np.where(sizes > 0, sizes, 1)).round().astype(np.uint8)


def mosaic(filters: Pixels, *, across: int = 8, zoom: int = 6) -> Pixels:
    """Filters ``(filter, channel, height, width)`` side by side in one picture ``(channel, height, width)``.

    >>> mosaic(np.zeros((3, 1, 2, 2), np.uint8), across=2, zoom=1).shape
    (1, 7, 7)
    """
    count, channels, height, width = filters.shape
    across = min(across, count)
    large = filters.repeat(zoom, axis=2).repeat(zoom, axis=3)
    high, wide = height * zoom + 1, width * zoom + 1
    sheet = np.full((channels, -(-count // across) * high + 1, across * wide + 1), 255, np.uint8)
    for i, one in enumerate(large):
        down, right = i // across * high + 1, i % across * wide + 1
        sheet[:, down : down + high - 1, right : right + wide - 1] = one
    return sheet
