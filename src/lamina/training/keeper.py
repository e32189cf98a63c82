"""The weights worth keeping: for every member its best ones by validation loss, or its last ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from lamina.training.fleet import Fleet


class Keeper:
    """Holds one set of weights for each member that ever was in the fleet, stopped or not."""

    def __init__(self, fleet: Fleet) -> None:
        self.parameters = fleet.result().clone()
        self.buffers = {name: buffer.clone() for name, buffer in fleet.buffers.items()}
        members = len(fleet.members)
        self.best_loss = [math.inf] * members
        self.best_epoch = [0] * members

    def offer(self, fleet: Fleet, alive: Sequence[int], losses: Sequence[float], epoch: int) -> None:
        """Keep the weights of those members whose validation loss is lower than ever before."""
        improved = [
            i for i, (member, loss) in enumerate(zip(alive, losses, strict=True)) if loss < self.best_loss[member]
        ]
        for i in improved:
            self.best_loss[alive[i]] = losses[i]
            self.best_epoch[alive[i]] = epoch
        self.take(fleet, alive, improved)

    def take(self, fleet: Fleet, alive: Sequence[int], positions: Sequence[int]) -> None:
        """Keep the present weights of the members at these positions of the fleet."""
        if not positions:
            return
        here = torch.tensor(positions, device=self.parameters.device)
        there = torch.tensor([alive[i] for i in positions], device=self.parameters.device)
        self.parameters.index_copy_(0, there, fleet.result().index_select(0, here))
        for name, buffer in fleet.buffers.items():
            self.buffers[name].index_copy_(0, there, buffer.index_select(0, here))

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint stores."""
        return {"kept.parameters": self.parameters, **{f"kept.buffer.{n}": b for n, b in self.buffers.items()}}

    def load(self, stored: dict[str, Tensor]) -> None:
        """Take back what `tensors` gave."""
        for name, tensor in self.tensors().items():
            tensor.copy_(stored[name])
