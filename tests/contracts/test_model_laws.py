"""Laws that hold for a model of every network kind and every task: a new kind inherits them by being listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from lamina.data import Batch
from lamina.model import Model, Predictor, load
from lamina.model.predictor import member_shapes
from lamina.networks import MLP, NETWORKS, FTTransformer, Perceptron, Periodic, Piecewise, Table, Transformer
from small_models import make_model, some_data

SPECS: list[Any] = [
    MLP(),
    MLP(widths=()),
    MLP(widths=(8, 4), activation=("selu", "tanh"), dropout=(0.5, 0.0), initialisation="orthogonal"),
    MLP(widths=(6, 6), norm="batch", shortcut="concat"),
    MLP(widths=(6, 5), norm="layer", shortcut="residual"),
    Table(),
    Table(one_hot=0, widest=3, trunk=MLP(widths=(5,), norm="batch", shortcut="residual", dropout=0.2)),
    Table(one_hot=1000, trunk=MLP(widths=(5,))),
    Table(numbers=Piecewise(bins=5, width=2, rows=1), trunk=MLP(widths=(5,))),
    Table(numbers=Periodic(waves=3, width=2), trunk=MLP(widths=(5,))),
    FTTransformer(trunk=Transformer(blocks=2, units=8, heads=2)),
    FTTransformer(trunk=Transformer(blocks=1, units=8, heads=2), numbers=Piecewise(bins=5, width=2, rows=1)),
    Perceptron(),
    Perceptron(keep="pocket"),
]
CASES = [
    pytest.param((spec, target), id=f"{type(spec).__name__}{i}-{target}")
    for i, spec in enumerate(SPECS)
    for target in ("species", "ringed", "price")
    if not (isinstance(spec, Perceptron) and target == "price")
]


@pytest.fixture(params=CASES)
def model(request: pytest.FixtureRequest) -> Model:
    """A small model of one network kind and one task."""
    spec, target = request.param
    return make_model(target, network=spec, members=2)


@pytest.fixture
def rows() -> pa.Table:
    """Rows that no model has seen."""
    return pa.table(some_data(25, seed=7))


def answers(model: Model, rows: pa.Table) -> np.ndarray:
    """All numbers that a model answers with, ``(row, answer)``."""
    table = model.answer(rows)
    names = [name for name in table.column_names if pa.types.is_floating(table.column(name).type)]
    return np.stack([np.asarray(table.column(name)) for name in names], axis=1)


def test_every_kind_is_listed() -> None:
    """No kind of network escapes these laws."""
    assert {type(spec) for spec in SPECS} == set(NETWORKS)


def test_saved_and_loaded_models_agree_exactly(model: Model, rows: pa.Table, tmp_path: Path) -> None:
    """A model that was saved and loaded gives the same bits, and saved again, the same file."""
    model.save(tmp_path / "model.lamina")
    back = load(tmp_path / "model.lamina")
    assert back.answer(rows).equals(model.answer(rows))
    back.save(tmp_path / "again.lamina")
    assert (tmp_path / "again.lamina").read_bytes() == (tmp_path / "model.lamina").read_bytes()


def test_a_rows_answer_is_free_of_its_batch(model: Model, rows: pa.Table) -> None:
    """Alone, among others, in another order or twice: a row has one answer."""
    whole = answers(model, rows)
    order = np.random.default_rng(0).permutation(len(rows))
    np.testing.assert_allclose(answers(model, rows.take(order)), whole[order], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(answers(model, pa.concat_tables([rows, rows]))[25:], whole, rtol=1e-5, atol=1e-6)
    alone = np.concatenate([answers(model, rows.slice(i, 1)) for i in range(len(rows))])
    np.testing.assert_allclose(alone, whole, rtol=1e-5, atol=1e-6)


def test_columns_are_found_by_name(model: Model, rows: pa.Table) -> None:
    """Another order of the columns changes no bit."""
    turned = rows.select(rows.column_names[::-1])
    np.testing.assert_array_equal(answers(model, turned), answers(model, rows))


def test_a_member_of_a_fleet_answers_as_alone(model: Model, rows: pa.Table) -> None:
    """Each member's scores are those of a predictor of that member only."""
    batch = model.encoder.encode(model.conform(rows)[0])
    together = model.predictor.scores(batch)
    for member in range(2):
        weights = {name: w[member : member + 1] for name, w in model.predictor.weights.items()}
        alone = Predictor(spec=model.predictor.spec, signature=model.predictor.signature, weights=weights)
        np.testing.assert_allclose(alone.scores(batch)[0], together[member], rtol=1e-5, atol=1e-5)


def test_a_poisoned_member_leaves_the_others_as_they_were(model: Model, rows: pa.Table) -> None:
    """One member's broken weights change no bit of another member's scores."""
    batch = model.encoder.encode(model.conform(rows)[0])
    weights = {
        name: torch.stack([w[0], torch.full_like(w[1], torch.nan)]) for name, w in model.predictor.weights.items()
    }
    poisoned = Predictor(spec=model.predictor.spec, signature=model.predictor.signature, weights=weights)
    np.testing.assert_array_equal(poisoned.scores(batch)[0], model.predictor.scores(batch)[0])


def test_shapes_need_no_memory(model: Model) -> None:
    """The shapes that guard a file against a bomb are those of the network that is really built."""
    network = model.predictor.spec.build(model.predictor.signature, seed=0)
    real = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    shapes = member_shapes(model.predictor.spec, model.predictor.signature)
    assert {n: (s.dtype, s.sizes) for n, s in shapes.items()} == {n: (t.dtype, tuple(t.shape)) for n, t in real.items()}


def test_no_rows_have_no_answers(model: Model) -> None:
    """A batch without rows is scored as one without rows."""
    signature = model.predictor.signature
    numbers, codes = np.zeros((0, signature.features), np.float32), np.zeros((0, len(signature.categories)), np.int64)
    assert model.predictor.scores(Batch(numbers=numbers, categories=codes)).shape == (2, 0, signature.scores)
