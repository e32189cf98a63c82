"""The network's rivals on tables: each fits the rows that teach and answers about those that judge.

Enters: a conformed table, its schema, trials, families of `lamina.classical`. Leaves: an `Attempt` for each family and
trial, made in this process or in several others. Must not know: networks, tensors, who won.
"""

from lamina.rivals.attempt import Answers, Attempt, Encoded, answers_of, attempt, encode, target_of
from lamina.rivals.crew import Crew, Job, usual_workers
from lamina.rivals.trial import NO_ROWS, RowNumbers, Trial

__all__ = [
    "NO_ROWS",
    "Answers",
    "Attempt",
    "Crew",
    "Encoded",
    "Job",
    "RowNumbers",
    "Trial",
    "answers_of",
    "attempt",
    "encode",
    "target_of",
    "usual_workers",
]
