"""Blocks: in which order the pieces of a table larger than memory are met, and their rows encoded as they come.

A piece is a short run of rows, a block some pieces from anywhere in the table, held at once and shuffled by whoever
learns from it. Every row to learn from comes once an epoch. The order follows from the seed, the epoch, the number of
rows and their width; how the rows are dealt to files or row groups does not matter to it.

Runs are short so that a table sorted by its answer still gives mixed blocks. The price: a row group larger than a piece
is decoded again for each of them, from its beginning to where the piece ends. It is paid in another thread than the one
that learns; files with row groups of about 100,000 rows hardly pay it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data.batch import Batch
from lamina.data.encoder import Encoder
from lamina.data.sources import Source
from lamina.data.stream import Survey
from lamina.foundation.randomness import numpy_stream

BLOCK_BYTES = 64 << 20  # of the encoded rows of a block
FOUND_BYTES = 256 << 20  # of the rows of a block as they are found, an eighth of which is read at a time
MOST_ROWS, LEAST_ROWS = 1 << 19, 1 << 10  # of a block
PIECES = 8  # in a block


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The rows of a source to learn from, encoded piece by piece.

    Args:
        source: where the rows are.
        survey: which of them are learnt from.
        encoder: fitted to the survey's sample.
        rows: of the source in a block; `block_rows` knows how many are right.
    """

    source: Source
    survey: Survey
    encoder: Encoder
    rows: int

    def epoch(self, number: int) -> Iterator[tuple[Batch, pa.ChunkedArray]]:
        """The pieces of an epoch in its order: encoded inputs, and the target as the table has it.

        Raises:
            DataError: a file is damaged; it is named.
        """
        pieces = piece_order(self.source.rows, self.rows, seed=self.survey.seed, epoch=number)
        for start, stop in pieces:
            table = self.survey.learning(self.source.raw(start, stop))
            if table.num_rows:
                yield self.encoder.encode(table), table.column(str(self.survey.schema.target))


def block_rows(encoder: Encoder, row_bytes: int) -> int:
    """How many rows make a block: as many as fit in memory encoded, and piece by piece as they are found.

    >>> from lamina.data.numbers import NumberEncoder
    >>> block_rows(Encoder(columns=(NumberEncoder(name="mass", centre=0.0, scale=1.0),)), row_bytes=16)
    524288
    """
    wide = encoder.row_bytes + 8
    return int(min(MOST_ROWS, max(LEAST_ROWS, min(BLOCK_BYTES // wide, FOUND_BYTES // row_bytes))))


def piece_order(rows: int, block: int, *, seed: int, epoch: int) -> Iterator[tuple[int, int]]:
    """The pieces of all rows, each once, as first row and end; those of one block come in order.

    What fits in one block comes as it stands, so that only the shuffle within the block counts.

    >>> sorted(piece_order(10, 8, seed=0, epoch=1))[:3], len(list(piece_order(10, 8, seed=0, epoch=1)))
    ([(0, 1), (1, 2), (2, 3)], 10)
    """
    size = max(1, block // PIECES)
    starts: npt.NDArray[np.int64] = np.arange(0, rows, size)
    order = numpy_stream(seed, "blocks", epoch).permutation(len(starts)) if rows > block else np.arange(len(starts))
    for first in range(0, len(order), PIECES):
        for start in np.sort(starts[order[first : first + PIECES]]).tolist():
            yield start, min(start + size, rows)
