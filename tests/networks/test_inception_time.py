"""InceptionTime: a network written out with torch's own layers agrees, and roads lead past full blocks only."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from lamina.foundation.signature import Field
from lamina.networks.convolution import Convolve
from lamina.networks.inception_time import Block, Inception, InceptionTime
from lamina.networks.series_network import SeriesNetwork


def convolved(layer: nn.Module, x: Tensor) -> Tensor:
    """Torch's convolution for one axis, as many zeros around as keep the steps."""
    assert isinstance(layer, Convolve)
    size = layer.weight.shape[-1]
    return functional.conv1d(functional.pad(x, ((size - 1) // 2, size // 2)), layer.weight.squeeze(-2))


def normed(norm: nn.Module, x: Tensor) -> Tensor:
    """Mean 0 and variance 1 over rows and steps, then gain and bias."""
    gain, bias = norm.get_parameter("gain"), norm.get_parameter("bias")
    return functional.batch_norm(x, None, None, gain, bias, training=True, eps=1e-5)


def module(own: nn.Module, x: Tensor) -> Tensor:
    """One module, line by line as the paper has it."""
    assert isinstance(own, Inception)
    narrow = x if own.narrow is None else convolved(own.narrow, x)
    highest = functional.max_pool1d(x, 3, 1, 1)
    found = [*(convolved(branch, narrow) for branch in own.branches), convolved(own.highest, highest)]
    return normed(own.norm, torch.cat(found, 1)).relu()


def written_out(network: SeriesNetwork, x: Tensor) -> Tensor:
    """The features of standardised series."""
    for block in network.blocks:
        assert isinstance(block, Block)
        y = x
        for own in block.inner:
            y = module(own, y)
        x = y if block.road is None else (y + normed(block.norm, convolved(block.road, x))).relu()
    return x.mean(-1)


def drawn(*sizes: int, seed: int = 0) -> Tensor:
    """Normal numbers around 2."""
    return 2 + torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("channels", [1, 3])
def test_torch_agrees(channels: int) -> None:
    """The same features and gradients as from torch's functions for one axis."""
    spec = InceptionTime(filters=3, sizes=(10, 5), depth=5, shortcut=2)
    network = spec.build(Field(holds="series", shape=(channels, 14)), stream=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith(("gain", "bias")):
                parameter.copy_(drawn(*parameter.shape, seed=len(name)))
    x, slopes = drawn(6, channels, 14), drawn(6, 9, seed=4)
    network.standardise.settle(x)
    y = (x - x.mean((0, 2))[:, None]) / x.std((0, 2), correction=0)[:, None]
    ours, theirs = network(x), written_out(network, y)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    parameters = list(network.parameters())
    for own, other in zip(*(torch.autograd.grad((z * slopes).sum(), parameters) for z in (ours, theirs)), strict=True):
        torch.testing.assert_close(own, other, rtol=0, atol=1e-5)


def test_the_first_module_of_one_channel_is_narrow_already() -> None:
    """As the paper has it: 32 filters of 40, 20 and 10 steps, six modules, two roads, 128 features."""
    network = InceptionTime().build(Field(holds="series", shape=(1, 100)), stream=torch.Generator().manual_seed(0))
    modules = [own for own in network.modules() if isinstance(own, Inception)]
    assert [own.narrow is None for own in modules] == [True, False, False, False, False, False]
    assert [branch.weight.shape[-1] for branch in modules[3].branches] == [40, 20, 10]
    assert [block.road is not None for block in network.blocks] == [True, True]
    assert network.width == 128


def test_a_road_leads_past_full_blocks_only() -> None:
    """Five modules, a road past every two: the last has none."""
    spec = InceptionTime(filters=2, depth=5, shortcut=2)
    network = spec.build(Field(holds="series", shape=(1, 9)), stream=torch.Generator().manual_seed(0))
    assert [(len(block.inner), block.road is None) for block in network.blocks] == [(2, False), (2, False), (1, True)]
