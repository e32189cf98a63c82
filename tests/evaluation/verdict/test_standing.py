"""What a contender brings to the verdict."""

from __future__ import annotations

import math

import pytest

from lamina.evaluation.verdict.standing import SIMPLICITY, Standing
from lamina.foundation.errors import SpecError
from lamina.metrics import METRICS


def standing(family: str = "linear", folds: tuple[float, ...] = (0.5, 0.7)) -> Standing:
    """A contender that took a second."""
    return Standing(name=family, title="Some Title", family=family, folds=folds, seconds=1.0)


def test_worth_is_higher_for_the_better_and_least_for_the_diverged() -> None:
    """Whichever way the metric points."""
    assert standing().worth(METRICS["accuracy"]) == pytest.approx(0.6)
    assert standing().worth(METRICS["rmse"]) == pytest.approx(-0.6)
    for lost in (math.nan, math.inf, -math.inf):
        assert standing(folds=(0.5, lost)).worth(METRICS["rmse"]) == -math.inf
        assert math.isnan(standing(folds=(0.5, lost)).mean)


def test_every_family_has_its_place_and_its_phrase() -> None:
    """The constant is the simplest, the network the least; families without a phrase are called by their title."""
    assert [standing(family).simplicity for family in SIMPLICITY] == list(range(8))
    assert (SIMPLICITY[0], SIMPLICITY[-1]) == ("constant", "network")
    assert (standing("forest").phrase, standing("forest").definite) == ("a random forest", "the random forest")
    assert (standing("foreign").phrase, standing("foreign").definite) == ("a some Title", "the some Title")


def test_an_unknown_family_and_no_score_are_refused() -> None:
    """The nearest family is offered."""
    with pytest.raises(SpecError, match="did you mean 'forest'"):
        standing("forrest")
    with pytest.raises(SpecError, match="0 scores"):
        standing(folds=())
