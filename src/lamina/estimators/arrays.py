"""From scikit-learn's X and y to a table and its schema, and the settings that both estimators share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.utils.validation import validate_data

from lamina.data import Category, Column, Number, Schema, conform, infer_schema, read
from lamina.foundation.errors import SpecError
from lamina.networks import Network, Table, parse_network
from lamina.training import Training

TARGET = "target"


def as_network(network: Network | str | None) -> Network:
    """The spec that was asked for: itself, what a string describes, or the default for tables."""
    if network is None:
        return Table()
    return parse_network(network) if isinstance(network, str) else network


def as_training(training: Training | None) -> Training:
    """The training that was asked for, or the default.

    Raises:
        SpecError: it is something else.
    """
    if training is None:
        return Training()
    if not isinstance(training, Training):
        raise SpecError(
            wrong=f"training is {training!r}.",
            expected="a Training spec, or None for the default.",
            remedy="try training=Training(epochs=50).",
        )
    return training


def has_names(X: Any) -> bool:
    """Whether ``X`` is a data frame, with columns that have names and types of their own."""
    return hasattr(X, "__dataframe__") or hasattr(X, "__arrow_c_stream__") or hasattr(X, "columns")


def table_to_fit(estimator: Any, X: Any, y: Any, **checks: Any) -> tuple[pa.Table, Schema, Any]:
    """The table to learn from, its schema, and ``y`` as an array; sets what scikit-learn wants to be remembered.

    Columns of a data frame keep their kinds; an array is numbers.
    """
    if has_names(X):
        X, y = validate_data(estimator, X, y, skip_check_array=True)
        raw = read(X)
        inferred = infer_schema(raw)
        table, _ = conform(raw, inferred, need_target=False)
        return table, inferred, np.asarray(y)
    X, y = validate_data(
        estimator, X, y, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2, **checks
    )
    refuse_infinite(X)
    return matrix_table(X), matrix_schema(X.shape[1]), y


def table_to_answer(estimator: Any, X: Any) -> pa.Table:
    """The table to answer about, as the fitted estimator knows it."""
    if estimator.framed_:
        validate_data(estimator, X, reset=False, skip_check_array=True)
        return conform(read(X), estimator.schema_, need_target=False)[0]
    X = validate_data(estimator, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
    refuse_infinite(X)
    return matrix_table(X)


def matrix_table(X: npt.NDArray[np.float64]) -> pa.Table:
    """Numbers ``(row, feature)`` as a table with columns ``x0``, ``x1``, ...; NaN is missing."""
    return pa.table({f"x{i}": pa.array(X[:, i], from_pandas=True) for i in range(X.shape[1])})


def matrix_schema(columns: int) -> Schema:
    """The schema of `matrix_table`."""
    return Schema(columns=tuple(Number(name=f"x{i}") for i in range(columns)))


def with_target(table: pa.Table, schema: Schema, values: pa.Array, column: Column) -> tuple[pa.Table, Schema]:
    """The table and the schema with the target as one more column."""
    name = column.name
    return table.append_column(name, values), Schema(columns=(*schema.columns, column), target=name)


def target_name(schema: Schema) -> str:
    """A name for the target that no column has."""
    name = TARGET
    while name in schema.names:
        name += "_"
    return name


def category_of(name: str, classes: npt.NDArray[Any]) -> Category:
    """The schema's column for these classes."""
    return Category(name=name, levels=tuple(str(i) for i in range(len(classes))))


def refuse_infinite(X: npt.NDArray[np.float64]) -> None:
    """Infinite numbers are refused in arrays; missing ones (NaN) are welcome.

    Raises:
        SpecError: an element is infinite.
    """
    if np.isinf(X).any():
        row, column = np.argwhere(np.isinf(X))[0]
        raise SpecError(
            wrong=f"X holds infinity in row {row}, column {column}.",
            expected="finite numbers, or NaN for a missing one.",
            remedy="replace it: X[~np.isfinite(X)] = np.nan.",
        )
