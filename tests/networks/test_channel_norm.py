"""Standardised pixels and channels: torch's own agree, padding is passed over, what was learnt stays."""

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from lamina.networks.channel_norm import ChannelNorm, Pixels


def drawn(*sizes: int, seed: int = 1) -> Tensor:
    """Normal numbers away from mean 0 and variance 1."""
    return 3 * torch.randn(sizes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 2


def norm(channels: int, seed: int = 0) -> ChannelNorm:
    """A layer with drawn gains and biases, in float64."""
    layer = ChannelNorm(channels).double()
    with torch.no_grad():
        layer.gain.copy_(drawn(channels, seed=seed))
        layer.bias.copy_(drawn(channels, seed=seed + 5))
    return layer


def twin(layer: ChannelNorm, kind: type[nn.Module]) -> nn.Module:
    """Torch's own with the same weights."""
    theirs = kind(len(layer.gain)).double()
    with torch.no_grad():
        theirs.weight.copy_(layer.gain)
        theirs.bias.copy_(layer.bias)
    return theirs


@pytest.mark.parametrize(("places", "kind"), [((6,), nn.BatchNorm1d), ((3, 4), nn.BatchNorm2d)])
@pytest.mark.parametrize("counted", [False, True])
def test_torch_agrees(places: tuple[int, ...], kind: type[nn.Module], counted: bool) -> None:
    """Answers, gradients and running averages over some steps, and then the answers by these averages."""
    layer = norm(4)
    theirs = twin(layer, kind)
    layer.present = torch.ones(5) if counted else None
    for step in range(3):
        x = drawn(5, 4, *places, seed=step).requires_grad_()
        y = x.detach().clone().requires_grad_()
        torch.testing.assert_close(layer(x), theirs(y), rtol=0, atol=1e-12)
        layer(x.detach())
        theirs(y.detach())
        layer(x).square().sum().backward()
        theirs(y).square().sum().backward()
        torch.testing.assert_close(x.grad, y.grad, rtol=0, atol=1e-9)
    torch.testing.assert_close(layer.gain.grad, theirs.weight.grad, rtol=0, atol=1e-9)
    torch.testing.assert_close(layer.mean, theirs.running_mean, rtol=0, atol=1e-12)
    torch.testing.assert_close(layer.variance, theirs.running_var, rtol=0, atol=1e-12)
    x = drawn(2, 4, *places, seed=9)
    torch.testing.assert_close(layer.eval()(x), theirs.eval()(x), rtol=0, atol=1e-12)


def test_padding_counts_for_nothing() -> None:
    """Rows that only fill a batch up change neither the other rows' answers nor the running averages."""
    padded, plain = norm(3), norm(3)
    x = drawn(6, 3, 2, 2)
    padded.present = torch.tensor([1.0, 1, 1, 1, 0, 0])
    torch.testing.assert_close(padded(x)[:4], plain(x[:4]), rtol=0, atol=1e-12)
    torch.testing.assert_close(padded.mean, plain.mean, rtol=0, atol=1e-12)
    torch.testing.assert_close(padded.variance, plain.variance, rtol=0, atol=1e-12)


@pytest.mark.parametrize("sizes", [(7,), (1, 7), (3, 5)])
def test_places_that_are_not_there_count_for_nothing(sizes: tuple[int, ...]) -> None:
    """Mean and variance are those of the values that are there, whatever stands at the other places."""
    x = drawn(4, 3, *sizes)
    there = drawn(4, *sizes, seed=3) > 1
    layer, theirs = norm(3), norm(3)
    kept = x.movedim(1, -1)[there]  # (value, channel): rows without places
    answers = layer(x.masked_fill(~there.unsqueeze(1), 1e6), there)
    torch.testing.assert_close(answers.movedim(1, -1)[there], theirs(kept.unsqueeze(-1)).squeeze(-1), rtol=0, atol=1e-9)
    torch.testing.assert_close(layer.mean, theirs.mean, rtol=0, atol=1e-12)
    torch.testing.assert_close(layer.variance, theirs.variance, rtol=0, atol=1e-9)
    torch.testing.assert_close(norm(3)(x, torch.ones_like(there)), norm(3)(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("members", [1, 3])
def test_a_member_of_a_fleet_is_the_layer_alone(members: int, counted: bool) -> None:
    """Answers and running averages of each member are those of the same layer by itself, some with padding."""
    layers = [norm(4, seed=i) for i in range(members)]
    stacked = {
        name: torch.stack([dict(layer.state_dict())[name].clone() for layer in layers])
        for name in layers[0].state_dict()
    }
    x = drawn(members, 5, 4, 3, 3)
    present = (torch.arange(5) < torch.tensor([5, 4, 3])[:members, None]).float()
    whole = norm(4)
    whole.present = present if counted else None
    together = functional_call(whole, stacked, (x,))
    for i, layer in enumerate(layers):
        layer.present = present[i] if counted else None
        torch.testing.assert_close(together[i], layer(x[i]), rtol=0, atol=1e-12)
        torch.testing.assert_close(stacked["mean"][i], layer.mean, rtol=0, atol=1e-12)
        torch.testing.assert_close(stacked["variance"][i], layer.variance, rtol=0, atol=1e-12)


def test_a_single_value_is_taken_by_the_averages() -> None:
    """One row of one place has no variance: running averages stand in and stay as they are."""
    layer = norm(4)
    x = drawn(1, 4, 1, 1)
    answer = layer(x)
    assert torch.equal(layer.mean, torch.zeros(4, dtype=torch.float64))
    torch.testing.assert_close(answer, layer.eval()(x), rtol=0, atol=1e-12)


def test_pixels_are_standardised_by_the_rows_they_saw() -> None:
    """Each channel gets mean 0 and variance 1 over training rows; what comes later is measured by these."""
    stream = torch.Generator().manual_seed(0)
    rows = torch.randint(0, 256, (50, 3, 4, 5), generator=stream, dtype=torch.uint8)
    rows[:, 1] //= 4
    pixels = Pixels(3)
    pixels.settle(rows)
    x = pixels(rows)
    torch.testing.assert_close(x.mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-5)
    torch.testing.assert_close(x.std((0, 2, 3), correction=0), torch.ones(3), rtol=0, atol=1e-5)
    assert x.movedim(-3, -1).is_contiguous()
    before = pixels.mean.clone()
    pixels.settle(rows // 2)
    assert torch.equal(pixels.mean, before)


def test_a_channel_that_never_changes_is_not_blown_up() -> None:
    """A black channel becomes zeros, and a pixel of one shade more stays small."""
    pixels = Pixels(1)
    pixels.settle(torch.zeros(9, 1, 2, 2, dtype=torch.uint8))
    assert pixels(torch.ones(1, 1, 1, 1, dtype=torch.uint8)).item() == 1.0


def test_pixels_of_a_fleet_are_each_members_own() -> None:
    """Members that saw other rows measure by other means."""
    pixels = Pixels(2)
    own = {
        "mean": torch.tensor([[0.0, 1], [2, 3]]),
        "spread": torch.tensor([[1.0, 2], [4, 8]]),
        "settled": torch.ones(2),
    }
    x = torch.full((2, 3, 2, 2, 2), 10, dtype=torch.uint8)
    assert functional_call(pixels, own, (x,))[:, 0, :, 0, 0].tolist() == [[10, 4.5], [2, 0.875]]
