"""The verdict and the numbers to remember."""

from __future__ import annotations

import math

import pytest

from example_facts import classification_facts, regression_facts
from lamina.evaluation.report.opening import (
    chances_of,
    facts_to_remember,
    line_of_test,
    sentences_to_remember,
    verdict_of,
)


def test_the_chances_are_those_of_the_facts() -> None:
    """Worse, equal, better in this order, as parts of the whole bar."""
    chances = chances_of({"chance_worse": 0.01, "chance_equivalent": 0.95, "chance_better": 0.04})
    assert [(c.kind, c.words, float(c.percent)) for c in chances] == [
        ("worse", "1\xa0%", 1.0),
        ("equivalent", "95\xa0%", 95.0),
        ("better", "4\xa0%", 4.0),
    ]


@pytest.mark.parametrize("wrong", [None, math.nan, -0.1, 1.5, "many"])
def test_no_bar_without_all_three_chances(wrong: object) -> None:
    """A bar of two parts would lie about the third."""
    assert chances_of({"chance_worse": 0.5, "chance_equivalent": 0.5, "chance_better": wrong}) == ()


def test_the_region_and_the_difference_are_told() -> None:
    """What counts as equal, and what was measured, with its interval and sign."""
    verdict = verdict_of(classification_facts())
    assert verdict is not None
    assert "within 1.0 points of accuracy" in verdict.chances_sentence
    assert "0.2 points (−0.4 to 0.8 points)" in verdict.chances_sentence
    worse = verdict_of(regression_facts())
    assert worse is not None
    assert "−2.40 (−3.90 to −0.900)" in worse.chances_sentence


def test_the_rows_to_decide_are_told_once() -> None:
    """They stand under the sentence only where the sentence does not have them."""
    facts = classification_facts()
    facts["verdict"] |= {"rows_to_decide": 1200, "price": None, "sentence": "It is not decided."}
    assert verdict_of(facts).asides == ("About 1,200 rows would decide it.",)
    facts["verdict"]["sentence"] = "It is not decided; about 1,200 rows would decide it."
    assert verdict_of(facts).asides == ()


def test_the_numbers_to_remember_are_those_of_the_chosen_one() -> None:
    """Its name with its settings, its score, its training time, its prediction time."""
    facts = classification_facts()
    facts["contenders"][1]["scores"]["accuracy"] |= {"mean": 0.989, "interval": [0.975, 0.997]}
    name, score, training, prediction = facts_to_remember(facts)
    assert (name.value, name.detail) == ("Linear model", "C 1")
    assert (score.value, score.detail) == ("98.9\xa0%", "interval 97.5 to 99.7\xa0%")
    assert training.value == "840\xa0ms"
    assert prediction.value == "0.009\xa0ms"


def test_the_test_line_is_made_where_it_is_not_told() -> None:
    """Without a sentence of its own the test line is written from its numbers."""
    facts = {"verdict": {"metric": "accuracy"}, "test": {"rows": 68, "scores": {"accuracy": {"mean": 0.985}}}}
    assert line_of_test(facts) == "accuracy on 68 rows that no choice ever saw: 98.5\xa0%."
    assert [fact.name for fact in sentences_to_remember(classification_facts())] == ["More data", "Test"]
    assert sentences_to_remember({}) == ()


def test_no_verdict_without_a_word() -> None:
    """An unknown word is not shown as a verdict."""
    assert verdict_of({}) is None
    assert verdict_of({"verdict": {"word": "splendid"}}) is None
