"""Fleets of four sizes of network, 1, 8 and 50 members: every way to train them against the one that the planner takes.

A way is how many members learn in one program: one after the other (1), some at a time (4, 16), all. bfloat16 products
are measured as well, but are no choice of the planner's: they give another result. CPU time a member and step of the
very steps that `fit_fleet` takes (AdamW, decay, clipping), one thread, all ways in turn, round after round.
Run: ``python benchmarks/fleets.py``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from common import cpu_seconds, write

from lamina.foundation.devices import Precision
from lamina.foundation.signature import Signature
from lamina.networks import MLP, CrossEntropy
from lamina.training import Member, Rows, Training
from lamina.training.fleet import Fleet
from lamina.training.order import dealt
from lamina.training.plan_fleet import plan_fleet
from lamina.training.rules import Knobs

NETWORKS = ((4, (10, 10), 3, 32), (30, (64, 64), 2, 64), (100, (256, 256), 2, 256), (500, (512, 512), 10, 512))
MEMBERS = (1, 8, 50)
CHUNKS = (1, 4, 16)
STEPS = 2  # in an epoch
SECONDS = 0.1  # of a measurement, about
ROUNDS = 4


@dataclass(frozen=True)
class Shape:
    """A network and its batch."""

    features: int
    widths: tuple[int, ...]
    scores: int
    batch: int

    def __str__(self) -> str:
        return "-".join(map(str, (self.features, *self.widths, self.scores))) + f" / {self.batch}"

    def build(self, seed: int) -> torch.nn.Module:
        """An untrained network."""
        return MLP(widths=self.widths).build(Signature(features=self.features, scores=self.scores), seed=seed)

    def rows(self) -> Rows:
        """As many random rows as an epoch takes."""
        random, count = torch.Generator().manual_seed(0), STEPS * self.batch
        numbers = torch.randn(count, self.features, generator=random)
        return Rows(inputs=(numbers,), truth=torch.randint(0, self.scores, (count,), generator=random))


def program(shape: Shape, members: int, precision: Precision = "float32") -> Callable[[], None]:
    """An epoch of so many members in one program."""
    training = Training(batch=shape.batch, device="cpu", precision=precision)
    pool, every = shape.rows(), torch.arange(STEPS * shape.batch)
    each = [Member(train=every, validation=every[:0], seed=seed) for seed in range(members)]
    networks = [shape.build(member.seed) for member in each]
    fleet = Fleet(networks, each, training, CrossEntropy(), torch.device("cpu"))
    knobs = Knobs(learning_rate=torch.full((members, 1), 1e-3), decay=torch.full((members, 1), 0.2))

    def epoch() -> None:
        for rows, step in dealt(pool, fleet.shuffler.epoch()):
            fleet.step(rows, step, knobs)

    return epoch


def sizes(members: int, together: int) -> list[int]:
    """Members of each program, as even as they can be."""
    programs = math.ceil(members / together)
    return [members // programs + (i < members % programs) for i in range(programs)]


def fleet_of(shape: Shape, members: int, together: int, precision: Precision = "float32") -> Callable[[int], float]:
    """CPU seconds a member and step of so many epochs of all programs, one program after the other."""
    programs = [program(shape, size, precision) for size in sizes(members, together)]

    def measured(epochs: int) -> float:
        def work() -> None:
            for epoch in programs:
                for _ in range(epochs):
                    epoch()

        return cpu_seconds(work)[0] / (epochs * STEPS * members)

    measured(1)
    return measured


def cell(shape: Shape, members: int) -> dict[str, Any]:
    """Every way for so many networks of one shape, and how the planner's compares."""
    plan = plan_fleet(shape.build(0), shape.rows().inputs, shape.batch, members, torch.device("cpu"))
    chosen = len(plan.groups[0])
    counts = sorted({min(count, members) for count in (*CHUNKS, members, chosen)})
    ways = {str(count): fleet_of(shape, members, count) for count in counts}
    ways["bfloat16, 1" if chosen == 1 else f"bfloat16, {chosen}"] = fleet_of(shape, members, chosen, "bfloat16")
    once = ways[str(chosen)](1) * STEPS * members
    epochs = max(1, min(100, round(SECONDS / once)))
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, measured in ways.items():
            seconds[name].append(measured(epochs))
    same = [name for name in ways if not name.startswith("bfloat16")]
    best = min(same, key=lambda name: statistics.median(seconds[name]))
    behind = statistics.median(a / b for a, b in zip(seconds[str(chosen)], seconds[best], strict=True))
    return {
        "microseconds": {name: round(1e6 * statistics.median(values), 2) for name, values in seconds.items()},
        "planner": str(chosen),
        "says": str(plan),
        "best": best,
        "planner / best, median of ratios": round(behind, 3),
    }


def main() -> None:
    """Measure, print, keep."""
    torch.set_num_threads(1)
    cells = {}
    for shape in (Shape(*network) for network in NETWORKS):
        for members in MEMBERS:
            found = cell(shape, members)
            cells[f"{shape}, {members} members"] = found
            print(f"{shape!s:>24} {members:>3}  {found['planner']:>3}  {found['microseconds']}", flush=True)
    worst = max(found["planner / best, median of ratios"] for found in cells.values())
    work = "CPU microseconds a member and step by members of a program, one thread, AdamW with decay and clipping"
    write("fleets", {"work": work, "worst planner / best": worst, "cells": cells})


if __name__ == "__main__":
    main()
