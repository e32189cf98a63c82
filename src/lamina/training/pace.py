"""How long the members of a run learn, and how far each of their steps goes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lamina.training.order import epoch_count, epoch_steps
from lamina.training.rows import Member
from lamina.training.spec import Training


class Pace:
    """Steps in an epoch and epochs in all of each member, and its learning rate at each step.

    >>> member = Member(train=torch.arange(40), validation=torch.arange(0))
    >>> pace = Pace(Training(epochs=2, batch=16), [member], [40])
    >>> pace.steps, pace.limits
    ([3], [2])
    >>> pace.rates([0], 1, 3).shape
    torch.Size([1, 3])
    """

    def __init__(self, training: Training, members: Sequence[Member], rows: Sequence[int]) -> None:
        self.schedule = training.schedule
        self.steps = [epoch_steps(training.rows_a_step, own) for own in rows]
        self.limits = [
            member.epochs or epoch_count(training.epochs, own, steps)
            for member, own, steps in zip(members, rows, self.steps, strict=True)
        ]
        self.bases = torch.tensor(
            [member.learning_rate or training.chosen_optimiser.learning_rate for member in members], dtype=torch.float64
        )
        self._factors: dict[int, Tensor] = {}  # of the schedule, for each number of steps in a run

    def rates(self, members: Sequence[int], epoch: int, steps: int) -> Tensor:
        """Learning rates, float64 ``(member, step)``; a member with fewer steps gets zeros at the end.

        Args:
            members: positions of those that still learn.
            epoch: the first is 1.
            steps: of the longest of them.
        """
        rates = torch.zeros(len(members), steps, dtype=torch.float64)
        for own, epochs in {self._length(member) for member in members}:
            here = [i for i, member in enumerate(members) if self._length(member) == (own, epochs)]
            rates[here, :own] = self._factors_of(own * epochs)[(epoch - 1) * own : epoch * own]
        return rates * self.bases[list(members), None]

    def _length(self, member: int) -> tuple[int, int]:
        return self.steps[member], self.limits[member]

    def _factors_of(self, steps: int) -> Tensor:
        if steps not in self._factors:
            self._factors[steps] = self.schedule.factors(steps)
        return self._factors[steps]
