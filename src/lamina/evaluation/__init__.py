"""What a network is worth: studies that train, judge on rows never seen, and tell.

Enters: a source of data and what was asked for. Leaves: a `Study` with a `Model`. Must not know: terminals, pages.
"""

from lamina.evaluation.protocol import Protocol, number_of_folds
from lamina.evaluation.result import Score, Study, check_folder
from lamina.evaluation.study import fit

__all__ = ["Protocol", "Score", "Study", "check_folder", "fit", "number_of_folds"]
