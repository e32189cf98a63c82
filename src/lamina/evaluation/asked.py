"""What was asked for, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.evaluation.contenders import Contender
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.tally import metrics_of, usual_metric
from lamina.foundation.errors import SpecError, nearest
from lamina.metrics import METRICS


def check_asked(metric: str | None, choose: str | None, contenders: Sequence[Contender], seed: object) -> None:
    """Refuse what makes no sense, whatever the data.

    Raises:
        SpecError: an unknown metric, a choice that does not take part, or a seed that is no whole number.
    """
    names = [one.name for one in contenders]
    if metric is not None and metric not in METRICS:
        raise SpecError(
            wrong=f"the metric {metric!r} is not known.",
            expected=f"one of {', '.join(METRICS)}.",
            remedy=nearest(metric, METRICS),
        )
    if choose is not None and choose not in names:
        raise SpecError(
            wrong=f"{choose!r} was to be chosen, but does not take part.",
            expected=f"one of {', '.join(names)}.",
            remedy=nearest(choose, names),
        )
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise SpecError(wrong=f"the seed is {seed!r}.", expected="a whole number.", remedy="try seed=0.")


def headline_of(prepared: Prepared, metric: str | None) -> str:
    """The metric that decides: the one that was asked for, if it fits the task, or the usual one.

    Raises:
        SpecError: it is for another task.
    """
    usual = usual_metric(prepared)
    fitting = [one.name for one in metrics_of(prepared, usual)]
    if metric is not None and metric not in fitting:
        raise SpecError(
            wrong=f"the metric {metric!r} cannot judge this {prepared.task}.",
            expected=f"one of {', '.join(fitting)}.",
            remedy=f"try metric={fitting[0]!r}, or leave it out.",
        )
    return metric or usual
