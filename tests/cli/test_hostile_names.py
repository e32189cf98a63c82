"""Names from data: they can neither style a terminal, nor forge its lines, nor run as formulas in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from lamina.cli.tables import csv_bytes, print_csv
from quick import quick_fit

TITLE = "\x1b]0;owned\x07"  # sets the title of a terminal
STYLED = "[bold red]x[/]"
TURNED = "\u202egnp.exe"  # shown backwards
FORGED = "a\nWrote /etc/passwd"
FORMULA = "=cmd()"
COLUMNS = [TITLE, STYLED, TURNED, FORGED, FORMULA]
CLASSES = [f"{FORMULA}{TITLE}", STYLED, FORGED]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """A folder with a table of hostile names and cells, and a model that learnt from it."""
    folder = tmp_path_factory.mktemp("hostile")
    stream = np.random.default_rng(0)
    data = {name: pa.array(stream.normal(0, 1, 30)) for name in COLUMNS[:4]}
    data[FORMULA] = pa.array([[TITLE, STYLED, "plain"][i] for i in stream.integers(0, 3, 30)])
    data[f"{TITLE}kind"] = pa.array([CLASSES[i % 3] for i in range(30)])
    pyarrow.parquet.write_table(pa.table(data), folder / "data.parquet")
    quick_fit(folder / "data.parquet", f"{TITLE}kind").save(folder)
    return folder


def assert_harmless(text: str) -> None:
    """Nothing of the data acts: only escapes that Rich itself writes for styles and movements are there."""
    for evil in ("\x1b]", "\x07", "\u202e", "\nWrote /etc"):
        assert evil not in text


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("words", ["fit", "evaluate", "explain", "inspect", "misspelt"])
def test_names_are_shown_as_they_are_and_do_nothing(command, hostile, tmp_path, monkeypatch, terminal, words) -> None:
    """Escapes are spelt out, markup stays text, and no name begins a line of its own."""
    if terminal:
        for name, value in {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "TERM": "xterm"}.items():
            monkeypatch.setenv(name, value)
    model, data, target = hostile / "model.lamina", hostile / "data.parquet", f"{TITLE}kind"
    quick = ("--contender", "none", "--quick", "--network", "8 tanh", "--epochs", "2", "--device", "cpu")
    ended = command(
        *{
            "fit": ("fit", data, target, *quick, "--out", tmp_path),
            "evaluate": ("evaluate", model, data),
            "explain": ("explain", model, data, "--rows", "2"),
            "inspect": ("inspect", model),
            "misspelt": ("fit", data, f"{TITLE}knid", *quick),
        }[words]
    )
    assert ended.code == (3 if words == "misspelt" else 0)
    assert_harmless(ended.out + ended.err)
    if words == "inspect":
        assert STYLED in ended.out
        assert "\\x1b]0;owned\\x07" in ended.out


@pytest.mark.parametrize("word", ["predict", "inspect"])
def test_json_carries_names_whole_and_harmless(command, hostile, word) -> None:
    """A program that reads the JSON gets every letter; a terminal that shows it gets no control character."""
    data = [hostile / "data.parquet"] if word == "predict" else []
    ended = command(word, hostile / "model.lamina", *data, "--json")
    assert ended.out.isascii()
    assert_harmless(ended.out + ended.err)
    found = json.loads(ended.out)
    names = {row["prediction"] for row in found["answers"]} if word == "predict" else set(found["classes"])
    assert names
    assert names <= set(CLASSES)


def test_answers_are_no_formulas(command, hostile, tmp_path) -> None:
    """A class that looks like a formula gets a quote in front in the CSV, and comes back whole otherwise."""
    ended = command("predict", hostile / "model.lamina", hostile / "data.parquet", "--out", tmp_path / "a.csv")
    assert_harmless(ended.err)
    rows = list(csv.reader(io.StringIO((tmp_path / "a.csv").read_text())))
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert {row[0] for row in rows[1:]} <= {f"'{FORMULA}{TITLE}", STYLED, FORGED}


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1"])
def test_every_beginning_of_a_formula_is_quoted(cell) -> None:
    """In names and in cells; numbers, gaps and other words stay as they are."""
    table = pa.table({cell: [cell, "plain", None], "number": [-1.5, 2.0, None]})
    rows = list(csv.reader(io.StringIO(csv_bytes(table).decode(), newline="")))
    assert rows == [[f"'{cell}", "number"], [f"'{cell}", "-1.5"], ["plain", "2"], ["", ""]]


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_csv_is_whole_in_a_pipe_and_harmless_on_a_terminal(monkeypatch, terminal) -> None:
    """A program gets the data as they are; a terminal gets no control characters."""

    class Screen(io.TextIOWrapper):
        def isatty(self) -> bool:
            return terminal

    screen = Screen(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", screen)
    print_csv([pa.table({"name": [TITLE, "b"]})])
    assert screen.buffer.getvalue() == (  # type: ignore[attr-defined]
        b'"name"\n"\\x1b]0;owned\\x07"\n"b"\n' if terminal else f'"name"\n"{TITLE}"\n"b"\n'.encode()
    )
