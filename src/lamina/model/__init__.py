"""The model: what answers, and the one file that it is kept in.

Enters: a schema, an encoder, a target (from data), a network's spec and its weights or a classical learner, and how
sure its answers may be. Leaves: answers about tables, and one safe file. Must not know: training, estimators, faces.

Two wings of the house meet here: one makes a `Model`, the other uses it. A file is used only after its container, its
digests, its header of weights and its sizes have been checked, and it can name no code to run (`lamina.model.file`).
"""

from lamina.model.answers import Answers
from lamina.model.archive import FORMAT, read_archive, write_archive
from lamina.model.asking import DataWarning
from lamina.model.calibration import Calibration, calibrated, fit_conformity, quantile_of
from lamina.model.card import Card
from lamina.model.card_markdown import card_markdown
from lamina.model.classic import ClassicPredictor
from lamina.model.coverage import interval_around, likely_classes
from lamina.model.decoder import Link, numbers, probabilities
from lamina.model.environment import environment_here
from lamina.model.facts import learner_words
from lamina.model.model import Model, load
from lamina.model.predictor import Predictor

__all__ = [
    "FORMAT",
    "Answers",
    "Calibration",
    "Card",
    "ClassicPredictor",
    "DataWarning",
    "Link",
    "Model",
    "Predictor",
    "calibrated",
    "card_markdown",
    "environment_here",
    "fit_conformity",
    "interval_around",
    "learner_words",
    "likely_classes",
    "load",
    "numbers",
    "probabilities",
    "quantile_of",
    "read_archive",
    "write_archive",
]
