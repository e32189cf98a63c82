"""What a run tells of an epoch: an entry for each member's history, and one progress for whoever watches."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from lamina.training.fleet import Fleet
from lamina.training.history import Epoch
from lamina.training.outcome import Progress
from lamina.training.rows import Rows
from lamina.training.watch import Judgement, Monitor, dead_units, layer_norms


def entries_of(
    fleet: Fleet,
    epoch: int,
    losses: Sequence[float],
    judgement: Judgement | None,
    rates: Tensor,
    *,
    monitor: Monitor | None,
    looked_at: Rows | None,
    seconds: float,
    rows_per_second: float,
) -> list[Epoch]:
    """One entry for each member of the fleet.

    Args:
        epoch: the first is 1.
        losses: training losses ``(member,)``.
        rates: learning rates ``(member,)``.
        looked_at: rows on which to look at gradients and units layer by layer; None for no such look.
        seconds: since the run began.
    """
    totals, learning_rates = fleet.norms()[:, 0].tolist(), rates.tolist()
    norms = {} if looked_at is None else {name: values.tolist() for name, values in layer_norms(fleet).items()}
    dead = {} if looked_at is None else {name: v.tolist() for name, v in dead_units(fleet, looked_at).items()}
    validation = None if judgement is None else judgement.loss.tolist()
    metric = None if judgement is None or judgement.metric is None else judgement.metric.tolist()
    return [
        Epoch(
            epoch=epoch,
            seconds=seconds,
            training_loss=loss,
            validation_loss=None if validation is None or math.isnan(validation[i]) else validation[i],
            metrics={} if metric is None or monitor is None else {monitor.name: metric[i]},
            learning_rate=learning_rates[i],
            gradient_norm=totals[i],
            layer_norms={name: values[i] for name, values in norms.items()},
            dead_units={name: values[i] for name, values in dead.items()},
            rows_per_second=rows_per_second,
        )
        for i, loss in enumerate(losses)
    ]


def progress_of(
    entries: Sequence[Epoch], *, epochs: int, monitor: Monitor | None, seconds: float, limit: float | None
) -> Progress:
    """The means over the members that have just learnt, and how long the rest will take.

    Args:
        epochs: of the member that learns longest.
        seconds: since the run began.
        limit: seconds that it may take in all.
    """
    done, losses = entries[0].epoch, [entry.training_loss for entry in entries]
    left = seconds / done * (epochs - done)
    return Progress(
        epoch=done,
        epochs=epochs,
        members=len(entries),
        training_loss=math.nan if all(map(math.isnan, losses)) else _mean(losses) or 0.0,
        validation_loss=_mean([entry.validation_loss for entry in entries]),
        metric=_mean([next(iter(entry.metrics.values()), None) for entry in entries]),
        metric_name=monitor.name if monitor else "",
        learning_rate=_mean([entry.learning_rate for entry in entries]) or 0.0,
        rows_per_second=entries[0].rows_per_second,
        seconds=seconds,
        seconds_left=left if limit is None else min(left, max(0.0, limit - seconds)),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and not math.isnan(value)]
    return sum(known) / len(known) if known else None
