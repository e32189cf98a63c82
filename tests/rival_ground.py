"""A small table with trials for the tests of rivals, and estimators that misbehave: other processes import them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator, ClassifierMixin

from lamina.data import conform, infer_schema, read, rows_with_target
from lamina.rivals import Trial

HERE = str(Path(__file__).parent)


def ground(target: str = "kind", rows: int = 48) -> tuple[pa.Table, Any, str]:
    """A conformed table, its schema and its task; ``row`` is a number for each row."""
    stream = np.random.default_rng(0)
    size = stream.normal(0, 1, rows)
    data = {
        "size": size.tolist(),
        "town": [["Aarau", "Basel", "Chur"][i] for i in stream.integers(0, 3, rows)],
        "row": [i + 0.5 for i in range(rows)],
        "kind": ["high" if value > 0 else "low" for value in size],
        "cost": (3 * size + stream.normal(0, 0.1, rows)).tolist(),
    }
    data.pop("cost" if target == "kind" else "kind")
    raw = read(data)
    schema = infer_schema(raw, target=target)
    table, _ = conform(raw, schema, need_target=True)
    known = table.take(pa.array(rows_with_target(table, target)))
    return known, schema, "classification" if target == "kind" else "regression"


def field_ground(rows: int = 48) -> tuple[pa.Table, Any, str]:
    """As `ground`, with an image whose brightness tells the class and a series of unequal length; no number."""
    stream = np.random.default_rng(0)
    code = stream.integers(0, 2, rows)
    pixels = (stream.integers(0, 100, (rows, 1, 8, 8)) + 100 * code[:, None, None, None]).astype(np.uint8)
    data = {
        "photo": list(pixels),
        "walk": [stream.normal(0, 1, steps).tolist() for steps in stream.integers(10, 15, rows)],
        "kind": [["dark", "light"][one] for one in code],
    }
    raw = read(data)
    schema = infer_schema(raw, target="kind")
    table, _ = conform(raw, schema, need_target=True)
    return table, schema, "classification"


def two_trials(rows: int = 48) -> dict[str, Trial]:
    """The first half judged by the second, and the other way round."""
    half = np.arange(rows // 2)
    return {"0": Trial(train=half, test=half + rows // 2), "1": Trial(train=half + rows // 2, test=half)}


class Polite(ClassifierMixin, BaseEstimator):
    """Learns how often each class comes; what else it does is up to those that follow."""

    def fit(self, X: Any, y: Any) -> Any:
        """Count."""
        self.aside()
        self.classes_, counts = np.unique(y, return_counts=True)
        self.chances_ = counts / counts.sum()
        return self

    def predict_proba(self, X: Any) -> Any:
        """The same for every row."""
        return np.tile(self.chances_, (len(X), 1))

    def predict(self, X: Any) -> Any:
        """The most frequent class."""
        return np.full(len(X), self.classes_[self.chances_.argmax()])

    def aside(self) -> None:
        """Nothing."""


class Talker(Polite):
    """Prints while it learns, in Python and past it."""

    def aside(self) -> None:
        """Lines that look like an answer."""
        print('{"id": 0}\nnoise', flush=True)
        os.write(1, b'{"id": 1, "failed": null}\n')


class Dier(Polite):
    """Ends its process."""

    def aside(self) -> None:
        """As the kernel does where memory runs out."""
        os.write(2, b"out of memory, or so it says\n")
        os._exit(9)


class Refuser(Polite):
    """Raises."""

    def aside(self) -> None:
        """An error of its own."""
        raise RuntimeError("I never learn on a Monday")


class Unkept(ClassifierMixin, BaseEstimator):
    """A rule by hand without chances, which no file can hold without its code."""

    def fit(self, X: Any, y: Any) -> Any:
        """Remember the classes."""
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        """By the first feature."""
        return self.classes_[(X[:, 0] < 0).astype(int)]
