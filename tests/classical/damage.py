"""One law for everything learnt: it comes back from its arrays bit by bit, and damaged arrays are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest


def damaged(arrays: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every array, once with each kind of damage."""
    for name, array in arrays.items():
        other = np.float32 if array.dtype != np.float32 else np.float64
        changes = {
            "another type": array.astype(other),
            "too short": array[:-1],
            "too long": np.concatenate([array, array[-1:]]),
            "empty": array[:0],
            "one axis more": array[None],
        }
        if array.dtype.kind == "f":
            changes["not a number"] = np.where(np.arange(array.size).reshape(array.shape) == 0, np.nan, array)
        if array.dtype.kind == "i":
            changes["too large"] = np.where(np.arange(array.size) == 0, np.iinfo(array.dtype).max, array)
            changes["too small"] = np.where(np.arange(array.size) == 0, np.iinfo(array.dtype).min, array)
        for words, changed in changes.items():
            yield f"{name} {words}", {**arrays, name: changed.astype(changed.dtype)}
        yield f"{name} missing", {key: value for key, value in arrays.items() if key != name}
    yield "one too many", {**arrays, "more": np.zeros(1)}


def check_kept(learnt: Any, rows: Any, scores: int) -> None:
    """Read back from its own arrays it answers bit by bit alike, and no damage goes unseen."""
    arrays = learnt.arrays()
    assert {array.dtype.name for array in arrays.values()} <= {"float64", "float32", "int64", "int32", "bool", "uint8"}
    again = type(learnt).from_arrays(arrays, features=rows.shape[1], scores=scores)
    assert (again.scores(rows) == learnt.scores(rows)).all()
    assert learnt.scores(rows[:0]).shape == (0, scores)
    assert np.isfinite(learnt.scores(rows)).all()
    if scores > 1:
        np.testing.assert_allclose(np.exp(learnt.scores(rows)).sum(axis=1), 1, atol=1e-9)
    for words, broken in damaged(arrays):
        try:
            type(learnt).from_arrays(broken, features=rows.shape[1], scores=scores)
        except ValueError:
            continue
        pytest.fail(f"{words}: accepted")
