"""The closed lists of this room: which families compete, and which learnt things a file may hold."""

from __future__ import annotations

from lamina.classical.boosting import Boosting, LearntBoosting
from lamina.classical.constant import Constant, LearntConstant
from lamina.classical.forest import Forest, LearntForest
from lamina.classical.graph import LearntGraph
from lamina.classical.learnt import Family, Learnt
from lamina.classical.linear import LearntLinear, Linear
from lamina.classical.neighbours import LearntNeighbours, Neighbours
from lamina.classical.support import LearntSupport, SupportVectors

FAMILIES: dict[str, type[Family]] = {
    kind.name: kind for kind in (Constant, Linear, Neighbours, SupportVectors, Forest, Boosting)
}
LEARNT: dict[str, type[Learnt]] = {
    kind.kind: kind
    for kind in (
        LearntConstant,
        LearntLinear,
        LearntNeighbours,
        LearntSupport,
        LearntForest,
        LearntBoosting,
        LearntGraph,
    )
}
