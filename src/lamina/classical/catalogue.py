"""The closed lists of this room: families for tables, learnt things that a file may hold, specs that JSON may name."""

from __future__ import annotations

from lamina.classical.boosting import Boosting
from lamina.classical.constant import Constant
from lamina.classical.forest import Forest
from lamina.classical.kinds import PLAIN_LEARNT
from lamina.classical.learnt import Family, Learnt
from lamina.classical.linear import Linear
from lamina.classical.neighbours import Neighbours
from lamina.classical.read import LearntRead, Read
from lamina.classical.readings import READINGS
from lamina.classical.ridge import Ridge
from lamina.classical.sparse_linear import SparseLinear
from lamina.classical.support import SupportVectors
from lamina.classical.warping_neighbour import LearntWarping, Warping

FAMILIES: dict[str, type[Family]] = {
    kind.name: kind
    for kind in (Constant, Linear, Neighbours, Boosting, Forest, SupportVectors)  # cheap ones first
}
LEARNT: dict[str, type[Learnt]] = {**PLAIN_LEARNT, LearntRead.kind: LearntRead, LearntWarping.kind: LearntWarping}
SPECS: tuple[type, ...] = (*FAMILIES.values(), Ridge, SparseLinear, Read, Warping, *READINGS)
