"""The network for tables: each kind of column goes its own way, and nothing is claimed about what was never seen."""

import pytest
import torch

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Signature
from lamina.networks.layers import Affine, Embedding, OneHot
from lamina.networks.mlp import MLP
from lamina.networks.periodic import Periodic, Waves
from lamina.networks.piecewise import Piecewise, Ramps, settle
from lamina.networks.table import Table

SIGNATURE = Signature(features=3, scores=2, categories=(4, 60, 10))


def test_without_categories_it_is_its_trunk() -> None:
    """A table of numbers gets the flat chain of its trunk, with the same weights."""
    table = Table().build(Signature(features=3, scores=2), seed=5)
    trunk = Table().trunk.build(Signature(features=3, scores=2), seed=5)
    assert str(table) == str(trunk)
    assert all(torch.equal(p, q) for p, q in zip(table.parameters(), trunk.parameters(), strict=True))


def test_small_categories_are_one_hot_and_large_ones_embedded() -> None:
    """3 and 9 levels (and unseen) become one-hot, 59 levels an embedding of ceil(1.6 x 59^0.56) = 16 numbers."""
    network = Table().build(SIGNATURE, seed=0)
    assert [type(column) for column in network.columns] == [OneHot, Embedding, OneHot]
    assert [column.width for column in network.columns] == [3, 16, 9]
    first = next(layer for layer in network.trunk if isinstance(layer, Affine))
    assert first.weight.shape[1] == 3 + 3 + 16 + 9


@pytest.mark.parametrize(("levels", "width"), [(10, 6), (30, 11), (100_000, 16)])
def test_embeddings_grow_slowly(levels: int, width: int) -> None:
    """The width follows the rule and stops at the widest."""
    network = Table().build(Signature(features=0, scores=1, categories=(levels + 1,)), seed=0)
    assert network.columns[0].width == width


def test_the_bounds_between_both_can_be_set() -> None:
    """Everything embedded, or hardly anything."""
    embedded = Table(one_hot=0, widest=2).build(SIGNATURE, seed=0)
    assert [column.width for column in embedded.columns] == [2, 2, 2]
    assert all(isinstance(column, OneHot) for column in Table(one_hot=59).build(SIGNATURE, seed=0).columns)


@pytest.mark.parametrize("one_hot", [0, 9])
def test_an_unseen_category_claims_nothing(one_hot: int) -> None:
    """Code 0 in every column reaches the trunk as zeros, in a network that has learnt nothing yet."""
    network = Table(one_hot=one_hot).build(SIGNATURE, seed=0).eval()
    numbers, codes = torch.ones(2, 3), torch.zeros(2, 3, dtype=torch.int64)
    width = sum(column.width for column in network.columns)
    expected = network.trunk(torch.cat((numbers, torch.zeros(2, width)), 1))
    assert torch.equal(network(numbers, codes), expected)


def test_each_code_counts() -> None:
    """Another code in any column changes the answer."""
    network = Table().build(SIGNATURE, seed=0).eval()
    numbers, codes = torch.ones(4, 3), torch.ones(4, 3, dtype=torch.int64)
    codes[1, 0], codes[2, 1], codes[3, 2] = 3, 59, 9
    assert len(network(numbers, codes).unique(dim=0)) == 4


def test_a_table_of_categories_alone_can_be_built() -> None:
    """No numbers, and even columns that only ever hold "unseen", still give finite scores."""
    network = Table().build(Signature(features=0, scores=2, categories=(3, 1)), seed=0)
    assert network(torch.zeros(5, 0), torch.zeros(5, 2, dtype=torch.int64)).shape == (5, 2)


@pytest.mark.parametrize("precision", [torch.float64, torch.bfloat16])
def test_precision_follows_the_numbers(precision: torch.dtype) -> None:
    """A network in another precision answers in that precision, one-hot columns included."""
    network = Table().build(SIGNATURE, seed=0).to(precision)
    assert network(torch.ones(4, 3, dtype=precision), torch.ones(4, 3, dtype=torch.int64)).dtype == precision


@pytest.mark.parametrize("settings", [{"one_hot": -1}, {"widest": 0}, {"trunk": "64 relu"}])
def test_what_cannot_be_built_is_refused(settings: dict[str, object]) -> None:
    """A setting that makes no sense is named in the error."""
    with pytest.raises(SpecError, match=next(iter(settings))):
        Table(**settings)


def test_the_trunk_can_be_any_mlp() -> None:
    """Norms and shortcuts go into the trunk."""
    spec = Table(trunk=MLP(widths=(8, 8), shortcut="residual", norm="batch"))
    network = spec.build(SIGNATURE, seed=0)
    assert str(network.trunk) == str(spec.trunk.build(Signature(features=31, scores=2), seed=0))
    assert network(torch.ones(4, 3), torch.ones(4, 3, dtype=torch.int64)).shape == (4, 2)


@pytest.mark.parametrize(("numbers", "kind"), [(Piecewise(width=2), Ramps), (Periodic(width=2), Waves)])
@pytest.mark.parametrize("categories", [(), (4, 60)])
def test_what_is_learnt_of_numbers_opens_the_trunk(
    numbers: Piecewise | Periodic, kind: type, categories: tuple[int, ...]
) -> None:
    """Two units more for each number, none for categories; the joined row stays what it was."""
    signature = Signature(features=3, scores=2, categories=categories)
    network = Table(numbers=numbers).build(signature, seed=0)
    trunk = network.trunk if categories else network
    assert type(trunk[0]) is kind
    plain = Table().build(signature, seed=0)
    before = (plain.trunk if categories else plain)[0].weight.shape[1]
    assert trunk[1].weight.shape[1] == before + 3 * 2


def test_very_many_numbers_stay_as_they_are() -> None:
    """Beyond the bound, and without any number, there is nothing in front of the trunk."""
    spec = Table(numbers=Piecewise(), most_numbers=2)
    for features, categories in ((3, ()), (0, (4,))):
        signature = Signature(features=features, scores=1, categories=categories)
        assert str(spec.build(signature, seed=0)) == str(Table().build(signature, seed=0))


def test_settling_reaches_the_numbers_of_a_table() -> None:
    """The first layer of the trunk sees the numbers as they came, categories or not."""
    rows = torch.linspace(0, 1, 400)[:, None].repeat(1, 3)
    network = settle(Table(numbers=Piecewise(bins=4)).build(SIGNATURE, seed=0), rows)
    assert network.trunk[0].start[:, 0].tolist() == [0.0, 0.0, 0.0]
    assert (network.trunk[0].slope > 0).all()
