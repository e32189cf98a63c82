"""The live display of a study: two moving lines on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from lamina.cli.failures import plain
from lamina.cli.render import show_remarks, show_words

if TYPE_CHECKING:
    from lamina.evaluation import Step
    from lamina.training.outcome import Progress as Epoch

PLAIN_SECONDS = 2.0  # at most one plain line in so many seconds

StepSink = Callable[["Step"], None]


@contextmanager
def study_display(console: Console) -> Iterator[StepSink]:
    """Something to hand every step of a study to; what was found in the data is shown before anything is trained."""
    if console.is_terminal:
        with _moving_bar(console) as sink:
            yield sink
    else:
        yield _plain_lines(console)


@contextmanager
def _moving_bar(console: Console) -> Iterator[StepSink]:
    """Two lines, so that a terminal of 80 columns cuts nothing off: how far and how long, then the figures."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[pace]}"),
    )
    bar = Progress(*columns, console=console)
    task = bar.add_task("reading and checking the data", pace="", total=None)
    with Live(bar, console=console, transient=True) as live:

        def sink(step: Step) -> None:
            show_opening(step, console)
            if step.epoch is not None:
                pace = f"{pace_words(step.epoch)}{rival_words(step)}"
                words, epoch = f"epoch {step.epoch.epoch}/{step.epoch.epochs}", step.epoch
                bar.update(task, description=words, total=epoch.epochs, completed=epoch.epoch, pace=pace)
                last = epoch.epoch == epoch.epochs  # what came of it is seen, however quick it was
                live.update(Group(bar, Text(f"  {figure_words(epoch)}")), refresh=last)
            elif step.total:
                bar.update(task, description="rivals", total=step.total, completed=step.done, pace=rival_words(step))

        yield sink


def _plain_lines(console: Console) -> StepSink:
    shown = [0.0]

    def sink(step: Step) -> None:
        show_opening(step, console)
        words, ending = _line(step)
        now = time.monotonic()
        if words and (ending or now - shown[0] >= PLAIN_SECONDS):
            shown[0] = now
            console.print(words, markup=False, highlight=False, soft_wrap=True)

    return sink


def show_opening(step: Step, console: Console) -> None:
    """What begins now, and what was found in the data."""
    show_remarks([(f.severity, f.sentence) for f in step.findings], console)
    show_remarks([("info", note.sentence) for note in step.notes], console)
    if step.words:
        show_words(Text(plain(step.words)), console)


def with_checkpoints(sink: StepSink, folder: Path | None, console: Console) -> StepSink:
    """The same, and with the first epoch a line about the checkpoints that were in ``folder``, if any were."""
    kept = 0 if folder is None else len(list(folder.glob("*.checkpoint")))
    if not kept:
        return sink
    heard: list[Step] = []

    def told(step: Step) -> None:
        if step.epoch is not None and not heard:
            heard.append(step)
            show_words(Text(plain(checkpoint_words(step.epoch.resumed, kept, str(folder)))), console)
        sink(step)

    return told


def checkpoint_words(resumed: int, kept: int, folder: str) -> str:
    """Whether networks go on, or begin beside what others have left.

    >>> checkpoint_words(3, 1, "kept")
    'The networks go on after epoch 3, from their checkpoint in kept.'
    >>> checkpoint_words(0, 2, "kept")
    'None of the 2 checkpoints in kept is of these networks (same data, same settings): they begin anew.'
    """
    if resumed:
        return f"The networks go on after epoch {resumed}, from their checkpoint in {folder}."
    none = f"None of the {kept} checkpoints in {folder} is" if kept > 1 else f"The checkpoint in {folder} is not"
    return f"{none} of these networks (same data, same settings): they begin anew."


def progress_line(epoch: Epoch) -> str:
    """One epoch in one line."""
    return f"{epoch.epoch}/{epoch.epochs}  {figure_words(epoch)}  {pace_words(epoch)}"


def figure_words(epoch: Epoch) -> str:
    """What was reached: the losses and the metric."""
    words = [f"loss {epoch.training_loss:.4f}"]
    if epoch.validation_loss is not None:
        words.append(f"validation {epoch.validation_loss:.4f}")
    if epoch.metric is not None:
        words.append(f"{epoch.metric_name} {epoch.metric:.3f}")
    return "  ".join(words)


def pace_words(epoch: Epoch) -> str:
    """How fast it goes and how long it will take."""
    networks = f" in {epoch.members} networks" if epoch.members > 1 else ""
    return f"{epoch.rows_per_second:,.0f} rows/s{networks}  {epoch.seconds_left:.0f} s left"


def rival_words(step: Step) -> str:
    """How far the rivals are."""
    return f"  {step.done}/{step.total} rivals' fits" if step.total else ""


def _line(step: Step) -> tuple[str, bool]:
    """The step in one line, and whether it begins or ends something and must be shown."""
    if step.epoch is not None:
        ending = step.epoch.epoch in (1, step.epoch.epochs)
        return f"epoch {progress_line(step.epoch)}{rival_words(step)}", ending
    if step.total:
        return f"rivals: {step.done} of {step.total} fits", step.done == step.total
    return "", False
