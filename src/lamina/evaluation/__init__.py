"""What a network is worth: studies that train, judge on rows never seen, and tell.

Enters: a source of data and what was asked for. Leaves: a `Study` with a `Model`. Must not know: terminals, pages.
"""

from lamina.evaluation.plan import Protocol, number_of_folds
from lamina.evaluation.result import Score, Study
from lamina.evaluation.study import fit

__all__ = ["Protocol", "Score", "Study", "fit", "number_of_folds"]
