"""The model: what answers, and the one file that it is kept in.

Enters: a schema, an encoder, a target (from data), a network's spec and its weights. Leaves: answers about tables, and
one safe file. Must not know: training, estimators, faces.

Two wings of the house meet here: one makes a `Model`, the other uses it. A file is used only after its container, its
digests, its header of weights and its sizes have been checked, and it can name no code to run (`lamina.model.file`).
"""

from lamina.model.archive import FORMAT, read_archive, write_archive
from lamina.model.card import Card, card_markdown
from lamina.model.decoder import Link, numbers, probabilities
from lamina.model.environment import environment_here
from lamina.model.model import DataWarning, Model, load
from lamina.model.predictor import Predictor

__all__ = [
    "FORMAT",
    "Card",
    "DataWarning",
    "Link",
    "Model",
    "Predictor",
    "card_markdown",
    "environment_here",
    "load",
    "numbers",
    "probabilities",
    "read_archive",
    "write_archive",
]
