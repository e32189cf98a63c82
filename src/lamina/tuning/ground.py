"""The rows that a search may see, how they are split to judge candidates, and what a candidate is worth on them.

The rows that are opened once at the end are not in here at all: nothing that is handed a `Ground` can reach them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from lamina.data import ClassTarget, fit_target
from lamina.estimators import Fitted, Part, RowNumbers, member_seeds, to_model
from lamina.estimators.encoding import Encoded, encode_part, targets_for
from lamina.evaluation.prepare import Prepared
from lamina.foundation.randomness import derive_seed
from lamina.metrics import METRICS, Metric
from lamina.model import Model
from lamina.networks import Loss
from lamina.tuning.ensemble import Answers, Judge
from lamina.tuning.recipe import Recipe
from lamina.tuning.records import Worth

NO_ROWS: RowNumbers = np.arange(0)


@dataclass(frozen=True, kw_only=True)
class Split:
    """Rows that teach and rows that judge, int64 ``(row,)`` each, as positions in the table of the `Ground`."""

    learn: RowNumbers
    held: RowNumbers


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """Where candidates are judged.

    With several splits (folds) every candidate trains once on each, is judged by all held-out rows together, and is
    trained anew on all rows at the end. With a single one its best epoch is found by the rows that judge it, and it is
    kept as it is.
    """

    prepared: Prepared  # the rows that the search may see, and no others
    splits: tuple[Split, ...]
    metric: str
    loss: Loss
    seed: int
    _sides: dict[tuple[str, int], Encoded] = field(default_factory=dict, init=False, repr=False)  # encoded once

    @property
    def folded(self) -> bool:
        """Whether there are several splits."""
        return len(self.splits) > 1

    @property
    def measure(self) -> Metric:
        """What decides."""
        return METRICS[self.metric]

    def side(self, recipe: Recipe, place: int) -> Encoded:
        """The encoded rows of one split, as the network of a recipe wants them."""
        key = (recipe.network.categories, place)
        if key not in self._sides:
            split = self.splits[place]
            watch = NO_ROWS if self.folded else split.held
            self._sides[key] = make_side(self.prepared, split.learn, watch, recipe, self.loss)
        return self._sides[key]

    def truth(self) -> np.ndarray:
        """The truth about all held-out rows, split after split: codes of classes, or numbers."""
        column = self.prepared.table.column(self.prepared.schema.target)
        known = column.take(pa.array(np.concatenate([split.held for split in self.splits])))
        target = fit_target(column, self.prepared.schema.column(str(self.prepared.schema.target)), self.prepared.task)
        return target.encode(known) if isinstance(target, ClassTarget) else np.asarray(known, np.float64)

    def answers(self, models: Sequence[Model]) -> Answers:
        """What the models of all splits say about the rows that each of them had not learnt from."""
        return np.concatenate(
            [
                said(model, self.prepared.table.take(pa.array(split.held)))
                for model, split in zip(models, self.splits, strict=True)
            ]
        )

    def judge(self) -> Judge:
        """How good answers to the held-out rows are: the metric, then between equals the log loss."""
        truth = self.truth()
        return lambda answers: worth_of(self.metric, truth, answers)

    def model(self, recipe: Recipe, fitted: Fitted, learn: RowNumbers, seeds: tuple[int, ...]) -> Model:
        """The model of what was learnt from some rows."""
        part = Part(train=learn, watch=NO_ROWS, seeds=seeds)
        prepared = self.prepared
        return to_model(fitted, prepared.schema, part, recipe.training, task=prepared.task, name=prepared.name)

    def learning(self, recipe: Recipe, share: float = 1.0) -> Recipe:
        """The recipe for a share of its epochs; with folds the best one is not chosen: the rows to choose by judge."""
        assert isinstance(recipe.training.epochs, int)  # a search knows how many there are
        training = dataclasses.replace(recipe.training, epochs=max(1, round(recipe.training.epochs * share)))
        if self.folded:
            training = dataclasses.replace(training, restore_best=False, patience=None)
        return dataclasses.replace(recipe, training=training)

    def seeds(self, members: int) -> tuple[int, ...]:
        """The seeds of so many networks, the same for every candidate: equal first weights where shapes allow."""
        return member_seeds(derive_seed(self.seed, "candidate"), members, None, rows=0)


def said(model: Model, table: pa.Table) -> Answers:
    """Chances ``(row, class)``, or numbers ``(row,)``."""
    answers, chances = model.decide(table)
    return chances if isinstance(model.target, ClassTarget) else np.asarray(answers, np.float64)


def worth_of(metric: str, truth: np.ndarray, answers: Answers) -> Worth:
    """How good answers are, higher is better: the metric, then between equals the log loss; minus infinity for NaN."""
    values = [_upward(METRICS[metric], truth, answers)]
    if answers.ndim == 2:
        values.append(_upward(METRICS["log_loss"], truth, answers))
    return tuple(values)


def make_side(prepared: Prepared, learn: RowNumbers, watch: RowNumbers, recipe: Recipe, loss: Loss) -> Encoded:
    """Rows to learn from and to watch, encoded by what those to learn from show.

    Raises:
        SpecError: the loss is not for such a target.
    """
    table, schema = prepared.table, prepared.schema
    target = targets_for(table, schema, prepared.task, loss)(learn)
    network = recipe.network
    return encode_part(
        table,
        schema,
        learn,
        watch,
        categories=network.categories,
        fields=network.reads_fields,
        target=target,
        loss=loss,
    )


def _upward(metric: Metric, truth: np.ndarray, answers: Answers) -> float:
    value = metric.function(truth, answers)
    upward = value if metric.better == "higher" else -value
    return -math.inf if math.isnan(upward) else upward
