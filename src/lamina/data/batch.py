"""A batch: encoded rows, as the networks meet them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lamina.foundation.errors import DataError


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Encoded rows: the numbers and, beside them, the codes of the categories and the fields.

    **Shape**: ``numbers`` float32 ``(row, feature)``, ``categories`` int64 ``(row, category)``; either may be 0 wide.
    Each of ``fields`` is ``(row, ...)`` as its `lamina.foundation.signature.Field` says.

    Raises:
        DataError: they do not all have the same number of rows, or the first two not two axes each.

    >>> batch = Batch(numbers=np.zeros((3, 2), np.float32), categories=np.array([[1], [2], [0]]))
    >>> batch.rows, batch.take(np.array([2, 0])).categories.tolist()
    (3, [[0], [1]])
    """

    numbers: npt.NDArray[np.float32]
    categories: npt.NDArray[np.int64]
    fields: tuple[npt.NDArray[Any], ...] = ()

    def __post_init__(self) -> None:
        numbers, categories = self.numbers.shape, self.categories.shape
        uneven = [field.shape for field in self.fields if field.shape[:1] != numbers[:1]]
        if len(numbers) != 2 or len(categories) != 2 or numbers[0] != categories[0] or uneven:
            beside = f", and a field of shape {uneven[0]}" if uneven else ""
            raise DataError(
                wrong=f"a Batch was given numbers of shape {numbers} and categories of shape {categories}{beside}.",
                expected="two axes each, (row, feature) and (row, category), with equally many rows.",
                remedy="encode the table with `encoder.encode(table)`, which makes both.",
            )

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.numbers.shape[0])

    def take(self, rows: npt.NDArray[np.int64]) -> Batch:
        """The rows at these places, in this order; a new batch."""
        fields = tuple(field[rows] for field in self.fields)
        return Batch(numbers=self.numbers[rows], categories=self.categories[rows], fields=fields)
