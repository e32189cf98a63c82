"""Contributions made coarse enough for a screen of letters: plain lists of shares of the strongest, from -1 to 1."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lamina.explain.asking import Floats
from lamina.explain.field import FieldExplanation
from lamina.explain.words import Word


class Said(NamedTuple):
    """A word, what it says for the answer, and that as a share of what the strongest word says."""

    word: Word
    contribution: float
    share: float


class Line(NamedTuple):
    """One channel of a series, the first being 0, and the strongest share in each part of its steps."""

    channel: int
    shares: list[float]


def said_words(one: FieldExplanation) -> list[Said]:
    """The words of a text in the order of reading."""
    shares = _shares(one.values).tolist()
    return [Said(*parts) for parts in zip(one.words, one.values.tolist(), shares, strict=True)]


def coarse_map(values: Floats, *, across: int, down: int) -> list[list[float]]:
    """An image's contributions as rows of at most so many letters, each twice as high as wide.

    **Shape**: ``values`` float64 ``(height, width)``.

    >>> coarse_map(np.array([[0.0, 2.0], [0.0, -1.0]]), across=4, down=2)
    [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, -0.5, -0.5]]
    """
    height, width = values.shape
    across = min(across, 2 * width)
    lines = max(1, min(down, height, round(height / width * across / 2)))
    wide = values if width >= across else values.repeat(-(-across // width), axis=1)
    rows = [part.mean(axis=0) for part in np.array_split(wide, lines)]
    coarse = np.array([[cell.mean() for cell in np.array_split(row, across)] for row in rows])
    shares: list[list[float]] = _shares(coarse).tolist()
    return shares


def coarse_lines(values: Floats, *, channels: int, steps: int) -> list[Line]:
    """The channels of a series that tell the most, in order, as at most so many shares each.

    **Shape**: ``values`` float64 ``(channel, step)``.

    >>> coarse_lines(np.array([[0.0, 0.0, 0.0], [0.0, 2.0, 1.0]]), channels=1, steps=2)
    [Line(channel=1, shares=[1.0, 0.5])]
    """
    telling = np.argsort(-np.abs(values).max(axis=1), kind="stable")[:channels]
    shares = _shares(values)
    parts = {channel: np.array_split(shares[channel], min(steps, values.shape[1])) for channel in sorted(telling)}
    return [Line(int(c), [float(part[np.abs(part).argmax()]) for part in found]) for c, found in parts.items()]


def _shares(values: Floats) -> Floats:
    """Values as shares of the strongest; all 0 if none says anything."""
    largest = float(np.abs(values).max(initial=0.0))
    return values / largest if largest else values
