"""Recurrent networks of series: standardised channels, gaps passed over, rows free of their batch, members apart."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.networks.recurrent_series import RecurrentSeries, RecurrentSeriesNetwork

FIELD = Field(holds="series", shape=(2, 9))
SPECS: tuple[dict[str, Any], ...] = ({"cell": "lstm"}, {"cell": "gru", "both": True, "layers": 2, "pool": "attention"})
every = pytest.mark.parametrize("settings", SPECS, ids=lambda settings: settings["cell"])


def built(settings: dict[str, Any], seed: int = 0) -> RecurrentSeriesNetwork:
    """A network that answers, settled on rows."""
    made = RecurrentSeries(units=4, **settings).build(FIELD, stream=torch.Generator().manual_seed(seed))
    if made.pool is not None:
        torch.nn.init.normal_(made.pool.question, generator=torch.Generator().manual_seed(seed))
    made.standardise.settle(series(20, seed=seed))
    return made.double().eval()


def series(rows: int, *, seed: int = 1) -> Tensor:
    """Normal numbers around 5."""
    return 5 + 3 * torch.randn(rows, 2, 9, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_channels_are_standardised() -> None:
    """Units of measure do not matter; a channel of one value is zero, gaps do not count."""
    made = RecurrentSeries(units=4).build(FIELD, stream=torch.Generator().manual_seed(0))
    x = series(50).float()
    x[:, 1] = 7
    x[3, 0, 2:5] = torch.nan
    made.standardise.settle(x)
    there = x[:, 0][~x[:, 0].isnan()]
    torch.testing.assert_close(made.standardise.mean, torch.stack((there.mean(), torch.tensor(7.0))))
    torch.testing.assert_close(made.standardise.scale, torch.stack((1 / there.std(correction=0), torch.tensor(1.0))))
    other = RecurrentSeries(units=4).build(FIELD, stream=torch.Generator().manual_seed(0))
    other.standardise.settle(1000 * x - 50)
    torch.testing.assert_close(made(x), other(1000 * x - 50), rtol=1e-3, atol=1e-4)
    other.standardise.settle(x)  # once is enough: it stays as it is
    assert other.standardise.scale[0] < 0.01


@every
def test_padding_and_gaps_have_no_part(settings: dict[str, Any]) -> None:
    """Steps without any value are passed over, wherever they stand; gradients at them are exactly 0."""
    made, x = built(settings), series(3)
    x[1, :, 6:] = torch.nan
    x[2, :, [0, 4, 5]] = torch.nan
    x[2, 1, 7] = torch.nan  # one channel only: the step is there
    x.requires_grad_()
    answers = made(x)
    torch.testing.assert_close(answers[1:2], made(x[1:2, :, :6]))
    torch.testing.assert_close(answers[2:], made(x[2:, :, [1, 2, 3, 6, 7, 8]]))
    (slopes,) = torch.autograd.grad(answers.square().sum(), x)
    assert (slopes[x.isnan()] == 0).all()
    assert (slopes[~x.isnan()] != 0).all()


@every
def test_a_series_without_values(settings: dict[str, Any]) -> None:
    """Nothing to read is zeros, and its neighbours are as ever."""
    made, x = built(settings), series(3)
    wanted = made(x)
    x[1] = torch.nan
    answers = made(x)
    assert (answers[1] == 0).all()
    torch.testing.assert_close(answers[[0, 2]], wanted[[0, 2]])


@every
def test_a_member_is_a_network_by_itself(settings: dict[str, Any]) -> None:
    """A fleet's members answer as each does alone, each with means and spreads of its own."""
    solos = [built(settings, seed=seed) for seed in range(3)]
    x = torch.stack([series(4, seed=seed) for seed in range(3)])
    x[0, 1, :, 5:] = torch.nan
    stacked = {name: torch.stack([one.state_dict()[name] for one in solos]) for name in solos[0].state_dict()}
    answers = functional_call(solos[0], stacked, (x,))
    for i, solo in enumerate(solos):
        torch.testing.assert_close(answers[i], solo(x[i]))


@every
def test_shapes_without_memory(settings: dict[str, Any]) -> None:
    """On the meta device there are shapes and no numbers; the width is as promised."""
    with torch.device("meta"):
        made = RecurrentSeries(units=4, **settings).build(FIELD, stream=torch.Generator())
        assert made(torch.zeros(3, 2, 9)).shape == (3, made.width)


def test_no_field_of_series() -> None:
    """A text is refused in words."""
    with pytest.raises(SpecError, match="RecurrentSeries was asked to read Field"):
        RecurrentSeries().build(Field(holds="text", shape=(9,), codes=5), stream=torch.Generator())
