"""Models that the tests of this room share: functions that are known, and small networks that have learnt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lamina.data import Batch, NumberTarget, conform, fit_encoder, fit_target, infer_schema, infer_task, read
from lamina.estimators import Part, as_network, fit_networks, to_model
from lamina.foundation.signature import Signature
from lamina.model import Card, Model
from lamina.training import AdamW, Training


class Known:
    """A predictor whose scores are a function that the test knows, of encoded rows ``(row, feature)``."""

    members = 1
    size = 0
    spec = None

    def __init__(self, function: Callable[[Any], Any], signature: Signature) -> None:
        self.function, self.signature = function, signature
        self.rows = 0  # that were asked about

    def scores(self, batch: Batch, *, device: str = "cpu", rows_at_once: int = 8192) -> np.ndarray:
        """The function's values ``(1, row, score)``."""
        self.rows += batch.rows
        values = np.asarray(self.function(batch.numbers.astype(np.float64)), np.float64)
        return values.reshape(1, batch.rows, -1)


def known_model(data: dict[str, Any], target: str, function: Callable[[Any], Any]) -> Model:
    """A model that answers by ``function``: numbers as they are, scores of classes through a softmax.

    Numbers come to it centred and scaled, unclipped: what is linear in them is linear in the table.
    """
    raw = read(data)
    schema = infer_schema(raw, target=target)
    table, _ = conform(raw, schema, need_target=True)
    task = "classification" if schema.column(target).word in ("category", "flag") else "regression"
    answer = fit_target(table.column(target), schema.column(target), task)
    if task == "regression":
        answer = NumberTarget(mean=0.0, scale=1.0, low=answer.low, high=answer.high)
    encoder = fit_encoder(table, schema, categories="onehot", clipped=False)
    signature = encoder.signature(scores=answer.scores)
    classes = getattr(answer, "classes", ())
    card = Card(name="known", task=task, target=target, classes=classes, rows=table.num_rows, created="2026-11-21")
    return Model(
        schema=schema,
        encoder=encoder,
        target=answer,
        predictor=Known(function, signature),
        link="softmax" if classes else "identity",
        card=card,
    )


def columns(rows: int, count: int, seed: int = 0) -> dict[str, Any]:
    """Columns ``x0``, ``x1``, ... of independent normal numbers."""
    stream = np.random.default_rng(seed)
    return {f"x{i}": stream.normal(0, 1, rows) for i in range(count)}


@pytest.fixture(scope="session")
def penguins() -> Model:
    """A network that has learnt to tell penguins apart; it reads numbers, and categories as one-hots."""
    return learnt("penguins", "species", "16 tanh")


@pytest.fixture(scope="session")
def penguin_table(penguins):
    """The penguins, conformed, each with its species."""
    return penguins.conform("penguins", need_target=True)[0]


def learnt(data: Any, target: str, network: str) -> Model:
    """The model of one network after a short but sufficient training on every row."""
    raw = read(data)
    schema = infer_schema(raw, target=target)
    table, _ = conform(raw, schema, need_target=True)
    training = Training(epochs=40, batch=64, optimiser=AdamW(learning_rate=0.02), device="cpu")
    part = Part(train=np.arange(table.num_rows), watch=np.arange(0))
    task = infer_task(schema)
    (fitted,) = fit_networks(table, schema, [part], network=as_network(network), training=training, task=task)
    return to_model(fitted, schema, part, training, task=task, name="learnt")
