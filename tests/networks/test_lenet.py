"""LeNet-5 of 1998: the weights that its paper counts, part by part."""

import math

import pytest
import torch
from torch.func import functional_call

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field, Signature
from lamina.networks.convolution import Convolve
from lamina.networks.lenet import SEEN, Centre, LeNet5, Scattered, Subsample
from lamina.networks.mlp import MLP
from lamina.networks.table import Table


def built(*shape: int, seed: int = 0) -> torch.nn.Module:
    """The encoder for such images."""
    return LeNet5().build(Field(holds="image", shape=shape), stream=torch.Generator().manual_seed(seed))


def test_every_layer_has_the_weights_of_the_paper() -> None:
    """C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164: 60,000 in all."""
    layers = [sum(p.numel() for p in layer.parameters()) for layer in built(1, 32, 32).body]
    assert [count for count in layers if count] == [156, 12, 1516, 32, 48_120, 10_164]


def test_each_map_sees_its_own_maps_only() -> None:
    """The gradient of a map of C3 reaches exactly the maps of S2 that table I names."""
    layer = Scattered().double()
    layer.weight.data.normal_(generator=torch.Generator().manual_seed(0))
    x = torch.randn(1, 6, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
    for place, seen in enumerate(SEEN):
        slope = torch.autograd.grad(layer(x)[0, place, 0, 0], x)[0][0]
        assert tuple(i for i in range(6) if slope[i].any()) == seen


def test_the_table_is_that_of_the_paper() -> None:
    """Every three neighbours round a circle, every four, three sets of four that leave out opposites, and all six."""
    threes, fours = ({tuple(sorted((start + i) % 6 for i in range(size))) for start in range(6)} for size in (3, 4))
    assert set(SEEN[:6]) == threes
    assert set(SEEN[6:12]) == fours
    assert {tuple(sorted({*range(6)} - {*seen})) for seen in SEEN[12:15]} == {(0, 3), (1, 4), (2, 5)}
    assert SEEN[15:] == ((0, 1, 2, 3, 4, 5),)


def test_scattered_kernels_are_a_convolution() -> None:
    """With zeros in the places of the kernels that are not there, a plain convolution gives the same."""
    layer, plain = Scattered().double(), Convolve(6, 16, (5, 5)).double()
    layer.weight.data.normal_(generator=torch.Generator().manual_seed(0))
    kernels = iter(layer.weight.data)
    for place, seen in enumerate(SEEN):
        for one in seen:
            plain.weight.data[place, one] = next(kernels).view(5, 5)
    x = torch.randn(2, 6, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(layer(x), plain(x), rtol=0, atol=1e-12)


def test_subsampling_adds_four_neighbours() -> None:
    """Four ones, times the gain, plus the bias."""
    layer = Subsample(2)
    layer.gain.data, layer.bias.data = torch.tensor([0.5, 1.0]), torch.tensor([0.0, 3.0])
    assert layer(torch.ones(1, 2, 2, 2)).flatten().tolist() == [2.0, 7.0]


def test_small_images_stand_in_the_middle() -> None:
    """The image as it was, its border repeated outwards; one of 32 x 32 stays as it is."""
    x = torch.arange(1.0, 13.0).view(1, 1, 3, 4)
    y = Centre()(x)
    assert y.shape == (1, 1, 32, 32)
    assert torch.equal(y[..., 14:17, 14:18], x)
    assert y[0, 0, 0, 0] == 1
    assert y[0, 0, -1, -1] == 12
    assert Centre()(y) is y


@pytest.mark.parametrize("members", [1, 3])
def test_a_member_of_a_fleet_is_the_network_alone(members: int) -> None:
    """Features of each member in a stack are those of the same network by itself."""
    networks = [built(1, 20, 20, seed=i).double() for i in range(members)]
    stacked = {name: torch.stack([n.state_dict()[name] for n in networks]) for name in networks[0].state_dict()}
    x = torch.randint(0, 256, (members, 4, 1, 20, 20), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    together = functional_call(networks[0], stacked, (x,))
    for i, network in enumerate(networks):
        torch.testing.assert_close(together[i], network(x[i]), rtol=0, atol=1e-12)


def test_large_images_are_refused() -> None:
    """The error says what it was made for."""
    with pytest.raises(SpecError, match="33 x 32"):
        built(1, 33, 32)


def test_eight_images_are_memorised() -> None:
    """A few steps bring the loss on eight random images with any labels below 0.01 nats, from near ln(3)."""
    signature = Signature(features=0, scores=3, fields=(Field(holds="image", shape=(1, 16, 16)),))
    network = Table(image=LeNet5(), trunk=MLP(widths=())).build(signature, seed=0)
    images = torch.randint(0, 256, (8, 1, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    truth, losses = torch.tensor([0, 1, 2, 2, 1, 0, 0, 1]), []
    optimiser = torch.optim.Adam(network.parameters(), lr=0.003)
    for _ in range(80):
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(torch.zeros(8, 0), images), truth)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(math.log(3), rel=0.1)
    assert losses[-1] < 0.01
