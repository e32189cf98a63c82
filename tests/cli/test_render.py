"""What results look like on a terminal."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from lamina.cli.render import _title, show_contenders, time_words
from lamina.metrics import METRICS


def shown(headline: str, **cost: Any) -> str:
    """The lines of one contender."""
    score = {"mean": 0.5, "interval": [0.4, 0.6]}
    usual = {"fit_seconds": 0.1, "predict_ms_a_row": 0.01, "bytes": 100}
    one = {"name": "linear", "title": "Linear model", "scores": {headline: score, "log_loss": score}}
    facts = {
        "task": "classification",
        "metric": headline,
        "chosen": "linear",
        "metrics": {name: {"label": METRICS[name].label} for name in (headline, "log_loss")},
        "contenders": [{**one, "cost": {**usual, **cost}, "calibration": None}],
    }
    console = Console(width=200, record=True, file=io.StringIO())
    show_contenders(facts, console)
    return console.export_text()


def test_a_headline_is_shown_once() -> None:
    """Where the log loss decides, it is the headline and not the second column too."""
    assert shown("log_loss").count("log loss") == 1
    assert shown("accuracy").count("log loss") == 1


def test_an_unknown_size_is_a_dash() -> None:
    """Of what cannot be held nobody knows the size."""
    assert shown("accuracy", bytes=None).rstrip().endswith("–")


def test_two_digits_never_need_an_exponent() -> None:
    """Just below a hundred of a unit it is a hundred."""
    assert [time_words(s) for s in (0.0996, 99.6e-6, 59.9)] == ["100 ms", "100 µs", "60 s"]


def test_rows_that_were_set_aside_are_not_counted_as_judged() -> None:
    """The title tells the rows that the folds were made of."""
    study = SimpleNamespace(
        model=SimpleNamespace(card=SimpleNamespace(target="kind")),
        judged=((1920, 480),) * 5,
        rows=3000,
        parts={"protocol": {"test_rows": 600}},
    )
    assert "5 folds of 2,400 rows" in _title(study)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_figure_is_cut_on_a_narrow_terminal(width: int) -> None:
    """A long title is folded and whole columns go; the score, its interval and who was left out stay."""
    score = {"mean": 1.0, "interval": [0.975, 1.0]}
    one = {
        "name": "kernels",
        "title": "Ridge classifier on random convolution kernels",
        "scores": {"accuracy": score, "log_loss": score},
        "cost": {"fit_seconds": 0.1, "predict_ms_a_row": 0.01, "bytes": 100},
        "calibration": None,
    }
    facts = {
        "task": "classification",
        "metric": "accuracy",
        "chosen": "kernels",
        "metrics": {name: {"label": METRICS[name].label} for name in ("accuracy", "log_loss")},
        "contenders": [one, {"name": "svm", "title": "Support vector machine", "left_out": "more than 5,000 rows"}],
    }
    console = Console(width=width, record=True, file=io.StringIO())
    show_contenders(facts, console)
    shown = console.export_text()
    assert "…" not in shown
    assert "97.5 to 100.0 %" in shown
    assert "Left out: Support vector machine, more than 5,000 rows." in shown
    assert ("size" in shown) == (width == 100)
