"""Convolutional networks: the layers that were asked for, in their order, and clear words about images too small."""

import pytest
import torch
from torch import nn

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field, Signature
from lamina.networks.activations import activation
from lamina.networks.augment import Augment
from lamina.networks.convnet import Conv, ConvNet, Pooling
from lamina.networks.image_network import PIXELS_AT_ONCE
from lamina.networks.mlp import MLP
from lamina.networks.parse import parse_network
from lamina.networks.table import Table

LENET = "conv 6 5x5 tanh, pool 2, conv 16 5x5 tanh, pool 2, 120 tanh, 84 tanh"


def field(*shape: int) -> Field:
    """A column of images."""
    return Field(holds="image", shape=shape)


def images(rows: int, *shape: int, seed: int = 0) -> torch.Tensor:
    """Random shades."""
    stream = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (rows, *shape), generator=stream, dtype=torch.uint8)


def built(spec: ConvNet, *shape: int) -> nn.Module:
    """The encoder for such images."""
    return spec.build(field(*shape), stream=torch.Generator().manual_seed(0))


def test_lenet_5_has_its_61_706_weights() -> None:
    """The line of words is the network of the textbooks, on one channel of 32 x 32 and ten classes."""
    signature = Signature(features=0, scores=10, fields=(field(1, 32, 32),))
    network = parse_network(LENET).build(signature, seed=0)
    assert sum(weights.numel() for weights in network.parameters()) == 61_706
    assert network(torch.zeros(2, 0), images(2, 1, 32, 32)).shape == (2, 10)


def test_torch_agrees() -> None:
    """The same network put together from torch's layers, with the same weights, gives the same features."""
    spec = ConvNet(
        layers=(
            Conv(channels=4, size=(3, 5), padding="same", activation="tanh"),
            Pooling(keep="mean"),
            Conv(channels=6, stride=2, norm="batch"),
            Pooling(size=3, stride=1),
        )
    )
    ours = built(spec, 3, 16, 16).double().eval()
    first, second = ours.body[0].convolve, ours.body[2]
    theirs = nn.Sequential(
        nn.Conv2d(3, 4, (3, 5), padding=(1, 2)),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 6, 3, stride=2, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=1),
        nn.Flatten(),
    )
    theirs = theirs.double().eval()
    theirs[0].load_state_dict(first.state_dict())
    theirs[3].load_state_dict(second.convolve.state_dict())
    x = images(5, 3, 16, 16)
    expected = theirs(x.double() / 127.5 - 1)
    torch.testing.assert_close(ours(x), expected, rtol=0, atol=1e-12)
    assert ours.width == expected.shape[1] == 6


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize(("name", "waits"), [("relu", True), ("tanh", True), ("selu", True), ("gelu", False)])
def test_an_activation_that_waits_for_the_pool_changes_nothing(name: str, waits: bool, norm: str) -> None:
    """Bent before or after the pool behind it: the same features and gradients; what may fall does not wait."""
    spec = ConvNet(layers=(Conv(channels=4, activation=name, norm=norm), Pooling(size=3, stride=2), Conv(channels=3)))
    network = built(spec, 1, 15, 14).double()
    step, pool, rest = network.body[0], network.body[1], network.body[2:]
    assert (step.bend.name == "identity") == waits
    x = images(3, 1, 15, 14)
    y = network.pixels(x)
    y = step.convolve(y) if norm == "none" else step.norm(step.convolve(y))
    expected = rest((pool[0] if waits else pool)(activation(name).function(y)))
    torch.testing.assert_close(network(x), expected, rtol=0, atol=1e-12)
    ours, theirs = (torch.autograd.grad(out.square().sum(), step.convolve.weight)[0] for out in (network(x), expected))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)


LEAVING_OUT = {
    "two pools": (28, (Conv(channels=3), Pooling(), Conv(channels=4), Pooling())),
    "pools inside": (28, (Conv(channels=3, pool=2), Conv(channels=4, pool=3))),
    "strides": (21, (Conv(channels=3, size=(2, 4), stride=3), Conv(channels=4, stride=2))),
    "windows that overlap": (20, (Conv(channels=3), Pooling(size=3, stride=2), Conv(channels=2), Pooling(keep="mean"))),
    "gaps between windows": (24, (Pooling(size=2, stride=5), Conv(channels=2))),
    "zeros around": (19, (Conv(channels=3), Conv(channels=3, padding="same"), Pooling())),
    "a norm": (28, (Conv(channels=3), Pooling(), Conv(channels=3, norm="batch"), Pooling())),
    "a norm behind a pool": (28, (Conv(channels=3, pool=2, norm="batch"), Conv(channels=4, pool=2))),
    "a norm that sees all that is used": (28, (Conv(channels=3), Pooling(), Conv(channels=4, pool=2, norm="batch"))),
}


@pytest.mark.parametrize("name", LEAVING_OUT)
def test_pixels_without_a_part_in_the_answer_are_left_out_of_the_work(name: str) -> None:
    """While it learns: the same features, gradients and statistics as from whole images."""
    side, layers = LEAVING_OUT[name]
    ours, whole = (built(ConvNet(layers=layers), 1, side, side - 1).double() for _ in range(2))
    whole.seen = None
    x = images(4, 1, side, side - 1)
    found, wanted = ours(x), whole(x)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)
    found.square().sum().backward()
    wanted.square().sum().backward()
    for one, other in zip(ours.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-12, atol=1e-9)
    for one, other in zip(ours.buffers(), whole.buffers(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "seen"),
    [("two pools", (26, 26)), ("strides", (20, 16)), ("zeros around", (19, 18)), ("a norm", (28, 26))],
)
def test_what_has_a_part_in_the_answer(name: str, seen: tuple[int, int]) -> None:
    """Counted by hand; a norm looks at all that it gets, and a convolution with zeros around at all that comes in."""
    side, layers = LEAVING_OUT[name]
    assert built(ConvNet(layers=layers), 1, side, side - 1).seen == seen


def test_whole_images_are_answered() -> None:
    """While answering nothing is left out, for whoever looks inside."""
    network = built(ConvNet(), 1, 28, 28)
    places: list[torch.Size] = []
    network.body[0].register_forward_hook(lambda _, __, y: places.append(y.shape[-2:]))
    network(images(1, 1, 28, 28))
    network.eval()(images(1, 1, 28, 28))
    assert places == [(24, 24), (26, 26)]


def test_a_pool_before_a_relu_is_one_after_it() -> None:
    """The largest sum, bent, is the largest bent sum: the same answers for less work."""
    inside = built(ConvNet(layers=(Conv(channels=4, pool=2), Conv(channels=3))), 1, 13, 12).eval()
    behind = built(ConvNet(layers=(Conv(channels=4), Pooling(), Conv(channels=3))), 1, 13, 12).eval()
    assert torch.equal(inside(images(3, 1, 13, 12)), behind(images(3, 1, 13, 12)))


@pytest.mark.parametrize(("head", "width"), [("flatten", 8 * 5 * 4), ("mean", 8), ("max", 8)])
def test_the_head_says_what_is_handed_on(head: str, width: int) -> None:
    """All numbers that are left, or one a channel; the width says how many."""
    network = built(ConvNet(layers=(Conv(channels=8), Pooling()), head=head), 1, 12, 11).eval()
    assert network.width == width
    assert network(images(3, 1, 12, 11)).shape == (3, width)


def test_very_many_images_are_answered_a_few_at_a_time() -> None:
    """Cut into pieces or not, every image gets the same features."""
    network = built(ConvNet(layers=(Conv(channels=2),), head="mean"), 1, 64, 64).double().eval()
    x = images(2 * PIXELS_AT_ONCE // 64**2 + 3, 1, 64, 64)
    torch.testing.assert_close(network(x), network._features(x), rtol=0, atol=1e-12)


def test_images_change_while_it_learns_only() -> None:
    """With augmentation two looks at an image differ in training, and agree in evaluation."""
    network = built(ConvNet(layers=(Conv(channels=2),), augment=Augment(shift=3)), 1, 12, 12)
    x = images(8, 1, 12, 12)
    assert not torch.equal(network(x), network(x))
    assert torch.equal(network.eval()(x), network(x))


@pytest.mark.parametrize("classes", [2, 10])
def test_the_loss_at_birth_is_that_of_guessing(classes: int) -> None:
    """Before learning all classes are about as likely."""
    spec = Table(image=ConvNet(), trunk=MLP(widths=(32,)))
    network = spec.build(Signature(features=0, scores=classes, fields=(field(3, 16, 16),)), seed=0)
    loss = nn.functional.cross_entropy(network(torch.zeros(64, 0), images(64, 3, 16, 16)), torch.arange(64) % classes)
    assert loss.item() == pytest.approx(torch.tensor(float(classes)).log().item(), rel=0.1)


def test_a_network_too_deep_for_its_images_is_refused() -> None:
    """The error names the layer and what reaches it."""
    spec = ConvNet(layers=(Conv(), Pooling(), Conv(size=(5, 5))))
    with pytest.raises(SpecError, match=r"layer 3 of ConvNet, Conv.*3 x 3 pixels.*8 x 8"):
        built(spec, 1, 8, 8)


def test_weights_beyond_any_memory_are_refused() -> None:
    """Without using any memory first."""
    spec = ConvNet(layers=(Conv(channels=16_384, size=(9, 9)), Conv(channels=16_384, size=(9, 9))))
    with torch.device("meta"), pytest.raises(SpecError, match="weights in its convolutions"):
        built(spec, 3, 32, 32)
    with pytest.raises(SpecError, match="1,001 layers"):
        ConvNet(layers=(Pooling(size=1),) * 1001)


@pytest.mark.parametrize(
    "settings", [{"channels": 0}, {"size": (3,)}, {"size": (3, 0)}, {"padding": "full"}, {"activation": "softmax"}]
)
def test_a_layer_that_makes_no_sense_is_refused(settings: dict[str, object]) -> None:
    """The error names the setting."""
    with pytest.raises(SpecError, match=next(iter(settings))):
        Conv(**settings)
