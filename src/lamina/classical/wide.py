"""Rows of which most columns are 0: a dense block and, behind it, a sparse one that holds what is not 0.

    row r of the sparse block: values[starts[r] : starts[r + 1]] in columns[starts[r] : starts[r + 1]]

The layout is that of compressed sparse rows, as scipy has it; but an answer is one product, which numpy can do, so that
a text is answered without scipy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.classical.learnt import Array, Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Wide:
    """Rows with a dense and a sparse block of columns.

    **Shape**: dense float32 ``(row, dense column)``; starts int64 ``(row + 1,)``; columns int64 and values float32
    ``(entry,)``; ``width`` sparse columns.

    >>> rows = Wide(dense=np.ones((1, 1)), starts=np.array([0, 1]), columns=np.array([2]), values=np.ones(1), width=3)
    >>> rows.shape, (rows @ np.array([[1.0], [0.0], [0.0], [5.0]])).tolist()
    ((1, 4), [[6.0]])
    """

    dense: Array
    starts: Array
    columns: Array
    values: Array
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, and columns of both blocks."""
        return len(self.dense), self.dense.shape[1] + self.width

    def __len__(self) -> int:
        return len(self.dense)

    def __matmul__(self, weight: Floats) -> Floats:
        """**Shape**: ``(column, score)`` in, ``(row, score)`` out; a row's sum does not depend on other rows."""
        first = self.dense.shape[1]
        answers = np.asarray(self.dense, np.float64) @ weight[:first]
        row = np.repeat(np.arange(len(self)), np.diff(self.starts))
        for score in range(weight.shape[1]):
            terms = self.values * weight[first:, score][self.columns]
            answers[:, score] += np.bincount(row, weights=terms, minlength=len(self))
        return answers

    def csr(self) -> Any:
        """The same as a float64 ``scipy.sparse.csr_array``; scipy is loaded."""
        from scipy.sparse import csr_array, hstack

        sparse = csr_array((self.values.astype(np.float64), self.columns, self.starts), shape=(len(self), self.width))
        return hstack((csr_array(self.dense.astype(np.float64)), sparse), format="csr")

    def densely(self) -> Array:
        """The same with every zero written out, float32."""
        full = np.zeros((len(self), self.width), np.float32)
        full[np.repeat(np.arange(len(self)), np.diff(self.starts)), self.columns] = self.values
        return np.hstack((self.dense, full))


def side_by_side(blocks: Sequence[Array | Wide], rows: int) -> Array | Wide:
    """Columns of all blocks: float32 ``(row, column)``, or a `Wide` if any block is one."""
    dense = [block.dense if isinstance(block, Wide) else block for block in blocks]
    first = np.hstack([np.zeros((rows, 0), np.float32), *dense])
    wide = [block for block in blocks if isinstance(block, Wide)]
    if not wide:
        return first
    # entries of all blocks, sorted back into rows; the sort keeps the order of the blocks
    row = np.concatenate([np.repeat(np.arange(rows), np.diff(block.starts)) for block in wide])
    shifts = np.cumsum([0, *(block.width for block in wide)])
    columns = np.concatenate([block.columns + shift for block, shift in zip(wide, shifts[:-1], strict=True)])
    order = np.argsort(row, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=rows)))).astype(np.int64)
    values = np.concatenate([block.values for block in wide])
    return Wide(dense=first, starts=starts, columns=columns[order], values=values[order], width=int(shifts[-1]))
