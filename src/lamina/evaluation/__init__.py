"""What a network is worth: studies that train it and its rivals, judge on rows never seen, and tell.

Enters: a source of data and what was asked for. Leaves: a `Study` with a verdict and a `Model`. Must not know:
terminals.
"""

from lamina.evaluation.protocol import Protocol, number_of_folds
from lamina.evaluation.renewal import Renewal, renew
from lamina.evaluation.result import Study, check_folder
from lamina.evaluation.score import Score
from lamina.evaluation.step import Step
from lamina.evaluation.study import fit
from lamina.evaluation.verdict import Verdict

__all__ = [
    "Protocol",
    "Renewal",
    "Score",
    "Step",
    "Study",
    "Verdict",
    "check_folder",
    "fit",
    "number_of_folds",
    "renew",
]
