"""Whether the network was worth it: right tests on scores or answers, and words that were fixed in advance.

Enters: how each contender did, as `Standing`s. Leaves: a `Verdict`. Must not know: tables, training, models.
"""

from lamina.evaluation.verdict.decide import Judge, Verdict, by_folds, by_rows, decide, lesson, practical_region
from lamina.evaluation.verdict.learnt import Lesson
from lamina.evaluation.verdict.rowwise import Corrected, bootstrap_interval, choice_optimism, compare_rows
from lamina.evaluation.verdict.standing import SIMPLICITY, Standing
from lamina.evaluation.verdict.statistics import Comparison, compare_folds, mean_interval

__all__ = [
    "SIMPLICITY",
    "Comparison",
    "Corrected",
    "Judge",
    "Lesson",
    "Standing",
    "Verdict",
    "bootstrap_interval",
    "by_folds",
    "by_rows",
    "choice_optimism",
    "compare_folds",
    "compare_rows",
    "decide",
    "lesson",
    "mean_interval",
    "practical_region",
]
