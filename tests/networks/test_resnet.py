"""Residual networks: the published sizes and names, blocks that begin as nothing, weights of torchvision that fit."""

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field, Signature
from lamina.networks.channel_norm import ChannelNorm
from lamina.networks.image_network import ImageNetwork
from lamina.networks.mlp import MLP
from lamina.networks.resnet import RESNETS, ResNet, load_torchvision, torchvision_names
from lamina.networks.table import Table

COLOUR = Field(holds="image", shape=(3, 32, 32))


def built(spec: ResNet, *, device: str = "cpu", seed: int = 0) -> ImageNetwork:
    """The encoder for small colour images."""
    with torch.device(device):
        return spec.build(COLOUR, stream=torch.Generator().manual_seed(seed))


def images(*front: int, side: int = 32) -> Tensor:
    """Random shades."""
    stream = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (*front, 3, side, side), generator=stream, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("name", "classes", "weights"),
    [
        ("resnet-20", 10, 269_722),  # He et al., table 6: 0.27, 0.46, 0.66 and 0.85 million
        ("resnet-32", 10, 464_154),
        ("resnet-44", 10, 658_586),
        ("resnet-56", 10, 853_018),
        ("resnet-18", 1000, 11_689_512),  # as torchvision counts its own
        ("resnet-34", 1000, 21_797_672),
        ("resnet-50", 1000, 25_557_032),
    ],
)
def test_the_published_ones_have_their_weights(name: str, classes: int, weights: int) -> None:
    """Encoder and scores together, for colour images."""
    spec = Table(image=RESNETS[name], trunk=MLP(widths=()))
    with torch.device("meta"):
        network = spec.build(Signature(features=0, scores=classes, fields=(COLOUR,)), seed=0)
    assert sum(one.numel() for one in network.parameters()) == weights


def names_by_hand(blocks: tuple[int, ...], *, bottleneck: bool) -> dict[str, tuple[int, ...]]:
    """Names and shapes of torchvision's weights and buffers, written down from its documentation."""
    found: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7)}

    def norm(name: str, channels: int) -> None:
        found.update({f"{name}.{leaf}": (channels,) for leaf in ("weight", "bias", "running_mean", "running_var")})

    norm("bn1", 64)
    inputs = 64
    for stage, count in enumerate(blocks):
        width = 64 * 2**stage
        outputs = 4 * width if bottleneck else width
        for block in range(count):
            here = f"layer{stage + 1}.{block}"
            kernels = [(width, inputs, 1, 1), (width, width, 3, 3), (outputs, width, 1, 1)]
            kernels = kernels if bottleneck else [(width, inputs, 3, 3), (width, width, 3, 3)]
            for place, shape in enumerate(kernels, start=1):
                found[f"{here}.conv{place}.weight"] = shape
                norm(f"{here}.bn{place}", shape[0])
            if block == 0 and inputs != outputs:
                found[f"{here}.downsample.0.weight"] = (outputs, inputs, 1, 1)
                norm(f"{here}.downsample.1", outputs)
            inputs = outputs
    return found


@pytest.mark.parametrize(
    ("name", "blocks", "bottleneck"),
    [("resnet-18", (2, 2, 2, 2), False), ("resnet-34", (3, 4, 6, 3), False), ("resnet-50", (3, 4, 6, 3), True)],
)
def test_names_and_shapes_are_those_of_torchvision(name: str, blocks: tuple[int, ...], bottleneck: bool) -> None:
    """Every weight and buffer up to the last layer, no more and no fewer."""
    ours = {key: tuple(one.shape) for key, one in torchvision_names(built(RESNETS[name], device="meta")).items()}
    assert ours == names_by_hand(blocks, bottleneck=bottleneck)


def theirs_of_18(seed: int = 3) -> dict[str, Tensor]:
    """A state dict as torchvision would give it, with drawn numbers."""
    stream = torch.Generator().manual_seed(seed)
    tensors = {
        name: torch.rand(shape, generator=stream) / (sum(shape[1:]) or 1)
        for name, shape in names_by_hand((2, 2, 2, 2), bottleneck=False).items()
    }
    return {**tensors, "bn1.num_batches_tracked": torch.tensor(7), "fc.weight": torch.zeros(1000, 512)}


def basic_by_hand(tensors: dict[str, Tensor], here: str, x: Tensor, stride: int) -> Tensor:
    """A basic block with torch's own functions."""

    def step(x: Tensor, conv: str, norm: str, stride: int) -> Tensor:
        weight = tensors[f"{here}{conv}.weight"]
        y = nn.functional.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)
        leaves = (tensors[f"{here}{norm}.{leaf}"] for leaf in ("running_mean", "running_var", "weight", "bias"))
        return nn.functional.batch_norm(y, *leaves)

    road = step(x, "downsample.0", "downsample.1", stride) if f"{here}downsample.0.weight" in tensors else x
    return torch.relu(step(torch.relu(step(x, "conv1", "bn1", stride)), "conv2", "bn2", 1) + road)


def test_weights_of_torchvision_answer_as_there() -> None:
    """ResNet-18 written out with torch's own functions and the same tensors gives the same features."""
    tensors = theirs_of_18()
    network = load_torchvision(built(RESNETS["resnet-18"]), tensors).double().eval()
    tensors = {name: one.double() for name, one in tensors.items()}
    shades = images(2, side=48)
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (shades.double() / 255 - mean[:, None, None]) / spread[:, None, None]
    x = nn.functional.conv2d(x, tensors["conv1.weight"], stride=2, padding=3)
    x = nn.functional.batch_norm(x, *(tensors[f"bn1.{k}"] for k in ("running_mean", "running_var", "weight", "bias")))
    x = nn.functional.max_pool2d(torch.relu(x), 3, 2, 1)
    for stage in range(1, 5):
        for block in range(2):
            x = basic_by_hand(tensors, f"layer{stage}.{block}.", x, 2 if stage > 1 and block == 0 else 1)
    torch.testing.assert_close(network(shades), x.mean((2, 3)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("change", ["lost", "extra", "shape"])
def test_weights_of_another_network_are_refused(change: str) -> None:
    """The error names the tensor; a wrong weight is never taken."""
    tensors = theirs_of_18()
    weight = tensors.pop("layer2.0.conv1.weight")
    if change == "extra":
        tensors |= {"layer2.0.conv1.weight": weight, "layer2.0.conv1.bias": weight[:, 0, 0, 0]}
    elif change == "shape":
        tensors["layer2.0.conv1.weight"] = weight[:, :1]
    with pytest.raises(SpecError, match=r"layer2\.0\.conv1"):
        load_torchvision(built(RESNETS["resnet-18"]), tensors)


@pytest.mark.parametrize("name", ["resnet-20", "resnet-56"])
def test_at_birth_a_block_hands_on_what_it_got(name: str) -> None:
    """With the last gains zero the answer is that of the stem, thinned and padded, however deep the network."""
    network = built(RESNETS[name]).eval()
    x = network.pixels(images(2))
    stem = torch.relu(network.body.bn1(network.body.conv1(x)))
    expected = torch.cat((stem[..., ::4, ::4].mean((2, 3)), torch.zeros(2, 48)), 1)
    torch.testing.assert_close(network(images(2)), expected)


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
@pytest.mark.parametrize("members", [1, 2])
def test_a_member_of_a_fleet_is_the_network_alone(block: str, members: int) -> None:
    """Features, gradients and running averages of each member are those of the same network by itself."""
    spec = ResNet(blocks=(1, 1), widths=(4, 8), block=block, shortcut="project")
    networks = [built(spec, seed=i).double() for i in range(members)]
    for network in networks:
        for module in network.modules():
            if isinstance(module, ChannelNorm):
                nn.init.ones_(module.gain)
    stacked = {k: torch.stack([n.state_dict()[k].clone() for n in networks]) for k in networks[0].state_dict()}
    learnt = [name for name, _ in networks[0].named_parameters()]
    stacked |= {name: stacked[name].requires_grad_() for name in learnt}
    x = images(members, 4, side=8)
    together = functional_call(networks[0], stacked, (x,))
    together.square().sum().backward()
    for i, network in enumerate(networks):
        alone = network(x[i])
        alone.square().sum().backward()
        torch.testing.assert_close(together[i], alone, rtol=0, atol=1e-12)
        for name, parameter in network.named_parameters():
            torch.testing.assert_close(stacked[name].grad[i], parameter.grad, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(stacked["body.bn1.mean"][i], network.body.bn1.mean, rtol=0, atol=1e-12)


@pytest.mark.parametrize("settings", [{"blocks": ()}, {"blocks": (3, 3)}, {"widths": (16, 32, 0)}, {"stem": "none"}])
def test_what_cannot_be_built_is_refused(settings: dict[str, object]) -> None:
    """The error names the setting."""
    with pytest.raises(SpecError, match=next(iter(settings))):
        ResNet(**settings)
