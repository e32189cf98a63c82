"""What is said about the duration before a study begins."""

from __future__ import annotations

import numpy as np

from lamina.data import Category, Column, Image, Number, Series, Text
from lamina.evaluation.contenders import contenders_of
from lamina.evaluation.estimate import duration_words, estimated_seconds
from lamina.evaluation.plan import Plan
from lamina.rivals import Trial


def plan(rows: int, trials: int = 5) -> Plan:
    """So many trials of so many training rows."""
    one = Trial(train=np.arange(rows), test=np.arange(10))
    return Plan(trials=(one,) * trials, known=np.arange(rows), test=np.arange(0))


def test_more_of_anything_takes_longer() -> None:
    """More rows, trials, members or contenders are never said to take less; more workers never more."""
    all_of_them, few = contenders_of(None), contenders_of(["linear"])
    guess = estimated_seconds(all_of_them, plan(300), members=4, workers=1, curve=True)
    for fewer in (
        estimated_seconds(few, plan(300), members=4, workers=1, curve=True),
        estimated_seconds(all_of_them, plan(100), members=4, workers=1, curve=True),
        estimated_seconds(all_of_them, plan(300, trials=2), members=4, workers=1, curve=True),
        estimated_seconds(all_of_them, plan(300), members=1, workers=1, curve=True),
        estimated_seconds(all_of_them, plan(300), members=4, workers=2, curve=True),
        estimated_seconds(all_of_them, plan(300), members=4, workers=1, curve=False),
    ):
        assert 0 < fewer < guess


def test_contenders_that_are_left_out_cost_nothing() -> None:
    """Support vectors are left out of a large table, and so are their hours."""
    large = plan(1_000_000, trials=1)
    with_it = estimated_seconds(contenders_of(["svm"]), large, members=1, workers=1, curve=False)
    without = estimated_seconds(contenders_of([]), large, members=1, workers=1, curve=False)
    assert with_it == without


def test_more_classes_take_longer() -> None:
    """Two hundred classes are many times the trees and weights of two."""
    few, many = (
        estimated_seconds(
            contenders_of(["linear", "boosting"]), plan(2000), members=1, workers=0, curve=False, classes=c
        )
        for c in (2, 200)
    )
    assert many > 4 * few


def test_durations_are_round() -> None:
    """Nobody is told that it takes 43.7 seconds."""
    assert [duration_words(s) for s in (0.1, 44, 89, 91)] == ["about 5 s", "about 40 s", "about 90 s", "about 2 min"]


def test_images_texts_and_series_take_longer() -> None:
    """Each column of them adds to what the network takes, larger ones more; rivals take longer too."""

    def guess(*columns: Column, contenders: tuple = ()) -> float:
        who = contenders_of(list(contenders))
        return estimated_seconds(who, plan(300), members=1, workers=1, curve=False, columns=columns)

    plain = guess()
    small, large = Image(name="x", channels=1, height=8, width=8), Image(name="x", height=32, width=32)
    assert guess(Number(name="x"), Category(name="y", levels=("a", "b"))) == plain
    assert plain < guess(small) < guess(large) < guess(large, Text(name="y"))
    assert guess(large) < guess(large, Image(name="y", height=32, width=32))
    assert guess(Series(name="x", steps=10)) < guess(Series(name="x", steps=1000))
    huge = [Image(name="x", height=side, width=side) for side in (256, 512)]
    assert guess(huge[0]) == guess(huge[1])  # soon made smaller
    assert guess(small, contenders=("linear",)) - guess(small) > guess(contenders=("linear",)) - plain
