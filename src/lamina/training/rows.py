"""What a fleet trains on: one pool of rows as tensors, and for each member the rows it may see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lamina.foundation.specs import check, setting


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows as tensors, shared by all members, who only differ in which of them they look at.

    Args:
        inputs: tensors ``(row, ...)`` in the order in which the network takes them.
        truth: int64 class codes ``(row,)``, or numbers ``(row, score)``.
        weights: how much each row counts ``(row,)``; None counts all alike.
        present: 0 for rows that only fill a fleet's batch up, else 1; None where every row is real.
    """

    inputs: tuple[Tensor, ...]
    truth: Tensor
    weights: Tensor | None = None
    present: Tensor | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, index: Tensor) -> Rows:
        """The rows at ``index`` ``(member, batch)``: every tensor becomes ``(member, batch, ...)``."""
        return Rows(
            inputs=tuple(_take(tensor, index) for tensor in self.inputs),
            truth=_take(self.truth, index),
            weights=None if self.weights is None else _take(self.weights, index),
        )

    def split(self, widths: list[int]) -> Iterator[Rows]:
        """Taken rows ``(member, batch, ...)`` in pieces of so many along the batch."""
        inputs = zip(*(torch.split(tensor, widths, dim=1) for tensor in self.inputs), strict=True)
        weights = [None] * len(widths) if self.weights is None else torch.split(self.weights, widths, dim=1)
        for own, truth, weight in zip(inputs, torch.split(self.truth, widths, dim=1), weights, strict=True):
            yield Rows(inputs=own, truth=truth, weights=weight)

    def to(self, device: torch.device, dtype: torch.dtype) -> Rows:
        """The same rows on a device, floating point numbers in ``dtype``."""

        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(device, dtype if tensor.is_floating_point() else None)

        weights = None if self.weights is None else moved(self.weights)
        return Rows(inputs=tuple(map(moved, self.inputs)), truth=moved(self.truth), weights=weights)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One network of a fleet: its rows and whatever it has of its own.

    A setting that is None is the one of the `Training` spec.

    Args:
        train: int64 ``(row,)``, positions in the pool to learn from.
        validation: int64 ``(row,)``, positions to be judged on; empty for none.
    """

    train: Tensor
    validation: Tensor
    seed: int = setting(0, "seed of the row order and of the dropout")
    learning_rate: float | None = setting(None, "base learning rate", above=0, log=True)
    decay: float | None = setting(None, "weight decay", low=0)
    dropout: float | None = setting(None, "chance to silence a unit, in every dropout layer", low=0, below=1)
    epochs: int | None = setting(None, "passes over the training rows", low=1)
    patience: int | None = setting(None, "epochs without improvement before stopping", low=1)

    def __post_init__(self) -> None:
        check(self)


def _take(tensor: Tensor, index: Tensor) -> Tensor:
    return tensor.index_select(0, index.flatten()).view(*index.shape, *tensor.shape[1:])
