"""Every metric lamina knows, and the ones that are shown when nobody chooses."""

from __future__ import annotations

from collections.abc import Iterable

from numpy.typing import ArrayLike

from lamina.metrics.decisions import accuracy, balanced_accuracy, f1, mcc
from lamina.metrics.metric import Metric
from lamina.metrics.numbers import mae, mape, pinball, r2, rmse
from lamina.metrics.probabilities import brier, calibration_error, log_loss
from lamina.metrics.ranking import average_precision, roc_auc

_ALL = (
    Metric(
        name="accuracy",
        label="accuracy",
        function=accuracy,
        better="higher",
        needs="classes",
        percent=True,
        least=0.0,
        most=1.0,
    ),
    Metric(
        name="balanced_accuracy",
        label="balanced accuracy",
        function=balanced_accuracy,
        better="higher",
        needs="classes",
        percent=True,
        least=0.0,
        most=1.0,
    ),
    Metric(name="log_loss", label="log loss", function=log_loss, better="lower", needs="probabilities", least=0.0),
    Metric(
        name="brier", label="Brier score", function=brier, better="lower", needs="probabilities", least=0.0, most=2.0
    ),
    Metric(
        name="roc_auc",
        label="ROC AUC",
        function=roc_auc,
        better="higher",
        needs="probabilities",
        ranks=True,
        least=0.0,
        most=1.0,
    ),
    Metric(
        name="average_precision",
        label="average precision",
        function=average_precision,
        better="higher",
        needs="probabilities",
        ranks=True,
        least=0.0,
        most=1.0,
    ),
    Metric(name="f1", label="F1", function=f1, better="higher", needs="classes", least=0.0, most=1.0),
    Metric(
        name="mcc", label="Matthews correlation", function=mcc, better="higher", needs="classes", least=-1.0, most=1.0
    ),
    Metric(
        name="ece",
        label="calibration error",
        function=calibration_error,
        better="lower",
        needs="probabilities",
        percent=True,
        least=0.0,
        most=1.0,
    ),
    Metric(name="rmse", label="root mean squared error", function=rmse, better="lower", needs="numbers", least=0.0),
    Metric(name="mae", label="mean absolute error", function=mae, better="lower", needs="numbers", least=0.0),
    Metric(name="r2", label="R²", function=r2, better="higher", needs="numbers", most=1.0),
    Metric(
        name="mape",
        label="mean absolute error, relative",
        function=mape,
        better="lower",
        needs="numbers",
        percent=True,
        least=0.0,
    ),
    Metric(name="pinball", label="pinball loss", function=pinball, better="lower", needs="numbers", least=0.0),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}


def classification_metrics(classes: int) -> tuple[Metric, ...]:
    """The metrics of a task with so many classes; the first one is the headline.

    Average precision is only for two: over many classes its mean hides which one is rare.

    >>> [metric.name for metric in classification_metrics(3)]
    ['accuracy', 'balanced_accuracy', 'log_loss', 'brier', 'roc_auc', 'f1', 'mcc', 'ece']
    """
    names = [m.name for m in _ALL if m.needs != "numbers" and (classes == 2 or m.name != "average_precision")]
    return tuple(METRICS[name] for name in names)


def regression_metrics() -> tuple[Metric, ...]:
    """The metrics of a task whose answer is a number; the first one is the headline.

    The relative error is left out, for it is meaningless where the target passes through 0.

    >>> [metric.name for metric in regression_metrics()]
    ['rmse', 'mae', 'r2']
    """
    return METRICS["rmse"], METRICS["mae"], METRICS["r2"]


def measure(
    metrics: Iterable[Metric], truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None
) -> dict[str, float]:
    """The value of each metric, by name.

    **Shape**: truth int ``(row,)`` with scores ``(row, class)``, or both float ``(row,)``; weights float ``(row,)``.

    Raises:
        DataError: truth, scores and weights do not belong together.

    >>> measure(regression_metrics(), [1.0, 2.0, 3.0], [1.0, 2.0, 2.0])["r2"]
    0.5
    """
    return {metric.name: metric.function(truth, scores, weights) for metric in metrics}
