"""The model: what answers. Schema, encoder, predictor, target, calibration and card in one unchanging whole.

A table goes through it from left to right: read, conform to the schema, encode, score, decode, calibrate. Nothing is
learnt here, and the rows that were learnt from are not in it (but for the few kinds of learner that must keep them,
which the card then says).
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data import (
    ClassTarget,
    Encoder,
    Note,
    NumberTarget,
    Schema,
    conform,
    note_rows_without_target,
    read,
    rows_with_target,
)
from lamina.foundation.errors import ModelFileError
from lamina.foundation.specs import Json
from lamina.metrics import classification_metrics, measure, regression_metrics
from lamina.model.archive import read_archive, write_archive
from lamina.model.asking import no_answers, rows_of, warn_of, wrong_task
from lamina.model.calibration import Calibration, calibrated
from lamina.model.card import Card
from lamina.model.classic import HOLDS_ROWS, ClassicPredictor
from lamina.model.coverage import interval_around, likely_classes, threshold_for
from lamina.model.decoder import Link, Scores, numbers, probabilities
from lamina.model.facts import model_facts
from lamina.model.file import from_members, to_members
from lamina.model.parts import Parts, check_parts
from lamina.model.predictor import Predictor


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """Answers about rows of a table. It never changes; many threads may ask it at a time.

    ``data`` is everywhere a path, a built-in name, any data frame, a dict of lists, or a dict with one value a column
    for a single row; an array ``(height, width[, channel])`` is one picture, and ``(channel, step)`` one series.
    Columns may come in any order, and other columns are passed over.

    Raises:
        ModelFileError: the parts do not belong together.
    """

    schema: Schema
    encoder: Encoder
    target: ClassTarget | NumberTarget
    predictor: Predictor | ClassicPredictor
    link: Link
    card: Card
    quantiles: tuple[float, ...] = ()  # what the scores are, if the network was asked for quantiles of a number
    history: Json = None  # how it learnt, as plain values
    calibration: Calibration | None = None  # how sure it may be, from rows that it had not seen

    def __post_init__(self) -> None:
        if isinstance(self.predictor, ClassicPredictor) and self.predictor.learnt.holds_rows:
            object.__setattr__(self, "card", _saying(self.card, HOLDS_ROWS))
        check_parts(self._parts)

    def predict(self, data: Any, *, device: str = "cpu") -> npt.NDArray[Any]:
        """The answer for each row; warns with `DataWarning` where cells were not understood.

        **Shape**: labels in the type of the data, or float64 numbers, ``(row,)``.

        Raises:
            DataError: the data cannot be read.
            SchemaError: a column is missing.
        """
        scores, notes = self._scores(data, device)
        warn_of(notes)
        return self._decide(scores)[0]

    def predict_proba(self, data: Any, *, device: str = "cpu") -> npt.NDArray[np.float64]:
        """The chance of each class, in the order of ``model.card.classes``.

        **Shape**: float64 ``(row, class)``; each row adds up to 1.

        Raises:
            LaminaError: the model predicts numbers.
            DataError: the data cannot be read.
            SchemaError: a column is missing.
        """
        if not isinstance(self.target, ClassTarget):
            raise wrong_task("predict_proba", "the number", self.card.target, "predict")
        scores, notes = self._scores(data, device)
        warn_of(notes)
        return self._decide(scores)[1]

    def predict_interval(self, data: Any, coverage: float = 0.9, *, device: str = "cpu") -> npt.NDArray[np.float64]:
        """An interval for each row that holds the true number with a chance of at least ``coverage``.

        The chance is meant over rows that come as those of the calibration came, not for each row by itself.

        **Shape**: float64 ``(row, 2)``: low and high, in the unit of the data.

        Raises:
            LaminaError: the model predicts classes, was not calibrated, or cannot promise so much.
            DataError: the data cannot be read.
            SchemaError: a column is missing.
        """
        if isinstance(self.target, ClassTarget):
            raise wrong_task("predict_interval", "classes of", self.card.target, "predict_set")
        threshold_for(self.calibration, coverage)  # before the work
        scores, notes = self._scores(data, device)
        warn_of(notes)
        return interval_around(self._decide(scores)[0], self.calibration, coverage)

    def predict_set(self, data: Any, coverage: float = 0.9, *, device: str = "cpu") -> list[tuple[Any, ...]]:
        """A set of labels for each row that holds the true one with a chance of at least ``coverage``.

        The most likely label comes first and is in every set. The chance is meant over rows that come as those of the
        calibration came, not for each row or class by itself.

        **Shape**: one tuple of labels, in the type of the data, for each row.

        Raises:
            LaminaError: the model predicts numbers, was not calibrated, or cannot promise so much.
            DataError: the data cannot be read.
            SchemaError: a column is missing.
        """
        if not isinstance(self.target, ClassTarget):
            raise wrong_task("predict_set", "the number", self.card.target, "predict_interval")
        threshold_for(self.calibration, coverage)  # before the work
        scores, notes = self._scores(data, device)
        warn_of(notes)
        labels = self.target.labels.tolist()
        sets = likely_classes(self._decide(scores)[1], self.calibration, coverage)
        return [tuple(labels[code] for code in codes) for codes in sets]

    def answer(self, data: Any, *, device: str = "cpu", coverage: float | None = None) -> pa.Table:
        """The answers as a table: ``prediction`` and, for classes, ``probability_NAME`` for each.

        With a ``coverage`` also ``low`` and ``high`` of a number, or the ``set`` of classes, joined by " | ": see
        `predict_interval` and `predict_set`, which say what is raised.

        **Shape**: one row for each row of ``data``; quantiles come as ``quantile_LEVEL``.
        """
        return self.answer_with_notes(data, device=device, coverage=coverage)[0]

    def answer_with_notes(
        self, data: Any, *, device: str = "cpu", coverage: float | None = None
    ) -> tuple[pa.Table, tuple[Note, ...]]:
        """What `answer` gives, and what a person should know about the data it was given."""
        if coverage is not None:
            threshold_for(self.calibration, coverage)  # before the work
        scores, notes = self._scores(data, device)
        prediction, more = self._decide(scores)
        columns = {f"{self._word}_{name}": more[:, place] for place, name in enumerate(self._more_names)}
        promised = {} if coverage is None else self._promised(prediction, more, coverage)
        return pa.table({"prediction": prediction, **columns, **promised}), notes

    def evaluate(self, data: Any, *, device: str = "cpu") -> dict[str, float]:
        """How well it answers about rows whose answer is known: the value of each metric of its task, by name.

        Raises:
            DataError: the data cannot be read, or no row has an answer.
            SchemaError: a column is missing, the target's among them, or a class was not there in training.
        """
        return self.evaluate_with_notes(data, device=device)[0]

    def evaluate_with_notes(self, data: Any, *, device: str = "cpu") -> tuple[dict[str, float], tuple[Note, ...]]:
        """What `evaluate` gives, and what a person should know about the data it was given."""
        given, notes = self.conform(data, need_target=True)
        notes += note_rows_without_target(given, self.card.target)
        table = given.take(rows_with_target(given, self.card.target))
        if not table.num_rows:
            raise no_answers(self.card.target)
        return self.evaluate_table(table, device=device), notes

    def decide(self, table: pa.Table, *, device: str = "cpu") -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
        """What `predict` answers, and the chances or numbers it was chosen from, for a table that was conformed.

        **Shape**: answers ``(row,)``; chances ``(row, class)``, or numbers ``(row, quantile)`` (one column if none).
        """
        return self._decide(self.predictor.scores(self.encoder.encode(table), device=device))

    def evaluate_table(self, table: pa.Table, *, device: str = "cpu") -> dict[str, float]:
        """The value of each metric, by name, for a conformed table whose every row has its target."""
        answers, chances = self.decide(table, device=device)
        known = table.column(self.card.target)
        if isinstance(self.target, ClassTarget):
            metrics = classification_metrics(len(self.target.classes))
            return measure(metrics, self.target.encode(known), chances)
        return measure(regression_metrics(), np.asarray(known, np.float64), answers)

    def conform(self, data: Any, *, need_target: bool = False) -> tuple[pa.Table, tuple[Note, ...]]:
        """The data as this model needs it, columns in its own order and types, with notes on what was changed.

        Raises:
            DataError: the data cannot be read.
            SchemaError: a column is missing.
        """
        return conform(
            read(rows_of(data, self.schema), missing=self.schema.missing), self.schema, need_target=need_target
        )

    def facts(self) -> dict[str, Json]:
        """What a person may want to know about the model, as plain values."""
        return model_facts(self._parts)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file (see `lamina.model.file`), whole or not at all.

        Raises:
            ModelFileError: the file cannot be written; what was there before is unchanged.
        """
        write_archive(path, to_members(self._parts))

    @property
    def _parts(self) -> Parts:
        return Parts(
            schema=self.schema,
            encoder=self.encoder,
            target=self.target,
            predictor=self.predictor,
            link=self.link,
            card=self.card,
            quantiles=self.quantiles,
            history=self.history,
            calibration=self.calibration,
        )

    @property
    def _word(self) -> str:
        return "probability" if isinstance(self.target, ClassTarget) else "quantile"

    @property
    def _more_names(self) -> tuple[str, ...]:
        if isinstance(self.target, ClassTarget):
            return self.target.classes
        return tuple(f"{level:g}" for level in self.quantiles)

    def _scores(self, data: Any, device: str) -> tuple[Scores, tuple[Note, ...]]:
        table, notes = self.conform(data)
        return self.predictor.scores(self.encoder.encode(table), device=device), notes

    def _promised(self, prediction: npt.NDArray[Any], more: npt.NDArray[np.float64], coverage: float) -> dict[str, Any]:
        """The columns that say between which numbers, or among which classes, the truth lies."""
        if not isinstance(self.target, ClassTarget):
            low, high = interval_around(prediction, self.calibration, coverage).T
            return {"low": low, "high": high}
        sets = likely_classes(more, self.calibration, coverage)
        return {"set": [" | ".join(self.target.classes[code] for code in codes) for codes in sets]}

    def _decide(self, scores: Scores) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
        """The answer of each row, and the chances or the quantiles ``(row, ...)`` that it was chosen from."""
        if isinstance(self.target, ClassTarget):
            chances = probabilities(scores, self.link)
            if self.calibration is not None:
                chances = calibrated(chances, self.calibration.temperature)
            return self.target.decode(chances.argmax(axis=-1)), chances
        answers = numbers(scores, self.link, self.target)
        middle = min(range(answers.shape[-1]), key=lambda i: abs(self.quantiles[i] - 0.5) if self.quantiles else 0)
        return answers[:, middle], answers


def load(path: str | os.PathLike[str]) -> Model:
    """The model that `Model.save` wrote, after everything in the file has been checked.

    Raises:
        ModelFileError: the file is missing, is something else (a pickle is never opened), is cut short or changed,
            holds what no model has, or was written by a newer lamina.
    """
    members = read_archive(path)
    try:
        return Model(**from_members(members))
    except ModelFileError as error:
        raise ModelFileError(
            wrong=f"{os.path.basename(path)!r} is not a usable model file: {error.wrong}",
            expected=error.expected,
            remedy=error.remedy,
        ) from error


def _saying(card: Card, limit: str) -> Card:
    """The card with one more limit, if it does not say so already."""
    return card if limit in card.limits else dataclasses.replace(card, limits=(*card.limits, limit))
