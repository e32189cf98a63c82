"""Models of images, texts and series that tests of what lies inside them share: known functions, untrained networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from lamina.data import NumberTarget, conform, fit_encoder, fit_target, infer_schema, read
from lamina.data.cells import tensor_column
from lamina.model import Card, Model, Predictor
from small_models import random_weights

WORDS = [
    "all",
    "that",
    "we",
    "saw",
    "in",
    "town",
    "was",
    "rain",
    "wind",
    "snow",
    "and",
    "again",
    "some",
    "rain",
    "so",
    "long",
]


def images(rows: int = 24, channels: int = 1, side: int = 12) -> pa.Table:
    """Dark noise; in every other image a bright square, whose place is known from `square_of`."""
    stream = np.random.default_rng(0)
    pixels = stream.integers(0, 40, (rows, channels, side, side), dtype=np.uint8)
    for row in range(1, rows, 2):
        top, left = square_of(row, side)
        pixels[row, :, top : top + 3, left : left + 3] = 250
    return pa.table({"photo": tensor_column(pixels), "spot": ["no", "yes"] * (rows // 2)})


def square_of(row: int, side: int = 12) -> tuple[int, int]:
    """The corner of a row's square."""
    return (row * 5) % (side - 3), (row * 7) % (side - 3)


def texts(rows: int = 24) -> dict[str, list[str]]:
    """Sentences of a few words; every other one has the word "dreadful" somewhere, the others "wonderful"."""
    stream, found = np.random.default_rng(0), []
    for row in range(rows):
        words = stream.choice(WORDS, 8).tolist()
        words.insert(int(stream.integers(0, 8)), ["wonderful", "dreadful"][row % 2])
        found.append(" ".join(words) + ".")
    return {"review": found, "verdict": ["good", "bad"] * (rows // 2)}


def series(rows: int = 24, channels: int = 2, steps: int = 40) -> pa.Table:
    """Quiet noise; every other row has a bump in its last channel, from step 10 to before 16."""
    values = np.random.default_rng(0).normal(0, 0.2, (rows, channels, steps)).astype(np.float32)
    values[1::2, -1, 10:16] += 3
    return pa.table({"pulse": tensor_column(values), "bump": ["no", "yes"] * (rows // 2)})


class Known:
    """A predictor whose scores are a function that the test knows, of the first field of a batch."""

    members, size, spec = 1, 0, None

    def __init__(self, function: Callable[[Any], Any], signature: Any) -> None:
        self.function, self.signature, self.asked = function, signature, 0

    def scores(self, batch: Any, *, device: str = "cpu", rows_at_once: int = 8192) -> np.ndarray:
        """Scores ``(1, row, score)``: of two classes 0 and what the function says, or the number that it says."""
        self.asked += batch.rows
        own = np.asarray(self.function(batch.fields[0]), np.float64).reshape(1, -1, 1)
        return own if self.signature.scores == 1 else np.concatenate((np.zeros_like(own), own), axis=-1)


def model_of(data: Any, target: str, *, network: Any = None, known: Any = None, members: int = 2) -> Model:
    """A model of a table: an untrained network with arbitrary weights, or a known function of its first field."""
    raw = read(data)
    schema = infer_schema(raw, target=target, kinds={"review": "text"} if "review" in raw.table.column_names else {})
    table, _ = conform(raw, schema, need_target=True)
    numbers = schema.column(target).word == "number"
    task = "regression" if numbers else "classification"
    answer: Any = fit_target(table.column(target), schema.column(target), task)
    answer = NumberTarget(mean=0.0, scale=1.0, low=answer.low, high=answer.high) if numbers else answer
    encoder = fit_encoder(table, schema, categories="codes", fields=True)
    signature = encoder.signature(scores=answer.scores)
    predictor: Any = Known(known, signature)
    if network is not None:
        batch = encoder.encode(table)
        weights = random_weights(network, signature, members, *map(torch.from_numpy, (batch.numbers, *batch.fields)))
        predictor = Predictor(spec=network, signature=signature, weights=weights)
    classes = getattr(answer, "classes", ())
    card = Card(name="test", task=task, target=target, classes=classes, rows=table.num_rows, created="2026-11-21")
    link = "identity" if numbers else "softmax"
    return Model(schema=schema, encoder=encoder, target=answer, predictor=predictor, link=link, card=card)


def table_of(model: Model, data: Any, rows: int = 4) -> pa.Table:
    """The first rows, conformed for the model."""
    return model.conform(data)[0].slice(0, rows)
