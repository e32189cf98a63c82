"""The live display of a training: two moving lines on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

if TYPE_CHECKING:
    from lamina.training.outcome import Progress as Epoch

PLAIN_SECONDS = 2.0  # at most one plain line in so many seconds

EpochSink = Callable[["Epoch"], None]


@contextmanager
def training_display(console: Console) -> Iterator[EpochSink]:
    """Something to hand every finished epoch to."""
    if console.is_terminal:
        with _moving_bar(console) as sink:
            yield sink
    else:
        yield _plain_lines(console)


@contextmanager
def _moving_bar(console: Console) -> Iterator[EpochSink]:
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

        def sink(epoch: Epoch) -> None:
            words = f"epoch {epoch.epoch}/{epoch.epochs}"
            bar.update(task, description=words, total=epoch.epochs, completed=epoch.epoch, pace=pace_words(epoch))
            live.update(Group(bar, Text(f"  {figure_words(epoch)}")))

        yield sink


def _plain_lines(console: Console) -> EpochSink:
    shown = [0.0]

    def sink(epoch: Epoch) -> None:
        now = time.monotonic()
        if epoch.epoch in (1, epoch.epochs) or now - shown[0] >= PLAIN_SECONDS:
            shown[0] = now
            console.print(f"epoch {progress_line(epoch)}", markup=False, highlight=False, soft_wrap=True)

    return sink


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
