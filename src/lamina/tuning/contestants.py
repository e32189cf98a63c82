"""Who is left at the end: the default, the best single setting and the ensemble, each as something that answers.

Who they are is decided by the rows that the search saw, before any other row is looked at.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import torch

from lamina.data import ClassTarget
from lamina.estimators import Fitted
from lamina.evaluation.honesty import conformity_of_classes, conformity_of_numbers, fit_temperature
from lamina.model import Calibration, Model, Predictor, calibrated, fit_conformity, learner_words, load
from lamina.training import divergence
from lamina.tuning.ensemble import Answers, mean_of, select
from lamina.tuning.fleets import Order, fleet_of, train
from lamina.tuning.ground import NO_ROWS, make_side, said, worth_of
from lamina.tuning.halving import survivors
from lamina.tuning.records import DEFAULT, Records
from lamina.tuning.rung import answers_of
from lamina.tuning.setup import Search

MOST_ASKED, MOST_REFIT = 20, 6  # of the best settings that an ensemble may choose from; fewer where each is refitted


@dataclass(frozen=True, kw_only=True, eq=False)
class Contestant:
    """Trials that answer together, by how often each counts; ``inner`` are their answers to the rows that chose.

    ``model`` is None where networks of different shapes do not fit into one file.
    """

    counts: Mapping[int, int]
    inner: Answers
    temperature: float
    model: Model | None
    models: Mapping[int, Model]

    def answers(self, table: pa.Table) -> Answers:
        """What it says about other rows, with its temperature."""
        given = mean_of({trial: said(self.models[trial], table) for trial in self.counts}, self.counts)
        return calibrated(given, self.temperature) if given.ndim == 2 else given

    @property
    def fair_inner(self) -> Answers:
        """The answers to the rows that chose, with its temperature."""
        return calibrated(self.inner, self.temperature) if self.inner.ndim == 2 else self.inner


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The default, the best single setting (which may be the default) and the ensemble (which may be that setting)."""

    default: Contestant
    tuned: Contestant
    ensemble: Contestant

    @property
    def found(self) -> Contestant:
        """The one that is held against the default: the ensemble where it can be kept in one file, else the setting."""
        return self.ensemble if self.ensemble.model is not None else self.tuned


def cast_of(search: Search, records: Records) -> Cast:
    """Choose by the rows that the search saw, and train anew where there are folds.

    Raises:
        TrainingError: the default diverged.
        ModelFileError: a model that the search kept is not there any more, or damaged.
    """
    finished = dict(records.finished)
    while DEFAULT in finished:
        worth = {trial: told.worth for trial, told in finished.items()}
        asked = survivors(worth, MOST_REFIT if search.ground.folded else MOST_ASKED)
        inner = {trial: answers_of(search, trial) for trial in {*asked, DEFAULT}}
        chosen = select(
            [inner[trial] for trial in asked],
            search.ground.truth(),
            partial(worth_of, search.ground.metric),
            seed=search.seed,
        )
        counts = {asked[place]: count for place, count in chosen.items()}
        models = _models(search, records, sorted({DEFAULT, asked[0], *counts}))
        lost = [trial for trial, model in models.items() if model is None]
        if not lost:
            whole = {trial: model for trial, model in models.items() if model is not None}
            three = [_contestant(search, records, one, inner, whole) for one in ({DEFAULT: 1}, {asked[0]: 1}, counts)]
            return Cast(default=three[0], tuned=three[1], ensemble=three[2])
        finished = {trial: told for trial, told in finished.items() if trial not in lost}
    raise divergence(search.space.start.training)


def _models(search: Search, records: Records, trials: Sequence[int]) -> dict[int, Model | None]:
    """The models of some trials: from their files, or trained anew on all rows where there are folds."""
    if not search.ground.folded:
        return {trial: load(search.path(trial, "lamina")) for trial in trials}
    ground, points = search.ground, {trial.number: trial.point for trial in records.trials}
    rows = np.arange(ground.prepared.table.num_rows)
    recipes = [ground.learning(search.space.recipe(points[trial])) for trial in trials]
    sides = {r.network.categories: make_side(ground.prepared, rows, NO_ROWS, r, ground.loss) for r in recipes}
    seeds = [ground.seeds(recipe.members) for recipe in recipes]
    orders = [Order(recipe=r, side=sides[r.network.categories], seeds=s) for r, s in zip(recipes, seeds, strict=True)]
    done: dict[int, Fitted | None] = {}
    train(orders, until=search.ends, fair=True, on_fleet=lambda fitted, seconds: done.update(fitted))
    return {
        trial: None if (fitted := done[place]) is None else ground.model(recipes[place], fitted, rows, seeds[place])
        for place, trial in enumerate(trials)
    }


def _contestant(
    search: Search,
    records: Records,
    counts: Mapping[int, int],
    inner: Mapping[int, Answers],
    models: Mapping[int, Model],
) -> Contestant:
    points = {trial.number: trial.point for trial in records.trials}
    shapes = {fleet_of(search.space.recipe(points[trial]))[0].network for trial in counts}
    answers = mean_of(inner, counts)
    classes = search.ground.prepared.task == "classification"
    return Contestant(
        counts=dict(counts),
        inner=answers,
        temperature=fit_temperature(answers, search.ground.truth()) if classes else 1.0,
        model=stacked([models[trial] for trial in counts], list(counts.values())) if len(shapes) == 1 else None,
        models=models,
    )


def stacked(models: Sequence[Model], counts: Sequence[int]) -> Model:
    """One model whose networks are those of all of them, so often that each model counts as asked; shapes are equal.

    A model of two networks beside one of four: its networks stand there twice as often.
    """
    first, members = models[0], [model.predictor.members for model in models]
    often = [count * math.lcm(*members) // own for count, own in zip(counts, members, strict=True)]
    often = [times // math.gcd(*often) for times in often]
    every = [model for model, times in zip(models, often, strict=True) for _ in range(times)]
    if len(every) == 1:
        return first
    predictors = [model.predictor for model in every]
    assert all(isinstance(one, Predictor) and one.signature == first.predictor.signature for one in predictors)
    weights = {
        name: torch.cat([one.weights[name] for one in predictors])  # type: ignore[union-attr]
        for name in predictors[0].weights  # type: ignore[union-attr]
    }
    predictor = Predictor(spec=predictors[0].spec, signature=first.predictor.signature, weights=weights)  # type: ignore[union-attr]
    seeds = tuple(seed for model in every for seed in model.card.seeds)
    return dataclasses.replace(
        first,
        predictor=predictor,
        card=dataclasses.replace(first.card, seeds=seeds, learner=learner_words(predictor)),
        history=[one for model in every for one in model.history or []],
    )


def calibration_of(contestant: Contestant, answers: Answers, truth: np.ndarray) -> Calibration:
    """How sure its model may be: its temperature, and how far off it was on rows that nothing was chosen by."""
    if answers.ndim == 1:
        return fit_conformity(conformity_of_numbers(answers, truth))
    return fit_conformity(conformity_of_classes(answers, truth), temperature=contestant.temperature)


def codes_or_numbers(model: Model, table: pa.Table) -> np.ndarray:
    """The truth about rows: codes of classes, or numbers."""
    column, target = table.column(model.card.target), model.target
    return np.asarray(target.encode(column) if isinstance(target, ClassTarget) else column)
