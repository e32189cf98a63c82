"""From what was learnt to the `Model` that is kept."""

from __future__ import annotations

import dataclasses
import datetime
import math
from typing import Any

from lamina.data import ClassTarget, Schema
from lamina.estimators.fitting import Fitted, Part
from lamina.estimators.recipe import Task, usual_loss
from lamina.foundation.devices import pick_device
from lamina.foundation.specs import Json
from lamina.model import Card, Model, environment_here
from lamina.training import History, Training


def to_model(fitted: Fitted, schema: Schema, part: Part, training: Training, *, task: Task, **facts: Any) -> Model:
    """The model of the networks that learnt from one part; those that diverged are not in it.

    Equal seeds on one machine and one day give models whose files are equal to the byte.

    Args:
        schema: of the table, with its target.
        facts: more fields of the `Card`, among them ``name``.
    """
    sound = [i for i, why in enumerate(fitted.stopped) if why != "diverged"]
    loss = training.loss or usual_loss(task, len(part.train))
    return Model(
        schema=schema,
        encoder=fitted.encoder,
        target=fitted.target,
        predictor=fitted.predictor,
        link=loss.link,
        quantiles=tuple(getattr(loss, "quantiles", ())),
        history=[_untimed(fitted.histories[i]) for i in sound],
        card=Card(
            task=task,
            target=str(schema.target),
            classes=fitted.target.classes if isinstance(fitted.target, ClassTarget) else (),
            rows=len(part.train),
            created=datetime.datetime.now(datetime.UTC).date().isoformat(),
            seeds=tuple(part.seeds[i] for i in sound),
            environment=environment_here(pick_device(training.device)),
            **facts,
        ),
    )


def _untimed(history: History) -> Json:
    """A history without what the clock said, which no two runs share."""
    epochs = [dataclasses.replace(epoch, seconds=math.nan, rows_per_second=math.nan) for epoch in history.epochs]
    return dataclasses.replace(history, epochs=tuple(epochs)).to_json()
