"""What lies inside an image, a text or a series: planted parts are found, what changes nothing says nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from lamina.classical import Read, SparseLinear, TfIdf
from lamina.estimators import classic_model
from lamina.explain import METHODS, explain_field, explain_field_of_table, telling_stretch
from lamina.foundation.errors import LaminaError, SchemaError, SpecError
from lamina.model import Predictor
from lamina.networks import MLP, Table
from lamina.networks.convnet import Conv, ConvNet
from lamina.networks.fcn import FCN
from lamina.networks.hierarchical import Hierarchical
from lamina.networks.phrases import Phrases
from lamina.networks.reading import Recurrent
from lamina.networks.recurrent_series import RecurrentSeries
from lamina.networks.text_transformer import TextTransformer
from lamina.networks.words import Words

from .field_models import images, model_of, series, square_of, table_of, texts

TRUNK = MLP(widths=(6,), activation="tanh")
CONV = ConvNet(layers=(Conv(channels=4, padding="same"), Conv(channels=5, stride=2)), head="mean")
NETWORKS = {
    "convolutions": (images, "photo", "spot", Table(trunk=TRUNK, image=CONV)),
    "words": (texts, "review", "verdict", Table(trunk=TRUNK, text=Words(units=4, pairs=64))),
    "phrases": (texts, "review", "verdict", Table(trunk=TRUNK, text=Phrases(embedding=4, filters=4))),
    "recurrent": (texts, "review", "verdict", Table(trunk=TRUNK, text=Recurrent(embedding=4, units=4, hidden=4))),
    "transformer": (texts, "review", "verdict", Table(trunk=TRUNK, text=TextTransformer(hidden=4))),
    "hierarchy": (texts, "review", "verdict", Table(trunk=TRUNK, text=Hierarchical(units=4, chunk=4, section=2))),
    "series": (series, "pulse", "bump", Table(trunk=TRUNK, series=FCN(widths=(4, 4), sizes=(5, 3)))),
    "recurrent series": (
        series,
        "pulse",
        "bump",
        Table(trunk=TRUNK, series=RecurrentSeries(units=4, pool="attention")),
    ),
}


def test_these_texts_hold_pairs_that_the_network_knows() -> None:
    """Else nothing here would look at what pairs say."""
    make, _, target, network = NETWORKS["words"]
    known = model_of(make(), target, network=network).predictor.weights["encoders.0.known"]
    assert (known[..., 1] > 0).sum() > 20


def logit(chances):
    """The score that has these chances."""
    return np.log(chances / (1 - chances))


def test_a_planted_square_is_found() -> None:
    """Of a model that counts bright pixels, only what lies by the square matters."""
    model = model_of(images(), "spot", known=lambda x: (x > 200).sum(axis=(1, 2, 3)) / 2 - 3)
    rows = explain_field_of_table(model, table_of(model, images(), 6), "photo")
    for row in (1, 3, 5):
        top, left = square_of(row)
        peak = np.unravel_index(rows[row].values.argmax(), rows[row].values.shape)
        assert rows[row].answer == "yes"
        assert top - 2 <= peak[0] <= top + 4
        assert left - 2 <= peak[1] <= left + 4
        assert rows[row].values.max() > 0.1


def test_a_planted_word_is_found() -> None:
    """Of a model that counts one word, that word has all, and every other word exactly nothing."""
    model = model_of(texts(), "verdict", known=lambda x: np.zeros(len(x)))
    encoder = model.encoder.field_columns[0]
    code = encoder.pieces("dreadful")[-1].code
    # the classes are bad, good: the score is that of good
    model = model_of(texts(), "verdict", known=lambda x: 2 - 4.0 * (x == code).any(axis=1))
    for one in explain_field_of_table(model, table_of(model, texts(), 6), "review"):
        if one.answer == "bad":
            said = {word.text: value for word, value in zip(one.words, one.values, strict=True)}
            assert said.pop("dreadful") == pytest.approx(one.chance - 1 / (1 + np.exp(2)))
            assert set(said.values()) == {0.0}


def test_a_planted_stretch_is_found() -> None:
    """Of a model that answers by the last channel's largest value, the bump is what tells, in its channel."""
    model = model_of(series(), "bump", known=lambda x: 3 * (np.nanmax(x[:, -1], axis=1, initial=0.0) - 1.5))
    one = explain_field_of_table(model, table_of(model, series(), 2), "pulse")[1]
    stretch = telling_stretch(one.values)
    assert (one.answer, stretch.channel) == ("yes", 1)
    assert 8 <= stretch.start < stretch.stop <= 18
    assert not one.values[0].any()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_constant_model_says_nothing(name) -> None:
    """Where no part changes the answer, every contribution is exactly 0."""
    make, column, target, _ = NETWORKS[name]
    model = model_of(make(), target, known=lambda x: np.ones(len(x)))
    for one in explain_field_of_table(model, table_of(model, make()), column):
        assert one.chance == one.base
        assert not one.values.any()


@pytest.mark.parametrize("name", NETWORKS)
def test_values_have_the_shape_of_the_field_and_can_be_written(name) -> None:
    """Pixels, words that stand in the text where they say, channels and steps; finite, and as plain JSON."""
    make, column, target, network = NETWORKS[name]
    model = model_of(make(), target, network=network)
    table = table_of(model, make(), 2)
    for method in METHODS[model.encoder.fields[0].holds]:
        if (name, method) in {("hierarchy", "gradients"), *((n, "attention") for n in ("words", "phrases", "series"))}:
            with pytest.raises(LaminaError, match="has none to show"):
                explain_field_of_table(model, table, column, method=method)
            continue
        for row, one in enumerate(explain_field_of_table(model, table, column, method=method)):
            if one.holds == "text":
                text = table.column(column)[row].as_py()
                assert [text[word.start : word.stop] for word in one.words] == [word.text for word in one.words]
                assert one.values.shape == (len(one.words),)
            else:
                assert one.values.shape == model.encoder.fields[0].shape[one.holds == "image" :]
            assert np.isfinite(one.values).all()
            json.dumps(one.facts(), allow_nan=False)


@pytest.mark.parametrize("name", ["convolutions", "words", "series"])
def test_values_move_when_weights_do(name) -> None:
    """The sanity check of Adebayo et al. (2018): other weights, another explanation, by every method."""
    make, column, target, network = NETWORKS[name]
    model = model_of(make(), target, network=network)
    stream = torch.Generator().manual_seed(0)
    old = model.predictor.weights
    other = {n: w + torch.randn(w.shape, generator=stream) if "weight" in n else w for n, w in old.items()}
    moved = replace(model, predictor=Predictor(spec=network, signature=model.predictor.signature, weights=other))
    table = table_of(model, make(), 6)
    for method in METHODS[model.encoder.fields[0].holds][:2]:
        rows = [explain_field_of_table(one, table, column, method=method) for one in (model, moved)]
        found = [np.concatenate([one.values.ravel() for one in some]) for some in rows]
        one, two = (values / np.abs(values).max() for values in found)
        assert np.abs(one - two).max() > 0.1


@pytest.mark.parametrize("name", ["words", "phrases", "recurrent", "transformer", "series", "recurrent series"])
def test_gradients_add_up(name) -> None:
    """Base and contributions make the chance, up to the gap that is told, which is small."""
    make, column, target, network = NETWORKS[name]
    model = model_of(make(), target, network=network)
    for one in explain_field_of_table(model, table_of(model, make(), 3), column, method="gradients"):
        assert one.base + one.values.sum() + one.gap == pytest.approx(one.chance, abs=1e-5)
        assert abs(one.gap) < 2e-2


@pytest.mark.parametrize("name", ["recurrent", "transformer", "hierarchy"])
def test_attention_over_a_text_adds_up_to_one(name) -> None:
    """Every word counts at least nothing, and all together one."""
    make, column, target, network = NETWORKS[name]
    model = model_of(make(), target, network=network)
    for one in explain_field_of_table(model, table_of(model, make()), column, method="attention"):
        assert (one.values >= 0).all()
        assert one.values.sum() == pytest.approx(1, abs=1e-5)


def test_a_classical_model_is_explained_alike() -> None:
    """TF-IDF and a linear model that has learnt: the word that tells is found in every text."""
    untrained = model_of(texts(100), "verdict", known=lambda x: np.zeros(len(x)))
    table = untrained.conform(texts(100), need_target=True)[0]
    encoder, target = untrained.encoder, untrained.target
    truth = target.encode(table.column("verdict"))
    learnt = Read(reading=TfIdf(), family=SparseLinear()).fit(encoder.encode(table), truth, classes=2, seed=0)
    model = classic_model(
        learnt, encoder, target, untrained.schema, task="classification", rows=100, name="linear", metrics={}
    )
    for row, one in enumerate(explain_field_of_table(model, table.slice(0, 20), "review")):
        assert one.words[int(one.values.argmax())].text == ["wonderful", "dreadful"][row % 2]


def test_missing_ones_say_nothing() -> None:
    """A row without a text has no words; one without a series, and an image of the mean colour, contribute 0."""
    model = model_of(texts(), "verdict", network=NETWORKS["words"][3])
    (one,) = explain_field(model, {"review": [None]}, "review")
    assert (one.words, one.values.shape, one.chance == one.base) == ((), (0,), True)
    model = model_of(series(), "bump", network=NETWORKS["series"][3])
    (one,) = explain_field(model, {"pulse": [None]}, "pulse")
    assert not one.values.any()


def test_a_number_is_explained_in_its_own_unit() -> None:
    """No chance, and contributions that may raise or lower it."""
    data = series().set_column(1, "bump", [np.arange(24.0).tolist()])
    model = model_of(data, "bump", known=lambda x: np.nansum(x[:, 1], axis=1))
    table = table_of(model, data, 2)
    one, steps = explain_field_of_table(model, table, "pulse")[1], model.encoder.encode(table).fields[0][1, 1]
    assert (one.chance, one.base, one.answer) == (None, 0.0, pytest.approx(steps.sum(), rel=1e-5))
    assert one.values[1, 12:14].mean() == pytest.approx(3 * steps[10:16].mean(), rel=0.1)  # three steps at a time


def test_what_cannot_be_explained_is_said() -> None:
    """Another column, another method, no network: each in a sentence."""
    model = model_of(images(), "spot", known=lambda x: x[:, 0, 0, 0] / 255)
    with pytest.raises(SchemaError, match="reads no image, text or series from a column 'foto'"):
        explain_field(model, images(), "foto")
    with pytest.raises(SpecError, match="'attention' is none for a column of images"):
        explain_field(model, images(), "photo", method="attention")
    with pytest.raises(LaminaError, match="is no network"):
        explain_field_of_table(model, table_of(model, images(), 1), "photo", method="grad-cam")
