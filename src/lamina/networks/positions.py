r"""Where a token stands, as waves: what attention needs to know an order.

    p(t, 2i) = sin(t / 10000^(2i / units))        p(t, 2i + 1) = cos(t / 10000^(2i / units))

Nothing is learnt, and a longer text than any before has positions too: a shift by k steps turns each pair of waves by
the same angle wherever it starts.

Source: Vaswani et al. (2017), arXiv:1706.03762, section 3.5. We differ: scaled to length 1, as long as a new embedding.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoids(steps: int, units: int, *, like: Tensor) -> Tensor:
    """Positions ``(step, units)`` of length 1 (for even units), on the device and in the numbers of ``like``.

    >>> sinusoids(2, 2, like=torch.zeros(1))
    tensor([[0.0000, 1.0000],
            [0.8415, 0.5403]])
    """
    pairs = math.ceil(units / 2)
    times = torch.arange(steps, device=like.device, dtype=torch.float32).unsqueeze(-1)
    speeds = torch.exp(torch.arange(pairs, device=like.device) * (-2 * math.log(10_000) / units))
    waves = torch.stack(((times * speeds).sin(), (times * speeds).cos()), dim=-1).flatten(-2)[:, :units]
    return (waves / math.sqrt(pairs)).to(like.dtype)
