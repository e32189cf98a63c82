"""Augmentation: nothing unasked, whole pixels moved as told, by each row's own draws, in training only."""

import math

import pytest
import torch
from torch import Tensor

from lamina.foundation.errors import SpecError
from lamina.networks.augment import DRAWS, Augment, Augmenter
from lamina.networks.channel_norm import Pixels
from lamina.networks.convolution import Convolve


def images(rows: int = 6, height: int = 8, width: int = 7) -> Tensor:
    """Images in which no two pixels are alike, away from 0."""
    return torch.arange(1.0, 1 + rows * 2 * height * width).view(rows, 2, height, width)


def fixed(spec: Augment, **draws: float) -> Augmenter:
    """A layer whose draws are those given, 0.5 (nothing moves) for the others; places as in the file."""
    names = ["flip", "down", "right", "turn", "zoom", "cut_down", "cut_right"]
    values = torch.tensor([draws.get(name, 0.5) for name in names])
    layer = spec.build()
    layer.noise = lambda shape, device, dtype: values[:, None].expand(shape)
    return layer


@pytest.mark.parametrize("spec", [Augment(), Augment(flip=True, shift=2, turn=20, zoom=0.2, cutout=3)])
def test_answers_are_about_the_images_themselves(spec: Augment) -> None:
    """In evaluation, and where nothing is asked for, nothing changes, and nothing is drawn."""
    before = torch.random.get_rng_state()
    x = images()
    assert torch.equal(spec.build().eval()(x), x)
    assert torch.equal(Augment().build()(x), x)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_flip_changes_left_and_right() -> None:
    """Draws below one half flip, others do not."""
    x = images()
    assert torch.equal(fixed(Augment(flip=True), flip=0.4)(x), x.flip(-1))
    assert torch.equal(fixed(Augment(flip=True), flip=0.6)(x), x)
    assert torch.equal(fixed(Augment(shift=1), flip=0.4)(x), x)


def test_a_shift_repeats_the_border() -> None:
    """The largest draw moves by the whole shift; what comes in is the border."""
    x = images()
    moved = fixed(Augment(shift=2), down=0.999, right=0.0)(x)
    assert torch.equal(moved[..., :-2, 2:], x[..., 2:, :-2])
    assert torch.equal(moved[..., -1, 2:], x[..., -1, :-2])
    assert torch.equal(moved[..., :-2, 0], x[..., 2:, 0])


@pytest.mark.parametrize(("draw", "square"), [(0.0, (0, 1)), (0.5, (3, 6)), (0.999, (7, 8))])
def test_a_cutout_blots_out_a_square(draw: float, square: tuple[int, int]) -> None:
    """Three pixels a side become 0, fewer where the square reaches out of the image, never none."""
    x = images(height=8, width=8)
    y = fixed(Augment(cutout=3), cut_down=draw, cut_right=draw)(x)
    first, last = square
    assert not y[..., first:last, first:last].any()
    kept = torch.ones_like(x)
    kept[..., first:last, first:last] = 0
    assert torch.equal(y, x * kept)


def test_a_quarter_turn_is_a_quarter_turn() -> None:
    """Ninety degrees bring every pixel of a square image to its new place; zoom 0.5 shows the middle."""
    x = images(height=8, width=8)
    torch.testing.assert_close(fixed(Augment(turn=90), turn=1.0)(x), x.rot90(1, (-2, -1)), rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(
        fixed(Augment(zoom=0.5), zoom=0.0)(x)[..., 1::2, 1::2].mean((-2, -1)),
        x[..., 2:6, 2:6].mean((-2, -1)),
        atol=4,
        rtol=0,
    )


def test_both_ways_to_move_agree() -> None:
    """Whole pixels fetched, and the same shift and flip by interpolation, give the same images."""
    x = images()
    draws = {"flip": 0.1, "down": 0.999, "right": 1.0}
    fetched = fixed(Augment(flip=True, shift=1), **{**draws, "right": 0.999})(x)
    warped = fixed(Augment(flip=True, shift=1, zoom=0.1), **{**draws, "down": 1.0})(x)
    torch.testing.assert_close(warped, fetched, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("spec", [Augment(flip=True, shift=2, cutout=3), Augment(shift=1, turn=9, zoom=0.1)])
def test_rows_change_by_their_own_draws(spec: Augment) -> None:
    """Each row of each member as if it were alone with its draws, whatever stands in front of the batch."""
    layer, x = spec.build(), images(rows=6).view(2, 3, 2, 8, 7)
    draws = torch.rand(2, DRAWS, 3, generator=torch.Generator().manual_seed(0))
    layer.noise = lambda shape, device, dtype: draws.expand(shape)
    together = layer(x)
    assert together.shape == x.shape
    for member in range(2):
        for row in range(3):
            layer.noise = lambda shape, device, dtype, own=draws[member, :, row : row + 1]: own.expand(shape)
            torch.testing.assert_close(layer(x[member, row : row + 1])[0], together[member, row])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("spec", [Augment(flip=True, shift=1, cutout=2), Augment(turn=9), Augment(turn=9, cutout=2)])
def test_channels_stay_last_in_memory(spec: Augment, channels: int) -> None:
    """A convolution behind it is handed what it works fastest with, a single channel included."""
    shades = torch.zeros(4, channels, 6, 6, dtype=torch.uint8)
    changed = spec.build()(Pixels(channels)(shades))
    assert Convolve(channels, 8, (3, 3))(changed).movedim(-3, -1).is_contiguous()


def test_draws_reach_every_place_evenly() -> None:
    """Over many rows each shift from -1 to 1 comes about equally often."""
    layer = Augment(shift=1).build()
    stream = torch.Generator().manual_seed(0)
    layer.noise = lambda shape, device, dtype: torch.rand(shape, generator=stream, dtype=dtype)
    centre = layer(images(rows=1, height=5, width=5).expand(3000, 2, 5, 5))[:, 0, 2, 2]
    assert centre.unique(return_counts=True)[1].tolist() == pytest.approx([3000 / 9] * 9, abs=4 * math.sqrt(3000 / 9))


@pytest.mark.parametrize("settings", [{"shift": -1}, {"turn": 181}, {"zoom": 1}, {"cutout": 1.5}, {"flip": 2}])
def test_what_makes_no_sense_is_refused(settings: dict[str, object]) -> None:
    """The error names the setting."""
    with pytest.raises(SpecError, match=next(iter(settings))):
        Augment(**settings)
