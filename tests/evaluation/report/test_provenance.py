"""How the report came about, and what its numbers cannot say."""

from __future__ import annotations

from example_facts import classification_facts
from lamina.evaluation.report.provenance import limits_of, made_how


def test_energy_is_told_where_it_was_measured() -> None:
    """Joules of the whole machine, or no line at all."""
    told = {name: value for name, value, _ in made_how({"joules": 1234.4})}
    assert told == {"Energy of the whole machine": "1,234 J"}
    assert made_how({"joules": None}) == []


def test_a_choice_that_does_not_flatter_is_told_so() -> None:
    """What is negative, or small beside what counts as equal, is no number worth reading."""
    facts = classification_facts()
    for optimism, words in ((-0.003, "by nothing measurable."), (0.0009, "by nothing measurable."), (0.004, "0.4 p")):
        facts["test"]["optimism"] = optimism
        assert any(words in sentence for sentence in limits_of(facts))
