"""Random streams that never disturb each other.

Every draw has a purpose (initialisation, order, dropout, split) and every purpose its own stream, derived from the
seed by a hash. A stream therefore never depends on how much another one has drawn, nor on who else is in a fleet.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A seed in ``[0, 2**63)`` for one purpose; other purposes and other seeds give unrelated ones.

    >>> derive_seed(0, "order") == derive_seed(0, "order"), derive_seed(0, "order") == derive_seed(0, "dropout")
    (True, False)
    """
    text = "/".join([str(int(seed)), *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """A numpy generator for one purpose."""
    return np.random.default_rng(derive_seed(seed, *purpose))


def torch_stream(seed: int, *purpose: str | int, device: str | torch.device = "cpu") -> torch.Generator:
    """A torch generator for one purpose, on the device where the draws are needed."""
    import torch

    return torch.Generator(device=device).manual_seed(derive_seed(seed, *purpose))
