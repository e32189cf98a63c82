"""From what was learnt to the model that is kept."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lamina.classical import Linear
from lamina.data import conform, fit_encoder, fit_target, infer_schema, read
from lamina.estimators import NetworkClassifier, Part, fit_networks
from lamina.estimators.keep import classic_model, to_model
from lamina.model import Calibration
from lamina.training import History
from quick import SHORT, SMALL, two_clouds
from small_models import make_classic, some_data

X, Y = two_clouds()


def test_history_in_the_model_reads_back_without_the_clock() -> None:
    """What the clock said is left out of the kept history, and all else is in it."""
    taught = NetworkClassifier(SMALL, SHORT, members=1).fit(X, Y)
    (kept,) = (History.from_json(history) for history in taught.model_.history)
    assert kept.training_losses == taught.histories_[0].training_losses
    assert all(np.isnan(epoch.seconds) and np.isnan(epoch.rows_per_second) for epoch in kept.epochs)
    assert taught.histories_[0].seconds > 0


def test_card_names_the_estimator_and_its_seeds() -> None:
    """The card tells who learnt, from how many rows, on which device and by which seeds."""
    card = NetworkClassifier(SMALL, SHORT, members=2, random_state=4).fit(X, Y).model_.card
    assert (card.name, card.rows, card.seeds[0], len(card.seeds)) == ("NetworkClassifier", 60, 4, 2)
    assert card.environment["device"] == "cpu"


def test_a_classical_learner_becomes_a_model_that_knows_itself() -> None:
    """The card tells the family with what was chosen, the rows and the seeds; the calibration is used."""
    model = make_classic("species", Linear(), calibration=Calibration(temperature=2.0), seeds=(7,))
    assert model.card.learner.startswith("Linear model (C=")
    assert (model.card.rows, model.card.seeds, model.card.task) == (60, (7,), "classification")
    assert (model.link, model.facts()["kind"], model.card.classes[0]) == ("softmax", "linear", "Adelie")
    plain = dataclasses.replace(model, calibration=None).predict_proba(some_data(9, seed=1))
    assert (model.predict_proba(some_data(9, seed=1)).max(axis=1) < plain.max(axis=1)).all()
    assert make_classic("price", Linear(), learner="My own words").card.learner == "My own words"
    assert make_classic("price", Linear()).link == "identity"


def test_a_linear_learner_sees_the_plain_law() -> None:
    """With an encoder that does not clip, a linear law holds as far outside the training rows as one asks."""
    data = {"x": [float(i) for i in range(40)], "y": [3.0 * i + 2 for i in range(40)]}
    schema = infer_schema(read(data), target="y")
    table, _ = conform(read(data), schema, need_target=True)
    target = fit_target(table.column("y"), schema.target_column, "regression")
    encoder = fit_encoder(table, schema, categories="onehot", clipped=Linear.clipped)
    truth = target.encode(table.column("y"))[:, 0].astype(np.float64)
    learnt = Linear().fit(encoder.encode(table).numbers, truth, classes=0, seed=0)
    model = classic_model(learnt, encoder, target, schema, task="regression", rows=40, name="law")
    # the penalty of ridge bends the slope by a fraction of a percent, the clip would leave 6 times the range
    assert model.predict({"x": [4000.0]})[0] == pytest.approx(12_002, rel=0.01)


def test_networks_may_be_calibrated() -> None:
    """What held-out rows taught goes into the model of networks, too, and the card counts the networks."""
    raw = read(some_data())
    schema = infer_schema(raw, target="species")
    table, _ = conform(raw, schema, need_target=True)
    part = Part(train=np.arange(50), watch=np.arange(50, 60), seeds=(0, 1))
    (fitted,) = fit_networks(table, schema, [part], network=SMALL, training=SHORT, task="classification")
    warm = Calibration(temperature=2.0)
    model = to_model(fitted, schema, part, SHORT, task="classification", calibration=warm, name="birds")
    assert model.calibration == warm
    assert model.card.learner.startswith("2 networks: ")
    assert to_model(fitted, schema, part, SHORT, task="classification", name="birds").calibration is None
