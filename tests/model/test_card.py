"""The card: facts that a person must know, in which no name from data can play tricks."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.foundation import specs
from lamina.foundation.errors import SpecError
from lamina.model.card import Card
from lamina.model.card_markdown import card_markdown, plain_text
from lamina.model.environment import environment_here

CARD = Card(
    name="penguins",
    task="classification",
    target="species",
    classes=("Adelie", "Chinstrap", "Gentoo"),
    rows=266,
    metrics={"test": {"accuracy": 0.985, "roc_auc": None}, "validation": {"accuracy": 0.99}},
    created="2026-11-21",
    license="CC0-1.0",
    seeds=(1, 2),
    data="penguins",
    fingerprint="ab" * 32,
    environment={"torch": "2.13.0", "threads": 2},
    notes=("row 3 of 'sex' was empty.",),
    limits=("birds other than penguins.",),
    intervals={"test": {"accuracy": (0.97, 0.995), "roc_auc": (None, None)}},
    groups={"kind": {"Biscoe": {"accuracy": 0.98, "rows": 44}}, "sex": {"male": {"accuracy": None}}},
    learner="Linear model (C=1)",
    intended_use=("Telling penguins apart by what can be measured from afar.",),
    out_of_scope=("Deciding about a single bird's care.",),
)
NASTY = "a|b\n---\n# <script>alert(1)</script> [x](javascript:alert(1)) `code` *b* \u202e &lt; \x1b[31m ![i](u) {{x}}"


def front_matter(text: str) -> list[str]:
    """The lines between the two marks at the top."""
    lines = text.split("\n")
    assert lines[0] == "---"
    return lines[1 : lines.index("---", 1)]


def test_the_front_matter_is_what_hubs_read() -> None:
    """Licence, library, pipeline, tags, metrics and results stand at the top, as YAML."""
    lines = front_matter(card_markdown(CARD))
    for line in ('license: "CC0-1.0"', "library_name: lamina", "pipeline_tag: tabular-classification", '- "accuracy"'):
        assert line in lines
    assert '    - {type: "accuracy", name: "accuracy (test)", value: 0.985}' in lines
    assert not [line for line in lines if "null" in line or "None" in line]


def test_every_fact_is_shown() -> None:
    """Target, classes, rows, metrics by split, day, data, seeds, environment, notes and limits are there."""
    text = card_markdown(CARD)
    for fact in ("species", "Chinstrap", "266 rows", "| test | accuracy | 0.985 |", "not defined", "2026", "1, 2"):
        assert fact in text
    for fact in ("| 0.985 | 0.97 to 0.995 |", "| not defined |  |", "| kind | Biscoe | rows | 44 |", "from afar"):
        assert fact in text
    for fact in (r"What answers: Linear model \(C=1\)", "## Intended use", "## Out of scope", "single bird's care"):
        assert fact in text
    for fact in (CARD.fingerprint, r"2\.13\.0", "was empty", "other than penguins", "lamina.load"):
        assert fact in text


def test_what_is_not_known_is_left_out() -> None:
    """A model of a number without metrics, data, classes or seeds has a card without empty lists and results."""
    card = Card(name="prices", task="regression", target="price", rows=0, created="2026-11-21")
    text = card_markdown(card)
    for absent in (
        "metrics:",
        "model-index",
        "classes",
        "How well",
        "Notes",
        "None",
        "seeds",
        "Intended",
        "scope",
        "What",
    ):
        assert absent not in text
    assert "pipeline_tag: tabular-regression" in text
    assert "Predicts **price**.\nMade on 2026-11-21 from 0 rows of unnamed data.\n" in text
    measured = dataclasses.replace(card, metrics={"test": {"rmse": 1e-05, "r2": math.nan}})
    assert "interval" not in card_markdown(measured)
    lines = front_matter(card_markdown(measured))
    assert '    dataset: {name: "unnamed", type: tabular}' in lines
    assert lines[-1] == '    - {type: "rmse", name: "rmse (test)", value: 1.0e-05}'
    assert '    dataset: {name: "penguins", type: tabular}' in front_matter(card_markdown(CARD))
    assert "rows of penguins." in card_markdown(CARD)


def test_nasty_names_stay_text() -> None:
    """A target, class, note, metric or data name can open no tag, link, row, heading, fence or second front matter."""
    card = dataclasses.replace(
        CARD,
        **dict.fromkeys(("name", "target", "data", "license", "fingerprint"), NASTY),
        classes=(NASTY, "b"),
        notes=(NASTY,),
        limits=(NASTY,),
        metrics={NASTY: {NASTY: 1.0}},
        intervals={NASTY: {NASTY: (0.5, 1.5)}},
        groups={NASTY: {NASTY: {NASTY: 1.0}}},
        learner=NASTY,
        intended_use=(NASTY,),
        out_of_scope=(NASTY,),
        environment={NASTY: NASTY},
    )
    text = card_markdown(card)
    body = text.split("\n---\n", 1)[1]
    assert text.count("\n---\n") == 1
    assert "<" not in body
    assert not re.search(r"(?<!\\)\]\(", body)
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (3, 5) for line in body.split("\n") if line.startswith("|"))
    assert [line for line in body.split("\n") if line.startswith("#")] == [
        line for line in body.split("\n") if re.match(r"#{1,2} [A-Za-z]", line)
    ]


@given(st.text())
def test_any_text_becomes_one_harmless_line(text: str) -> None:
    """No text from data can hold a line break, an open tag or an unescaped mark."""
    line = plain_text(text)
    assert line.isprintable()
    assert "<" not in line
    assert ">" not in line
    assert not re.search(r"(?<!\\)(?:\\\\)*[|`*\[\]]", line.replace("\\\\", ""))


def test_long_lists_and_names_are_cut() -> None:
    """A hundred thousand classes and a name of a megabyte leave a card that a person can still read."""
    card = dataclasses.replace(CARD, classes=tuple(map(str, range(100_000))), target="t" * 10**6)
    text = card_markdown(card)
    assert "100,000 classes" in text
    assert "and 99,950 more" in text
    assert len(text) < 5000
    assert plain_text("t" * 200) == "t" * 200
    assert plain_text("t" * 201) == "t" * 199 + "…"
    assert "more" not in card_markdown(dataclasses.replace(CARD, classes=tuple(map(str, range(50)))))


def test_the_card_survives_json() -> None:
    """A card comes back equal from its JSON values; groups are no specs, though a column may be called 'kind'."""
    plain = dataclasses.replace(CARD, groups={})
    assert specs.from_json(json.loads(json.dumps(specs.to_json(plain))), (Card,)) == plain


def test_the_front_matter_is_yaml() -> None:
    """An independent reader of YAML finds the results under the model's index, as hubs ask for them."""
    yaml = pytest.importorskip("yaml")
    for card in (CARD, dataclasses.replace(CARD, name=NASTY, data=NASTY, metrics={NASTY: {NASTY: 1e-05}})):
        matter = yaml.safe_load("\n".join(front_matter(card_markdown(card))))
        (model,) = matter["model-index"]
        (result,) = model["results"]
        assert result["task"] == {"type": "tabular-classification"}
        assert set(result["dataset"]) == {"name", "type"}
        assert all(isinstance(metric["value"], float) for metric in result["metrics"])
        assert all({"type", "name", "value"} == set(metric) for metric in result["metrics"])
        assert matter["library_name"] == "lamina"


@pytest.mark.parametrize(
    "changes",
    [
        {"created": "21.11.2026"},
        {"created": "2026-13-01"},
        {"rows": -1},
        {"task": "clustering"},
        {"classes": ("a", 1)},
        {"metrics": {"test": 0.9}},
        {"metrics": {"test": {"accuracy": "good"}}},
        {"environment": {"torch": [2, 13]}},
        {"intervals": {"test": {"accuracy": 0.9}}},
        {"intervals": {"test": {"accuracy": (0.9,)}}},
        {"intervals": {"test": {"accuracy": ("low", "high")}}},
        {"intervals": {"test": (0.9, 1.0)}},
        {"intervals": 3},
        {"groups": {"island": {"Biscoe": 0.9}}},
        {"groups": {"island": {"Biscoe": {"accuracy": "good"}}}},
        {"groups": []},
        {"learner": 3},
        {"intended_use": "birds"},
        {"out_of_scope": (1,)},
    ],
)
def test_nonsense_is_refused(changes: dict[str, object]) -> None:
    """Dates that are none, negative rows, unknown tasks and metrics that are no numbers are refused."""
    with pytest.raises(SpecError, match=f"{next(iter(changes))}"):
        dataclasses.replace(CARD, **changes)  # type: ignore[arg-type]


def test_the_environment_names_no_person_or_place() -> None:
    """Versions, platform, threads and device are recorded; names of users, hosts and folders are not."""
    facts = environment_here()
    assert set(facts) == {"lamina", "python", "torch", "numpy", "platform", "processor", "threads", "device"}
    assert facts["device"] == "cpu"
    assert all("/" not in str(value) for value in facts.values())
