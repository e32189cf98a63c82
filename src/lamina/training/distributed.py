r"""Several processes, on one machine or many, that train one fleet: each takes its share of the rows of every step.

All of them hold the same weights, moments and streams and deal out the same batches, since order comes from seeds. Of
each batch rank r takes every ``size``-th row from the r-th on. With S_r the weight of a member's rows there, L_r their
weighted mean loss and g_r its gradient, one sum over the ranks makes the step that one process would have made:

    S = sum over r of S_r        L = sum over r of S_r L_r / S        g = sum over r of S_r g_r / S

A member without rows on some rank has S_r = 0 there. Sums come back the same to the last bit on every rank, so all
updates agree without being sent. Against one process they differ by rounding alone.

Source: the synchronous data parallelism of Li et al. (2020), arXiv:2006.15704. We differ: a fleet's gradient is one
flat tensor already, so there are no buckets and nothing is overlapped; ranks are weighted by their rows, not alike.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import Tensor

from lamina.foundation.devices import pick_device
from lamina.foundation.errors import DeviceError, SpecError, TrainingError, first_line
from lamina.foundation.processes import Place, place_here
from lamina.networks import Loss
from lamina.training.joining import join
from lamina.training.order import Step


@dataclass(frozen=True)
class Share:
    """A rank's part of a step: its own rows, and which columns of the batch they are (None: all)."""

    step: Step
    columns: slice | None = None


@dataclass(frozen=True)
class Ranks:
    """The processes that share a run, seen from one of them; alone unless said otherwise.

    >>> alone = Ranks()
    >>> alone.any(False), alone.told(b"go"), alone.added(2.5)
    (False, b'go', 2.5)
    """

    place: Place = field(default_factory=Place)

    @property
    def several(self) -> bool:
        """Whether there is anybody to share with."""
        return self.place.several

    @property
    def first(self) -> bool:
        """Whether this is the process that speaks and writes for all."""
        return self.place.first

    def share(self, step: Step) -> Share:
        """This rank's rows of a step; one row that does not count where there are fewer rows than ranks.

        >>> step = Step(torch.arange(7)[None])
        >>> [Ranks(Place(rank=rank, size=3)).share(step).step.index.tolist() for rank in range(3)]
        [[[0, 3, 6]], [[1, 4]], [[2, 5]]]
        """
        if not self.several:
            return Share(step)
        rank, size = self.place.rank, self.place.size
        members, width = step.index.shape
        if rank >= width:
            return Share(Step(step.index[:, :1], (0,) * members), slice(0, 1))
        columns = slice(rank, None, size)
        counts = None if step.counts is None else tuple(len(range(rank, count, size)) for count in step.counts)
        return Share(Step(step.index[:, columns], counts), columns)

    def combine(self, losses: Tensor, gradient: Tensor, weight: Tensor) -> Tensor:
        """The losses ``(member,)`` of whole batches; the gradient ``(member, parameter)`` becomes theirs in place.

        Args:
            weight: S_r, what each member's rows on this rank weigh together, ``(member,)``.
        """
        ours = torch.cat([gradient, losses[:, None], torch.ones_like(losses)[:, None]], dim=1).mul_(weight[:, None])
        summed = self.sum(ours)
        total = summed[:, -1:]
        summed = summed / total.masked_fill(total == 0, 1)
        gradient.copy_(summed[:, :-2])
        return summed[:, -2]

    def joined(self, own: Tensor, columns: slice | None, width: int) -> Tensor:
        """All ranks' columns ``(member, width, ...)`` of what each has a share of, ``(member, own rows, ...)``."""
        if not self.several:
            return own
        whole = own.new_zeros(own.shape[0], width, *own.shape[2:])
        if self.place.rank < width:
            whole[:, columns] = own
        return self.sum(whole)

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all ranks, in place."""
        if self.several:
            with _heard():
                dist.all_reduce(values)
        return values

    def any(self, ours: bool) -> bool:
        """Whether it is so on any rank."""
        return bool(self.sum(torch.tensor(int(ours)))) if self.several else ours

    def added(self, ours: float) -> float:
        """A number of this rank, added up over all."""
        return float(self.sum(torch.tensor(ours, dtype=torch.float64))) if self.several else ours

    def firsts(self, values: Tensor) -> Tensor:
        """What the first rank has, so that all decide alike; written into the tensor."""
        if self.several:
            with _heard():
                dist.broadcast(values, 0)
        return values

    def told(self, content: bytes) -> bytes:
        """The first rank's bytes, on every rank; what the others pass in is not read."""
        if not self.several:
            return content
        length = int(self.firsts(torch.tensor(len(content))))
        if not length:
            return b""
        room = bytearray(content) if self.first else bytearray(length)
        return self.firsts(torch.frombuffer(room, dtype=torch.uint8)).numpy().tobytes()

    def check_same(self, run: str) -> None:
        """Make sure that every rank is about to do the same.

        Raises:
            TrainingError: a rank's run has another identity.
        """
        if not self.several:
            return
        own = torch.tensor(list(run.encode()), dtype=torch.uint8)
        first = self.firsts(own.clone())
        others = torch.zeros(self.place.size, dtype=torch.int64)
        others[self.place.rank] = int(not torch.equal(own, first))
        apart = [str(rank) for rank, other in enumerate(self.sum(others).tolist()) if other]
        if apart:
            raise TrainingError(
                wrong=f"rank {', '.join(apart)} of {self.place.size} has other rows or settings than rank 0.",
                expected="the same program, data and seeds in every process that torchrun started.",
                remedy="bring the same files to every machine, or unset WORLD_SIZE to let each process train alone.",
            )


ALONE = Ranks()


def ranks_here() -> Ranks:
    """The processes that torchrun started this one with, joined at the first call; `ALONE` if there are none.

    A process group that the caller has made is used as it is.

    Raises:
        DeviceError: torch has no distributed part here, or the caller's group cannot send from the CPU.
        TrainingError: another process did not come.
    """
    place = place_here()
    if not place.several:
        return ALONE
    with _heard():
        join(place)
    return Ranks(place)


def device_for(name: str, ranks: Ranks) -> torch.device:
    """The device of this rank: as `pick_device` says, but of a machine's GPUs each rank takes one.

    Raises:
        DeviceError: more ranks on this machine than GPUs, or a device that ranks cannot share.
    """
    device, local = pick_device(name), ranks.place.local
    if not ranks.several or device.type == "cpu":
        return device
    if device.type != "cuda" or device.index not in (None, local):
        raise DeviceError(
            wrong=f"rank {ranks.place.rank} of {ranks.place.size} was to work on {name!r} ({device}).",
            expected="the CPU, or CUDA with one GPU for each process.",
            remedy='use device="cuda" or device="cpu".',
        )
    if local >= torch.cuda.device_count():
        raise DeviceError(
            wrong=f"this machine has {torch.cuda.device_count()} GPUs and at least {local + 1} processes.",
            expected="at most one process for each GPU.",
            remedy=f'try torchrun --nproc-per-node {torch.cuda.device_count()}, or device="cpu".',
        )
    torch.cuda.set_device(local)
    return torch.device("cuda", local)


def check_shareable(loss: Loss, ranks: Ranks) -> None:
    """Refuse a loss of a batch that is not the mean over its rows: ranks' parts of it do not add up.

    Raises:
        SpecError: it is not.
    """
    if ranks.several and type(loss).reduce is not Loss.reduce:
        raise SpecError(
            wrong=f"{type(loss).__name__} cannot be shared among {ranks.place.size} processes.",
            expected="a loss that is a mean over rows, so that parts of a batch add up.",
            remedy="try MeanSquaredError(), which is least for the same answers, or start a single process.",
        )


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            wrong=f"the processes that share this run do not reach each other: {first_line(error)}.",
            expected="all of them at one address, and alive until the end.",
            remedy="torchrun --max-restarts 3 starts them again, and a checkpoint lets them go on where they were.",
        ) from error
