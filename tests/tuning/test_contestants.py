"""Who is left at the end, and how several networks become one model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lamina.estimators import Part, to_model
from lamina.evaluation.prepare import prepare
from lamina.evaluation.protocol import Protocol
from lamina.model import load
from lamina.networks import MLP, CrossEntropy, Table
from lamina.training import AdamW, Training
from lamina.tuning.contestants import stacked
from lamina.tuning.ensemble import mean_of
from lamina.tuning.fleets import Order, train
from lamina.tuning.ground import make_side, said
from lamina.tuning.recipe import Recipe
from quick import mixed_columns

LOSS = CrossEntropy()
TRAINING = Training(epochs=2, batch=16, loss=LOSS, device="cpu")
SOFT = Recipe(network=Table(trunk=MLP(widths=(6,), dropout=0.2)), training=TRAINING)
QUICK = Recipe(
    network=Table(trunk=MLP(widths=(6,), dropout=0.4)),
    training=dataclasses.replace(TRAINING, optimiser=AdamW(learning_rate=0.1)),
)


@pytest.fixture(scope="module")
def models():
    """The rows, and a model of each recipe."""
    prepared = prepare(mixed_columns(), "grade", task=None, protocol=Protocol(), kinds={}, missing=())
    rows, nothing = np.arange(prepared.table.num_rows), np.arange(0)
    side = make_side(prepared, rows, nothing, SOFT, LOSS)
    done = {}
    orders = [Order(recipe=recipe, side=side, seeds=(0,)) for recipe in (SOFT, QUICK)]
    train(orders, until=None, on_fleet=lambda fitted, seconds: done.update(fitted))
    part = Part(train=rows, watch=nothing, seeds=(0,))
    made = [
        to_model(done[i], prepared.schema, part, order.recipe.training, task="classification", name="grade")
        for i, order in enumerate(orders)
    ]
    return prepared.table, made


def test_stacked_networks_answer_by_their_counts(models, tmp_path) -> None:
    """Twice the first and once the second: the file's answers are that mean, and it has three members."""
    table, (soft, quick) = models
    whole = stacked([soft, quick], [2, 1])
    whole.save(tmp_path / "model.lamina")
    wanted = mean_of([said(soft, table), said(quick, table)], {0: 2, 1: 1})
    np.testing.assert_allclose(said(load(tmp_path / "model.lamina"), table), wanted, atol=1e-6)
    assert whole.predictor.members == 3
    assert len(whole.card.seeds) == len(whole.history) == 3
    assert whole.card.learner.startswith("3 networks")


def test_each_counts_as_asked_however_many_networks_it_has(models) -> None:
    """One of three networks beside one of one: the mean is that of the two models, not of the four networks."""
    table, (soft, quick) = models
    three = stacked([soft, quick], [2, 1])
    both = stacked([three, quick], [1, 1])
    assert both.predictor.members == 6
    np.testing.assert_allclose(said(both, table), (said(three, table) + said(quick, table)) / 2, atol=1e-6)


def test_one_alone_is_itself(models) -> None:
    """Nothing is stacked."""
    _, (soft, _) = models
    assert stacked([soft], [1]) is soft
