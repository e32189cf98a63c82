r"""Numbers as waves: each one through cosines of learnt frequencies, mixed into a few units.

    w_j(x) = cos(2 pi f_j x + p_j)        e(x) = sum_j w_j(x) W_j + c        out = (x, e(x))

A dense layer learns slow changes of a number first and fast ones late (its spectral bias). Waves of many lengths hand
it the fast ones ready made. ``spread`` is the scale of the frequencies at birth: 0.1 bends a number that lies between
-3 and 3 about once, 1 about ten times.

Sources: Gorishniy, Rubachev and Babenko (2022), arXiv:2203.05556, section 3.3; Holzmüller, Grinsztajn and Steinwart
(2024), arXiv:2407.04491, whose "PBLD" has the phases, leaves the activation away and hands x on. We differ: no
learning rate of its own; frequencies and phases are not decayed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lamina.foundation.specs import check, setting


@dataclass(frozen=True, kw_only=True)
class Periodic:
    """Each number as itself and a learnt mixture of waves.

    >>> waves = Periodic(waves=4, width=2).build(3, stream=torch.Generator().manual_seed(0))
    >>> waves(torch.zeros(5, 3)).shape
    torch.Size([5, 9])
    """

    waves: int = setting(16, "waves of a number", low=1, high=1024, log=True)
    width: int = setting(4, "what is learnt of each number beside itself", low=1, high=128, log=True)
    spread: float = setting(0.3, "standard deviation of the frequencies at birth", above=0, high=1000, log=True)

    def __post_init__(self) -> None:
        check(self)

    def build(self, features: int, *, stream: torch.Generator) -> Waves:
        """The layer for so many numbers; frequencies, phases and weights are drawn from ``stream``."""
        layer = Waves(features, self.waves, self.width)
        if not layer.weight.is_meta:
            with torch.no_grad():
                layer.frequency.copy_(torch.randn(layer.frequency.shape, generator=stream) * self.spread)
                layer.phase.copy_((2 * torch.rand(layer.phase.shape, generator=stream) - 1) * math.pi)
                layer.weight.copy_(torch.randn(layer.weight.shape, generator=stream) / math.sqrt(self.waves))
        return layer


class Waves(nn.Module):
    """The first ``features`` units through waves, what is learnt of them appended to all units.

    **Shape**: ``(batch, unit)`` in, ``unit >= features``; ``(batch, unit + features * width)`` out. ``weight`` is
    ``(features, waves, width)``, ``frequency`` and ``phase`` are ``(features * waves,)``, ``bias`` is
    ``(features * width,)``, each with ``member`` in front for a fleet.
    """

    def __init__(self, features: int, waves: int, width: int) -> None:
        super().__init__()
        self.features, self.width = features, width
        # flat, because a decay takes matrices for weights: without frequencies there would be nothing to learn with
        self.frequency = nn.Parameter(torch.zeros(features * waves))
        self.phase = nn.Parameter(torch.zeros(features * waves))
        self.weight = nn.Parameter(torch.zeros(features, waves, width))
        self.bias = nn.Parameter(torch.zeros(features * width))

    def forward(self, x: Tensor) -> Tensor:
        """``(x, e(x))``."""
        numbers = x[..., : self.features].mT.unsqueeze(-1)  # (..., feature, batch, 1)
        turns = torch.addcmul(self._each(self.phase), numbers, self._each(self.frequency), value=2 * math.pi)
        learnt = (torch.cos(turns) @ self.weight).movedim(-3, -2).flatten(-2)
        return torch.cat((x, learnt + self.bias.unsqueeze(-2)), dim=-1)

    def _each(self, flat: Tensor) -> Tensor:
        """One value a wave ``(..., feature, 1, wave)``, alike for all rows."""
        return flat.view(*flat.shape[:-1], self.features, 1, self.weight.shape[-2])
