"""One level of a hierarchy: windows with words over the border, neighbours as a convolution, attention to its own."""

import torch
from torch import Tensor
from torch.nn import functional

from lamina.networks.additive import AdditivePool, fill_pool
from lamina.networks.initialise import fill_affine
from lamina.networks.levels import Cut, Level, Neighbours, windows_of


def neighbours(reach: int = 2) -> Neighbours:
    """A layer with drawn weights."""
    made = Neighbours(3, 4, reach=reach)
    fill_affine(made.mix, scheme="he", activation="relu", stream=torch.Generator().manual_seed(0))
    torch.nn.init.normal_(made.mix.bias, generator=torch.Generator().manual_seed(1))
    return made


def items() -> Tensor:
    """Normal numbers ``(batch, item, unit)``."""
    return torch.randn(2, 7, 3, generator=torch.Generator().manual_seed(2))


def test_torch_agrees() -> None:
    """Neighbours are torch's convolution over items, with zeros beyond both ends, and a relu."""
    made = neighbours()
    kernel = made.mix.weight.view(4, 5, 3).mT
    wanted = functional.conv1d(items().mT, kernel, made.mix.bias, padding=2).relu().mT
    torch.testing.assert_close(made(items()), wanted)


def test_what_is_missing_counts_as_zeros() -> None:
    """NaN in the place of a missing item reaches none of its neighbours."""
    made, x = neighbours(), items()
    present = torch.tensor([[True] * 5 + [False] * 2, [True, False] * 3 + [True]])
    spoilt = x.masked_fill(~present.unsqueeze(-1), torch.nan)
    torch.testing.assert_close(made(spoilt, present), made(x.masked_fill(~present.unsqueeze(-1), 0)))


def test_a_level_attends_to_its_own() -> None:
    """Words over the border are read, but have no weight."""
    pool = fill_pool(AdditivePool(4, 5), stream=torch.Generator().manual_seed(0))
    level = Level(neighbours(), pool)
    present, own = torch.ones(2, 7, dtype=torch.bool), torch.tensor([False] * 2 + [True] * 3 + [False] * 2)
    answer, weights = level(items(), present, own.expand(2, 7))
    assert (weights[:, ~own] == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2))
    changed = items()
    changed[:, 1] += 1  # over the border, within reach
    assert (level(changed, present, own.expand(2, 7))[0] - answer).abs().max() > 1e-4


def test_each_word_is_one_chunk_s_own() -> None:
    """Windows overlap by the margin on both sides, and fill whole sections."""
    tokens = torch.arange(1, 15).unsqueeze(0)
    windows, own = windows_of(tokens, Cut(chunk=4, margin=2, section=3))
    assert windows.shape == (1, 6, 8)
    assert windows[0, 1].tolist() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert windows[own].tolist() == list(range(1, 15))
