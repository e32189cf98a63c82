"""What a search changes: a network, how it learns, and how many of it answer together."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.foundation.specs import setting
from lamina.networks import Network
from lamina.training import Training


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A network, how it learns, and how many of it answer together: what a point of the space stands for."""

    network: Network
    training: Training
    members: int = setting(1, "networks that answer together", low=1, high=64, log=True)
