"""About how long a study will take, said before it begins.

A guess from the numbers of rows, columns and trials, with constants that were measured on a 2-core machine; a budget
is kept by the clock, not by this.
"""

from __future__ import annotations

from collections.abc import Sequence

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
CURVE_SHARE = 1.0  # of what judging takes


def estimated_seconds(
    contenders: Sequence[Contender], plan: Plan, *, members: int, workers: int, curve: bool, classes: int = 0
) -> float:
    """Wall-clock seconds, to within a factor of about two; ``classes`` 0 for numbers."""
    rivals = sum(_rival(one, trial, classes) for one in contenders if one.name != NETWORK for trial in plan.trials)
    networks = members * sum(map(_network, plan.trials))
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


def _network(trial: Trial) -> float:
    rows = len(trial.train)
    steps = -(-rows // batch_rows("auto", rows))
    return SAMPLE_SECONDS * rows * epoch_count("auto", rows, steps)
