"""From rows of a table to trained networks: who sees which rows, and what is trained together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.model_selection import cross_val_score

from lamina.data import Category, Number, Schema, conform, infer_schema, read
from lamina.data.cells import tensor_column
from lamina.estimators import NetworkClassifier, Part, encoding, fit_networks, fitting, mirror, to_model
from lamina.estimators.mirror import Mirrors
from lamina.foundation.errors import DataError, SpecError, TrainingError
from lamina.networks import FCN, MLP, Conv, ConvNet, CrossEntropy, Table, Words
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


def test_several_fleets_need_a_folder_for_their_checkpoints(tmp_path) -> None:
    """One file cannot hold them: it is refused before anything is trained, and a folder gets a file of each."""
    table, schema = uneven_table()
    parts = [Part(train=t, watch=np.arange(0)) for t in (ROWS, ROWS[10:])]
    asked = {"network": SMALL, "training": Training(epochs=2, device="cpu"), "task": "regression"}
    with pytest.raises(SpecError, match="is no folder, and 2 parts may train"):
        fit_networks(table, schema, parts, checkpoint=tmp_path / "one", **asked)
    fit_networks(table, schema, parts, checkpoint=tmp_path, **asked)
    assert len(list(tmp_path.glob("*.checkpoint"))) == 2


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


FIELDS = Table(
    trunk=MLP(widths=(4,)),
    image=ConvNet(layers=(Conv(channels=2),)),
    text=Words(units=4, pairs=0),
    series=FCN(widths=(2,), sizes=(3,)),
)


def field_table(rows: int = 40, *, number: bool = True) -> tuple[pa.Table, Schema]:
    """An image, a text, a series, a number and a class."""
    stream = np.random.default_rng(0)
    words = ["rain", "wind", "snow", "town", "again", "long", "ago"]
    columns = {
        "photo": tensor_column(stream.integers(0, 256, (rows, 1, 8, 8), dtype=np.uint8)),
        "remark": [" ".join(stream.choice(words, 6)) for _ in range(rows)],
        "pulse": tensor_column(stream.normal(0, 1, (rows, 2, 12)).astype(np.float32)),
        **({"age": stream.normal(50, 10, rows)} if number else {}),
        "kind": ["bad", "good"] * (rows // 2),
    }
    raw = read(pa.table(columns))
    schema = infer_schema(raw, target="kind", kinds={"remark": "text"})
    return conform(raw, schema, need_target=True)[0], schema


def test_a_network_of_fields_learns_from_fields() -> None:
    """Images, texts and series of the training rows reach the network, in the order of the signature."""
    table, schema = field_table()
    part = Part(train=ROWS[:30], watch=ROWS[30:])
    (fitted,) = fit_networks(table, schema, [part], network=FIELDS, training=SHORT, task="classification")
    signature = fitted.predictor.signature
    assert [field.holds for field in signature.fields] == ["image", "text", "series"]
    assert fitted.encoder == encoding.fit_encoder(table.slice(0, 30), schema, categories="codes", fields=True)
    batch = fitted.encoder.encode(table)
    assert fitted.predictor.scores(batch).shape == (1, 40, 2)
    assert len(fitted.histories[0].epochs) == 3
    assert fitted.mirrors is None


def test_rows_of_fields_are_tensors_in_the_order_of_the_signature() -> None:
    """Numbers, codes where there are any, then each field as the encoder made it."""
    table, schema = field_table()
    encoder = encoding.fit_encoder(table, schema, categories="codes", fields=True)
    target = encoding.fit_target(table.column("kind"), schema.column("kind"), "classification")
    rows = encoding.rows_of(table, encoder, target, "kind", CrossEntropy())
    batch = encoder.encode(table)
    assert len(rows.inputs) == 4
    for found, wanted in zip(rows.inputs, (batch.numbers, *batch.fields), strict=True):
        np.testing.assert_array_equal(found.numpy(), wanted)
    twice = encoding.end_to_end([rows, rows])
    for found, wanted in zip(twice.inputs, (batch.numbers, *batch.fields), strict=True):
        np.testing.assert_array_equal(found.numpy(), np.concatenate((wanted, wanted)))


def test_a_network_of_numbers_is_spared_fields() -> None:
    """It reads the number beside them; where there is none, it is refused in words."""
    table, schema = field_table()
    part = Part(train=ROWS, watch=ROWS[:0])
    (fitted,) = fit_networks(table, schema, [part], network=SMALL, training=SHORT, task="classification")
    assert fitted.encoder.inputs == ("age",)
    assert fitted.predictor.signature.fields == ()
    with pytest.raises(DataError, match="reads only numbers"):
        fit_networks(*field_table(number=False), [part], network=SMALL, training=SHORT, task="classification")


def test_folds_of_fields_are_one_fleet_and_as_alone(monkeypatch) -> None:
    """Parts whose fields have one shape are trained side by side, and learn what each learns by itself."""
    table, schema = field_table()
    exact = replace(SHORT, precision="float32")
    parts = [Part(train=ROWS[:30], watch=ROWS[30:]), Part(train=ROWS[10:], watch=ROWS[:10])]
    alone = [fit_networks(table, schema, [p], network=FIELDS, training=exact, task="classification")[0] for p in parts]
    fleets = count_fleets(monkeypatch)
    together = fit_networks(table, schema, parts, network=FIELDS, training=exact, task="classification")
    assert fleets == [2]
    for one, other in zip(together, alone, strict=True):
        for name, weights in other.predictor.weights.items():
            np.testing.assert_allclose(one.predictor.weights[name], weights, rtol=1e-3, atol=1e-4)


def count_fleets(monkeypatch) -> list[int]:
    """How many members each fleet has that is trained from now on."""
    fleets: list[int] = []
    honest = fitting.fit_fleet

    def fit_fleet(build, pool, members, *others, **more):
        fleets.append(len(members))
        return honest(build, pool, members, *others, **more)

    monkeypatch.setattr(fitting, "fit_fleet", fit_fleet)
    return fleets


def test_each_part_learns_from_mirror_images_as_its_own_rows_say(monkeypatch) -> None:
    """Parts that mirror are one fleet, the others another; each keeps what its rows said, in its place."""
    said = iter([True, False, True])
    monkeypatch.setattr(
        mirror, "ask_mirrors", lambda *rows, **how: Mirrors(plain=1.0, mirrored=1.0, constant=2.0, flip=next(said))
    )
    fleets = count_fleets(monkeypatch)
    table, schema = field_table()
    parts = [Part(train=ROWS[:30], watch=ROWS[:0]), Part(train=ROWS[10:], watch=ROWS[:0], seeds=(1, 2, 3))]
    parts.append(Part(train=ROWS, watch=ROWS[:0]))
    usual = replace(FIELDS, image=None)
    fitted = fit_networks(table, schema, parts, network=usual, training=SHORT, task="classification")
    assert fleets == [2, 3]
    flips = [bool(one.predictor.spec.image.augment and one.predictor.spec.image.augment.flip) for one in fitted]
    assert flips == [one.mirrors.flip for one in fitted] == [True, False, True]
    assert [one.predictor.members for one in fitted] == [1, 3, 1]


def test_nobody_is_asked_about_an_encoder_of_ones_own(monkeypatch) -> None:
    """Whoever names the encoder of images says what it mirrors; a network of numbers has nothing to mirror."""
    monkeypatch.setattr(mirror, "ask_mirrors", lambda *rows, **how: pytest.fail("asked"))
    table, schema = field_table()
    part = Part(train=ROWS, watch=ROWS[:0])
    for network in (FIELDS, SMALL):
        (fitted,) = fit_networks(table, schema, [part], network=network, training=SHORT, task="classification")
        assert fitted.mirrors is None
