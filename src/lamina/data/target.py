"""The target: what is to be predicted, as codes or standardised numbers for the loop, and back as the data has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.columns import Category, Column, Constant, Flag, Number
from lamina.data.labels import Dtype, dtype_of, spelt, typed
from lamina.foundation.errors import DataError, SchemaError, nearest
from lamina.foundation.specs import check, setting

Task = Literal["classification", "regression"]

LARGEST = float(np.finfo(np.float32).max)  # a standardised number beyond this would be infinite as float32
LARGEST_DOUBLE = float(np.finfo(np.float64).max)
NARROWEST = 1e-300  # numbers closer together than this are scaled by it: dividing by less could overflow


@dataclass(frozen=True, kw_only=True)
class ClassTarget:
    """Classes, coded 0, 1, ... in the order of ``classes``.

    ``dtype`` is what labels are when they come back: numbers and truth values are not turned into words.

    >>> target = ClassTarget(classes=("2", "10"), dtype="int")
    >>> target.decode(np.array([1, 0, 1]))
    array([10,  2, 10])
    """

    classes: tuple[str, ...] = setting(meaning="the classes, as the data spells them, in the order of their codes")
    dtype: Dtype = setting("string", "the type of the labels")

    def __post_init__(self) -> None:
        check(self)

    @property
    def scores(self) -> int:
        """Scores a row: one a class."""
        return len(self.classes)

    @property
    def labels(self) -> npt.NDArray[Any]:
        """The classes in the type of the data, ``(class,)``."""
        return np.array([typed(name, self.dtype) for name in self.classes])

    def encode(self, column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        """The code of each row.

        **Shape**: int64 ``(row,)``, from a column of strings, bools (no is code 0) or numbers as `conform` stores it.

        Raises:
            SchemaError: a row holds a class that was not there in training, or none.
        """
        if pa.types.is_boolean(column.type):
            places = pc.cast(column, pa.int32())
        elif pa.types.is_floating(column.type):
            places = pc.index_in(pc.add(column, 0.0), value_set=pa.array([float(c) for c in self.classes]))
        else:
            places = pc.index_in(column, value_set=pa.array(self.classes, column.type))
        codes = np.asarray(pc.fill_null(places, -1)).astype(np.int64)
        unknown = np.flatnonzero((codes < 0) | (codes >= len(self.classes)))
        if len(unknown):
            raise self._unknown_class(column[int(unknown[0])].as_py(), int(unknown[0]), len(unknown))
        return codes

    def decode(self, codes: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """The label of each code, in the type of the data.

        **Shape**: ``(row,)`` of str, int64, float64 or bool, from int64 ``(row,)``.
        """
        return self.labels[codes]

    def _unknown_class(self, value: object, row: int, count: int) -> SchemaError:
        what = "no class" if value is None else f"the class {str(value)!r}, which was not there in training"
        more = f" ({count:,} rows in all)" if count > 1 else ""
        return SchemaError(
            wrong=f"row {row + 1} of the target holds {what}{more}.",
            expected=f"one of the {len(self.classes)} classes of training.",
            remedy="drop the rows without a class." if value is None else nearest(str(value), self.classes),
        )


@dataclass(frozen=True, kw_only=True)
class NumberTarget:
    """Numbers, standardised for the loop: (y - mean) / scale.

    >>> target = NumberTarget(mean=10.0, scale=2.0, low=7.0, high=13.0)
    >>> target.encode(pa.chunked_array([[12.0, 10.0]])).tolist(), target.decode(np.array([1.0, 0.0])).tolist()
    ([[1.0], [0.0]], [12.0, 10.0])
    """

    mean: float = setting(meaning="the mean of the training rows")
    scale: float = setting(meaning="the standard deviation of the training rows (1 if they are all equal)", above=0)
    low: float = setting(meaning="the smallest number of the training rows")
    high: float = setting(meaning="the largest number of the training rows")

    def __post_init__(self) -> None:
        check(self)

    @property
    def scores(self) -> int:
        """Scores a row: one."""
        return 1

    def encode(self, column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
        """Each number, standardised; finite even where the number lies absurdly far off.

        **Shape**: float32 ``(row, 1)``, from a column of float64.

        Raises:
            SchemaError: a row holds no finite number.
        """
        values = np.asarray(column, dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise SchemaError(
                wrong=f"row {bad[0] + 1} of the target holds {values[bad[0]]:g} ({len(bad):,} such rows in all).",
                expected="a finite number in every row.",
                remedy="drop the rows without a number.",
            )
        with np.errstate(
            over="ignore"
        ):  # halves first, so that 1e308 - (-1e308) does not overflow; the rest is clipped
            z = (values * 0.5 - self.mean * 0.5) / (self.scale * 0.5)
        return np.clip(z, -LARGEST, LARGEST).astype(np.float32)[:, None]

    def decode(self, scores: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Standardised scores as numbers again, float64, of the same shape; at most the largest float64."""
        with np.errstate(over="ignore"):
            numbers: npt.NDArray[np.float64] = np.asarray(scores, np.float64) * self.scale + self.mean
        return np.clip(numbers, -LARGEST_DOUBLE, LARGEST_DOUBLE)


TARGET_KINDS: tuple[type, ...] = (ClassTarget, NumberTarget)


def task_of(column: Column) -> Task:
    """What a target of this kind asks for: classes for names, flags and constants, numbers for numbers.

    Raises:
        SchemaError: the column is of a kind that cannot be predicted.

    >>> task_of(Number(name="price")), task_of(Category(name="species"))
    ('regression', 'classification')
    """
    if isinstance(column, Number):
        return "regression"
    if isinstance(column, Category | Flag | Constant):
        return "classification"
    raise SchemaError(
        wrong=f"the target {column.name!r} is of the kind {column.word}.",
        expected="a target that is a number, a category or a flag.",
        remedy=f"choose another target, or declare this one: kinds={{{column.name!r}: 'category'}}.",
    )


def fit_target(column: pa.ChunkedArray, kind: Column, task: Task) -> ClassTarget | NumberTarget:
    """Learn the classes, or the mean and the scale, of a target column without missing values.

    Classes should be learnt from all rows (they are the question, not the answer), so that a class with few rows has
    its code in every fold; mean and scale from training rows only.

    Args:
        column: as `conform` stores it.
        kind: the schema's column of the target.
        task: "classification" or "regression".

    Raises:
        DataError: fewer than two classes, or no numbers at all.
        SchemaError: numbers were asked of names, or a row holds no finite number.
    """
    return fit_numbers(column, kind.name) if task == "regression" else fit_classes(column, kind)


def fit_classes(column: pa.ChunkedArray, kind: Column) -> ClassTarget:
    """The classes of a column: in numeric order if all are numbers, else in alphabetic order; a flag's no is first.

    Labels come back as ints, floats or bools where every class is spelt like one, as a reader of CSV would have it.

    Raises:
        DataError: there are fewer than two.
    """
    values = pc.unique(column).drop_null().to_pylist()
    if len(values) < 2:
        raise one_class(kind.name, values[0]) if values else all_missing(kind.name)
    if isinstance(kind, Flag):
        return ClassTarget(classes=kind.levels, dtype=dtype_of(kind.levels))
    names = spelt(values) if pa.types.is_floating(column.type) else values
    dtype = dtype_of(names)
    return ClassTarget(classes=tuple(sorted(names, key=lambda name: typed(name, dtype))), dtype=dtype)


def fit_numbers(column: pa.ChunkedArray, name: str) -> NumberTarget:
    """The mean, the standard deviation and the range of a column of numbers.

    Raises:
        DataError: there are none.
        SchemaError: the column holds names, or a row holds no finite number.
    """
    if not pa.types.is_floating(column.type):
        raise SchemaError(
            wrong=f"a regression was asked for, but the target {name!r} holds names, not numbers.",
            expected="a target of numbers.",
            remedy=f"ask for a classification, or declare it: kinds={{{name!r}: 'number'}}.",
        )
    values = np.asarray(column, dtype=np.float64)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise SchemaError(
            wrong=f"row {row + 1} of the target {name!r} holds {values[row]:g}.",
            expected="a finite number in every row.",
            remedy="drop the rows without a number: table.take(rows_with_target(table, target)).",
        )
    if len(values) == 0:
        raise all_missing(name)
    low, high = float(values.min()), float(values.max())
    if low == high:
        return NumberTarget(mean=low, scale=1.0, low=low, high=high)
    peak = np.abs(values).max()  # dividing by it first keeps sums and squares of 1e308 finite
    mean, scale = peak * (values / peak).mean(), peak * (values / peak).std()
    return NumberTarget(mean=float(mean), scale=max(float(scale), NARROWEST), low=low, high=high)


def one_class(name: str, value: object) -> DataError:
    """The error for a target with a single class."""
    return DataError(
        wrong=f"the target {name!r} holds only the class {str(value)!r}.",
        expected="at least two classes: with one there is nothing to tell apart.",
        remedy="bring rows of another class, or choose another target.",
    )


def all_missing(name: str) -> DataError:
    """The error for a target without a single value."""
    return DataError(
        wrong=f"the target {name!r} is missing in every row.",
        expected="rows in which the answer is known, to learn from.",
        remedy="choose another target, or check how missing values are spelt.",
    )
