"""What is asked of a model: rows in whatever form they come, and what is remarked or refused on the way."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from lamina.data import Column, Note, Schema, either, is_one, numbers_of, one_row
from lamina.foundation.errors import DataError, LaminaError

WORTH_A_WARNING = ("cells", "rows", "categories")  # kinds of notes that say an answer may not be what was asked for


class DataWarning(UserWarning):
    """The data was answered, but not quite as it was given: cells were left out or not understood."""


def rows_of(data: Any, schema: Schema) -> Any:
    """The data; a dict with one value a column becomes one of columns with one row.

    Other columns decide where an array of pixels can be one picture or many.

    Raises:
        DataError: there is such an array, and no other column.
    """
    if not isinstance(data, Mapping) or not data:
        return data
    columns = {column.name: column for column in schema.columns}
    arrays = {
        name: array for name, value in data.items() if (array := numbers_of(value, columns.get(name))) is not None
    }
    others = {name: value for name, value in data.items() if name not in arrays}
    single = all(isinstance(value, str | bytes) or not hasattr(value, "__len__") for value in others.values())
    ones = {name: array for name, array in arrays.items() if _is_one(array, columns[name], single if others else None)}
    cells: dict[Any, Any] = {name: one_row(array, columns[name]) for name, array in ones.items()}
    if single:
        cells |= {name: [value] for name, value in others.items()}
    return {name: cells.get(name, value) for name, value in data.items()}


def _is_one(array: npt.NDArray[Any], column: Column, others: bool | None) -> bool:
    found = is_one(array, column)
    found = others if found is None else found
    if found is None:
        raise either(array, column.name)
    return found


def warn_of(notes: tuple[Note, ...]) -> None:
    """Warn of what says that an answer may not be what was asked for; the place named is who asked the model."""
    for note in notes:
        if note.kind in WORTH_A_WARNING:
            warnings.warn(note.sentence, DataWarning, stacklevel=3)


def wrong_task(asked: str, answers: str, target: str, instead: str) -> LaminaError:
    """The refusal of a question that is not for such a task."""
    return LaminaError(
        wrong=f"{asked} was asked of a model that predicts {answers} {target!r}.",
        expected="a model that predicts numbers." if answers == "classes of" else "a model that predicts classes.",
        remedy=f"use model.{instead}(data).",
    )


def no_answers(target: str) -> DataError:
    """The refusal to measure where no row has an answer."""
    return DataError(
        wrong=f"no row has a value of the target {target!r}.",
        expected="rows whose answer is known, to compare the model's answers with.",
        remedy="use model.predict(data) for rows whose answer is not known.",
    )
