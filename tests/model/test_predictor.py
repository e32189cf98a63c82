"""The predictor: encoded rows in, one set of scores a member out; nothing changes and nothing leaks between rows."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lamina.data import Batch
from lamina.foundation.errors import DeviceError, LaminaError, ModelFileError
from lamina.foundation.signature import Signature
from lamina.model.predictor import Predictor, member_shapes
from lamina.networks import MLP, Table

SPEC = Table(trunk=MLP(widths=(8, 8), dropout=0.2, norm="batch"), one_hot=2)
SIGNATURE = Signature(features=3, scores=2, categories=(3, 20))


def networks(members: int, spec: object = SPEC, signature: Signature = SIGNATURE) -> list[nn.Module]:
    """Solo networks of other seeds, in evaluation mode."""
    return [spec.build(signature, seed=seed).eval() for seed in range(members)]  # type: ignore[attr-defined]


def stacked(solo: list[nn.Module]) -> dict[str, Tensor]:
    """All parameters and buffers of some networks, ``(member, *shape)``."""
    named = [{**dict(one.named_parameters()), **dict(one.named_buffers())} for one in solo]
    return {name: torch.stack([one[name].detach() for one in named]) for name in named[0]}


def some_rows(rows: int, signature: Signature = SIGNATURE, seed: int = 0) -> Batch:
    """Encoded rows with every code that the signature allows."""
    stream = np.random.default_rng(seed)
    codes = [stream.integers(0, size, rows) for size in signature.categories]
    return Batch(
        numbers=stream.normal(size=(rows, signature.features)).astype(np.float32),
        categories=np.stack(codes, axis=1) if codes else np.zeros((rows, 0), np.int64),
    )


PREDICTOR = Predictor(spec=SPEC, signature=SIGNATURE, weights=stacked(networks(5)))


def test_each_member_answers_as_it_would_alone() -> None:
    """A member's scores are those of its own network, built and asked by itself."""
    batch = some_rows(20)
    scores = PREDICTOR.scores(batch)
    assert scores.shape == (5, 20, 2)
    assert scores.dtype == np.float32
    for member, network in enumerate(networks(5)):
        alone = network(torch.tensor(batch.numbers), torch.tensor(batch.categories)).detach().numpy()
        np.testing.assert_allclose(scores[member], alone, rtol=1e-5, atol=1e-6)


def test_one_network_is_a_fleet_of_one() -> None:
    """A single network answers with one set of scores, those of itself in the fleet."""
    alone = Predictor(spec=SPEC, signature=SIGNATURE, weights=stacked(networks(1)))
    assert alone.members == 1
    np.testing.assert_allclose(alone.scores(some_rows(9)), PREDICTOR.scores(some_rows(9))[:1], rtol=1e-5, atol=1e-6)


def test_dropout_sleeps() -> None:
    """Two calls give the same scores, to the bit: nothing is drawn while answering."""
    batch = some_rows(20)
    np.testing.assert_array_equal(PREDICTOR.scores(batch), PREDICTOR.scores(batch))


@pytest.mark.parametrize("rows_at_once", [1, 5, 35, 100_000])
def test_a_row_is_free_of_its_batch(rows_at_once: int) -> None:
    """However rows are grouped or ordered, each gets the same scores."""
    batch, order = some_rows(40), np.random.default_rng(1).permutation(40)
    whole = PREDICTOR.scores(batch)
    np.testing.assert_allclose(PREDICTOR.scores(batch, rows_at_once=rows_at_once), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(PREDICTOR.scores(batch.take(order)), whole[:, order], rtol=1e-5, atol=1e-6)
    alone = [PREDICTOR.scores(batch.take(np.array([row]))) for row in range(40)]
    np.testing.assert_allclose(np.concatenate(alone, axis=1), whole, rtol=1e-5, atol=1e-6)


def test_a_poisoned_row_harms_no_other() -> None:
    """A row of NaN leaves the scores of all other rows as they were."""
    batch = some_rows(10)
    poisoned = Batch(numbers=batch.numbers.copy(), categories=batch.categories)
    poisoned.numbers[3] = np.nan
    others = [row for row in range(10) if row != 3]
    np.testing.assert_allclose(
        PREDICTOR.scores(poisoned)[:, others], PREDICTOR.scores(batch)[:, others], rtol=1e-5, atol=1e-6
    )


def test_no_rows_give_no_scores() -> None:
    """An empty batch is answered with no rows."""
    assert PREDICTOR.scores(some_rows(0)).shape == (5, 0, 2)


def test_numbers_only() -> None:
    """A network without categories takes the numbers alone."""
    signature = Signature(features=4, scores=1)
    spec = MLP(widths=(3,))
    predictor = Predictor(spec=spec, signature=signature, weights=stacked(networks(2, spec, signature)))
    assert predictor.scores(some_rows(6, signature)).shape == (2, 6, 1)


def test_many_threads_may_ask_at_once() -> None:
    """Eight threads that ask one predictor at a time all get the right scores."""
    batches = [some_rows(30, seed=seed) for seed in range(8)]
    wanted = [PREDICTOR.scores(batch) for batch in batches]
    fresh = Predictor(spec=SPEC, signature=SIGNATURE, weights=PREDICTOR.weights)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            for scores, right in zip(pool.map(fresh.scores, batches), wanted, strict=True):
                np.testing.assert_array_equal(scores, right)


def test_it_keeps_weights_of_its_own() -> None:
    """Changing the tensors that were given, in place, changes no answer."""
    weights = stacked(networks(2))
    predictor = Predictor(spec=SPEC, signature=SIGNATURE, weights=weights)
    before = predictor.scores(some_rows(5))
    for tensor in weights.values():
        tensor.fill_(0.5)
    np.testing.assert_array_equal(predictor.scores(some_rows(5)), before)


def test_float64_weights_become_float32() -> None:
    """Weights trained in another precision are kept, and later saved, as float32."""
    doubled = {name: tensor.double() for name, tensor in PREDICTOR.weights.items()}
    again = Predictor(spec=SPEC, signature=SIGNATURE, weights=doubled)
    assert {tensor.dtype for tensor in again.weights.values()} == {torch.float32}
    np.testing.assert_array_equal(again.scores(some_rows(5)), PREDICTOR.scores(some_rows(5)))


def test_a_copy_answers_the_same() -> None:
    """A deep copy, as estimators make, is a predictor with the same answers."""
    PREDICTOR.scores(some_rows(1))
    np.testing.assert_array_equal(copy.deepcopy(PREDICTOR).scores(some_rows(5)), PREDICTOR.scores(some_rows(5)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("trunk.0.weight"), "trunk.0.weight"),
        (lambda w: w.update(more=torch.zeros(5, 1)), "'more', which the network does not have"),
        (lambda w: w.update({"trunk.0.bias": torch.zeros(5, 9)}), "needs float32"),
        (lambda w: w.update({"trunk.0.bias": torch.zeros(4, 8)}), "needs float32"),
        (lambda w: w.update({"trunk.0.bias": torch.zeros(5, 8, dtype=torch.int64)}), "is int64"),
        (lambda w: [w.update({name: tensor[:0]}) for name, tensor in w.items()], "no member"),
        (lambda w: w.clear(), "no member"),
    ],
)
def test_other_weights_are_refused(change: object, words: str) -> None:
    """Weights that are missing, additional, misshapen, of another type or of nobody are refused by name."""
    weights = stacked(networks(5))
    change(weights)  # type: ignore[operator]
    with pytest.raises(ModelFileError, match=words):
        Predictor(spec=SPEC, signature=SIGNATURE, weights=weights)


@pytest.mark.parametrize(
    ("spec", "signature"),
    [
        (MLP(widths=(30_000, 30_000)), Signature(features=2**30, scores=2**30)),
        (SPEC, Signature(features=2, scores=2**30, categories=(2**30,) * 5)),
        (MLP(widths=(100_000,), initialisation="orthogonal"), Signature(features=2**20, scores=3)),
    ],
)
def test_shapes_take_no_memory(spec: object, signature: Signature) -> None:
    """The shapes of a network of petabytes are known without a byte of it."""
    assert sum(shape.bytes for shape in member_shapes(spec, signature).values()) > 2**38


def test_impossible_sizes_are_refused() -> None:
    """Counts that no tensor can have are refused by a clear sentence."""
    for signature in (Signature(features=10**300, scores=2), Signature(features=2, scores=2, categories=(10**40,))):
        with pytest.raises(LaminaError, match="too many"):
            member_shapes(SPEC, signature)
    with pytest.raises(LaminaError, match="no network can be built"):
        member_shapes(MLP(widths=()), Signature(features=2**31, scores=2**31))


def test_shapes_are_those_of_a_built_network() -> None:
    """The shapes reckoned without memory are those of the network that is really built."""
    network = networks(1)[0]
    real = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    shapes = member_shapes(SPEC, SIGNATURE)
    assert {name: shape.sizes for name, shape in shapes.items()} == {n: tuple(t.shape) for n, t in real.items()}
    assert PREDICTOR.size == sum(t.numel() for t in real.values())


def test_a_device_that_is_not_here_is_refused() -> None:
    """Asking for a device that this machine lacks is refused by a clear sentence."""
    with pytest.raises(DeviceError, match="is not on this machine"):
        PREDICTOR.scores(some_rows(1), device="cuda:77")
