"""Runs that one process or several can make: the program that `test_distributed.py` starts, and what it compares with.

With a FOLDER it makes every run of `RUNS` and leaves each process's weights and losses in FOLDER/rank-N; with FOLDER
and the word "interrupted" it makes one run, in which rank 1 is killed once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from lamina.foundation.errors import LaminaError
from lamina.foundation.processes import place_here
from lamina.foundation.signature import Signature
from lamina.networks import MLP, CrossEntropy, Network, RootMeanSquaredError, Table
from lamina.training import (
    SGD,
    AdamW,
    GradientDescent,
    Member,
    Monitor,
    Muon,
    Progress,
    Rows,
    Trained,
    Training,
    accuracy,
    fit_fleet,
)

FOUR_TO_THREE = Signature(features=4, scores=3)
PLAIN = MLP(widths=(8,), activation="tanh", dropout=0.3)
ACCURACY = Monitor(name="accuracy", better="higher", function=accuracy)


def clouds(weighted: bool = False) -> Rows:
    """Three clouds of 40 points in four dimensions, float64; a few of the weights are 0."""
    random = torch.Generator().manual_seed(0)
    truth = torch.arange(120) % 3
    points = torch.randn(120, 4, generator=random, dtype=torch.float64) + 2.0 * truth[:, None]
    weights = torch.rand(120, generator=random, dtype=torch.float64).sub(0.1).clamp(min=0) if weighted else None
    return Rows(inputs=(points,), truth=truth, weights=weights)


def unequal(**own: object) -> list[Member]:
    """Three members with 90, 61 and 34 rows: of the second's last batch there is one row, so one rank has none."""
    return [
        Member(train=torch.arange(rows), validation=torch.arange(90, 120), seed=seed, **own)
        for seed, rows in enumerate((90, 61, 34))
    ]


def run(
    network: Network | Callable[[int], nn.Module] = PLAIN,
    members: list[Member] | None = None,
    pool: Rows | None = None,
    **settings: object,
) -> Trained:
    """Some epochs on the clouds; keyword arguments change the `Training` or are `fit_fleet`'s own."""
    names = ("checkpoint", "checkpoint_seconds", "on_epoch", "blocks", "monitor", "loss")
    own = {name: settings.pop(name) for name in names if name in settings}
    training = Training(**{"epochs": 4, "batch": 20, "precision": "float64", "device": "cpu", **settings})
    spec = network
    build = (lambda seed: spec.build(FOUR_TO_THREE, seed=seed)) if hasattr(spec, "build") else spec
    wanted: dict[str, Any] = {"loss": CrossEntropy(), "monitor": ACCURACY, **own}
    return fit_fleet(build, pool or clouds(), members or unequal(), training, **wanted)


@dataclass
class Pieces:
    """Ninety rows in pieces of seven."""

    pool: Rows
    rows: int = 90
    block: int = 40

    def epoch(self, number: int) -> Iterator[Rows]:
        """The pieces in order, whatever the epoch."""
        for start in range(0, self.rows, 7):
            stop = min(start + 7, self.rows)
            yield Rows(inputs=tuple(t[start:stop] for t in self.pool.inputs), truth=self.pool.truth[start:stop])


def torch_network(seed: int) -> nn.Module:
    """A network of torch's own layers, which goes through vmap."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).double()


RUNS: dict[str, Callable[[], Trained]] = {
    "adamw": lambda: run(optimiser=AdamW(learning_rate=0.03)),
    "nesterov": lambda: run(optimiser=SGD(learning_rate=0.1, momentum=0.9, nesterov=True)),
    "muon": lambda: run(optimiser=Muon()),
    "whole": lambda: run(optimiser=GradientDescent()),
    "weights": lambda: run(pool=clouds(weighted=True)),
    "averaging": lambda: run(averaging=0.5),
    "layer norm": lambda: run(replace(PLAIN, norm="layer")),
    "batch norm": lambda: run(replace(PLAIN, norm="batch")),
    "weighted batch norm": lambda: run(replace(PLAIN, norm="batch"), pool=clouds(weighted=True)),
    "one row a step": lambda: run(replace(PLAIN, norm="batch"), batch=1, epochs=1),
    "single precision": lambda: run(precision="float32"),
    "ramps": lambda: run(Table(trunk=PLAIN)),
    "patience": lambda: run(epochs=60, patience=2, optimiser=AdamW(learning_rate=0.3)),
    "blocks": lambda: run(members=unequal()[:1], blocks=Pieces(clouds())),
    "torch's own layers": lambda: run(torch_network),
}


def refused() -> dict[str, str]:
    """What is said about that which several processes cannot share."""
    rank = place_here().rank
    numbers = replace(clouds(), truth=clouds().inputs[0][:, :3])
    attempts = {
        "loss": lambda: run(pool=numbers, loss=RootMeanSquaredError(), monitor=None),
        "layer": lambda: run(lambda seed: nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3)).double()),
        "seed": lambda: run(members=[replace(unequal()[0], seed=rank)]),
    }
    return {name: _error(attempt) for name, attempt in attempts.items()}


def tensors_of(trained: Trained) -> dict[str, Tensor]:
    """Weights, and the losses of all epochs."""
    losses = {
        f"{kind} losses {i}": torch.tensor(
            [[getattr(epoch, f"{kind}_loss") for epoch in history.epochs]], dtype=torch.float64
        )
        for i, history in enumerate(trained.histories)
        for kind in ("training", "validation")
    }
    return {**trained.weights, **losses}


def interrupted(folder: Path, *, deadly: bool) -> Trained:
    """Six epochs with a checkpoint after each; the first time, rank 1 is killed in the fourth."""
    judged = []

    def accuracy_until_killed(scores: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        judged.append(1)
        first_life = os.environ.get("TORCHELASTIC_RESTART_COUNT") == "0"
        if deadly and first_life and place_here().rank == 1 and len(judged) == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return accuracy(scores, truth, weights)

    def heard(progress: Progress) -> None:
        with (folder / "epochs").open("a") as file:
            file.write(f"{progress.epoch}\n")

    told = {"on_epoch": heard, "monitor": replace(ACCURACY, function=accuracy_until_killed)}
    return run(epochs=6, checkpoint=folder / "checkpoint", checkpoint_seconds=0.0, **told)


def _error(attempt: Callable[[], Trained]) -> str:
    try:
        attempt()
    except LaminaError as error:
        return str(error)
    return ""


def _main(folder: Path) -> None:
    torch.set_num_threads(1)
    own = folder / f"rank-{place_here().rank}"
    own.mkdir(exist_ok=True)
    if sys.argv[2:] == ["interrupted"]:
        safetensors.torch.save_file(interrupted(folder, deadly=True).weights, own / "interrupted")
        return
    for name, made in RUNS.items():
        safetensors.torch.save_file(tensors_of(made()), own / name)
    (own / "refused.json").write_text(json.dumps(refused()))
    timed = run(epochs=100_000, seconds=0.3, checkpoint=own / "checkpoint")
    safetensors.torch.save_file(tensors_of(timed), own / "timed")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
