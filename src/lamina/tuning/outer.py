"""Which rows a search never sees, and how the others are split to judge candidates."""

from __future__ import annotations

import dataclasses

from lamina.evaluation import Protocol
from lamina.evaluation.plan import Given, Plan, given_parts, make_plan
from lamina.evaluation.prepare import Prepared

FOLDED_UP_TO = 2_000  # rows up to which candidates are judged by folds
FOLDS = 5
OUTER, OUTER_SMALL = 0.2, 0.3  # share of the rows that the search never sees; few rows need more of them to judge by


def outer_parts(prepared: Prepared, protocol: Protocol) -> Given | None:
    """The split that came with the data, if it is kept; of two parts the second is what the search never sees."""
    given = given_parts(prepared, protocol)
    return given if given is None or len(given.test) else Given(train=given.train, val=given.test, test=given.val)


def outer_plan(prepared: Prepared, protocol: Protocol, given: Given | None = None, *, seed: int) -> Plan:
    """Rows that the search never sees (``test``), and how the others are split to judge candidates."""
    small = prepared.table.num_rows < FOLDED_UP_TO
    asked = dataclasses.replace(
        protocol,
        folds=protocol.folds or (FOLDS if small else 1),
        repeats=1,
        test=protocol.test or (OUTER_SMALL if small else OUTER),
    )
    return make_plan(prepared, asked, seed=seed, given=given)
