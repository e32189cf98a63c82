"""The fully convolutional network: torch's own layers agree, and settings that do not fit are refused."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.networks.fcn import FCN
from lamina.networks.series_network import SeriesNetwork


def twin(network: SeriesNetwork, sizes: tuple[int, ...]) -> nn.Sequential:
    """The same network of torch's layers for one axis, with the same weights."""
    layers: list[nn.Module] = []
    for block, size in zip(network.blocks, sizes, strict=True):
        outputs, inputs = block.convolve.weight.shape[:2]
        convolve, norm = nn.Conv1d(inputs, outputs, size, bias=False).double(), nn.BatchNorm1d(outputs).double()
        with torch.no_grad():
            convolve.weight.copy_(block.convolve.weight.squeeze(-2))
            norm.weight.copy_(block.norm.gain)
            norm.bias.copy_(block.norm.bias)
        layers += [nn.ConstantPad1d(((size - 1) // 2, size // 2), 0.0), convolve, norm, nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten())


def drawn(*sizes: int, seed: int = 0) -> Tensor:
    """Normal numbers around 2."""
    return 2 + torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("channels", [1, 3])
def test_torch_agrees(channels: int) -> None:
    """Plain layers for one axis give the same features and gradients, while learning and then while answering."""
    spec = FCN(widths=(5, 6, 4), sizes=(8, 5, 2))
    network = spec.build(Field(holds="series", shape=(channels, 15)), stream=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        for seed, block in enumerate(network.blocks):
            block.norm.gain.copy_(drawn(len(block.norm.gain), seed=seed))
            block.norm.bias.copy_(drawn(len(block.norm.gain), seed=seed + 9) - 2)
    x = drawn(7, channels, 15)
    network.standardise.settle(x)
    theirs = twin(network, spec.sizes)
    y = (x - x.mean((0, 2))[:, None]) / x.std((0, 2), correction=0)[:, None]
    torch.testing.assert_close(network(x), theirs(y), rtol=0, atol=1e-6)
    slopes = drawn(7, 4, seed=5)
    ours = torch.autograd.grad((network(x) * slopes).sum(), [block.convolve.weight for block in network.blocks])
    wanted = torch.autograd.grad((theirs(y) * slopes).sum(), [layer.weight for layer in theirs[1:-2:4]])
    for own, other in zip(ours, wanted, strict=True):
        torch.testing.assert_close(own.squeeze(-2), other, rtol=0, atol=1e-5)
    torch.testing.assert_close(network.eval()(x), theirs.eval()(y), rtol=0, atol=1e-6)


def test_the_paper_has_263_168_weights_in_its_convolutions() -> None:
    """128, 256 and 128 channels, kernels of 8, 5 and 3 steps, on one channel: worked out by hand."""
    network = FCN().build(Field(holds="series", shape=(1, 100)), stream=torch.Generator().manual_seed(0))
    found = sum(weight.numel() for weight in network.parameters() if weight.dim() == 4)
    assert found == 128 * 8 + 128 * 256 * 5 + 256 * 128 * 3 == 263_168
    assert network.width == 128


@pytest.mark.parametrize(
    "settings",
    [{"widths": (4,)}, {"widths": (), "sizes": ()}, {"sizes": (0, 1, 1)}, {"widths": (1,) * 101}, {"stride": 9}],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any]) -> None:
    """The error names the setting, or counts both; a stride that would pass over steps is told apart."""
    with pytest.raises(SpecError, match="stride=9 and" if "stride" in settings else r"FCN has|sizes"):
        FCN(**settings)
