"""A trial: rows to learn from and rows that only judge. Every contender tries each one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

RowNumbers = npt.NDArray[np.int64]
Purpose = Literal["judge", "keep", "curve"]
NO_ROWS: RowNumbers = np.arange(0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """Rows to learn from and rows that only judge, int64 ``(row,)`` each.

    ``purpose`` "keep" is what is kept: nothing is left to judge it by. ``repeat`` counts the draws of the folds.
    """

    train: RowNumbers
    test: RowNumbers
    purpose: Purpose = "judge"
    repeat: int = 0
