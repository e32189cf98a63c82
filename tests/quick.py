"""Small networks and short trainings, for tests that care about what is around the training."""

from __future__ import annotations

from typing import Any

import numpy as np

import lamina
from lamina.evaluation import Protocol, Study
from lamina.networks import MLP
from lamina.training import AdamW, Training

SMALL = MLP(widths=(8,), activation="tanh")
SHORT = Training(epochs=3, device="cpu")
ENOUGH = Training(epochs=30, batch=32, optimiser=AdamW(learning_rate=0.03), device="cpu")  # to learn easy things


# the network alone with the constant, in one draw of the folds, without anything that is told about it afterwards
ALONE = {"contenders": (), "choose": "network", "curve": False, "explain": False, "workers": 0}


def quick_fit(data: Any, target: str | None = None, **changes: Any) -> Study:
    """A study that is over in no time and keeps the network; ``changes`` are arguments of `lamina.fit`."""
    usual = {"network": SMALL, "training": SHORT, "members": 1, "protocol": Protocol(repeats=1)}
    return lamina.fit(data, target, **{**ALONE, **usual, **changes})


def two_clouds(rows: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points ``(row, 2)`` of two classes that a line tells apart, and their classes ``(row,)``."""
    stream = np.random.default_rng(seed)
    y = np.arange(rows) % 2
    return stream.normal(0, 0.5, (rows, 2)) + 2.0 * y[:, None], y


def mixed_columns(rows: int = 80, seed: int = 0) -> dict[str, list[Any]]:
    """Columns of every kind with gaps; ``grade`` follows from ``size``, ``cost`` from ``size`` and ``town``."""
    stream = np.random.default_rng(seed)
    size = stream.normal(0, 1, rows)
    town = stream.integers(0, 3, rows)
    day = np.datetime64("2024-01-01")
    return {
        "size": [None if i % 11 == 5 else float(value) for i, value in enumerate(size)],
        "town": [None if i % 13 == 7 else ["Aarau", "Basel", "Chur"][code] for i, code in enumerate(town)],
        "fresh": [bool(i % 2) for i in range(rows)],
        "sold": [(day + int(d)).astype("datetime64[us]").item() for d in stream.integers(0, 700, rows)],
        "grade": ["high" if value > 0 else "low" for value in size],
        "cost": [float(50 + 10 * value + 5 * code) for value, code in zip(size, town, strict=True)],
    }
