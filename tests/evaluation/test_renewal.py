"""Retraining: going on from a model with new rows."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from lamina.evaluation import Protocol, renew
from lamina.evaluation.verdict import compare_rows
from lamina.foundation.errors import DataError, LaminaError, SchemaError
from lamina.training import AdamW, Training
from quick import quick_fit, two_clouds

LONGER = Training(epochs=60, optimiser=AdamW(learning_rate=0.02), device="cpu")


def clouds(rows: int, seed: int, *, turned: bool = False) -> dict[str, list]:
    """Two classes that a line tells apart; turned, the classes have changed places."""
    X, y = two_clouds(rows, seed)
    return {"a": X[:, 0].tolist(), "b": X[:, 1].tolist(), "kind": [["no", "yes"][int(i) ^ turned] for i in y]}


@pytest.fixture(scope="module")
def old() -> lamina.Model:
    """A model of the clouds as they used to be."""
    return quick_fit(clouds(120, 0), "kind", training=LONGER).network


def test_a_changed_world_is_learnt_and_kept(old) -> None:
    """Where the classes changed places the old model is wrong and the renewed one right, and that is said."""
    renewal = renew(old, clouds(200, 1, turned=True), training=LONGER)
    assert renewal.before["accuracy"] < 0.2
    assert renewal.after["accuracy"] > 0.8
    assert renewal.kept
    assert renewal.comparison.word == "better"
    assert "better beyond noise" in renewal.sentence()
    new = clouds(50, 2, turned=True)
    assert (renewal.model.predict(new) == np.array(new["kind"])).mean() > 0.8


def test_what_does_harm_is_not_kept(old) -> None:
    """A training that spoils the weights leaves the old model, and says so."""
    spoil = Training(epochs=1, optimiser=AdamW(learning_rate=30.0), clip=None, restore_best=False, device="cpu")
    renewal = renew(old, clouds(200, 1), training=spoil)
    assert renewal.after["accuracy"] < renewal.before["accuracy"]
    assert renewal.model is old
    assert "The old weights are kept." in renewal.sentence()


def test_it_starts_from_the_old_weights(old) -> None:
    """With a learning rate next to nothing the answers stay what they were: nothing was drawn anew."""
    still = Training(epochs=1, optimiser=AdamW(learning_rate=1e-9, decay=0.0), device="cpu")
    renewal = renew(old, clouds(200, 1), training=still)
    np.testing.assert_allclose(renewal.model.predict_proba(clouds(50, 2)), old.predict_proba(clouds(50, 2)), atol=1e-5)


def test_equal_seeds_give_equal_models(old, tmp_path) -> None:
    """The same rows and seed give the same file, which answers as the model does."""
    for name in ("a", "b"):
        renew(old, clouds(100, 1), training=LONGER).model.save(tmp_path / f"{name}.lamina")
    assert (tmp_path / "a.lamina").read_bytes() == (tmp_path / "b.lamina").read_bytes()
    assert lamina.load(tmp_path / "a.lamina").card.rows > old.card.rows


def test_a_class_that_is_new_is_refused() -> None:
    """The classes stay those of the model."""
    data = {"a": [float(i % 7) for i in range(60)], "kind": [["red", "green", "blue"][i % 3] for i in range(60)]}
    model = quick_fit(data, "kind").network
    with pytest.raises(SchemaError, match="grey"):
        renew(model, {**data, "kind": ["grey", *data["kind"][1:]]})


def test_too_few_rows_are_refused(old) -> None:
    """Nothing could be said about the result."""
    with pytest.raises(DataError, match="20 new rows"):
        renew(old, clouds(20, 1))


def test_numbers_go_on_in_their_own_scale() -> None:
    """A model of numbers keeps its scale, and comes closer to a law that has shifted."""
    stream = np.random.default_rng(0)
    x = stream.normal(0, 1, 300)
    data = {"x": x.tolist(), "y": (3 * x).tolist()}
    model = quick_fit(data, "y", training=LONGER).network
    renewal = renew(model, {"x": x.tolist(), "y": (3 * x + 4).tolist()}, training=LONGER)
    assert renewal.after["rmse"] < 0.5 * renewal.before["rmse"]
    assert renewal.model.target == model.target


def test_a_classical_model_cannot_learn_on() -> None:
    """It says what to do instead."""
    study = lamina.fit(clouds(60, 0), "kind", contenders=["linear"], choose="linear", curve=False, explain=False,
                       network="4 tanh", training=Training(epochs=2), workers=0)  # fmt: skip
    with pytest.raises(LaminaError, match="cannot learn on"):
        renew(study.model, clouds(60, 1))


def test_groups_stay_on_one_side_and_witness_together(monkeypatch) -> None:
    """Rows of one patient neither teach and judge, nor count as witnesses of their own."""
    visits = clouds(120, 0) | {"patient": [f"p{i // 4}" for i in range(120)]}
    grouped = quick_fit(visits, "kind", protocol=Protocol(group="patient"), training=LONGER).network
    asked: list[np.ndarray] = []

    def listening(*answers, groups, **more):
        asked.append(groups)
        return compare_rows(*answers, groups=groups, **more)

    monkeypatch.setattr("lamina.evaluation.renewal.compare_rows", listening)
    renewal = renew(grouped, visits, training=LONGER, group="patient")
    assert renewal.comparison.method != "McNemar"
    assert set(np.bincount(asked[0])) <= {0, 4}  # all four visits of a patient, or none
    with pytest.raises(SchemaError, match="patient"):
        renew(grouped, visits, group="patiens")
