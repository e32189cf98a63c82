"""The recipe: a network for every number of rows, and no step where it should stay alike."""

from itertools import pairwise

import pytest
import torch

from lamina.estimators.recipe import LARGE, SMALL, usual_loss, usual_members, usual_network
from lamina.foundation.signature import Signature
from lamina.networks import CrossEntropy, MeanSquaredError, Piecewise, Table, settle
from lamina.training import Training
from lamina.training.order import batch_rows, epoch_count, epoch_steps

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
