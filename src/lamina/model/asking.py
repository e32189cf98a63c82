"""What is asked of a model: rows in whatever form they come, and what is remarked or refused on the way."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from lamina.data import Note
from lamina.foundation.errors import DataError, LaminaError

WORTH_A_WARNING = ("cells", "rows", "categories")  # kinds of notes that say an answer may not be what was asked for


class DataWarning(UserWarning):
    """The data was answered, but not quite as it was given: cells were left out or not understood."""


def rows_of(data: Any) -> Any:
    """The data; a dict with one value a column becomes one of lists with one row."""
    if not isinstance(data, Mapping) or not data:
        return data
    single = all(isinstance(value, str | bytes) or not hasattr(value, "__len__") for value in data.values())
    return {name: [value] for name, value in data.items()} if single else data


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
