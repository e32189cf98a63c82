"""Ramps: the formula, edges where the rows lie, as many as the rows can fill, and a seed that decides."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.networks.piecewise import MOST_ROWS, Piecewise, Ramps, settle


def layer(features: int = 1, bins: int = 8, width: int = 2, rows: int = 1, seed: int = 0) -> Ramps:
    """A layer with drawn weights."""
    spec = Piecewise(bins=bins, width=width, rows=rows)
    return spec.build(features, stream=torch.Generator().manual_seed(seed))


def edges(ramps: Ramps, feature: int = 0) -> Tensor:
    """The edges that are in use, the last one included."""
    used = ramps.slope[feature] > 0
    start, width = ramps.start[feature][used], 1 / ramps.slope[feature][used]
    return torch.cat((start, start[-1:] + width[-1:]))


def test_it_is_the_formula() -> None:
    """Out comes the row itself, then for each number the sum of its ramps by numpy's interpolation."""
    ramps = layer(features=2, bins=4, width=3).double()
    x = torch.randn(7, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 3
    out = ramps(x)
    assert torch.equal(out[:, :5], x)
    knots = np.linspace(-3, 3, 5)
    for feature in range(2):
        levels = np.vstack((np.zeros(3), np.cumsum(ramps.weight[feature].detach().numpy(), axis=0)))
        expected = np.stack([np.interp(x[:, feature], knots, level) for level in levels.T], axis=1)
        found = out[:, 5 + 3 * feature : 8 + 3 * feature]
        np.testing.assert_allclose(found.detach(), expected, atol=1e-6)


def test_edges_follow_rows_and_distinct_values() -> None:
    """Of a column of zeros with a few large numbers, half of the inner edges lie among these."""
    column = torch.cat((torch.zeros(900), torch.linspace(1, 2, 100)))[:, None]
    ramps = layer(bins=16)
    ramps.settle(column)
    found = edges(ramps)
    assert found[0] == 0
    assert found[-1] == pytest.approx(2.0)
    assert (found > 1).sum() >= 7


def test_edges_of_an_even_column_are_its_quantiles() -> None:
    """Rows and distinct values agree where no value comes twice; edges rise."""
    ramps = layer(bins=4)
    ramps.settle(torch.linspace(0, 1, 101)[torch.randperm(101, generator=torch.Generator().manual_seed(0))][:, None])
    found = edges(ramps)
    assert found.diff().min() > 0
    torch.testing.assert_close(found, torch.tensor([0.0, 0.33, 0.5, 0.67, 1.0]), atol=0.011, rtol=0)


@pytest.mark.parametrize(("rows", "bins"), [(31, 0), (32, 2), (100, 6), (1000, 8)])
def test_few_rows_fill_few_ramps(rows: int, bins: int) -> None:
    """A ramp for every eight rows and number, two at least or none, never more than asked for."""
    ramps = layer(features=2, rows=8)
    ramps.settle(torch.randn(rows, 2, generator=torch.Generator().manual_seed(0)))
    assert ((ramps.slope > 0).sum(1) == bins).all()


def test_without_ramps_numbers_are_as_they_were() -> None:
    """Where rows are too few, what is learnt is the same for every row."""
    ramps = layer(features=2, rows=8)
    ramps.settle(torch.randn(10, 2))
    assert torch.equal(ramps(torch.randn(5, 2))[:, 2:], torch.zeros(5, 4))


def test_a_column_of_two_values_gets_no_ramps_and_takes_none() -> None:
    """A flag is a line already: it stays flat, and the rows are shared by the columns that bend."""
    flag, number = torch.arange(64) % 2, torch.linspace(-1, 1, 64)
    ramps = layer(features=2, rows=8)
    ramps.settle(torch.stack((flag.float(), number), 1))
    assert (ramps.slope > 0).sum(1).tolist() == [0, 8]


def test_the_order_of_rows_is_nothing_to_it() -> None:
    """Edges come from a set of rows, and units after the numbers are not looked at."""
    rows = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    first, second = layer(features=2), layer(features=2)
    first.settle(rows)
    second.settle(rows.flip(0)[:, :2])
    assert torch.equal(first.start, second.start)
    assert torch.equal(first.slope, second.slope)


def test_very_many_rows_are_sampled_evenly() -> None:
    """Beyond the limit edges come from rows all along the table, not from its beginning."""
    ramps = layer(bins=4)
    ramps.settle(torch.linspace(0, 1, 3 * MOST_ROWS)[:, None])
    torch.testing.assert_close(edges(ramps)[[0, -1]], torch.tensor([0.0, 1.0]), atol=1e-4, rtol=0)


def test_nothing_makes_it_stumble() -> None:
    """No rows, one row, or equal numbers all through: finite answers."""
    for rows in (torch.zeros(0, 2), torch.ones(1, 2), torch.ones(100, 2)):
        ramps = layer(features=2)
        ramps.settle(rows)
        assert ramps(torch.full((3, 2), 1e6)).isfinite().all()


def test_settling_reaches_every_layer_and_only_those_that_look() -> None:
    """A network of other layers is handed back as it was."""
    network = torch.nn.Sequential(layer(), torch.nn.Linear(3, 1))
    before = network[0].start.clone()
    assert settle(network, torch.linspace(5, 6, 50)[:, None]) is network
    assert not torch.equal(network[0].start, before)


@pytest.mark.parametrize("settings", [{"bins": 1}, {"width": 0}, {"rows": 0}, {"most": 1}])
def test_what_cannot_be_built_is_refused(settings: dict[str, int]) -> None:
    """A setting that makes no sense is named in the error."""
    with pytest.raises(SpecError, match=next(iter(settings))):
        Piecewise(**settings)


@pytest.mark.parametrize(("features", "bins"), [(1, 48), (64, 16), (5_000, 2)])
def test_many_numbers_share_the_pieces(features: int, bins: int) -> None:
    """At most ``most`` pieces in all, but two of each number."""
    ramps = Piecewise(bins=48).build(features, stream=torch.Generator().manual_seed(0))
    assert ramps.weight.shape == (features, bins, 8)


def test_a_layer_settles_once() -> None:
    """Edges belong to the weights: rows that come later, also after saving and loading, do not move them."""
    ramps, back = layer(), layer(seed=1)
    ramps.settle(torch.linspace(0, 1, 100)[:, None])
    back.load_state_dict(ramps.state_dict())
    back.settle(torch.linspace(5, 9, 100)[:, None])
    assert torch.equal(back.start, ramps.start)
    assert torch.equal(back.slope, ramps.slope)
