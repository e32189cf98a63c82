r"""From decisions to probabilities: the slope and the offset that make held-out truth least surprising.

    p = softmax(slope d)        two classes, one decision: p = softmax(0, slope d + offset)

A decision says on which side of the border a row lies and how far, but not how sure that is. While the two numbers are
fitted, a row of a class with n rows counts as (n + 1) / (n + 2) sure, so that decisions without a single mistake do
not make the slope endless.

Source: Platt (1999), "Probabilistic outputs for support vector machines and comparisons to regularized likelihood
methods". We differ: with more than two classes all decisions share one slope, and there is no offset.
"""

from __future__ import annotations

import numpy as np

from lamina.classical.learnt import Array, Floats, log_softmax, mean_log_loss

LEAST_SLOPE, MOST_SLOPE = 1e-3, 100.0


def fit_slope(decisions: Floats, truth: Array) -> tuple[float, float, float]:
    """The log loss, slope and offset of the best probabilities; the offset is 0 for more than two classes.

    **Shape**: decisions ``(row, machine)``, truth ``(row,)`` places of classes.

    >>> loss, slope, offset = fit_slope(np.array([[-1.0], [1.0], [-1.0], [1.0]]), np.array([0, 1, 0, 1]))
    >>> bool(slope > 1), abs(offset) < 1e-4
    (True, True)
    """
    from scipy.optimize import minimize

    pair = decisions.shape[1] == 1
    columns = np.hstack((np.zeros_like(decisions), decisions)) if pair else decisions
    moved = np.array([0.0, 1.0]) if pair else np.zeros(columns.shape[1])
    wanted = _unsure(truth, columns.shape[1])

    def loss_and_slope(values: Floats) -> tuple[float, Floats]:
        log_p = log_softmax(values[0] * columns + values[1] * moved)
        error = (np.exp(log_p) - wanted) / len(truth)
        return float(-(wanted * log_p).sum() / len(truth)), np.array([(error * columns).sum(), (error * moved).sum()])

    bounds = [(LEAST_SLOPE, MOST_SLOPE), (None, None)]
    found = minimize(loss_and_slope, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    log_p = log_softmax(found.x[0] * columns + found.x[1] * moved)
    return mean_log_loss(log_p, truth), float(found.x[0]), float(found.x[1])


def _unsure(truth: Array, classes: int) -> Floats:
    """Truth as probabilities that are a little less than sure. **Shape**: ``(row,)`` in, ``(row, class)`` out."""
    counts = np.bincount(truth, minlength=classes)
    sure = ((counts + 1) / (counts + 2))[truth]
    wanted = np.repeat(((1 - sure) / (classes - 1))[:, None], classes, axis=1)
    wanted[np.arange(len(truth)), truth] = sure
    return wanted
