"""About how long a study will take, said before it begins.

A guess from the numbers of rows, columns and trials, with constants that were measured on a 2-core machine; a budget
is kept by the clock, not by this.
"""

from __future__ import annotations

from collections.abc import Sequence

from lamina.data import Column, Image, Series, Text
from lamina.evaluation.contenders import NETWORK, Contender
from lamina.evaluation.plan import Plan
from lamina.rivals import Trial
from lamina.training.order import batch_rows, epoch_count

# processor seconds of one fit: at once, for each row, and for each million pairs of rows
RIVAL_SECONDS = {
    "constant": (0.0, 0.0, 0.0),
    "linear": (0.05, 8e-5, 0.0),
    "neighbours": (0.01, 1e-5, 0.01),
    "svm": (0.03, 0.0, 0.25),
    "forest": (0.4, 3e-4, 0.0),
    "boosting": (0.2, 5e-4, 0.0),
}
# what each class beyond two adds, as a share of what two take: 0.06 is thirteen times as long with 200 of them
MORE_A_CLASS = {"linear": 0.08, "svm": 0.15, "forest": 0.03, "boosting": 0.06}
FOREIGN_SECONDS = (0.1, 5e-4, 0.0)
SAMPLE_SECONDS = 7e-6  # of one network for one row in one epoch, at the usual widths
PIXEL_SECONDS, MOST_IMAGE_SECONDS = 1e-6, 1.5e-3  # more for each pixel of an image; large ones are soon made smaller
TEXT_SECONDS, STEP_SECONDS = 2e-4, 1e-5  # for a text, and for each step of a series
RIVALS_OF_FIELDS = 10  # times what a rival takes on a table
CURVE_SHARE = 1.0  # of what judging takes


def estimated_seconds(
    contenders: Sequence[Contender],
    plan: Plan,
    *,
    members: int,
    workers: int,
    curve: bool,
    classes: int = 0,
    columns: Sequence[Column] = (),
) -> float:
    """Wall-clock seconds, to within a factor of about two, of three with images, texts or series among the columns.

    ``classes`` is 0 for numbers.
    """
    field = sum(map(_field, columns))  # seconds of one row in one epoch
    rivals = sum(_rival(one, trial, classes) for one in contenders if one.name != NETWORK for trial in plan.trials)
    rivals *= RIVALS_OF_FIELDS if field else 1
    networks = members * sum(_network(trial, SAMPLE_SECONDS + field) for trial in plan.trials)
    both = max(networks, (networks + rivals) / 2) if workers > 1 else networks + rivals
    return 3 + both * (1 + CURVE_SHARE * curve)


def duration_words(seconds: float) -> str:
    """A duration that does not look surer than it is.

    >>> [duration_words(s) for s in (3.2, 41, 130, 7300)]
    ['about 5 s', 'about 40 s', 'about 2 min', 'about 2 h']
    """
    if seconds < 90:
        step = 5 if seconds < 30 else 10
        return f"about {max(step, round(seconds / step) * step)} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.0f} h"


def _rival(contender: Contender, trial: Trial, classes: int) -> float:
    rows = len(trial.train)
    if contender.family.most_rows is not None and rows > contender.family.most_rows:
        return 0.0
    once, a_row, a_million_pairs = RIVAL_SECONDS.get(contender.family.name, FOREIGN_SECONDS)
    many = 1 + MORE_A_CLASS.get(contender.family.name, 0.0) * max(0, classes - 2)
    return (once + a_row * rows + a_million_pairs * rows * rows / 1e6) * many


def _field(column: Column) -> float:
    """Seconds that a column of whole arrays adds to one row in one epoch."""
    if isinstance(column, Image):
        return min(MOST_IMAGE_SECONDS, PIXEL_SECONDS * column.height * column.width)
    if isinstance(column, Series):
        return STEP_SECONDS * column.steps
    return TEXT_SECONDS if isinstance(column, Text) else 0.0


def _network(trial: Trial, sample_seconds: float) -> float:
    rows = len(trial.train)
    steps = -(-rows // batch_rows("auto", rows))
    return sample_seconds * rows * epoch_count("auto", rows, steps)
