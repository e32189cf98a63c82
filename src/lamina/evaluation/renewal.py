"""Retraining: a model goes on learning from new rows, and is kept only if that did it good.

read -> conform to the model's schema -> hold out -> learn on -> compare old and new on the rows held out
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.data import ClassTarget, Note, hold_out, note_rows_without_target, rows_with_target
from lamina.estimators import GENTLER, renew_networks, untimed
from lamina.evaluation.plan import group_codes
from lamina.evaluation.verdict import Comparison, compare_rows, practical_region
from lamina.foundation.errors import DataError
from lamina.foundation.specs import Json
from lamina.metrics import METRICS, finite_or_none, format_metric
from lamina.model import Model
from lamina.training import AdamW, Training, training_with

HELD_OUT, WATCHED = 0.2, 0.1  # shares of the new rows that judge, and of the others that find the best epoch
FEWEST = 30  # new rows below which nothing could be said about the result


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """What retraining came to: ``model`` is the new one, or the old one where the new one is worse."""

    model: Model
    before: Mapping[str, float]
    after: Mapping[str, float]
    comparison: Comparison
    metric: str
    rows: int
    notes: tuple[Note, ...]

    @property
    def kept(self) -> bool:
        """Whether the new weights are kept."""
        return self.comparison.difference >= 0

    def sentence(self) -> str:
        """What changed, in words."""
        metric = METRICS[self.metric]
        old, new = (format_metric(metric, scores[self.metric]) for scores in (self.before, self.after))
        sure = {"better": "that is better beyond noise", "worse": "that is worse beyond noise"}
        how = sure.get(self.comparison.word, "the difference is not beyond noise")
        end = "The new weights are kept." if self.kept else "The old weights are kept."
        return f"On new rows that it did not learn from: {metric.label} {old} before, {new} after; {how}. {end}"

    def facts(self) -> dict[str, Json]:
        """As plain JSON values."""
        return {
            "sentence": self.sentence(),
            "kept": self.kept,
            "rows": self.rows,
            "metric": self.metric,
            "before": {name: finite_or_none(value) for name, value in self.before.items()},
            "after": {name: finite_or_none(value) for name, value in self.after.items()},
            "difference": finite_or_none(self.comparison.difference),
            "interval": [finite_or_none(end) for end in self.comparison.interval],
            "word": self.comparison.word,
            "notes": [note.sentence for note in self.notes],
        }


def renew(
    model: Model, data: Any, *, training: Training | None = None, group: str | None = None, seed: int = 0
) -> Renewal:
    """Let a model of networks go on learning from new rows.

    A fifth of the new rows judges, a tenth of the others finds the best epoch. The learning rate is three tenths of the
    usual one, unless a training is given: what was learnt before should not be forgotten at once. Schema, encoder,
    classes and scale stay those of the model.

    Args:
        model: of networks.
        data: the new rows: whatever `lamina.read` takes.
        training: how it learns on; None for the default, gently.
        group: a column whose equal values stay on one side of every split, and witness together.
        seed: of the splits, and of the draws of the comparison.

    Raises:
        LaminaError: the model is no network.
        DataError: fewer than thirty new rows with an answer, or a single group.
        SchemaError: a column is missing, or a class is new.
        TrainingError: training diverged.

    >>> import lamina
    >>> once = lamina.fit("iris", network="8 tanh", training=Training(epochs=20), contenders=(), curve=False).network
    >>> renew(once, "iris").rows
    150
    """
    given, notes = model.conform(data, need_target=True)
    target = model.card.target
    notes += note_rows_without_target(given, target)
    table = given.take(pa.array(rows_with_target(given, target)))
    if table.num_rows < FEWEST:
        raise _too_few(table.num_rows)
    labels = table.column(target) if isinstance(model.target, ClassTarget) else None
    parties = group_codes(table, model.schema, group)
    known, judge = hold_out(table.num_rows, fraction=HELD_OUT, seed=seed, labels=labels, groups=parties)
    some, theirs = (
        (None if labels is None else labels.take(pa.array(known))),
        (None if parties is None else parties[known]),
    )
    train, watch = hold_out(len(known), fraction=WATCHED, seed=seed + 1, labels=some, groups=theirs)
    learning = training or _gentle()
    fitted = renew_networks(model, table, known[train], known[watch], learning)
    history = [untimed(one) for one in fitted.histories]
    renewed = dataclasses.replace(model, predictor=fitted.predictor, card=_card(model, len(train)), history=history)
    judged = table.take(pa.array(judge))
    metric = METRICS["accuracy" if labels is not None else "rmse"]
    truth, new, old = _truth(model, judged), _answers(renewed, judged), _answers(model, judged)
    before, after = model.evaluate_table(judged), renewed.evaluate_table(judged)
    region = practical_region(metric, before[metric.name])
    comparison = compare_rows(
        truth,
        new,
        old,
        metric=metric.function,
        better=metric.better,
        region=region,
        seed=seed,
        groups=None if parties is None else parties[judge],
    )
    better = comparison.difference >= 0
    return Renewal(
        model=renewed if better else model,
        before=before,
        after=after,
        comparison=comparison,
        metric=metric.name,
        rows=table.num_rows,
        notes=notes,
    )


def _gentle() -> Training:
    return training_with(learning_rate=AdamW().learning_rate * GENTLER)


def _card(model: Model, rows: int) -> Any:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    note = f"learnt on from {rows:,} new rows on {today}; its scores above are those of before."
    return dataclasses.replace(model.card, rows=model.card.rows + rows, notes=(*model.card.notes, note))


def _answers(model: Model, table: pa.Table) -> npt.NDArray[np.float64]:
    answers, chances = model.decide(table)
    return chances if isinstance(model.target, ClassTarget) else np.asarray(answers, np.float64)


def _truth(model: Model, table: pa.Table) -> npt.NDArray[Any]:
    column = table.column(model.card.target)
    return model.target.encode(column) if isinstance(model.target, ClassTarget) else np.asarray(column, np.float64)


def _too_few(rows: int) -> DataError:
    return DataError(
        wrong=f"there are {rows} new rows whose answer is known.",
        expected=f"at least {FEWEST}, a fifth of which can judge the result.",
        remedy="wait for more rows, or fit anew from old and new rows together.",
    )
