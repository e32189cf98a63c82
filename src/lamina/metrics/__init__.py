"""How good answers are: pure functions ``(truth, scores, weights) -> float`` on numpy arrays.

Enters: true values, scores, weights. Leaves: numbers, and `Metric`s that name them. Must not know: tables, tensors,
networks, models.
"""

from lamina.metrics.catalogue import METRICS, classification_metrics, measure, regression_metrics
from lamina.metrics.decisions import accuracy, balanced_accuracy, confusion_matrix, f1, mcc
from lamina.metrics.metric import Metric, MetricFunction, finite_or_none, format_metric
from lamina.metrics.numbers import mae, mape, pinball, r2, rmse
from lamina.metrics.probabilities import brier, calibration_error, log_loss
from lamina.metrics.ranking import average_precision, roc_auc

__all__ = [
    "METRICS",
    "Metric",
    "MetricFunction",
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "brier",
    "calibration_error",
    "classification_metrics",
    "confusion_matrix",
    "f1",
    "finite_or_none",
    "format_metric",
    "log_loss",
    "mae",
    "mape",
    "mcc",
    "measure",
    "pinball",
    "r2",
    "regression_metrics",
    "rmse",
    "roc_auc",
]
