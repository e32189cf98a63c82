"""Arrays whose rows are things, not lists of features: series, images, texts. They become a table of one column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from lamina.data import Raw, Schema, infer_schema, is_picture, read
from lamina.foundation.errors import SpecError

COLUMN = "X"


def axes_of(X: Any) -> int | None:
    """How many axes ``X`` has if each of its rows is a series, an image or a text; None for features and tables.

    >>> axes_of(np.zeros((5, 28, 28), np.uint8)), axes_of(["a text", "another"]), axes_of([[1.0, 2.0]])
    (3, 1, None)
    """
    if isinstance(X, list | tuple):
        inner = _depth(_first(X))
        return 1 + inner if inner != 1 else None
    if isinstance(X, pa.Array | pa.ChunkedArray):
        return 1
    axes = len(getattr(X, "shape", ()))
    if axes == 1:
        return 1 if _depth(_first(X)) == 0 else None
    return axes if axes > 2 else None


def one_column(X: Any) -> Raw:
    """Series, images or texts as a table with one column, read as in an NPZ file or in a dict.

    Raises:
        SpecError: they are no numbers.
        DataError: they are neither series nor images.
    """
    if (axes_of(X) or 0) > 1:
        X = _numbers(X)
    elif isinstance(X, np.ndarray) and X.dtype.kind == "S":
        X = np.char.decode(X, "utf-8", "replace")
    return read({COLUMN: X})


def schema_of(raw: Raw) -> Schema:
    """The schema of `one_column`: short texts that all differ name nothing here, for there is nothing else to read."""
    schema = infer_schema(raw)
    return infer_schema(raw, kinds={COLUMN: "text"}) if schema.columns[0].word == "identifier" else schema


def same_axes(X: Any, fitted: int | None, *, table: bool) -> None:
    """Refuse rows of another kind than those that were learnt from: a single image is not many strips.

    ``table`` says that these were a table, or became one.

    Raises:
        SpecError: the array has other axes.
    """
    axes = axes_of(X)
    if axes == fitted:
        return
    shape = np.shape(X)
    wanted = f"where X {f'had {_count(fitted or 2)}' if fitted or not table else 'was a table'}"
    single = "; a single row is X[None]" if fitted == len(shape) + 1 else ""
    raise SpecError(
        wrong=f"X has the shape {shape}, with {_count(len(shape))}.",
        expected=f"rows as in fit, {wanted}.",
        remedy=f"{'bring X to the shape' if fitted or not table else 'give X the columns'} it had in fit{single}.",
    )


def _count(axes: int) -> str:
    return "1 axis" if axes == 1 else f"{axes} axes"


def _first(X: Any) -> Any:
    return next((row for row in X if row is not None and row is not pa.NA), None)


def _depth(row: Any) -> int:
    """Axes of a row: 0 for a text or a picture, 1 for anything that may be a row of features."""
    if isinstance(row, str | bytes) or is_picture(row):
        return 0
    if isinstance(row, list | tuple) and row:
        return 1 + (_depth(row[0]) if isinstance(row[0], list | tuple | np.ndarray) else 0)
    return max(1, len(getattr(row, "shape", ())))


def _numbers(X: Any) -> Any:
    try:
        array = np.asarray(X)
    except ValueError:  # arrays of several shapes
        return X
    if array.dtype.kind not in "biuf":
        raise SpecError(
            wrong=f"X has the shape {array.shape} and holds {array.dtype}.",
            expected="numbers: series (row, channel, step), or uint8 images (row, height, width[, channel]).",
            remedy="convert it: X.astype(np.float32).",
        )
    return array
