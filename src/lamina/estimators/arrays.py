"""From scikit-learn's X, y and weights to a table, its schema and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.utils import assert_all_finite, check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from lamina.data import Category, Column, Number, Schema, conform, infer_schema, read
from lamina.estimators.things import axes_of, one_column, same_axes, schema_of
from lamina.foundation.errors import SpecError

TARGET = "target"


def has_names(X: Any) -> bool:
    """Whether ``X`` is a data frame, with columns that have names and types of their own."""
    return hasattr(X, "__dataframe__") or hasattr(X, "__arrow_c_stream__") or hasattr(X, "columns")


def table_to_fit(estimator: Any, X: Any, y: Any, **checks: Any) -> tuple[pa.Table, Schema, Any]:
    """The table to learn from, its schema, and ``y`` as an array; sets what scikit-learn wants to be remembered.

    Columns of a data frame keep their kinds; an array is numbers, or a series, an image or a text a row.
    """
    if estimator.axes_ is not None:
        raw = one_column(X)
        validate_data(estimator, raw.table, skip_check_array=True)
        check_consistent_length(raw.table, y)
        inferred = schema_of(raw)
        return conform(raw, inferred, need_target=False)[0], inferred, known_answers(y)
    if has_names(X):
        validate_data(estimator, X, skip_check_array=True)
        check_consistent_length(X, y)
        raw = read(X)
        inferred = infer_schema(raw)
        table, _ = conform(raw, inferred, need_target=False)
        return table, inferred, known_answers(y)
    X, y = validate_data(estimator, X, y, dtype=np.float64, ensure_all_finite=False, ensure_min_samples=2, **checks)
    refuse_infinite(X)
    return matrix_table(X), matrix_schema(X.shape[1]), y


def known_answers(y: Any) -> npt.NDArray[Any]:
    """``y`` as an array ``(row,)`` without gaps.

    Raises:
        SpecError: a row has no answer.
        ValueError: it is no column, or holds NaN or infinity.
    """
    answers: npt.NDArray[Any] = column_or_1d(np.asarray(y), warn=True)
    assert_all_finite(answers, input_name="y")
    if answers.dtype == object and any(value is None for value in answers):
        raise SpecError(
            wrong="y holds None.",
            expected="an answer for every row.",
            remedy="leave out the rows whose answer is not known.",
        )
    return answers


def row_weights(sample_weight: Any, rows: int) -> npt.NDArray[np.float64] | None:
    """How much each row counts ``(row,)``; None if all count alike.

    Raises:
        SpecError: not one weight a row, a negative one, or zeros only.
        ValueError: a weight is no number, NaN or infinite.
    """
    if sample_weight is None:
        return None
    if np.isscalar(sample_weight):
        sample_weight = np.full(rows, sample_weight)
    weights: npt.NDArray[np.float64] = check_array(
        sample_weight, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name="sample_weight"
    )
    _check_weights(weights, rows)
    return weights


def _check_weights(weights: npt.NDArray[np.float64], rows: int) -> None:
    if weights.shape != (rows,):
        wrong = f"sample_weight has shape {weights.shape}."
    elif (weights < 0).any():
        wrong = f"sample_weight holds {weights.min():g}."
    elif not weights.any():
        wrong = "every weight in sample_weight is zero: there is no row to learn from."
    else:
        return
    raise SpecError(
        wrong=wrong,
        expected=f"one weight a row, shape {(rows,)}: none below 0, and not all of them 0.",
        remedy="leave it out if all rows count alike.",
    )


def table_to_answer(estimator: Any, X: Any) -> pa.Table:
    """The table to answer about, as the fitted estimator knows it.

    Raises:
        SpecError: the rows are series, images or texts where they were features, or the other way round.
    """
    axes = axes_of(X)
    if axes is not None or not has_names(X):
        same_axes(X, estimator.axes_, table=estimator.framed_)
    if axes is not None:
        return conform(one_column(X), estimator.schema_, need_target=False)[0]
    if estimator.framed_:
        validate_data(estimator, X, reset=False, skip_check_array=True)
        return conform(read(X), estimator.schema_, need_target=False)[0]
    X = validate_data(estimator, X, reset=False, dtype=np.float64, ensure_all_finite=False)
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
