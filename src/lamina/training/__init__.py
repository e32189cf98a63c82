"""How networks learn. One step serves a single network and a fleet of many.

Enters: tensors (`Rows`), which of them each member may see (`Member`), a way to build a network from a seed, a
`Training` spec. Leaves: weights with a leading member axis and each member's `History` (`Trained`). Must not know:
tables, columns, models, files of models.
"""

from lamina.training.adaptive import AdaGrad, Adam, AdamW, RMSProp
from lamina.training.descent import SGD, GradientDescent
from lamina.training.diagnose import Diagnosis, diagnose
from lamina.training.distributed import Ranks, ranks_here
from lamina.training.finder import RateCurve, find_learning_rate
from lamina.training.history import Epoch, History
from lamina.training.loop import fit_fleet
from lamina.training.muon import Muon
from lamina.training.optimisers import NAMED_OPTIMISERS, OPTIMISERS, named_optimiser
from lamina.training.outcome import Progress, Stop, Trained, divergence
from lamina.training.plan_fleet import FleetPlan, plan_fleet
from lamina.training.rows import Member, Rows
from lamina.training.schedules import SCHEDULES, Constant, Cosine, OneCycle, StepDecay, WarmUp
from lamina.training.spec import Training, training_with
from lamina.training.streaming import Blocks
from lamina.training.watch import Monitor, accuracy, label_accuracy, r_squared

__all__ = [
    "NAMED_OPTIMISERS",
    "OPTIMISERS",
    "SCHEDULES",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Blocks",
    "Constant",
    "Cosine",
    "Diagnosis",
    "Epoch",
    "FleetPlan",
    "GradientDescent",
    "History",
    "Member",
    "Monitor",
    "Muon",
    "OneCycle",
    "Progress",
    "RMSProp",
    "Ranks",
    "RateCurve",
    "Rows",
    "StepDecay",
    "Stop",
    "Trained",
    "Training",
    "WarmUp",
    "accuracy",
    "diagnose",
    "divergence",
    "find_learning_rate",
    "fit_fleet",
    "label_accuracy",
    "named_optimiser",
    "plan_fleet",
    "r_squared",
    "ranks_here",
    "training_with",
]
