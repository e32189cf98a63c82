"""How images, texts and series are cut into parts: all of it is covered, and nothing is broken."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lamina.data.texts import Token
from lamina.explain import beside, first_filters, overlay, png_of
from lamina.explain.filters import mosaic
from lamina.explain.patches import image_contributions, patches
from lamina.explain.stretches import MOST_ANSWERS, affordable_answers, series_contributions, stretches
from lamina.explain.words import SINGLE, STRETCHES, Word, text_contributions, without_words, words_of
from lamina.networks import MLP, Table
from lamina.networks.convnet import Conv, ConvNet

from .field_models import images, model_of


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (28, 28), (3, 96), (96, 50), (400, 30)])
def test_patches_cover_every_pixel(size) -> None:
    """Whatever the proportions, and there are never very many."""
    covered = np.zeros(size, bool)
    for patch in patches(*size):
        covered[patch.top : patch.bottom, patch.left : patch.right] = True
    assert covered.all()
    assert len(patches(*size)) < 600


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (3, 40), (200, 20)])
def test_stretches_cover_every_step_there_is(shape) -> None:
    """Padding behind the end is left alone."""
    there = np.ones(shape, bool)
    there[:, shape[1] * 3 // 4 + 1 :] = False
    covered = np.zeros(shape, bool)
    for channel, start, stop in stretches(there):
        covered[channel, start:stop] = True
    np.testing.assert_array_equal(covered, there)


def test_images_and_series_are_not_changed() -> None:
    """What is erased is a copy."""
    image, line = np.full((1, 8, 8), 9, np.uint8), np.ones((2, 30), np.float32)
    image_contributions(image, np.zeros_like(image), whole=0.0, answers=lambda some: np.zeros(len(some)))
    series_contributions(line, whole=0.0, answers=lambda some: np.zeros(len(some)))
    assert (image == 9).all()
    assert (line == 1).all()


def test_gaps_of_a_series_contribute_nothing() -> None:
    """Steps without a value say nothing, whatever their neighbours say."""
    line = np.ones((1, 30), np.float32)
    line[0, 10:13] = np.nan
    values = series_contributions(line, whole=30.0, answers=lambda some: np.array([np.nansum(one) for one in some]))
    assert not values[0, 10:13].any()
    assert (values[0, :10] > 0).all()


def test_words_are_joined_and_signs_stand_alone() -> None:
    """Pieces that touch are a word; blanks belong to none; a text without spaces stays in pieces."""
    text = "It's re-done"
    tokens = [
        Token(2, 0, 2),
        Token(3, 2, 3),
        Token(4, 3, 4),
        Token(5, 4, 7),
        Token(6, 7, 8),
        Token(7, 8, 10),
        Token(8, 10, 12),
    ]
    assert [word.text for word in words_of(text, tokens)] == ["It", "'", "s", "re", "-", "done"]
    assert [word.text for word in words_of("CCO", [Token(2, 0, 1), Token(2, 1, 2), Token(3, 2, 3)])] == ["C", "C", "O"]
    assert words_of("", ()) == ()


def test_without_words_the_rest_moves_up() -> None:
    """As if the text had been written without them; padding fills the end."""
    codes = np.array([5, 6, 7, 8, 0], np.int32)
    assert without_words(codes, [Word("b c", 2, 5, 1, 3)]).tolist() == [5, 8, 0, 0, 0]


def test_a_long_text_is_looked_at_coarsely_first() -> None:
    """Few answers are asked for, and the one word that matters is found with all that it says."""
    count, asked = 5000, []
    words = [Word("w", i, i + 1, i, i + 1) for i in range(count)]
    codes = np.full(count, 3, np.int32)
    codes[3210] = 9

    def answers(some):
        asked.append(len(some))
        return np.array([float((one == 9).any()) for one in some])

    values = text_contributions(codes, words, whole=1.0, answers=answers)
    assert sum(asked) == STRETCHES + SINGLE
    assert values.argmax() == 3210
    assert values[3210] == 1.0


def test_overlays_are_pictures() -> None:
    """Orange for, blue against, grey where nothing is said; PNG files that can be opened."""
    image = np.full((3, 2, 2), 100, np.uint8)
    drawn = overlay(image, np.array([[1.0, -1.0], [0.0, 0.0]]))
    assert drawn[0, 0, 0] > drawn[0, 0, 2]
    assert drawn[0, 1, 2] > drawn[0, 1, 0]
    assert (drawn[1] == 100).all()
    large = beside(image[:1], np.zeros((2, 2)), least=10)
    assert Image.open(io.BytesIO(png_of(large))).size == (20, 10)
    assert Image.open(io.BytesIO(png_of(large, side=8))).size == (8, 4)


def test_filters_are_those_of_the_first_layer() -> None:
    """As many as there are, the strongest first, zero as the middle grey; none of a network without convolutions."""
    reader = ConvNet(layers=(Conv(channels=5, size=(3, 3)), Conv(channels=4)))
    model = model_of(images(channels=3), "spot", network=Table(trunk=MLP(widths=()), image=reader))
    found = first_filters(model, "photo", most=4)
    assert found.shape == (4, 3, 3, 3)
    weights = next(w for n, w in model.predictor.weights.items() if n.endswith("convolve.weight"))[0]
    strongest = weights[int(weights.square().sum((1, 2, 3)).argmax())]
    np.testing.assert_array_equal(found[0] > 127, strongest.numpy() > 0)
    assert mosaic(found, across=3, zoom=2).shape == (3, 15, 22)
    flat = ConvNet(layers=(Conv(channels=5, size=(1, 1)),))
    assert first_filters(model_of(images(), "spot", network=Table(trunk=MLP(widths=()), image=flat)), "photo") is None


def test_dear_answers_are_asked_for_less_often() -> None:
    """A model of many multiplications gets fewer stretches, never fewer than four side by side in a channel."""
    there = np.ones((2, 96), bool)
    models = [SimpleNamespace(predictor=SimpleNamespace(learnt=SimpleNamespace(multiply_adds=n))) for n in (10, 10**8)]
    models.append(SimpleNamespace(predictor=SimpleNamespace()))  # a network: its answers are cheap
    assert [affordable_answers(model) for model in models] == [MOST_ANSWERS, 30, MOST_ANSWERS]
    assert [len(stretches(there, most)) for most in (MOST_ANSWERS, 30, 1)] == [46, 26, 14]
