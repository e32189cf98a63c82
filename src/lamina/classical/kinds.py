"""What a family that reads plain features may have learnt: the closed list of what may stand behind a reader."""

from __future__ import annotations

from lamina.classical.boosting import LearntBoosting
from lamina.classical.constant import LearntConstant
from lamina.classical.forest import LearntForest
from lamina.classical.graph import LearntGraph
from lamina.classical.learnt import Learnt
from lamina.classical.linear import LearntLinear
from lamina.classical.neighbours import LearntNeighbours
from lamina.classical.support import LearntSupport

PLAIN_LEARNT: dict[str, type[Learnt]] = {
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
