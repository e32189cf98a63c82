"""The live display: plain lines where nothing can move."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lamina.cli import progress
from lamina.cli.progress import progress_line, study_display
from lamina.data import Finding, Note
from lamina.evaluation import Step
from lamina.training import Progress


def epoch(number: int, **changes) -> Progress:
    """An epoch of 100."""
    facts = {
        "epoch": number,
        "epochs": 100,
        "members": 1,
        "training_loss": 0.5,
        "validation_loss": None,
        "metric": None,
        "metric_name": "accuracy",
        "learning_rate": 0.1,
        "rows_per_second": 12345.6,
        "seconds": float(number),
        "seconds_left": 100.0 - number,
    }
    return Progress(**{**facts, **changes})


def test_a_line_tells_what_is_known() -> None:
    """Losses, metric, speed and time left; what was not measured is not there."""
    assert progress_line(epoch(2)) == "2/100  loss 0.5000  12,346 rows/s  98 s left"
    full = progress_line(epoch(2, validation_loss=0.625, metric=0.75, members=6))
    assert full == "2/100  loss 0.5000  validation 0.6250  accuracy 0.750  12,346 rows/s in 6 networks  98 s left"


def test_plain_lines_are_few(monkeypatch) -> None:
    """Without a terminal: the first epoch, the last one, and between them at most one line in two seconds."""
    clock = iter(float(second) for second in range(1, 101))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock) / 4)
    written = io.StringIO()
    with study_display(Console(file=written)) as sink:
        for number in range(1, 101):
            sink(Step(stage="contenders", epoch=epoch(number)))
    shown = [int(line.removeprefix("epoch ").split("/")[0]) for line in written.getvalue().splitlines()]
    assert shown == [1, *range(9, 100, 8), 100]


def test_the_cursor_comes_back_after_an_error() -> None:
    """Whatever ends the training, the terminal is left as it was."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=80, _environ={"TERM": "xterm"})

    def train() -> None:
        with study_display(console) as sink:
            sink(Step(stage="contenders", epoch=epoch(1)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train()
    assert written.getvalue().rindex("\x1b[?25h") > written.getvalue().rindex("\x1b[?25l")


def test_rivals_are_counted_beside_the_epochs() -> None:
    """Each line tells how many of the rivals' fits have ended; when the networks are done, they have a line alone."""
    written = io.StringIO()
    with study_display(Console(file=written, width=160)) as sink:
        sink(Step(stage="contenders", epoch=epoch(1), done=3, total=20))
        sink(Step(stage="contenders", done=20, total=20))
    first, last = written.getvalue().splitlines()
    assert first.endswith("3/20 rivals' fits")
    assert last == "rivals: 20 of 20 fits"


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_what_was_found_in_the_data_comes_first(terminal) -> None:
    """Findings, notes and what is about to be done are shown before an epoch, with every control character spelt."""
    written = io.StringIO()
    leak = Finding(kind="leak", severity="error", column="a", sentence="'a\x1b[2J' gives the answer away.", count=1)
    note = Note(kind="rows", sentence="row 3 was left out.")
    with study_display(Console(file=written, width=160, force_terminal=terminal, color_system=None)) as sink:
        sink(Step(stage="plan", words="60 rows, 2 contenders.", findings=(leak,), notes=(note,)))
        sink(Step(stage="contenders", epoch=epoch(1)))
    said = written.getvalue()
    places = [
        said.index(words) for words in ("'a\\x1b[2J' gives", "row 3 was", "60 rows, 2 contenders.", "loss 0.5000")
    ]
    assert places == sorted(places)
    assert "\x1b[2J'" not in said
