"""Where tables meet the loop: networks that fit, by scikit-learn's contract.

Enters: tables and arrays, a network spec, a `Training`. Leaves: fitted estimators and their `Model`. Must not know: how
a result is judged, or shown.
"""

from lamina.estimators.asked import as_network, as_training, member_seeds
from lamina.estimators.encoding import RowNumbers
from lamina.estimators.fitting import Fitted, Part, fit_networks
from lamina.estimators.keep import classic_model, to_model, untimed
from lamina.estimators.mirror import Mirrors, mirroring, mirrors_for, question_rows
from lamina.estimators.networks import HELD_BACK_FROM, NetworkClassifier, NetworkRegressor
from lamina.estimators.recipe import (
    Task,
    suited,
    usual_loss,
    usual_network,
    usual_passes,
    usual_precision,
    usual_training,
)
from lamina.estimators.renew import GENTLER, renew_networks
from lamina.estimators.streaming import (
    WATCHED,
    WATCHED_FROM,
    fit_stream,
    fit_surveyed,
    held_rows,
    streamed_epochs,
    streamed_model,
)

__all__ = [
    "GENTLER",
    "HELD_BACK_FROM",
    "WATCHED",
    "WATCHED_FROM",
    "Fitted",
    "Mirrors",
    "NetworkClassifier",
    "NetworkRegressor",
    "Part",
    "RowNumbers",
    "Task",
    "as_network",
    "as_training",
    "classic_model",
    "fit_networks",
    "fit_stream",
    "fit_surveyed",
    "held_rows",
    "member_seeds",
    "mirroring",
    "mirrors_for",
    "question_rows",
    "renew_networks",
    "streamed_epochs",
    "streamed_model",
    "suited",
    "to_model",
    "untimed",
    "usual_loss",
    "usual_network",
    "usual_passes",
    "usual_precision",
    "usual_training",
]
