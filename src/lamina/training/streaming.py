"""Rows that come in blocks: an epoch of steps over more rows than memory holds.

A `Blocks` makes the rows of an epoch, in pieces of any sizes. A thread makes the next block out of them while the
fleet learns from the present one; at most these two are held, and the pieces of the one that is being made. Each block
is dealt out by the same `Shuffler` as rows in memory are: one that holds every row gives the very same steps.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from lamina.foundation.errors import TrainingError
from lamina.training.order import Shuffler, Step, batch_rows
from lamina.training.rows import Member, Rows

Made = TypeVar("Made")


class Blocks(Protocol):
    """Rows to learn from that are made anew for each epoch."""

    @property
    def rows(self) -> int:
        """How many rows an epoch has."""

    @property
    def block(self) -> int:
        """How many rows are shuffled together."""

    def epoch(self, number: int) -> Iterator[Rows]:
        """Every row once, in the order of epoch ``number`` (from 1), in pieces of any sizes."""


def block_steps(
    blocks: Blocks,
    epoch: int,
    streams: Sequence[torch.Generator],
    asked: int | str,
    device: torch.device,
    dtype: torch.dtype,
) -> Generator[tuple[Rows, Step], None, None]:
    """The steps of one epoch, each with the rows that it names; as many as `epoch_steps` says.

    Args:
        streams: one CPU generator a member; each block advances each by one shuffle.
        asked: rows a step, as in `batch_rows`.

    Raises:
        TrainingError: the blocks do not hold as many rows as they say.
    """
    width = batch_rows(asked, blocks.rows)
    size = max(width, blocks.block // width * width)  # whole steps, so that none is cut short where blocks meet
    seen = 0
    with contextlib.closing(ahead(even(blocks.epoch(epoch), size))) as made:
        for block in made:
            pool, every = block.to(device, dtype), torch.arange(len(block), device=device)
            seen += len(block)
            members = [Member(train=every, validation=every[:0])] * len(streams)
            for step in Shuffler(members, streams, width).epoch():
                yield pool.take(step.index), step
    if seen != blocks.rows:
        raise TrainingError(
            wrong=f"epoch {epoch} had {seen:,} rows, but {blocks.rows:,} were counted before.",
            expected="a source that stays as it is while it is learnt from.",
            remedy="start again once nothing writes to its files any more.",
        )


def even(pieces: Iterable[Rows], size: int) -> Iterator[Rows]:
    """The same rows in the same order, in blocks of ``size`` rows; the last one may have fewer.

    >>> pieces = [Rows(inputs=(), truth=torch.arange(3)), Rows(inputs=(), truth=torch.arange(3, 8))]
    >>> [block.truth.tolist() for block in even(pieces, 5)]
    [[0, 1, 2, 3, 4], [5, 6, 7]]
    """
    waiting: list[Rows] = []
    for piece in pieces:
        while len(piece):
            missing = size - sum(map(len, waiting))
            waiting.append(_cut(piece, 0, missing))
            piece = _cut(piece, missing, len(piece))
            if sum(map(len, waiting)) == size:
                yield _end_to_end(waiting)
                waiting = []
    if waiting:
        yield _end_to_end(waiting)


def ahead(things: Iterable[Made]) -> Generator[Made, None, None]:
    """The same things in the same order, the next one made by a thread while the present one is used.

    Never are more than two of them held. What goes wrong in the thread is raised here.

    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    room, made, stop = threading.Semaphore(1), queue.SimpleQueue[tuple[bool, object]](), threading.Event()

    def work() -> None:
        try:
            with contextlib.closing(_closable(things)) as source:
                while room.acquire() and not stop.is_set():
                    try:
                        made.put((True, next(source)))
                    except StopIteration:
                        made.put((False, None))
                        return
        except BaseException as error:  # told to the one who waits
            made.put((False, error))

    thread = threading.Thread(target=work, name="blocks", daemon=True)
    thread.start()
    try:
        while True:
            more, thing = made.get()
            if not more:
                if isinstance(thing, BaseException):
                    raise thing
                return
            room.release()
            yield thing  # type: ignore[misc]  # what was put in
            del thing
    finally:
        stop.set()
        room.release()
        thread.join()


def _closable(things: Iterable[Made]) -> Generator[Made, None, None]:
    """Any iterable as a generator, which can be closed."""
    yield from things


def _cut(rows: Rows, start: int, stop: int) -> Rows:
    def cut(tensor: Tensor) -> Tensor:
        return tensor[start:stop]

    return Rows(
        inputs=tuple(map(cut, rows.inputs)),
        truth=cut(rows.truth),
        weights=None if rows.weights is None else cut(rows.weights),
    )


def _end_to_end(pieces: Sequence[Rows]) -> Rows:
    weights = [piece.weights for piece in pieces if piece.weights is not None]
    return Rows(
        inputs=tuple(torch.cat(same) for same in zip(*(piece.inputs for piece in pieces), strict=True)),
        truth=torch.cat([piece.truth for piece in pieces]),
        weights=torch.cat(weights) if weights else None,
    )
