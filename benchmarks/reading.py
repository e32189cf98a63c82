"""A training step of an LSTM and of a Transformer: lamina in float32 and bfloat16 against bare PyTorch.

Both sides learn from the same random rows already in memory, forward, backward and AdamW; bare PyTorch is ``nn.LSTM``
and ``nn.TransformerEncoder`` (norm first) with ``torch.optim.AdamW``, the fused one. CPU time of a step on one thread,
all ways in turn, round after round; a ratio is the median over rounds of the two times of one round.
Run: ``python benchmarks/reading.py``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
from collections.abc import Callable

import torch
from common import in_turn, median_ratio, write
from torch import Tensor, nn

from lamina.foundation.devices import Precision
from lamina.foundation.signature import Field
from lamina.networks import CrossEntropy
from lamina.networks.initialise import fill_affine
from lamina.networks.layers import Affine
from lamina.networks.recurrent_series import RecurrentSeries
from lamina.networks.text_transformer import TextTransformer
from lamina.networks.transformer import Transformer
from lamina.training import Member, Rows, Training
from lamina.training.fleet import Fleet
from lamina.training.order import dealt
from lamina.training.rules import Knobs

ROUNDS = 7
STEPS = 2  # of a measurement
CLASSES = 4
CODES = 1000
SERIES = Field(holds="series", shape=(64, 100))
TEXT = Field(holds="text", shape=(128,), codes=CODES)
BATCHES = {"lstm": 64, "transformer": 32}


class Answering(nn.Module):
    """An encoder and an affine layer to the scores."""

    member_axis = True

    def __init__(self, encoder: nn.Module, width: int, stream: torch.Generator) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = fill_affine(Affine(width, CLASSES), scheme="lecun", activation="identity", stream=stream)

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        scores: Tensor = self.head(self.encoder(x))
        return scores


class BareLSTM(nn.Module):
    """torch.nn.LSTM and a linear layer on what it says last."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.head = nn.Linear(64, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        scores: Tensor = self.head(self.lstm(x.mT)[0][:, -1])
        return scores


class BareTransformer(nn.Module):
    """torch.nn.TransformerEncoder over embedded tokens, and a linear layer on their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = nn.Embedding(CODES, 128, padding_idx=0)
        layer = nn.TransformerEncoderLayer(128, 4, 512, 0.0, "relu", batch_first=True, norm_first=True)
        self.stack = nn.TransformerEncoder(layer, 2, nn.LayerNorm(128), enable_nested_tensor=False)
        self.head = nn.Linear(128, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """The scores."""
        scores: Tensor = self.head(self.stack(self.rows(x)).mean(1))
        return scores


def rows_for(name: str) -> Rows:
    """As many random rows as a measurement takes; no text is padded, so that both sides reckon as much."""
    random, count = torch.Generator().manual_seed(0), STEPS * BATCHES[name]
    if name == "lstm":
        x = torch.randn(count, *SERIES.shape, generator=random)
    else:
        x = torch.randint(1, CODES, (count, *TEXT.shape), generator=random, dtype=torch.int32)
    return Rows(inputs=(x,), truth=torch.randint(0, CLASSES, (count,), generator=random))


def bare(name: str) -> Callable[[], None]:
    """Steps of bare PyTorch."""
    network = BareLSTM() if name == "lstm" else BareTransformer()
    rule = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    pool, batch = rows_for(name), BATCHES[name]

    def steps() -> None:
        for x, truth in zip(torch.split(pool.inputs[0], batch), torch.split(pool.truth, batch), strict=True):
            rule.zero_grad()
            torch.autograd.backward(nn.functional.cross_entropy(network(x), truth))
            rule.step()

    return steps


def ours(name: str, precision: Precision) -> Callable[[], None]:
    """The very steps that `fit_fleet` takes."""
    stream = torch.Generator().manual_seed(0)
    encoder: nn.Module
    if name == "lstm":
        encoder, width = RecurrentSeries(units=64).build(SERIES, stream=stream), 64
    else:
        trunk = Transformer(
            blocks=2, units=128, heads=4, widening=4, activation="relu", attention_dropout=0.0, dropout=0.0
        )
        encoder = TextTransformer(trunk=trunk, hidden=1, blanks=0.0, dropout=0.0).build(TEXT, stream=stream)
        width = 128
    every = torch.arange(STEPS * BATCHES[name])
    training = Training(batch=BATCHES[name], device="cpu", precision=precision, clip=None)
    pool, member = rows_for(name), Member(train=every, validation=every[:0])
    fleet = Fleet([Answering(encoder, width, stream)], [member], training, CrossEntropy(), torch.device("cpu"))
    knobs = Knobs(learning_rate=torch.full((1, 1), 1e-3), decay=torch.full((1, 1), 0.01))

    def steps() -> None:
        for rows, step in dealt(pool, fleet.shuffler.epoch()):
            fleet.step(rows, step, knobs)

    return steps


def main() -> None:
    """Measure all ways in turn, print and write the result."""
    cells = {}
    for name in BATCHES:
        ways: dict[str, Callable[[], None]] = {
            "torch": bare(name),
            "float32": ours(name, "float32"),
            "bfloat16": ours(name, "bfloat16"),
        }
        for run in ways.values():
            run()
        seconds = in_turn(ways, ROUNDS)
        cells[name] = {
            "milliseconds a step": {
                way: round(1000 / STEPS * statistics.median(each), 2) for way, each in seconds.items()
            },
            "times as fast as torch": {
                way: round(median_ratio(seconds["torch"], seconds[way]), 2) for way in ("float32", "bfloat16")
            },
        }
    work = "CPU milliseconds a training step, one thread, medians of rounds in turn"
    write("reading", {"work": work, "cells": cells})


if __name__ == "__main__":
    main()
