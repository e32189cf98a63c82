"""From what was learnt to the `Model` that is kept."""

from __future__ import annotations

import dataclasses
import datetime
import math
from typing import Any

from lamina.classical import Learnt
from lamina.data import ClassTarget, Encoder, NumberTarget, Schema
from lamina.estimators.fitting import Fitted, Part
from lamina.estimators.recipe import Task, usual_loss
from lamina.foundation.devices import pick_device
from lamina.foundation.specs import Json
from lamina.model import Calibration, Card, ClassicPredictor, Model, environment_here, learner_words
from lamina.training import History, Training


def to_model(
    fitted: Fitted,
    schema: Schema,
    part: Part,
    training: Training,
    *,
    task: Task,
    calibration: Calibration | None = None,
    **facts: Any,
) -> Model:
    """The model of the networks that learnt from one part; those that diverged are not in it.

    Equal seeds on one machine and one day give models whose files are equal to the byte.

    Args:
        schema: of the table, with its target.
        calibration: how sure it may be, from rows that it had not seen.
        facts: more fields of the `Card`, among them ``name``.
    """
    sound = [i for i, why in enumerate(fitted.stopped) if why != "diverged"]
    loss = training.loss or usual_loss(task, len(part.train))
    known = {
        "rows": len(part.train),
        "seeds": tuple(part.seeds[i] for i in sound),
        "environment": environment_here(pick_device(training.device)),
        "learner": learner_words(fitted.predictor),
    }
    return Model(
        schema=schema,
        encoder=fitted.encoder,
        target=fitted.target,
        predictor=fitted.predictor,
        link=loss.link,
        quantiles=tuple(getattr(loss, "quantiles", ())),
        history=[untimed(fitted.histories[i]) for i in sound],
        card=_card(schema, fitted.target, task, known | facts),
        calibration=calibration,
    )


def classic_model(
    learnt: Learnt,
    encoder: Encoder,
    target: ClassTarget | NumberTarget,
    schema: Schema,
    *,
    task: Task,
    rows: int,
    calibration: Calibration | None = None,
    **facts: Any,
) -> Model:
    """The model of one classical learner.

    Args:
        learnt: what a family of `lamina.classical` learnt from rows that ``encoder`` encoded.
        encoder: fitted with ``categories="onehot"``, and clipped as the family asks.
        target: what its codes or standardised numbers mean.
        schema: of the table, with its target.
        task: classification or regression.
        rows: how many rows it learnt from.
        calibration: how sure it may be, from rows that it had not seen.
        facts: more fields of the `Card`, among them ``name``, and ``seeds`` where it drew lots.

    Raises:
        ModelFileError: the parts do not belong together.
    """
    predictor = ClassicPredictor(learnt=learnt, signature=encoder.signature(scores=target.scores))
    known = {"rows": rows, "environment": environment_here(), "learner": learner_words(predictor)}
    return Model(
        schema=schema,
        encoder=encoder,
        target=target,
        predictor=predictor,
        link="softmax" if task == "classification" else "identity",
        card=_card(schema, target, task, known | facts),
        calibration=calibration,
    )


def _card(schema: Schema, target: ClassTarget | NumberTarget, task: Task, facts: dict[str, Any]) -> Card:
    return Card(
        task=task,
        target=str(schema.target),
        classes=target.classes if isinstance(target, ClassTarget) else (),
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        **facts,
    )


def untimed(history: History) -> Json:
    """A history without what the clock said, which no two runs share."""
    epochs = [dataclasses.replace(epoch, seconds=math.nan, rows_per_second=math.nan) for epoch in history.epochs]
    return dataclasses.replace(history, epochs=tuple(epochs)).to_json()
