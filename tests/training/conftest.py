"""Small fleets for the tests of the training room."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from lamina.foundation.signature import Signature
from lamina.networks import MLP, CrossEntropy
from lamina.training import Member, Rows, Trained, Training, fit_fleet


@pytest.fixture
def pool() -> Rows:
    """Three clouds of 40 points in four dimensions, float64."""
    random = torch.Generator().manual_seed(0)
    truth = torch.arange(120) % 3
    points = torch.randn(120, 4, generator=random, dtype=torch.float64) + 2.0 * truth[:, None]
    return Rows(inputs=(points,), truth=truth)


@pytest.fixture
def train(pool: Rows) -> Callable[..., Trained]:
    """Train members on the clouds; keyword arguments change the `Training`."""

    def run(members: list[Member], network: MLP | None = None, rows: Rows | None = None, **settings: object) -> Trained:
        spec = network or MLP(widths=(8,), activation="tanh")
        signature = Signature(features=4, scores=3)
        keep = {key: settings.pop(key) for key in ("checkpoint", "checkpoint_seconds", "on_epoch") if key in settings}
        training = Training(**{"epochs": 5, "batch": 16, "precision": "float64", "device": "cpu", **settings})
        return fit_fleet(
            lambda seed: spec.build(signature, seed=seed), rows or pool, members, training, loss=CrossEntropy(), **keep
        )

    return run


def member(start: int = 0, end: int = 90, **own: object) -> Member:
    """A member that trains on rows ``start`` to ``end`` and is judged on the last thirty."""
    return Member(train=torch.arange(start, end), validation=torch.arange(90, 120), **own)
