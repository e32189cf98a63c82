"""In which order a member meets its rows, and how the orders of a fleet are laid side by side.

Every member shuffles with a stream of its own. Members with fewer rows are padded with copies that carry weight 0, so
that a member's steps are the same whoever trains beside it.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lamina.training.rows import Member, Rows

TAKEN_AT_ONCE = 1 << 18  # numbers that are taken for steps to come: 1 MiB in float32


@dataclass(frozen=True)
class Step:
    """The rows of one training step of a fleet.

    Args:
        index: int64 ``(member, batch)``, positions in the pool.
        counts: how many of them are a member's own; the rest is padding. 0: the member sits this step out.
            None when every member fills the whole batch.
    """

    index: Tensor
    counts: tuple[int, ...] | None = None

    def present(self) -> Tensor | None:
        """Weights ``(member, batch)``: 1 for a member's own rows, 0 for padding; None without padding."""
        if self.counts is None:
            return None
        counts = torch.tensor(self.counts, device=self.index.device)[:, None]
        return (torch.arange(self.index.shape[1], device=self.index.device) < counts).float()

    def resting(self) -> Tensor | None:
        """Positions of the members that sit this step out; None when all take part."""
        if self.counts is None or all(self.counts):
            return None
        return torch.tensor([i for i, count in enumerate(self.counts) if not count], device=self.index.device)


def batch_rows(asked: int | str, rows: int) -> int:
    """Rows a step: what was asked for, never more than there are; ``"auto"`` grows with the data.

    >>> batch_rows("auto", 342), batch_rows("auto", 50_000), batch_rows("all", 342), batch_rows(512, 100)
    (32, 256, 342, 100)
    """
    if asked == "all":
        return rows
    if asked == "auto":
        asked = 32 if rows < 1_000 else 128 if rows < 10_000 else 256
    return min(int(asked), rows)


def epoch_steps(asked: int | str, rows: int) -> int:
    """Training steps in one pass over ``rows`` rows."""
    return math.ceil(rows / batch_rows(asked, rows))


def epoch_count(asked: int | str, rows: int, steps: int) -> int:
    """Passes over so many rows, each of so many steps: what was asked for, or by ``"auto"`` what usually suffices.

    Few rows take 300 steps, however many passes that is: there more passes learn the rows by heart, and fewer do not
    arrive. From 1,000 rows on it is 40 passes, from 10,000 on as many as meet 400,000 rows, but from 10 to 30.

    >>> [epoch_count("auto", rows, steps) for rows, steps in ((344, 11), (1797, 15), (16_000, 63), (50_000, 196))]
    [28, 40, 25, 10]
    """
    if asked != "auto":
        return int(asked)
    if rows < 1_000:
        return math.ceil(300 / steps)
    return 40 if rows < 10_000 else min(30, max(10, math.ceil(400_000 / rows)))


class Shuffler:
    """Deals out a fleet's epochs: every member's rows once, in a new order, cut into steps.

    Args:
        members: whose rows; all tensors on one device.
        streams: one CPU generator a member; each epoch advances each by one shuffle.
        asked: rows a step, as in `batch_rows`.
    """

    def __init__(self, members: Sequence[Member], streams: Sequence[torch.Generator], asked: int | str) -> None:
        self.streams = streams
        self.lengths = [len(member.train) for member in members]
        self.widths = [batch_rows(asked, rows) for rows in self.lengths]
        self.rows = side_by_side([member.train for member in members]).index
        self.places = torch.zeros(self.rows.shape, dtype=torch.int64)  # a row's padding keeps place 0: a row of its own
        self.own = [place[:rows] for place, rows in zip(self.places, self.lengths, strict=True)]

    def epoch(self) -> list[Step]:
        """The steps of one epoch."""
        for own, rows, stream in zip(self.own, self.lengths, self.streams, strict=True):
            torch.randperm(rows, generator=stream, out=own)
        order = self.rows.gather(1, self.places.to(self.rows.device))
        if len(set(self.widths)) == 1:
            pieces = torch.split(order, self.widths[0], dim=1)
            return [Step(piece, self._counts(i, piece.shape[1])) for i, piece in enumerate(pieces)]
        parts = [
            torch.split(own[:rows], width) for own, rows, width in zip(order, self.lengths, self.widths, strict=True)
        ]
        return [
            side_by_side([own[i] if i < len(own) else order[0, :0] for own in parts])
            for i in range(max(map(len, parts)))
        ]

    def _counts(self, step: int, width: int) -> tuple[int, ...] | None:
        """How many rows of a step are each member's own, None if all are."""
        start = step * self.widths[0]
        if start + width <= min(self.lengths):
            return None
        return tuple(min(max(rows - start, 0), width) for rows in self.lengths)


def dealt(pool: Rows, steps: Sequence[Step]) -> Generator[tuple[Rows, Step], None, None]:
    """The steps, each with the rows that it names ``(member, batch, ...)``.

    Rows are taken for several steps at once, as many as `TAKEN_AT_ONCE` allows: for small networks taking rows step by
    step would be a tenth of a step.
    """
    a_row = sum(tensor[:1].numel() for tensor in (*pool.inputs, pool.truth))
    numbers = 0
    waiting: list[Step] = []
    for step in steps:
        more = step.index.numel() * a_row
        if waiting and numbers + more > TAKEN_AT_ONCE:
            yield from _taken(pool, waiting)
            waiting, numbers = [], 0
        waiting.append(step)
        numbers += more
    yield from _taken(pool, waiting)


def _taken(pool: Rows, steps: Sequence[Step]) -> Iterator[tuple[Rows, Step]]:
    if len(steps) == 1:
        return iter([(pool.take(steps[0].index), steps[0])])
    rows = pool.take(torch.cat([step.index for step in steps], dim=1))
    return zip(rows.split([step.index.shape[1] for step in steps]), steps, strict=True)


def side_by_side(rows: Sequence[Tensor]) -> Step:
    """Row positions of several members, each ``(row,)``, as one padded step."""
    counts = tuple(map(len, rows))
    if len(set(counts)) == 1:
        return Step(torch.stack(list(rows)))
    index = torch.zeros(len(rows), max(counts), dtype=torch.int64, device=rows[0].device)
    for i, own in enumerate(rows):
        if len(own):
            index[i] = own[0]  # padding repeats a row of the member's own, so it is as finite as its rows are
            index[i, : len(own)] = own
    return Step(index, counts)
