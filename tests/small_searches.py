"""Small searches, for tests that care about what is around the training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lamina.networks import MLP
from lamina.training import AdamW, Training
from lamina.tuning import Tuning, tune
from quick import mixed_columns

QUICK = Training(epochs=4, batch=16, optimiser=AdamW(learning_rate=0.02, decay=0.01), device="cpu")
TINY = MLP(widths=(4,), activation="tanh", dropout=0.1)


def small_search(folder: Path, **changes: Any) -> Tuning:
    """A search of one round at random on eighty rows; ``changes`` are arguments of `tune`."""
    usual = {"network": TINY, "training": QUICK, "rounds": 1, "sampler": "random"}
    data = changes.pop("data", mixed_columns())
    return tune(data, changes.pop("target", "grade"), folder=folder, **{**usual, **changes})
