"""`lamina explain` on a terminal and as JSON: true to the explanation, and harmless whatever the data are called."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from lamina.cli.explaining import Explained, explained_rows, explanations_json, show_explanations, signed_bar
from lamina.explain import Contribution, RowExplanation
from small_models import make_model, some_data


def shown(model, found, method="shapley", width=100) -> str:
    """What is printed, without styles."""
    screen = Console(file=io.StringIO(), width=width, color_system=None)
    show_explanations(model, found, method, screen)
    return screen.file.getvalue()


def alone(*rows) -> Explained:
    """Explanations of rows without a table, in which nothing lies inside."""
    return Explained(None, rows, [[]] * len(rows), ())


@pytest.mark.parametrize("method", ["shapley", "gradients"])
@pytest.mark.parametrize("target", ["species", "price"])
def test_every_row_is_shown_with_answer_base_and_bars(target, method) -> None:
    """As many rows as asked for; each names its columns with their values and what they add."""
    model = make_model(target)
    found = explained_rows(model, some_data(9), rows=2, method=method, seed=0)
    text = shown(model, found, method)
    assert len(found.rows) == 2
    assert text.count(f": {target} ") == 2
    assert all(name in text for name in model.encoder.inputs)
    assert ("points" in text) == (target == "species")
    assert ("Integrated gradients, accurate to" if method == "gradients" else "Shapley values, exact") in text


def test_json_holds_the_same_numbers() -> None:
    """Plain values that add up, finite, with the place of each row from 1 on."""
    model = make_model("species")
    found = explained_rows(model, some_data(5), rows=3, method="shapley", seed=0)
    facts = json.loads(json.dumps(explanations_json(model, found, "shapley"), allow_nan=False))
    assert [row["row"] for row in facts["rows"]] == [1, 2, 3]
    for row in facts["rows"]:
        total = row["base"] + sum(part["contribution"] for part in row["contributions"])
        assert total == pytest.approx(row["chance"], abs=1e-9)


def test_names_and_values_do_nothing() -> None:
    """Escapes are spelt out, markup stays text, nothing begins a line of its own, long names are cut."""
    evil = "\x1b]0;owned\x07[bold]\nWrote /etc/passwd"
    parts = (Contribution(evil, evil, 0.25), Contribution("x" * 500, "y" * 500, -0.5))
    text = shown(make_model("species"), alone(RowExplanation(answer=evil, chance=0.5, base=0.75, contributions=parts)))
    assert not {"\x1b", "\x07"} & set(text)
    assert "\nWrote" not in text
    assert "[bold]" in text
    assert "x" * 41 not in text


def test_many_columns_are_summed_up() -> None:
    """The largest are shown; the others share one line, so that the column of numbers still adds up."""
    parts = tuple(Contribution(f"c{i}", "1", 0.01) for i in range(40))
    text = shown(make_model("species"), alone(RowExplanation(answer="Gentoo", chance=0.9, base=0.5, contributions=parts)))
    assert "28 other columns" in text
    assert "+28.0 points" in text


def test_bars_point_the_right_way() -> None:
    """More goes right, less goes left, the longest is full, and nothing at all has no bar."""
    assert signed_bar(2.0, 4.0).endswith("|██████")
    assert signed_bar(-4.0, 4.0) == "█" * 12 + "|"
    assert signed_bar(0.0, 0.0).strip() == "|"


def test_no_rows_show_nothing() -> None:
    """An empty table is no error."""
    model = make_model("species")
    found = explained_rows(model, some_data(3), rows=0, method="shapley", seed=0)
    assert found.rows == ()
    assert shown(model, found) == ""
