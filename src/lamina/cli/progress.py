"""The live display of a training: one moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

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
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[line]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("training", line="reading and checking the data", total=None)

        def sink(epoch: Epoch) -> None:
            bar.update(task, total=epoch.epochs, completed=epoch.epoch, line=progress_line(epoch))

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
    """One epoch in one line: losses, metric, speed, time left."""
    parts = [f"{epoch.epoch}/{epoch.epochs}", f"loss {epoch.training_loss:.4f}"]
    if epoch.validation_loss is not None:
        parts.append(f"validation {epoch.validation_loss:.4f}")
    if epoch.metric is not None:
        parts.append(f"{epoch.metric_name} {epoch.metric:.3f}")
    networks = f" in {epoch.members} networks" if epoch.members > 1 else ""
    parts.append(f"{epoch.rows_per_second:,.0f} rows/s{networks}")
    parts.append(f"{epoch.seconds_left:.0f} s left")
    return "  ".join(parts)
