"""Whether the network was worth it: right tests on scores or answers, and words that were fixed in advance.

Enters: how each contender did, as `Standing`s. Leaves: a `Verdict`. Must not know: tables, training, models.
"""

from lamina.evaluation.verdict.comparison import Comparison
from lamina.evaluation.verdict.decide import Verdict, decide, lesson
from lamina.evaluation.verdict.foldwise import compare_folds, mean_interval
from lamina.evaluation.verdict.judges import Judge, by_folds, by_rows, practical_region
from lamina.evaluation.verdict.learnt import Lesson
from lamina.evaluation.verdict.rowwise import Corrected, bootstrap_interval, choice_optimism, compare_rows
from lamina.evaluation.verdict.standing import SIMPLICITY, Standing

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
