"""From rows of a table to trained networks: who sees which rows, and what is trained together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.model_selection import cross_val_score

from lamina.data import Category, Number, Schema
from lamina.estimators import NetworkClassifier, Part, encoding, fit_networks, fitting, to_model
from lamina.foundation.errors import TrainingError
from lamina.training import SGD, Training
from quick import SHORT, SMALL, two_clouds

ROWS = np.arange(40)


def number_table(rows: int = 40) -> tuple[pa.Table, Schema]:
    """A table of one number, its row and an answer."""
    stream = np.random.default_rng(0)
    table = pa.table({"row": np.arange(rows) + 0.5, "size": stream.normal(0, 1, rows), "cost": np.arange(rows) ** 2.0})
    return table, Schema(columns=tuple(Number(name=name) for name in table.column_names), target="cost")


@pytest.fixture
def seen(monkeypatch) -> list[set[int]]:
    """The rows of every table that an encoder is fitted on."""
    rows: list[set[int]] = []
    honest = encoding.fit_encoder

    def fit_encoder(table, schema, **settings):
        name = "row" if "row" in table.column_names else "x0"
        rows.append({int(value) for value in table.column(name).to_pylist()})
        return honest(table, schema, **settings)

    monkeypatch.setattr(encoding, "fit_encoder", fit_encoder)
    return rows


def test_encoders_see_training_rows_only(seen) -> None:
    """Each part's encoder is fitted on its training rows, and on no row that is watched."""
    table, schema = number_table()
    parts = [Part(train=ROWS[:30], watch=ROWS[30:]), Part(train=ROWS[10:], watch=ROWS[:10])]
    fit_networks(table, schema, parts, network=SMALL, training=SHORT, task="regression")
    assert seen == [set(range(30)), set(range(10, 40))]


def test_targets_are_scaled_by_training_rows_only() -> None:
    """The mean and the scale of numbers come from each part's training rows."""
    table, schema = number_table()
    parts = [Part(train=ROWS[:30], watch=ROWS[30:]), Part(train=ROWS[10:], watch=ROWS[:10])]
    fitted = fit_networks(table, schema, parts, network=SMALL, training=SHORT, task="regression")
    cost = ROWS**2.0
    assert [one.target.mean for one in fitted] == pytest.approx([cost[:30].mean(), cost[10:].mean()])
    assert [one.target.high for one in fitted] == [29.0**2, 39.0**2]


def test_held_back_rows_stay_unseen_by_the_encoder(seen) -> None:
    """A classifier that holds rows back to find the best epoch encodes by the others alone."""
    X = np.column_stack([ROWS + 0.5, two_clouds(40)[0]])
    NetworkClassifier(SMALL, SHORT, validation=0.25).fit(X, ROWS % 2)
    assert len(seen) == 1
    assert len(seen[0]) == 30


def test_cross_validation_shows_encoders_no_test_row(seen) -> None:
    """In every fold of a cross-validation the encoder sees that fold's training rows, and only them."""
    X = np.column_stack([ROWS + 0.5, two_clouds(40)[0]])
    cross_val_score(NetworkClassifier(SMALL, SHORT), X, ROWS % 2, cv=4)
    assert [len(rows) for rows in seen] == [30] * 4
    unseen = [set(ROWS.tolist()) - rows for rows in seen]
    assert set.union(*unseen) == set(ROWS.tolist())
    assert sum(map(len, unseen)) == 40


def test_parts_of_one_shape_train_as_one_fleet_and_as_alone() -> None:
    """A part's networks are the same, whoever is trained beside them."""
    table, schema = number_table()
    parts = [Part(train=ROWS[:30], watch=ROWS[30:], seeds=(1, 2)), Part(train=ROWS[10:], watch=ROWS[:10], seeds=(3,))]
    together = fit_networks(table, schema, parts, network=SMALL, training=SHORT, task="regression")
    alone = [fit_networks(table, schema, [p], network=SMALL, training=SHORT, task="regression")[0] for p in parts]
    for one, other in zip(together, alone, strict=True):
        assert one.predictor.members == other.predictor.members
        for name, weights in other.predictor.weights.items():
            np.testing.assert_allclose(one.predictor.weights[name], weights, rtol=1e-4, atol=1e-5)


def uneven_table() -> tuple[pa.Table, Schema]:
    """A category with a level that stands in the first ten rows only."""
    table, schema = number_table()
    town = pa.array(["far" if i < 10 else "nn"[i % 2] + "ab"[i % 2] for i in range(40)])
    return table.append_column("town", town), Schema(
        columns=(*schema.columns, Category(name="town", levels=("far", "na", "nb"))), target="cost"
    )


def test_parts_of_other_shapes_come_back_in_their_order(monkeypatch) -> None:
    """Parts whose categories differ are trained in several fleets, each with its share of the time."""
    calls = []
    honest = fitting.fit_fleet

    def fit_fleet(build, pool, members, training, **others):
        calls.append((len(members), training.seconds))
        return honest(build, pool, members, training, **others)

    monkeypatch.setattr(fitting, "fit_fleet", fit_fleet)
    table, schema = uneven_table()
    parts = [Part(train=t, watch=np.arange(0)) for t in (ROWS, ROWS[10:], ROWS[:30])]
    limited = Training(epochs=2, device="cpu", seconds=900.0)
    fitted = fit_networks(table, schema, parts, network=SMALL, training=limited, task="regression")
    sizes = [one.predictor.signature.features for one in fitted]
    assert sizes[0] == sizes[2] != sizes[1]
    assert [members for members, _ in calls] == [2, 1]
    assert calls[0][1] == pytest.approx(600, abs=60)  # two of three parts
    assert calls[1][1] == pytest.approx(900, abs=60)  # all that the first fleet left


def end_as(monkeypatch, *stopped: str) -> None:
    """Let the members of the next fleets end for these reasons, in this order."""
    honest, reasons = fitting.fit_fleet, iter(stopped)

    def fit_fleet(build, pool, members, *others, **more):
        trained = honest(build, pool, members, *others, **more)
        return replace(trained, stopped=tuple(next(reasons) for _ in members))

    monkeypatch.setattr(fitting, "fit_fleet", fit_fleet)


def test_a_diverged_member_is_left_out_and_the_others_stay(monkeypatch) -> None:
    """The model has the sound members, with their seeds and histories, and no other."""
    table, schema = number_table()
    part = Part(train=ROWS, watch=ROWS[:0], seeds=(1, 2, 3))
    (all_three,) = fit_networks(table, schema, [part], network=SMALL, training=SHORT, task="regression")
    end_as(monkeypatch, "epochs", "diverged", "epochs")
    (fitted,) = fit_networks(table, schema, [part], network=SMALL, training=SHORT, task="regression")
    for name, weights in fitted.predictor.weights.items():
        np.testing.assert_array_equal(weights, all_three.predictor.weights[name][[0, 2]])
    model = to_model(fitted, schema, part, SHORT, task="regression", name="test")
    assert (model.card.seeds, len(model.history)) == ((1, 3), 2)


def test_a_part_without_a_sound_member_ends_the_training(monkeypatch) -> None:
    """A fold that cannot be judged is no fold: there is advice instead of a score."""
    table, schema = number_table()
    parts = [Part(train=ROWS[:30], watch=ROWS[30:]), Part(train=ROWS[10:], watch=ROWS[:10])]
    end_as(monkeypatch, "epochs", "diverged")
    with pytest.raises(TrainingError, match="diverged"):
        fit_networks(table, schema, parts, network=SMALL, training=SHORT, task="regression")


def test_divergence_comes_with_advice() -> None:
    """If no network is sound, training is over, and a smaller learning rate is named."""
    table, schema = number_table()
    wild = Training(epochs=30, device="cpu", clip=None, optimiser=SGD(learning_rate=1e6, momentum=0.99))
    with pytest.raises(TrainingError, match="diverged") as caught:
        fit_networks(table, schema, [Part(train=ROWS, watch=ROWS[:0])], network=SMALL, training=wild, task="regression")
    assert "learning_rate=1" in caught.value.remedy
