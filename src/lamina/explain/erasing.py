r"""What an answer loses when a part of an image, a text or a series is taken away: the way that suits every model.

    contribution(part) = F(row) - F(row without the part)

F is the chance of the class that is answered, or the number. What is taken away is replaced by what stands in a row
that has none of it at all: the mean colour of the training images, no word, no value. A part that changes nothing has
exactly 0; positive means that the part speaks for the answer. Contributions of parts do not add up to anything: two
words that say the same lose nothing one by one.

Sources: Zeiler and Fergus (2014), arXiv:1311.2901 (images); Li, Monroe and Jurafsky (2016), arXiv:1612.08220 (words).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lamina.data import Batch
from lamina.explain.asking import CELLS_AT_ONCE, Floats, decided
from lamina.model import Model

Array = npt.NDArray[Any]
Answer = Callable[[Sequence[Array]], Floats]  # what a model answers, were the field each of these: ``(array,)``


def answer_of(model: Model, row: Batch, place: int, output: int) -> Answer:
    """The answer about one encoded row as a function of one of its fields.

    Args:
        model: any model.
        row: a batch of one row.
        place: of the field, in ``row.fields``.
        output: which of the answers is meant: the code of a class, 0 for a number.

    **Shape**: the function takes arrays shaped as the field of one row, and gives float64 ``(array,)``.
    """
    at_once = max(1, CELLS_AT_ONCE // max(1, math.prod(row.fields[place].shape)))

    def answers(fields: Sequence[Array]) -> Floats:
        parts = [
            decided(model, with_field(row, place, np.stack(fields[start : start + at_once])))[:, output]
            for start in range(0, len(fields), at_once)
        ]
        return np.concatenate([np.zeros(0), *parts])

    return answers


def with_field(row: Batch, place: int, fields: Array) -> Batch:
    """One row as often as there are ``fields`` ``(row, ...)``, which take the place of its own."""
    every = row.take(np.zeros(len(fields), np.int64))
    others = tuple(fields if i == place else field for i, field in enumerate(every.fields))
    return Batch(numbers=every.numbers, categories=every.categories, fields=others)


def losses(whole: float, answers: Answer, erased: Sequence[Array]) -> Floats:
    """What the answer loses in each of these arrays, of which a part was taken away: float64 ``(array,)``."""
    return whole - answers(erased)
