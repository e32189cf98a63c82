"""lamina: deep learning from raw data to one safe file, with an honest verdict.

Importing it costs nothing: every name loads its room when it is first used.

    study = lamina.fit("penguins")                 # a path, a data frame, or a built-in name
    study.verdict.sentence                         # whether the network was worth it, and which model to use
    study.report("report.html")
    study.model.save("penguins.lamina")
    lamina.load("penguins.lamina").predict(frame)
    lamina.tune("penguins", folder="tuned", seconds=60).sentence   # whether other settings beat the default
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.data import read as read
    from lamina.estimators import NetworkClassifier as NetworkClassifier
    from lamina.estimators import NetworkRegressor as NetworkRegressor
    from lamina.evaluation import Protocol as Protocol
    from lamina.evaluation import Study as Study
    from lamina.evaluation import Verdict as Verdict
    from lamina.evaluation import fit as fit
    from lamina.foundation.errors import LaminaError as LaminaError
    from lamina.model import Model as Model
    from lamina.model import load as load
    from lamina.networks import MLP as MLP
    from lamina.networks import FTTransformer as FTTransformer
    from lamina.networks import Perceptron as Perceptron
    from lamina.networks import Table as Table
    from lamina.training import Training as Training
    from lamina.tuning import Tuning as Tuning
    from lamina.tuning import tune as tune

__version__ = "0.1.0"

_ROOMS = {
    "FTTransformer": "networks",
    "LaminaError": "foundation.errors",
    "MLP": "networks",
    "Model": "model",
    "NetworkClassifier": "estimators",
    "NetworkRegressor": "estimators",
    "Perceptron": "networks",
    "Protocol": "evaluation",
    "Study": "evaluation",
    "Table": "networks",
    "Training": "training",
    "Tuning": "tuning",
    "Verdict": "evaluation",
    "fit": "evaluation",
    "load": "model",
    "read": "data",
    "tune": "tuning",
}

__all__ = sorted(_ROOMS)  # noqa: PLE0605 - the names are those of the table above


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'lamina' has no attribute {name!r}")
    return getattr(importlib.import_module(f"lamina.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
