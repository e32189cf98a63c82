"""How well a contender does for each level of a column: a score over all rows may hide a group it fails."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data import Category, Flag
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.tally import Tally, first_draw
from lamina.metrics import METRICS, finite_or_none

MOST_LEVELS, MOST_COLUMNS = 6, 4  # of a column, and columns, that are looked at
FEWEST_ROWS = 20  # of a level: below, its score is chance

Groups = dict[str, dict[str, dict[str, float | None]]]


def group_scores(prepared: Prepared, plan: Plan, tally: Tally, metric: str) -> Groups:
    """The headline and the rows of each level of the first few columns with few levels, on rows that judged."""
    truth, answers = first_draw(prepared, plan, tally)
    rows = np.concatenate([trial.test for trial in plan.judged if trial.repeat == 0])
    found: Groups = {}
    for column in prepared.schema.features:
        if isinstance(column, Category | Flag) and len(found) < MOST_COLUMNS:
            values = prepared.table.column(column.name).take(pa.array(rows))
            levels = _levels(values)
            if 1 < len(levels) <= MOST_LEVELS:
                function = METRICS[metric].function
                found[column.name] = {
                    level: {metric: finite_or_none(function(truth[mask], answers[mask])), "rows": int(mask.sum())}
                    for level, mask in levels.items()
                }
    return found


def _levels(values: pa.ChunkedArray) -> dict[str, np.ndarray]:
    """For each level with rows enough a mask of its rows."""
    words = np.array([None if value is None else str(value) for value in values.to_pylist()], dtype=object)
    counted = pc.value_counts(pc.drop_null(values)).to_pylist()
    names = sorted(str(one["values"]) for one in counted if one["counts"] >= FEWEST_ROWS)
    return {name: words == name for name in names}
