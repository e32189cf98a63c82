"""The last sentence of a search."""

from __future__ import annotations

import dataclasses
import math

import pytest

from lamina.metrics import METRICS
from lamina.tuning.words import Ending, sentence_of

FOUND = Ending(
    metric=METRICS["accuracy"],
    settings="512-512 silu",
    tried=20,
    score=0.869,
    default=0.864,
    doubt=0.03,
    optimism=0.002,
    same=False,
    beaten=True,
    loose=None,
)
NOISE = dataclasses.replace(FOUND, beaten=False, doubt=0.38)
SAME = dataclasses.replace(FOUND, same=True, beaten=False, optimism=-0.01)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            FOUND,
            "Tuning found 512-512 silu: accuracy 86.9 against 86.4 % of the default; chance that this is luck: 3 %. "
            "Searching flattered by 0.2 points.",
        ),
        (
            NOISE,
            "Tuning did not beat the default beyond noise (512-512 silu: accuracy 86.9 against 86.4 % of the default; "
            "chance that this is luck: 38 %); the default is kept. Searching flattered by 0.2 points.",
        ),
        (
            SAME,
            "None of the 20 other settings that reached the last rung did better than the default where it was "
            "searched; the default is kept: accuracy 86.4 %. Searching did not flatter.",
        ),
        (
            dataclasses.replace(FOUND, metric=METRICS["rmse"], optimism=1.5, loose=(3, 0.5)),
            "Tuning found 512-512 silu: root mean squared error 0.869 against 0.864 of the default; chance that this "
            "is luck: 3 %. Searching flattered by 1.50. An ensemble of 3 settings reaches 0.500, but networks of "
            "different shapes do not fit into one file.",
        ),
    ],
)
def test_the_sentence_says_what_came_of_it(told, sentence) -> None:
    """Found, not beyond noise, nothing better, and an ensemble that cannot be kept."""
    assert sentence_of(told) == sentence


def test_what_cannot_be_measured_is_not_flattering() -> None:
    """NaN is no number of points."""
    assert sentence_of(dataclasses.replace(FOUND, optimism=math.nan)).endswith("Searching did not flatter.")


def test_a_default_that_was_cut_short_is_said_to_be() -> None:
    """Whoever gave too little time is told that the model they keep has not learnt to the end."""
    told = sentence_of(dataclasses.replace(SAME, tried=0, cut=True))
    assert told.startswith("There was no time to train another setting to the end; the default is kept")
    assert told.endswith("The default itself was cut short by the clock, and would learn more: give it more time.")
    assert "cut short" not in sentence_of(SAME)
