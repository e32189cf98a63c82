"""Mirror images: learnt from where left and right mean nothing, and nowhere else; nobody is asked about few rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from lamina.estimators import mirror
from lamina.estimators.mirror import FEWEST_ROWS, Mirrors, ask_mirrors, decided, mirroring, mirrors_for
from lamina.foundation.signature import Field, Signature
from lamina.networks import MLP, Augment, Conv, ConvNet, CrossEntropy, Table
from lamina.training import AdamW, Rows, Training

TWO = np.full(100, 2.0)  # the loss of a constant answer, where 1 is that of the network
YES, NO = (Mirrors(plain=1.0, mirrored=1.0, constant=2.0, flip=flip) for flip in (True, False))
SIDE = 17  # the least that is not tiny
SIGNATURE = Signature(features=1, scores=2, fields=(Field(holds="image", shape=(1, SIDE, SIDE)),))
NETWORK = Table(trunk=MLP(widths=(8,)), image=ConvNet(layers=(Conv(channels=4, size=(5, 5), stride=4),)))
TRAINING = Training(optimiser=AdamW(learning_rate=0.02), device="cpu", precision="float32")


def bars(rows: int, *, sided: bool) -> Rows:
    """A bright bar, left or right for the classes if ``sided``, else at the top or at the bottom; a number of noise."""
    random = np.random.default_rng(0)
    truth = np.arange(rows) % 2
    pixels = random.integers(0, 30, (rows, 1, SIDE, SIDE), dtype=np.uint8)
    for row, code in enumerate(truth):
        place = slice(2, 6) if code else slice(11, 15)
        pixels[(row, 0, slice(None), place) if sided else (row, 0, place, slice(None))] += 200
    numbers = torch.from_numpy(random.normal(size=(rows, 1)).astype(np.float32))
    return Rows(inputs=(numbers, torch.from_numpy(pixels)), truth=torch.from_numpy(truth))


def ask(rows: Rows, learning: int, signature: Signature = SIGNATURE) -> Mirrors | None:
    """What the rows say."""
    return ask_mirrors(rows, learning, NETWORK, signature, loss=CrossEntropy(smoothing=0.05), training=TRAINING, seed=0)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred rows are enough to ask, and four hundred all that are looked at."""
    monkeypatch.setattr(mirror, "FEWEST_ROWS", 200)
    monkeypatch.setattr(mirror, "LOOKED_AT", 400)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("sided", [True, False])
def test_the_rows_say_whether_sides_mean_anything(sided: bool) -> None:
    """Where left is one class and right the other, mirror images are not learnt from; where top is, they are."""
    found = ask(bars(400, sided=sided), 400)
    assert found is not None
    assert found.flip is not sided
    assert (found.mirrored > 2 * found.plain > 0) is sided
    assert ("so they are learnt from too" in found.sentence) is not sided


@pytest.mark.usefixtures("few")
def test_the_same_seed_says_the_same() -> None:
    """What is drawn follows from the seed."""
    rows = bars(240, sided=True)
    assert ask(rows, 240) == ask(rows, 240)


@pytest.mark.usefixtures("few")
def test_rows_that_are_watched_have_no_part_in_it() -> None:
    """Only the rows that teach are asked: whatever stands in the others changes nothing."""
    rows = bars(300, sided=False)
    wild = Rows(
        inputs=(rows.inputs[0], torch.cat((rows.inputs[1][:250], 255 - rows.inputs[1][250:]))), truth=rows.truth
    )
    assert ask(rows, 250) == ask(wild, 250)


def test_few_rows_are_not_asked() -> None:
    """Below the least number the answer would be chance, and nothing is trained for it."""
    rows = Rows(inputs=(), truth=torch.zeros(0))
    assert ask(rows, FEWEST_ROWS - 1) is None


def test_where_there_is_nothing_to_mirror_nobody_asks() -> None:
    """No image, a series, or images so small that every pixel keeps its place."""
    others = ((), (Field(holds="series", shape=(1, 50)),), (Field(holds="image", shape=(1, 16, 16)),))
    for fields in others:
        assert ask(Rows(inputs=(), truth=torch.zeros(0)), 10**6, replace(SIGNATURE, fields=fields)) is None


def test_a_difference_must_be_sure_to_be_small() -> None:
    """A tenth of the loss may be lost at most, two standard errors included."""
    plain, random = np.ones(100), np.random.default_rng(0)
    noise = random.normal(0, 1, 100)
    unsure = plain + (noise - noise.mean()) / noise.std(ddof=1)  # the mean is 1, its standard error 0.1
    assert decided(plain, plain + 0.09, TWO).flip
    assert not decided(plain, plain + 0.11, TWO).flip
    assert not decided(plain, unsure, TWO).flip
    assert decided(plain, 0.5 * plain, TWO).flip  # better still
    assert decided(0 * plain, 0 * plain, TWO).flip  # as well as can be
    assert not decided(np.full(100, np.nan), plain, TWO).flip


def test_mirroring_adds_a_flip_and_takes_nothing_away() -> None:
    """Whatever else happens to images while learning still happens; one without augmentation gets the flip alone."""
    shifted = replace(NETWORK, image=replace(NETWORK.image, augment=Augment(shift=3)))
    assert mirroring(shifted, YES).image.augment == Augment(shift=3, flip=True)
    assert mirroring(NETWORK, YES).image.augment == Augment(flip=True)
    assert replace(mirroring(NETWORK, YES), image=NETWORK.image) == NETWORK
    assert mirroring(NETWORK, NO) == mirroring(NETWORK, None) == NETWORK


def test_who_has_learnt_nothing_is_not_asked() -> None:
    """Images without any law are not understood, whichever way round they are: nothing is mirrored for that."""
    random = np.random.default_rng(0)
    pixels = torch.from_numpy(random.integers(0, 256, (FEWEST_ROWS, 1, SIDE, SIDE), dtype=np.uint8))
    rows = Rows(
        inputs=(torch.zeros(FEWEST_ROWS, 1), pixels), truth=torch.from_numpy(random.integers(0, 2, FEWEST_ROWS))
    )
    found = ask(rows, FEWEST_ROWS)
    assert found is not None
    assert not found.flip
    assert "too little" in found.sentence


def test_the_question_keeps_the_time_limit() -> None:
    """Where a tenth of the time is too short for an answer, nobody asks."""
    rows = bars(FEWEST_ROWS, sided=False)
    short = replace(TRAINING, seconds=10.0)
    assert ask_mirrors(rows, len(rows), NETWORK, SIGNATURE, loss=CrossEntropy(), training=short, seed=0) is None


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("optimiser", ["auto", AdamW(learning_rate=0.5)])
def test_the_question_is_learnt_by_the_optimiser_that_was_asked_for(optimiser, monkeypatch) -> None:
    """A user's own is not put aside for it; where nobody asked, none is chosen here."""
    asked: list[Training] = []
    monkeypatch.setattr(mirror, "ask_mirrors", lambda *_, training, **__: asked.append(training))
    training = replace(TRAINING, optimiser=optimiser)
    mirrors_for(
        bars(240, sided=True), 240, None, SIGNATURE, many=50_000, loss=CrossEntropy(), training=training, seed=0
    )
    assert [one.optimiser for one in asked] == [optimiser]
