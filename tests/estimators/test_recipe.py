"""The recipe: a network for every number of rows, and no step where it should stay alike."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
import torch

from lamina.data import Category, Schema, Text
from lamina.estimators import Part, fit_networks, recipe
from lamina.estimators.recipe import (
    LARGE,
    MANY_IMAGES,
    SMALL,
    suited,
    usual_loss,
    usual_members,
    usual_network,
    usual_passes,
    usual_precision,
    usual_training,
)
from lamina.foundation.signature import Field, Signature
from lamina.networks import (
    MLP,
    ConvNet,
    CrossEntropy,
    FTTransformer,
    LeNet5,
    MeanSquaredError,
    Piecewise,
    Recurrent,
    Table,
    Words,
    settle,
    usual_trunk,
)
from lamina.training import SGD, Training
from lamina.training.order import batch_rows, epoch_count, epoch_steps
from lamina.training.spec import USUAL_OPTIMISER

EVERY_SIZE = [1, 20, SMALL - 1, SMALL, LARGE - 1, LARGE, 10**6, 10**9]


@pytest.mark.parametrize("rows", EVERY_SIZE)
def test_every_number_of_rows_has_a_network(rows: int) -> None:
    """It can be built, members answer, and it takes numbers as straight pieces."""
    network = usual_network(rows)
    assert isinstance(network, Table)
    assert isinstance(network.numbers, Piecewise)
    assert usual_members(rows) >= 1
    built = network.build(Signature(features=3, scores=2, categories=(4,)), seed=0)
    assert built(torch.zeros(2, 3), torch.zeros(2, 1, dtype=torch.int64)).shape == (2, 2)


@pytest.mark.parametrize("rows", EVERY_SIZE)
def test_losses_follow_the_task(rows: int) -> None:
    """Squares for numbers; for classes cross-entropy, smoothed only where rows are few."""
    assert usual_loss("regression", rows) == MeanSquaredError()
    loss = usual_loss("classification", rows)
    assert isinstance(loss, CrossEntropy)
    assert (loss.smoothing > 0) == (rows < LARGE)


def test_more_rows_are_met_more_often_but_fewer_times_each() -> None:
    """No more passes, and in all about as many rows met or more, across the borders too, from 1,000 rows on."""
    sizes = [1_000, 5_000, 9_999, 10_000, 20_000, 50_000, 200_000, 10**6]
    epochs = [epoch_count("auto", rows, epoch_steps(Training().rows_a_step, rows)) for rows in sizes]
    met = [rows * count for rows, count in zip(sizes, epochs, strict=True)]
    assert epochs == sorted(epochs, reverse=True)
    assert all(after > 0.7 * before for before, after in pairwise(met))


def test_two_thousand_columns_are_no_burden() -> None:
    """Where columns are many, numbers go into the network as they are."""
    network = usual_network(5_000).build(Signature(features=2_000, scores=2), seed=0)
    assert str(network) == str(usual_network(5_000).trunk.build(Signature(features=2_000, scores=2), seed=0))


def test_thirty_rows_bend_nothing() -> None:
    """Thirty rows of four numbers learn straight lines: they cannot show where a law bends."""
    network = usual_network(30).build(Signature(features=4, scores=2), seed=0)
    settle(network, torch.randn(30, 4, generator=torch.Generator().manual_seed(0)))
    assert not network[0].slope.any()


def test_a_few_rows_take_a_few_hundred_steps() -> None:
    """Below 1,000 rows the steps are about as many, however few the rows."""
    for rows in (20, 100, 344, 900):
        steps = epoch_steps("auto", rows)
        assert 300 <= steps * epoch_count("auto", rows, steps) < 300 + batch_rows("auto", rows) + steps


IMAGE, TINY = Field(holds="image", shape=(3, 32, 32)), Field(holds="image", shape=(1, 8, 8))
TEXT, SERIES = Field(holds="text", shape=(20,), codes=100), Field(holds="series", shape=(2, 50))


@pytest.mark.parametrize("rows", EVERY_SIZE)
def test_every_field_is_read(rows: int) -> None:
    """With images, texts and series the usual network has an encoder of each, its trunk, and answers."""
    signature = Signature(features=2, scores=3, categories=(4,), fields=(TINY, TEXT, SERIES))
    network = usual_network(rows, signature.fields, features=3)
    assert network.trunk == usual_trunk(signature.fields, 3)
    assert network.numbers == usual_network(rows).numbers  # numbers beside them bend as everywhere
    built = network.build(signature, seed=0).eval()
    inputs = (torch.zeros(2, 1, 8, 8, dtype=torch.uint8), torch.ones(2, 20, dtype=torch.int32), torch.ones(2, 2, 50))
    assert built(torch.zeros(2, 2), torch.zeros(2, 1, dtype=torch.int64), *inputs).shape == (2, 3)


def test_a_field_alone_has_a_trunk_of_its_own() -> None:
    """Numbers and categories beside it, both counted, bring the trunk that weighs all of them."""
    alone = Signature(features=0, scores=2, fields=(SERIES,))
    assert suited(None, 100, alone).trunk == usual_trunk([SERIES])
    for beside in ({"features": 1}, {"features": 0, "categories": (3,)}):
        signature = Signature(scores=2, fields=(SERIES,), **beside)
        assert suited(None, 100, signature).trunk == usual_trunk([SERIES], 1) != usual_trunk([SERIES])


def test_what_was_asked_for_is_kept() -> None:
    """A table network gets only the encoders that it names none for; any other network is left as it is."""
    signature = Signature(features=1, scores=2, fields=(IMAGE, TEXT))
    mine = Table(trunk=MLP(widths=(3,)), text=Words(units=5))
    found = suited(mine, 100, signature)
    assert (found.trunk, found.text) == (mine.trunk, mine.text)
    assert isinstance(found.image, ConvNet)
    for other in (MLP(widths=(3,)), FTTransformer()):
        assert suited(other, 100, signature) is other
    assert suited(mine, 100, Signature(features=1, scores=2)) == mine
    assert suited(None, 100, Signature(features=1, scores=2)) == usual_network(100)


@pytest.mark.parametrize(
    ("network", "fields", "asked", "able", "precision"),
    [
        (usual_network(100, [IMAGE]), (IMAGE,), "auto", True, "bfloat16"),
        (usual_network(100, [SERIES]), (SERIES,), "auto", True, "bfloat16"),
        (usual_network(100, [IMAGE]), (IMAGE,), "auto", False, "auto"),
        (usual_network(100, [IMAGE]), (IMAGE,), "float32", True, "float32"),
        (usual_network(100, [IMAGE]), (IMAGE,), "float64", True, "float64"),
        (usual_network(100, [TINY]), (TINY,), "auto", True, "auto"),
        (usual_network(100, [TEXT]), (TEXT,), "auto", True, "auto"),
        (Table(image=LeNet5()), (IMAGE,), "auto", True, "auto"),
        (Table(text=Recurrent()), (TEXT,), "auto", True, "auto"),
        (usual_network(100), (), "auto", True, "auto"),
        (MLP(), (), "auto", True, "auto"),
    ],
    ids=str,
)
def test_halves_are_for_convolutions_where_nothing_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, network, fields, asked, able, precision
) -> None:
    """bfloat16 for the encoders that were seen to learn as well, on a device made for it; nothing else changes."""
    monkeypatch.setattr(recipe, "reckons_halves", lambda device: able)
    training = Training(precision=asked, device="cpu", epochs=7)
    found = usual_precision(training, network, Signature(features=1, scores=2, fields=fields))
    assert found.precision == precision
    assert found == Training(precision=precision, device="cpu", epochs=7)


@pytest.mark.parametrize(
    ("network", "field", "rows", "asked", "optimiser"),
    [
        (usual_network(50_000, [IMAGE]), IMAGE, 50_000, "auto", MANY_IMAGES),
        (usual_network(9_999, [IMAGE]), IMAGE, 9_999, "auto", USUAL_OPTIMISER),
        (usual_network(50_000, [TINY]), TINY, 50_000, "auto", USUAL_OPTIMISER),
        (usual_network(50_000, [TEXT]), TEXT, 50_000, "auto", USUAL_OPTIMISER),
        (usual_network(50_000, [IMAGE]), IMAGE, 50_000, SGD(), SGD()),
    ],
    ids=str,
)
def test_many_images_are_learnt_by_muon_where_nothing_was_asked_for(network, field, rows, asked, optimiser) -> None:
    """Muon for many images beyond the tiny; AdamW for everything else, and what was asked for stays."""
    signature = Signature(features=0, scores=2, fields=(field,))
    found = usual_training(Training(optimiser=asked, device="cpu"), network, signature, rows)
    assert found.optimiser == optimiser


def test_texts_and_moved_images_have_few_passes_where_nothing_was_asked_for() -> None:
    """Three hundred steps for texts, twenty passes for images; few rows, tiny images, tables and wishes as ever."""
    text, photo = Field(holds="text", shape=(20,), codes=50), Field(holds="image", shape=(1, 28, 28))
    tiny = Field(holds="image", shape=(1, 8, 8))

    def passes(training: Training, *fields: Field, rows: int = 5_000) -> object:
        return usual_passes(training, Signature(features=1, scores=2, fields=fields), rows)

    assert (passes(Training(), photo), passes(Training(), text, photo)) == (20, 20)
    assert [passes(Training(), text, rows=rows) for rows in (1_000, 5_000, 100_000)] == [38, 8, 5]
    assert passes(Training(batch="all"), text) == 300
    assert {passes(Training(), tiny), passes(Training()), passes(Training(), text, rows=999)} == {None}
    assert passes(Training(epochs=3), text) is None


def test_networks_learn_as_the_recipe_says() -> None:
    """The passes of the recipe are those that a network of texts makes."""
    words = ["good", "bad"] * 500
    table = pa.table({"said": [f"a {word} day in town" for word in words], "y": words})
    schema = Schema(columns=(Text(name="said"), Category(name="y", levels=("bad", "good"))), target="y")
    part = Part(train=np.arange(1000), watch=np.arange(0))
    network = Table(text=Words(units=4, pairs=0), trunk=MLP(widths=()))
    (fitted,) = fit_networks(table, schema, [part], network=network, training=Training(), task="classification")
    assert len(fitted.histories[0].epochs) == 38
