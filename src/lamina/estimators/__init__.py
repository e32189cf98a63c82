"""Where tables meet the loop: networks that fit, by scikit-learn's contract.

Enters: tables and arrays, a network spec, a `Training`. Leaves: fitted estimators and their `Model`. Must not know: how
a result is judged, or shown.
"""

from lamina.estimators.arrays import as_network, as_training
from lamina.estimators.fitting import Fitted, Part, RowNumbers, Task, fit_networks, loss_for
from lamina.estimators.networks import HELD_BACK_FROM, NetworkClassifier, NetworkRegressor

__all__ = [
    "HELD_BACK_FROM",
    "Fitted",
    "NetworkClassifier",
    "NetworkRegressor",
    "Part",
    "RowNumbers",
    "Task",
    "as_network",
    "as_training",
    "fit_networks",
    "loss_for",
]
