"""The usual encoder of images: one for every size, as large as the rows allow, mirroring nothing."""

import pytest
import torch

from lamina.foundation.signature import Field, Signature
from lamina.networks.convnet import Conv
from lamina.networks.parse import describe, parse_network
from lamina.networks.small_images import usual_image_encoder, usual_image_trunk
from lamina.networks.table import Table

SIZES = [(1, 1, 1), (1, 3, 3), (1, 8, 8), (3, 16, 16), (3, 17, 17), (1, 28, 28), (3, 32, 32), (3, 96, 96), (3, 2, 50)]


def image(*shape: int) -> Field:
    """A column of images."""
    return Field(holds="image", shape=shape)


@pytest.mark.parametrize("shape", SIZES)
def test_images_of_any_size_have_one(shape: tuple[int, int, int]) -> None:
    """From one pixel to strips: a network that answers, and a spec that words can say again."""
    spec = Table(image=usual_image_encoder(image(*shape), 1000), trunk=usual_image_trunk(image(*shape)))
    network = spec.build(Signature(features=0, scores=4, fields=(image(*shape),)), seed=0).eval()
    assert network(torch.zeros(2, 0), torch.zeros(2, *shape, dtype=torch.uint8)).shape == (2, 4)
    assert parse_network(describe(spec)) == spec


@pytest.mark.parametrize(("side", "left"), [(28, 3), (32, 4), (64, 4), (96, 3), (224, 3)])
def test_some_four_pixels_are_left(side: int, left: int) -> None:
    """However large the image, the last convolution sees all of it."""
    places = (side, side)
    for layer in usual_image_encoder(image(3, side, side), 1000).layers:
        places = layer.left(places)
    assert places == (left, left)


def test_many_rows_make_it_wider_and_nothing_is_mirrored() -> None:
    """Twice as wide from 10,000 rows on; a flip is for whoever knows the images to ask for."""
    few, many = (usual_image_encoder(image(3, 32, 32), rows) for rows in (9_999, 10_000))
    widths = [[layer.channels for layer in spec.layers if isinstance(layer, Conv)][-1] for spec in (few, many)]
    assert widths == [128, 256]
    assert few.augment is not None
    assert not few.augment.flip
    assert usual_image_encoder(image(1, 8, 8), 100_000).augment is None
