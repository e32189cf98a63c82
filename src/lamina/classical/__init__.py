"""The rivals of the network: simple families that learn from numpy arrays, and answer with numpy alone.

Enters: encoded features float32 ``(row, feature)``, or rows with images, texts and series (`Rows`: a family then reads
them first, `Read`); codes of classes or standardised numbers; a seed. Leaves: learnt
things that hold arrays only, and scores float64 ``(row, score)``: logs of probabilities, or numbers. Must not know:
tables, tensors, networks, metrics, models. scikit-learn and scipy are loaded by the first `fit`, never
by an answer (only a `LearntGraph` needs onnxruntime); `Foreign` wraps an estimator that somebody else has written.
"""

from lamina.classical.boosting import Boosting, LearntBoosting
from lamina.classical.catalogue import FAMILIES, LEARNT, SPECS
from lamina.classical.constant import Constant, LearntConstant
from lamina.classical.contenders import families_for, left_out
from lamina.classical.foreign import Foreign, LearntForeign, foreign_from
from lamina.classical.forest import Forest, LearntForest
from lamina.classical.graph import LearntGraph
from lamina.classical.learnt import Family, Learnt
from lamina.classical.linear import LearntLinear, Linear
from lamina.classical.neighbours import LearntNeighbours, Neighbours
from lamina.classical.read import LearntRead, Read
from lamina.classical.reader import Reader
from lamina.classical.readings import READINGS, Hog, Kernels, Numbers, Plain, Reading, TfIdf
from lamina.classical.ridge import Ridge
from lamina.classical.rows import Rival, Rows
from lamina.classical.sparse_linear import SparseLinear
from lamina.classical.support import LearntSupport, SupportVectors
from lamina.classical.warping_neighbour import LearntWarping, Warping
from lamina.classical.wide import Wide

__all__ = [
    "FAMILIES",
    "LEARNT",
    "READINGS",
    "SPECS",
    "Boosting",
    "Constant",
    "Family",
    "Foreign",
    "Forest",
    "Hog",
    "Kernels",
    "Learnt",
    "LearntBoosting",
    "LearntConstant",
    "LearntForeign",
    "LearntForest",
    "LearntGraph",
    "LearntLinear",
    "LearntNeighbours",
    "LearntRead",
    "LearntSupport",
    "LearntWarping",
    "Linear",
    "Neighbours",
    "Numbers",
    "Plain",
    "Read",
    "Reader",
    "Reading",
    "Ridge",
    "Rival",
    "Rows",
    "SparseLinear",
    "SupportVectors",
    "TfIdf",
    "Warping",
    "Wide",
    "families_for",
    "foreign_from",
    "left_out",
]
