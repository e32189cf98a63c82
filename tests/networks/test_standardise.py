"""Standardised series: one size for every channel, zeros for what is missing, and word of the steps that are there."""

import torch
from torch import Tensor
from torch.func import functional_call

from lamina.networks.standardise import Standardise

GONE = torch.nan


def series(rows: int, *, seed: int = 1) -> Tensor:
    """Normal numbers around 5."""
    return 5 + 3 * torch.randn(rows, 2, 9, generator=torch.Generator().manual_seed(seed))


def test_every_channel_has_one_size() -> None:
    """Over the values of the training rows mean 0 and variance 1; a channel of one value is zero."""
    x, layer = series(50), Standardise(2)
    x[:, 1] = 7
    x[3, 0, 2:5] = GONE
    layer.settle(x)
    there = x[:, 0][~x[:, 0].isnan()]
    torch.testing.assert_close(layer.mean, torch.stack((there.mean(), torch.tensor(7.0))))
    y, steps = layer(x)
    torch.testing.assert_close(y[:, 0][~x[:, 0].isnan()], (there - there.mean()) / there.std(correction=0))
    assert not y[:, 1].any()
    assert steps is not None
    assert steps.all()  # the other channel has values there


def test_what_is_missing_is_zero_and_said() -> None:
    """A step without a value in any channel is not there; a channel without one reads as its mean."""
    x, layer = series(3), Standardise(2)
    assert layer(x)[1] is None
    x[0, :, 6:] = GONE
    x[1, 0, 2] = GONE
    x[2] = GONE
    y, steps = layer(x)
    assert (y[x.isnan()] == 0).all()
    assert torch.equal(steps, ~x.isnan().all(1))
    assert steps.sum(1).tolist() == [6, 9, 0]


def test_what_was_learnt_stays() -> None:
    """Rows that are shown later change nothing."""
    layer = Standardise(2)
    layer.settle(series(20))
    before = layer.mean.clone()
    layer.settle(1000 * series(20))
    assert torch.equal(layer.mean, before)


def test_rows_without_any_value_leave_numbers_as_they_are() -> None:
    """Nothing to learn from: mean 0 and scale 1, no NaN."""
    layer = Standardise(2)
    layer.settle(torch.full((4, 2, 9), GONE))
    assert (layer.mean.tolist(), layer.scale.tolist()) == ([0, 0], [1, 1])


def test_members_measure_each_by_its_own_rows() -> None:
    """A fleet's members standardise as each does alone."""
    layers = [Standardise(2) for _ in range(3)]
    for seed, layer in enumerate(layers):
        layer.settle(series(20, seed=seed))
    x = torch.stack([series(4, seed=seed) for seed in range(3)])
    stacked = {name: torch.stack([layer.state_dict()[name] for layer in layers]) for name in layers[0].state_dict()}
    together, _ = functional_call(layers[0], stacked, (x,))
    for i, layer in enumerate(layers):
        torch.testing.assert_close(together[i], layer(x[i])[0])
