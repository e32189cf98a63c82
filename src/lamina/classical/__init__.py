"""The rivals of the network: simple families that learn from numpy arrays, and answer with numpy alone.

Enters: encoded features float32 ``(row, feature)``, codes of classes or standardised numbers, a seed. Leaves: learnt
things that hold arrays only, and scores float64 ``(row, score)``: logs of probabilities, or numbers. Must not know:
tables, tensors, networks, metrics, models. scikit-learn and scipy are loaded by the first `fit`, never
by an answer (only a `LearntGraph` needs onnxruntime); `Foreign` wraps an estimator that somebody else has written.
"""

from lamina.classical.boosting import Boosting, LearntBoosting
from lamina.classical.catalogue import FAMILIES, LEARNT
from lamina.classical.constant import Constant, LearntConstant
from lamina.classical.foreign import Foreign, LearntForeign, foreign_from
from lamina.classical.forest import Forest, LearntForest
from lamina.classical.graph import LearntGraph
from lamina.classical.learnt import Family, Learnt
from lamina.classical.linear import LearntLinear, Linear
from lamina.classical.neighbours import LearntNeighbours, Neighbours
from lamina.classical.support import LearntSupport, SupportVectors

__all__ = [
    "FAMILIES",
    "LEARNT",
    "Boosting",
    "Constant",
    "Family",
    "Foreign",
    "Forest",
    "Learnt",
    "LearntBoosting",
    "LearntConstant",
    "LearntForeign",
    "LearntForest",
    "LearntGraph",
    "LearntLinear",
    "LearntNeighbours",
    "LearntSupport",
    "Linear",
    "Neighbours",
    "SupportVectors",
    "foreign_from",
]
