"""What is said about the duration before a study begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina.data import MISSING_SPELLINGS
from lamina.data.cells import tensor_column
from lamina.evaluation import Protocol, estimate
from lamina.evaluation.contenders import contenders_of
from lamina.evaluation.estimate import (
    SAMPLE_SECONDS,
    Work,
    duration_words,
    estimated_seconds,
    network_seconds,
    rival_seconds,
    work_of,
)
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared, prepare
from lamina.networks import FCN, ConvNet, Table, Words, parse_network
from lamina.rivals import Trial
from lamina.training import Training

USUAL = Training(device="cpu", precision="float32")
PLAIN = Work(epochs=lambda rows: 40)


def plan(rows: int, trials: int = 5) -> Plan:
    """So many trials of so many training rows."""
    one = Trial(train=np.arange(rows), test=np.arange(10))
    return Plan(trials=(one,) * trials, known=np.arange(rows), test=np.arange(0))


def seconds(who: Any, planned: Plan, work: Work = PLAIN, **changes: Any) -> float:
    """The guess for one network on one core, without a learning curve, where nothing else is said."""
    return estimated_seconds(contenders_of(who), planned, work, **{"members": 1, "workers": 1, **changes})


def images(side: int, rows: int = 40) -> Prepared:
    """Square images of two kinds."""
    pixels = np.random.default_rng(0).integers(0, 256, (rows, 1, side, side), dtype=np.uint8)
    return prepared({"x": tensor_column(pixels)}, rows)


def series(steps: int, rows: int = 40) -> Prepared:
    """Series of two kinds."""
    return prepared({"x": tensor_column(np.random.default_rng(0).normal(size=(rows, 1, steps)).astype("f"))}, rows)


def texts(words: int, rows: int = 40) -> Prepared:
    """Texts of two kinds."""
    return prepared({"x": pa.array([f"text number {row} says {'so much ' * words}" for row in range(rows)])}, rows)


def prepared(columns: dict[str, pa.Array], rows: int) -> Prepared:
    """Rows as a study has them."""
    table = pa.table({**columns, "kind": ["a", "b"] * (rows // 2)})
    return prepare(table, "kind", task=None, protocol=Protocol(), kinds={}, missing=MISSING_SPELLINGS)


def test_more_of_anything_takes_longer() -> None:
    """More rows, trials, members, contenders or sizes of the curve never take less; more workers never more."""
    curve = plan(100, trials=3).trials
    most = seconds(None, plan(300), members=4, curve=curve)
    for fewer in (
        seconds(["linear"], plan(300), members=4, curve=curve),
        seconds(None, plan(100), members=4, curve=curve),
        seconds(None, plan(300, trials=2), members=4, curve=curve),
        seconds(None, plan(300), members=1, curve=curve),
        seconds(None, plan(300), members=4, workers=2, curve=curve),
        seconds(None, plan(300), members=4, curve=curve[:1]),
        seconds(None, plan(300), members=4),
    ):
        assert 0 < fewer < most


def test_contenders_that_are_left_out_cost_nothing() -> None:
    """Support vectors are left out of a large table, and so are their hours; so is who would meet too many numbers."""
    large = plan(1_000_000, trials=1)
    assert seconds(["svm"], large) == seconds([], large)
    boosting = contenders_of(["boosting"], kinds=("image",))[1]
    small, wide = (work_of(images(side), None, USUAL) for side in (8, 24))
    assert rival_seconds(boosting, 1000, small) > rival_seconds(boosting, 1000, wide) == 0


def test_more_classes_take_longer() -> None:
    """Two hundred classes are many times the trees and weights of two."""
    few, many = (
        seconds(["linear", "boosting"], plan(2000), Work(epochs=lambda rows: 1, classes=c), members=0) for c in (2, 200)
    )
    assert many > 4 * few


def test_durations_are_round() -> None:
    """Nobody is told that it takes 43.7 seconds."""
    assert [duration_words(s) for s in (0.1, 44, 89, 91)] == ["about 5 s", "about 40 s", "about 90 s", "about 2 min"]


@pytest.mark.parametrize("make", [images, series, texts])
def test_a_row_of_images_texts_or_series_costs_more(make: Any) -> None:
    """More than one of a table, and the more the larger it is."""
    small, large = (work_of(make(size), None, USUAL) for size in (17, 40))
    assert SAMPLE_SECONDS < small.sample < large.sample
    assert work_of(prepared({"x": pa.array(np.arange(40.0))}, 40), None, USUAL).sample == SAMPLE_SECONDS


def test_the_network_that_is_asked_for_is_counted() -> None:
    """A deep one costs more than a shallow one, and bfloat16 less than float32."""
    rows = images(32)
    shallow, deep = (work_of(rows, parse_network(words), USUAL).sample for words in ("conv 4 3x3, pool 8", "resnet-18"))
    assert deep > 5 * shallow
    numbers = parse_network("64 relu")  # it does not see the images at all
    assert work_of(rows, numbers, USUAL).sample == SAMPLE_SECONDS
    halves = Training(device="cpu", precision="bfloat16")
    assert work_of(rows, None, halves).sample < work_of(rows, None, USUAL).sample


def test_passes_are_those_of_the_training() -> None:
    """Those that were asked for, else the usual ones: 20 over images, 300 steps over texts, 40 over a table."""
    for rows, usual in ((images(20), 20), (texts(3), 15), (prepared({"x": pa.array(np.arange(40.0))}, 40), 40)):
        assert work_of(rows, None, USUAL).epochs(2_500) == usual
        assert work_of(rows, None, Training(epochs=3)).epochs(2_500) == 3


def test_the_question_about_mirror_images_is_counted() -> None:
    """Of many rows it is asked once a training, whatever the members; of an encoder of ones own nobody asks."""
    work = work_of(images(20), None, USUAL)
    assert (work.question(1_999), work.question(100_000)) == (0, 18_000)
    one, four = (network_seconds(5_000, work, members) for members in (1, 4))
    assert 4 * one - four == pytest.approx(3 * 18_000 * work.sample)
    own = Table(image=ConvNet(), text=Words(), series=FCN())
    assert work_of(images(20), own, USUAL).question(100_000) == 0


def test_rivals_of_fields_cost_what_they_read() -> None:
    """More rows and more numbers a row take longer; a guest that is not known has a price too."""
    for make, name, kinds in ((images, "forest", "image"), (series, "dtw", "series"), (texts, "linear", "text")):
        rival = contenders_of([name], kinds=(kinds,))[1]
        small, large = (work_of(make(size), None, USUAL) for size in (8, 16))
        assert 0 < rival_seconds(rival, 200, small) < rival_seconds(rival, 400, small)
        assert rival_seconds(rival, 200, small) < rival_seconds(rival, 200, large)


def test_a_guess_looks_at_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, only some are encoded for it."""
    seen: list[int] = []
    honest = estimate.fit_encoder
    monkeypatch.setattr(
        estimate,
        "fit_encoder",
        lambda table, *others, **more: seen.append(len(table)) or honest(table, *others, **more),
    )
    work_of(series(12, rows=900), None, USUAL)
    assert seen == [estimate.LOOKED_AT]


def test_a_guess_never_ends_a_study(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that stand in other rows than those looked at are read in a study, so they must not trouble the guess."""
    monkeypatch.setattr(estimate, "LOOKED_AT", 2)
    said = [None, *(f"text number {row} says so" for row in range(38)), None]
    work = work_of(prepared({"x": pa.array(said)}, 40), None, USUAL)
    assert seconds(["linear"], plan(40), work) > 0
