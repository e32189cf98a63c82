"""Histograms of oriented gradients: a slow loop agrees, and light and mirrors do what they must."""

import math

import numpy as np
import pytest

from lamina.classical.gradients import Gradients, cell_histograms, gradients_for

STREAM = np.random.default_rng(0)
BINS, CUT = 9, 0.2  # as in the paper


def slow(image: np.ndarray, cell: int) -> list[float]:
    """One image (channel, height, width) pixel by pixel."""
    channels, height, width = image.shape
    down, across = height // cell, width // cell
    votes = np.zeros((down, across, BINS))
    for row in range(down * cell):
        for column in range(across * cell):
            best = (0.0, 0.0, 0.0)
            for channel in range(channels):
                x = y = 0.0
                if 0 < column < width - 1:
                    x = float(image[channel, row, column + 1]) - float(image[channel, row, column - 1])
                if 0 < row < height - 1:
                    y = float(image[channel, row + 1, column]) - float(image[channel, row - 1, column])
                best = max(best, (math.hypot(x, y), x, y), key=lambda one: one[0])
            size, x, y = best
            place = (math.degrees(math.atan2(y, x)) % 180) / 20 - 0.5
            lower = math.floor(place)
            votes[row // cell, column // cell, lower % BINS] += size * (1 - (place - lower))
            votes[row // cell, column // cell, (lower + 1) % BINS] += size * (place - lower)
    out: list[float] = []
    for row in range(down - 1):
        for column in range(across - 1):
            block = votes[row : row + 2, column : column + 2].reshape(-1)
            block = block / math.sqrt((block**2).sum() + 1e-4)
            block = np.minimum(block, CUT)
            out.extend(block / math.sqrt((block**2).sum() + 1e-8))
    return out


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 20, 17), (3, 33, 40)])
def test_a_slow_loop_agrees(shape: tuple[int, int, int]) -> None:
    """Gradients, votes, blocks and channels are those of a loop over pixels, whole cells or not."""
    images = STREAM.integers(0, 256, (3, *shape)).astype(np.uint8)
    part = gradients_for(shape, 128)
    down, across = part.cells[0] * part.cell, part.cells[1] * part.cell
    wanted = [slow(image[:, :down, :across], part.cell) for image in images]
    np.testing.assert_allclose(part.read(images), wanted, atol=2e-5)
    assert part.width == len(wanted[0])


def blocks_of(part: Gradients, images: np.ndarray) -> np.ndarray:
    """(row, down, across, cell down, cell across, bin)."""
    down, across = part.cells
    return part.read(images).reshape(len(images), down - 1, across - 1, 2, 2, BINS)


def test_half_a_turn_turns_the_blocks() -> None:
    """Turned by 180 degrees, each edge keeps its angle and lies at the other end."""
    part = gradients_for((1, 32, 32), 128)
    images = STREAM.integers(0, 256, (2, 1, 32, 32)).astype(np.uint8)
    turned = blocks_of(part, images[:, :, ::-1, ::-1])
    np.testing.assert_allclose(turned, blocks_of(part, images)[:, ::-1, ::-1, ::-1, ::-1], atol=1e-5)


def test_a_mirror_mirrors_the_angles() -> None:
    """Left and right change places, and so do angles above and below 90 degrees."""
    part = gradients_for((1, 32, 32), 128)
    images = STREAM.integers(0, 256, (2, 1, 32, 32)).astype(np.uint8)
    mirrored = blocks_of(part, images[..., ::-1])
    np.testing.assert_allclose(mirrored, blocks_of(part, images)[:, :, ::-1, :, ::-1, ::-1], atol=1e-5)


def test_light_changes_nothing() -> None:
    """Half the contrast and more light, or a negative, give the same numbers."""
    part = gradients_for((3, 32, 32), 128)
    images = (2 * STREAM.integers(0, 60, (2, 3, 32, 32))).astype(np.uint8)
    np.testing.assert_allclose(part.read(images // 2 + 90), part.read(images), atol=1e-4)
    np.testing.assert_allclose(part.read(255 - images), part.read(images), atol=1e-6)


def test_an_edge_counts_for_its_own_angle() -> None:
    """A ramp that grows down and to the right at 50 degrees votes for the bin of 50 degrees alone."""
    angle = math.radians(50)
    rows, columns = np.mgrid[0:8, 0:8].astype(np.float32)
    ramp = (math.cos(angle) * columns + math.sin(angle) * rows)[None, None]
    inner = cell_histograms(np.pad(ramp, ((0, 0), (0, 0), (0, 0), (0, 0))), 2)[0, 1:-1, 1:-1]
    assert (inner.argmax(axis=-1) == 2).all()
    np.testing.assert_allclose(inner[..., 2], inner.sum(axis=-1), rtol=1e-4)


def test_small_and_large_images_are_read() -> None:
    """One pixel is repeated, a flat image gives zeros, and 300 pixels a side become 100."""
    one = gradients_for((1, 1, 1), 128)
    assert np.array_equal(one.read(np.full((1, 1, 1, 1), 9, np.uint8)), np.zeros((1, one.width)))
    large = gradients_for((1, 300, 200), 128)
    assert (large.factor, large.cells) == (3, (12, 8))
    assert np.isfinite(large.read(STREAM.integers(0, 256, (2, 1, 300, 200)).astype(np.uint8))).all()


def test_pooling_comes_first() -> None:
    """An image whose pixels are doubled both ways reads as the image itself."""
    images = STREAM.integers(0, 256, (2, 1, 100, 100)).astype(np.uint8)
    doubled = images.repeat(2, axis=2).repeat(2, axis=3)
    small, large = gradients_for((1, 100, 100), 100), gradients_for((1, 200, 200), 100)
    assert np.array_equal(large.read(doubled), small.read(images))
