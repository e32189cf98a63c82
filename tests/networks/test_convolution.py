"""Convolutions and pools: torch's own agree, loops by hand agree, and what moves in the image moves in the answer."""

import itertools
import math

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from lamina.networks.convolution import Convolve, Flatten, GlobalPool, Pool, fill_convolve, places_left


def drawn(*sizes: int, seed: int = 1) -> Tensor:
    """Normal numbers."""
    return torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def convolve(inputs: int, outputs: int, size: tuple[int, ...], *, seed: int = 0, **settings: object) -> Convolve:
    """A layer with drawn weights and biases in float64."""
    layer = Convolve(inputs, outputs, size, **settings).double()
    with torch.no_grad():
        for place, parameter in enumerate(layer.parameters()):
            parameter.copy_(drawn(*parameter.shape, seed=seed + 10 * place))
    return layer


def by_hand(layer: Convolve, x: Tensor, stride: int) -> Tensor:
    """The sum over every place of the kernel, written out; ``"same"`` puts the odd zero behind."""
    height, width = layer.size
    if layer.padding == "same":
        around = [(k - 1) // 2 for k in layer.size], [k // 2 for k in layer.size]
        x = nn.functional.pad(x, (around[0][1], around[1][1], around[0][0], around[1][0]))
    down, right = ((n - k) // stride + 1 for n, k in zip(x.shape[-2:], layer.size, strict=True))
    y = x.new_zeros(len(x), layer.weight.shape[0], down, right)
    for i, j in itertools.product(range(down), range(right)):
        window = x[:, None, :, i * stride : i * stride + height, j * stride : j * stride + width]
        y[:, :, i, j] = (window * layer.weight).sum((-3, -2, -1))
    return y if layer.bias is None else y + layer.bias[:, None, None]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), [((3, 3), 1), ((5, 3), 2), ((2, 4), 1), ((1, 1), 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_is_its_sum(padding: str, size: tuple[int, int], stride: int, bias: bool) -> None:
    """Every kernel, stride and padding gives what a loop over all places gives, and as many places as were told."""
    layer = convolve(3, 4, size, stride=stride, padding=padding, bias=bias)
    x = drawn(2, 3, 9, 8)
    torch.testing.assert_close(layer(x), by_hand(layer, x, stride), rtol=0, atol=1e-12)
    told = tuple(places_left(n, k, stride, padding) for n, k in zip((9, 8), size, strict=True))
    assert layer(x).shape == (2, 4, *told)


@pytest.mark.parametrize(("size", "kind"), [((3,), nn.Conv1d), ((3, 3), nn.Conv2d)])
def test_torch_agrees(size: tuple[int, ...], kind: type[nn.Module]) -> None:
    """Torch's own layers with the same weights give the same, in one dimension and in two."""
    layer = convolve(3, 4, size, stride=2, padding="same")
    theirs = kind(3, 4, size, stride=2, padding=1).double()
    theirs.load_state_dict(layer.state_dict())
    x = drawn(2, 3, *(9,) * len(size))
    torch.testing.assert_close(layer(x), theirs(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("kind", ["max", "mean"])
def test_pools_are_those_of_torch(axes: int, kind: str) -> None:
    """Windows of 3 every 2 places with a padded border, of one axis and of two."""
    theirs = {
        ("max", 1): nn.MaxPool1d(3, 2, 1),
        ("max", 2): nn.MaxPool2d(3, 2, 1),
        ("mean", 1): nn.AvgPool1d(3, 2, 1, count_include_pad=False),
        ("mean", 2): nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    }[kind, axes]
    x = drawn(2, 3, *(7,) * axes)
    ours = Pool(3, stride=2, padding=1, keep=kind, axes=axes)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-12)


def test_the_gradient_of_a_pool_goes_to_the_largest_only() -> None:
    """Of four neighbours the largest gets all of the gradient; of a mean each gets a quarter."""
    x = torch.tensor([[[[1.0, 4.0], [3.0, 2.0]]]], requires_grad=True)
    assert torch.autograd.grad(Pool(2)(x).sum(), x)[0].flatten().tolist() == [0, 1, 0, 0]
    assert torch.autograd.grad(Pool(2, keep="mean")(x).sum(), x)[0].flatten().tolist() == [0.25] * 4


def test_gradients_are_those_of_finite_differences() -> None:
    """Images, kernels and biases: what autograd gives is what small steps give."""
    layer, pool = convolve(2, 3, (3, 3), padding="same"), Pool(2, keep="mean")

    def through(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return pool(functional_call(layer, {"weight": weight, "bias": bias}, (x,)))

    weights = (layer.weight.detach().requires_grad_(), layer.bias.detach().requires_grad_())
    assert torch.autograd.gradcheck(through, (drawn(2, 2, 4, 4).requires_grad_(), *weights))


def test_what_moves_in_the_image_moves_in_the_answer() -> None:
    """Two pixels to the right are one place to the right after a stride of 2; far from the border all is the same."""
    layer = convolve(1, 2, (3, 3), stride=2, padding="same")
    x = torch.zeros(1, 1, 16, 16, dtype=torch.float64)
    x[..., 4:8, 4:8] = drawn(4, 4)
    moved = layer(x.roll(2, -1)) - layer.bias[:, None, None]
    torch.testing.assert_close(moved, (layer(x) - layer.bias[:, None, None]).roll(1, -1), rtol=0, atol=1e-12)
    assert moved.abs().max() > 0.1


def test_a_kernel_is_not_turned_round() -> None:
    """A kernel with its only 1 at the right end looks at the pixel to the right."""
    layer = Convolve(1, 1, (1, 3), padding="same", bias=False)
    layer.weight.data[..., 2] = 1
    assert layer(torch.tensor([[[[1.0, 2.0, 3.0]]]])).flatten().tolist() == [2, 3, 0]


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("size", [(3,), (3, 3)])
def test_a_member_of_a_fleet_is_the_layer_alone(members: int, size: tuple[int, ...]) -> None:
    """Answers and gradients of each member in a stack are those of the same layer by itself."""
    layers = [convolve(2, 4, size, padding="same", seed=i) for i in range(members)]
    stacked = {
        name: torch.stack([dict(one.named_parameters())[name].detach() for one in layers]).requires_grad_()
        for name in ("weight", "bias")
    }
    x = drawn(members, 5, 2, *(6,) * len(size))
    axes = len(size)
    tail = nn.Sequential(Pool(2, axes=axes), Pool(2, keep="mean", axes=axes), Flatten(axes=axes))
    together = tail(functional_call(layers[0], stacked, (x,)))
    together.square().sum().backward()
    for i, layer in enumerate(layers):
        alone = tail(layer(x[i]))
        alone.square().sum().backward()
        torch.testing.assert_close(together[i], alone, rtol=0, atol=1e-12)
        torch.testing.assert_close(stacked["weight"].grad[i], layer.weight.grad, rtol=0, atol=1e-12)
        torch.testing.assert_close(stacked["bias"].grad[i], layer.bias.grad, rtol=0, atol=1e-12)


@pytest.mark.parametrize("members", [1, 2])
def test_channels_stay_last_in_memory(members: int) -> None:
    """From a convolution of a fleet to a pool nothing is laid out anew."""
    layer = Convolve(4, 8, (3, 3), padding="same")
    weights = {name: torch.stack([p.detach()] * members) for name, p in layer.named_parameters()}
    x = torch.zeros(members, 2, 6, 6, 4).movedim(-1, -3)
    y = functional_call(layer, weights, (x,))
    assert y.movedim(-3, -1).is_contiguous()
    assert Pool(2)(y).movedim(-3, -1).is_contiguous()


@pytest.mark.parametrize(("kind", "wanted"), [("mean", [2.5, 0.0]), ("max", [4.0, 0.0])])
def test_a_global_pool_takes_all_places(kind: str, wanted: list[float]) -> None:
    """Mean and maximum of each channel, whatever the size."""
    x = torch.stack((torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.zeros(2, 2)))[None]
    assert GlobalPool(kind)(x).flatten().tolist() == wanted
    assert GlobalPool(kind, axes=1)(x.flatten(-2)).flatten().tolist() == wanted


@pytest.mark.parametrize("name", ["relu", "tanh", "selu", "gelu"])
def test_first_weights_spread_as_the_activation_needs(name: str) -> None:
    """Kernels have the variance that their formula says, and equal streams give equal bits."""
    layers = [
        fill_convolve(Convolve(16, 64, (3, 3)), activation=name, stream=torch.Generator().manual_seed(0))
        for _ in range(2)
    ]
    variance = {"relu": 2 / 144, "tanh": 2 * (5 / 3) ** 2 / (144 + 576), "selu": 1 / 144}
    if name in variance:
        assert layers[0].weight.std().item() == pytest.approx(math.sqrt(variance[name]), rel=0.05)
    assert torch.equal(layers[0].weight, layers[1].weight)
    assert not layers[0].bias.any()


def test_a_layer_without_memory_is_left_as_it_is() -> None:
    """On the meta device nothing is drawn."""
    with torch.device("meta"):
        layer = Convolve(1000, 1000, (9, 9))
    stream = torch.Generator().manual_seed(0)
    before = stream.get_state()
    assert fill_convolve(layer, activation="relu", stream=stream).weight.is_meta
    assert torch.equal(stream.get_state(), before)


@pytest.mark.parametrize(("inputs", "width"), [(2, 32), (4, 16), (4, 40), (8, 8), (8, 12), (12, 8), (14, 16)])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_bfloat16_agrees_where_torch_gets_it_wrong(inputs: int, width: int, padding: str) -> None:
    """Few channels under wide kernels: sums in half precision are those of float32, to 3 %, on every CPU."""
    layer = convolve(inputs, 5, (1, width), padding=padding).float()
    x = drawn(3, inputs, 1, width + 29).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(x).float()
    wanted = layer.double()(x.double())
    assert found.shape == wanted.shape
    assert (found - wanted).abs().max() < 0.03 * wanted.abs().max()


def test_only_bfloat16_pays_for_where_torch_gets_it_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel is made a zero wider where values are or become bfloat16, and laid on as it is everywhere else."""
    widths: list[int] = []
    known = nn.functional.conv2d
    monkeypatch.setattr(
        nn.functional, "conv2d", lambda x, w, *rest: (widths.append(w.shape[-1]), known(x, w, *rest))[1]
    )
    layer, x = Convolve(8, 4, (3, 8)), torch.zeros(2, 8, 9, 9)
    layer(x), layer.double()(x.double()), layer.bfloat16()(x.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layer.float()(x)
    assert widths == [8, 8, 9, 9]
