"""One 256-256 MLP, batch 256, on 54,000 rows: lamina's loop against bare PyTorch loops.

The rivals: a loop over tensors that are already loaded (one shuffled index an epoch), and the same with a DataLoader
over a TensorDataset. Same sizes, same optimiser settings (AdamW), same number of steps, one thread.
Run: ``python benchmarks/step.py``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics

import torch
from common import in_turn, median_ratio, write
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lamina.foundation.signature import Signature
from lamina.networks import MLP, MeanSquaredError
from lamina.training import AdamW, Constant, Member, Rows, Training, fit_fleet

ROWS, FEATURES, BATCH, EPOCHS, ROUNDS = 54_000, 26, 256, 3, 5


def synthetic() -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of the size of the diamonds table after encoding: a smooth function with noise."""
    random = torch.Generator().manual_seed(0)
    numbers = torch.randn(ROWS, FEATURES, generator=random)
    truth = torch.sin(numbers[:, :1]) + numbers[:, 1:2] * numbers[:, 2:3] + 0.1 * torch.randn(ROWS, 1, generator=random)
    return numbers, truth / truth.std()


NUMBERS, TRUTH = synthetic()


def network() -> nn.Sequential:
    """The same network in plain torch."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(FEATURES, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1))


def lamina_loop() -> float:
    """Last training loss of lamina's loop."""
    spec, signature = MLP(widths=(256, 256)), Signature(features=FEATURES, scores=1)
    training = Training(
        epochs=EPOCHS, batch=BATCH, optimiser=AdamW(learning_rate=1e-3), schedule=Constant(), clip=None, device="cpu"
    )
    member = Member(train=torch.arange(ROWS), validation=torch.arange(0))
    trained = fit_fleet(
        lambda seed: spec.build(signature, seed=seed),
        Rows(inputs=(NUMBERS,), truth=TRUTH),
        [member],
        training,
        loss=MeanSquaredError(),
    )
    return trained.histories[0].training_losses[-1]


def torch_loop() -> float:
    """Last training loss of a bare loop over loaded tensors."""
    model = network()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    for _ in range(EPOCHS):
        total = torch.zeros(())
        for rows in torch.randperm(ROWS).split(BATCH):
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(model(NUMBERS[rows]), TRUTH[rows])
            loss.backward()
            optimiser.step()
            total += loss.detach() * len(rows)
    return total.item() / ROWS


def loader_loop() -> float:
    """The same with a DataLoader."""
    model = network()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    loader = DataLoader(TensorDataset(NUMBERS, TRUTH), batch_size=BATCH, shuffle=True)
    for _ in range(EPOCHS):
        total = torch.zeros(())
        for numbers, truth in loader:
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(model(numbers), truth)
            loss.backward()
            optimiser.step()
            total += loss.detach() * len(truth)
    return total.item() / ROWS


def main() -> None:
    """Measure in turn, print, keep."""
    torch.set_num_threads(1)
    works = {"lamina": lamina_loop, "torch loop": torch_loop, "DataLoader loop": loader_loop}
    losses = {name: work() for name, work in works.items()}
    seconds = in_turn(works, ROUNDS)
    write(
        "step",
        {
            "work": f"{FEATURES}-256-256-1, batch {BATCH}, {ROWS} rows, {EPOCHS} epochs, AdamW, one thread",
            "cpu_seconds_median": {name: statistics.median(values) for name, values in seconds.items()},
            "torch loop / lamina, median of ratios": median_ratio(seconds["torch loop"], seconds["lamina"]),
            "DataLoader loop / lamina, median of ratios": median_ratio(seconds["DataLoader loop"], seconds["lamina"]),
            "last training loss": losses,
        },
    )


if __name__ == "__main__":
    main()
