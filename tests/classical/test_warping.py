"""Dynamic time warping: a slow loop agrees, and the band is chosen among training rows."""

import numpy as np
import pytest

from classical.whole_rows import SomeRows, only
from lamina.classical import LEARNT, Warping
from lamina.classical import warping as room
from lamina.classical.warping import warped
from lamina.foundation.errors import SpecError

STREAM = np.random.default_rng(0)


def slow(one: np.ndarray, other: np.ndarray, band: int) -> float:
    """The table cell by cell. **Shape**: (channel, step) both."""
    steps = one.shape[1]
    table = np.full((steps + 1, steps + 1), np.inf)
    table[0, 0] = 0
    for i in range(steps):
        for j in range(max(0, i - band), min(steps, i + band + 1)):
            cost = ((one[:, i] - other[:, j]) ** 2).sum()
            table[i + 1, j + 1] = cost + min(table[i, j + 1], table[i + 1, j], table[i, j])
    return float(table[steps, steps])


@pytest.mark.parametrize("steps", [1, 2, 7, 12])
@pytest.mark.parametrize("band", [0, 1, 3, 5, 12])
def test_a_slow_loop_agrees(steps: int, band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pair, with every band, from none to all steps; several channels; pairs a few at a time."""
    monkeypatch.setattr(room, "PAIRS_AT_ONCE", 8)
    asked, known = (STREAM.normal(size=(rows, 2, steps)).astype(np.float32) for rows in (5, 4))
    wanted = [[slow(one, other, band) for other in known] for one in asked]
    np.testing.assert_allclose(warped(asked, known, band), wanted, rtol=1e-5)


def test_distances_have_their_laws() -> None:
    """None from itself, the same both ways, Euclidean without a band, and never longer with a wider one."""
    rows = STREAM.normal(size=(6, 3, 20)).astype(np.float32)
    narrow, wide = warped(rows, rows, 2), warped(rows, rows, 9)
    assert (np.diag(narrow) == 0).all()
    np.testing.assert_allclose(narrow, narrow.T, rtol=1e-5)
    assert (wide <= narrow + 1e-5).all()
    np.testing.assert_allclose(warped(rows, rows, 0), ((rows[:, None] - rows) ** 2).sum(axis=(2, 3)), rtol=1e-5)


def bumps(first: int, move: int) -> SomeRows:
    """24 rows, up and then down (even ones) or down and then up, each pair ``move`` steps later than the last."""
    values = np.zeros((24, 1, 40), np.float32)
    for row in range(24):
        start = first + move * (row // 2)
        values[row, 0, start : start + 3] = 1 if row % 2 == 0 else -1
        values[row, 0, start + 3 : start + 6] = -1 if row % 2 == 0 else 1
    return only(values)


def test_the_band_follows_the_shifts() -> None:
    """Where bumps move, warping is chosen and answers; where they stand still, none is."""
    truth = np.arange(24) % 2
    learnt = Warping().fit(bumps(10, 2), truth, classes=2, seed=0)
    assert learnt.chosen["band"] > 0
    assert (learnt.scores(bumps(9, 2)).argmax(axis=1) == truth).all()
    assert Warping().fit(bumps(10, 0), truth, classes=2, seed=0).chosen["band"] == 0


def test_numbers_and_other_fields_count_too() -> None:
    """Series that are all alike leave the choice to the numbers; without any series it is the nearest row."""
    numbers = np.repeat(np.arange(10, dtype=np.float32), 2)[:, None]
    rows = SomeRows(numbers, (np.zeros((20, 1, 8), np.float32),))
    truth = np.repeat(np.arange(10) % 2, 2)
    scores = Warping().fit(rows, truth, classes=2, seed=0).scores(rows)
    assert (scores.argmax(axis=1) == truth).all()
    images = SomeRows(numbers, (STREAM.integers(0, 256, (20, 1, 4, 4)).astype(np.uint8),))
    assert (Warping().fit(images, truth, classes=2, seed=0).scores(images).argmax(axis=1) == truth).all()


def test_numbers_are_answered_by_the_nearest() -> None:
    """A regression gives the truth of the nearest training row."""
    rows = only(STREAM.normal(size=(12, 2, 30)).astype(np.float32))
    truth = STREAM.normal(size=12)
    np.testing.assert_allclose(Warping().fit(rows, truth, classes=0, seed=0).scores(rows)[:, 0], truth)


def test_some_band_is_needed() -> None:
    """A spec without any is refused in words."""
    with pytest.raises(SpecError, match="one share of the steps at least"):
        Warping(bands=())


def test_absurdly_long_series_are_refused_on_reading() -> None:
    """A file that would keep the reader waiting is refused in words: by its steps, and by all that an answer takes."""
    learnt = Warping().fit(bumps(10, 2), np.arange(24) % 2, classes=2, seed=0)
    for steps, rows, words in ((5000, 24, "5,000 steps is too long to warp"), (4000, 1000, "multiplications")):
        changes = {
            "reader.0.steps.shape": np.array([1, steps]),
            "rows": np.zeros((rows, steps), np.float32),
            "truth": np.zeros(rows, np.int64),
            "band": np.ones(1),
        }
        with pytest.raises(ValueError, match=words):
            LEARNT["warping"].from_arrays(learnt.arrays() | changes, features=0, scores=2)
