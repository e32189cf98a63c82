"""Small models that several tests share, made by hand: their answers are arbitrary, but always the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lamina.data import ClassTarget, conform, fit_encoder, fit_target, infer_schema, read
from lamina.estimators.keep import classic_model
from lamina.model import Calibration, Card, Model, Predictor, fit_conformity
from lamina.networks import MLP, Table, settle

ROWS = 60


def some_data(rows: int = ROWS, seed: int = 0) -> dict[str, list[Any]]:
    """A table with every kind of column: numbers, categories few and many, a flag, dates, an identifier, text."""
    stream = np.random.default_rng(seed)
    towns = [f"town {i}" for i in range(12)]
    day = np.datetime64("2024-01-01")
    mass = stream.normal(40, 5, rows).round(2)
    return {
        "id": [f"row-{i:04d}" for i in range(rows)],
        "mass": [float(m) if i % 9 else None for i, m in enumerate(mass)],
        "length": stream.normal(0, 1, rows).tolist(),
        "island": [["Biscoe", "Dream", "Torgersen"][i % 3] for i in range(rows)],
        "town": [towns[i] for i in stream.integers(0, 12, rows)],
        "ringed": [["yes", "no"][i % 2] for i in range(rows)],
        "seen": [str(day + int(d)) for d in stream.integers(0, 700, rows)],
        "species": [["Adelie", "Chinstrap", "Gentoo"][i % 3] for i in range(rows)],
        "price": (100 + 10 * stream.normal(0, 1, rows)).round(3).tolist(),
    }


def make_model(target: str, *, network: Any = None, members: int = 3, **changes: Any) -> Model:
    """A model for `some_data` with random weights; ``changes`` are fields of `Model`."""
    network = network or Table(trunk=MLP(widths=(8, 6), activation="tanh", dropout=0.1, norm="layer"), one_hot=3)
    raw = read(some_data())
    schema = infer_schema(raw, target=target)
    table, _ = conform(raw, schema, need_target=True)
    task = "regression" if target == "price" else "classification"
    answer = fit_target(table.column(target), schema.target_column, task)
    encoder = fit_encoder(table, schema, categories=network.categories)
    signature = encoder.signature(scores=changes.pop("scores", answer.scores))
    card = Card(
        name="test",
        task=task,
        target=target,
        classes=getattr(answer, "classes", ()),
        rows=ROWS,
        metrics={"test": {"accuracy": 0.5, "roc_auc": None}},
        created="2026-11-21",
        seeds=tuple(range(members)),
        data="some data",
        fingerprint="ab" * 32,
        environment={"torch": "2", "threads": 1},
        notes=("made by hand.",),
    )
    parts: dict[str, Any] = {
        "schema": schema,
        "encoder": encoder,
        "target": answer,
        "predictor": Predictor(spec=network, signature=signature, weights=random_weights(network, signature, members)),
        "link": "softmax" if task == "classification" else "identity",
        "card": card,
        "history": {"epochs": [{"epoch": 1, "training_loss": 0.5}]},
    }
    return Model(**(parts | changes))


def make_classic(target: str, family: Any, *, calibration: Calibration | None = None, **facts: Any) -> Model:
    """A model for `some_data` of what a family such as ``Linear()`` has learnt; ``facts`` are the card's."""
    raw = read(some_data())
    schema = infer_schema(raw, target=target)
    table, _ = conform(raw, schema, need_target=True)
    task = "regression" if target == "price" else "classification"
    answer = fit_target(table.column(target), schema.target_column, task)
    encoder = fit_encoder(table, schema, categories="onehot", clipped=family.clipped)
    truth = answer.encode(table.column(target))
    classes = len(answer.classes) if isinstance(answer, ClassTarget) else 0
    truth = truth if classes else truth[:, 0].astype(np.float64)
    learnt = family.fit(encoder.encode(table).numbers, truth, classes=classes, seed=0)
    known = {"name": "test", "data": "some data", "metrics": {"test": {"accuracy": 0.5}}}
    return classic_model(
        learnt, encoder, answer, schema, task=task, rows=ROWS, calibration=calibration, **(known | facts)
    )


def some_calibration(target: str, rows: int = 40) -> Calibration:
    """A calibration with arbitrary scores: shares of 1 for classes, numbers of the size of a price otherwise."""
    scores = np.random.default_rng(5).random(rows)
    return fit_conformity(20 * scores) if target == "price" else fit_conformity(scores, temperature=1.5)


def random_weights(network: Any, signature: Any, members: int, *seen: torch.Tensor) -> dict[str, torch.Tensor]:
    """Weights of untrained networks, stacked ``(member, *shape)``, far enough from zero to give different answers.

    ``seen`` are the numbers and fields of rows to settle by, if any.
    """
    built = [network.build(signature, seed=seed) for seed in range(members)]
    built = [settle(one, *seen) for one in built] if seen else built
    named = [{**dict(one.named_parameters()), **dict(one.named_buffers())} for one in built]
    stream = torch.Generator().manual_seed(0)
    stacked = {name: torch.stack([one[name].detach() for one in named]) for name in named[0]}
    learnt = {name for name, _ in built[0].named_parameters()}
    # only the matrices are shaken, and all members alike: shaken biases would give every row the same answer
    shaken = {
        name: 2 * torch.randn(w.shape[1:], generator=stream) / w.shape[-1] ** 0.5
        for name, w in stacked.items()
        if w.dim() > 2 and name in learnt
    }
    return {name: w + shaken[name] if name in shaken else w for name, w in stacked.items()}
