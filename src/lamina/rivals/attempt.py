"""One contender's try at one trial: learn from the rows that teach, answer about those that judge.

Rivals of every family come through here, in this process or in another one, with the same encoders as the network's:
fitted on the rows that teach and on no others.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.classical import Foreign, Read, left_out
from lamina.data import Batch, ClassTarget, Encoder, NumberTarget, Schema, Task, fit_encoder, fit_target
from lamina.rivals.trial import Trial

WARM_ROWS = 20
_WARM: set[tuple[str, str, bool]] = set()  # families that have fitted once in this process: (class, name, classes?)

Answers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Attempt:
    """What a contender said about the rows that judge, and what it took.

    ``answers`` are chances ``(row, class)`` or numbers ``(row,)``. ``learnt`` is what it learnt, where that is wanted:
    a classical `Learnt`, a `NotKept`, or the `Fitted` networks. ``failed`` says in words why there are no answers.
    """

    answers: Answers
    cpu_seconds: float = 0.0
    predict_seconds: float = 0.0
    learnt: Any = None
    failed: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class NotKept:
    """What another process learnt and could not hand over: nothing of ours holds it, and ``why``."""

    kind: ClassVar[str] = "foreign"

    why: str
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """The rows of one trial as a rival meets them, with the truth ``(row,)`` to learn from; classes 0: numbers."""

    encoder: Encoder
    target: ClassTarget | NumberTarget
    train: Batch
    truth: npt.NDArray[Any]
    test: Batch

    @property
    def classes(self) -> int:
        """How many classes there are; 0 for numbers."""
        return len(self.target.classes) if isinstance(self.target, ClassTarget) else 0


def encode(table: pa.Table, schema: Schema, task: Task, trial: Trial, *, clipped: bool) -> Encoded:
    """Fit the encoder on the rows that teach, and encode both sides."""
    taught, judged = table.take(pa.array(trial.train)), table.take(pa.array(trial.test))
    encoder = fit_encoder(taught, schema, categories="onehot", clipped=clipped, fields=True)
    target = target_of(table, schema, task, trial)
    truth = target.encode(taught.column(schema.target))
    return Encoded(
        encoder=encoder,
        target=target,
        train=encoder.encode(taught),
        truth=truth if isinstance(target, ClassTarget) else truth[:, 0].astype(np.float64),
        test=encoder.encode(judged),
    )


def read_by(batch: Batch) -> Any:
    """A batch as a rival takes it: features ``(row, feature)``, or the batch where it has images, texts or series."""
    return batch if batch.fields else batch.numbers


def target_of(table: pa.Table, schema: Schema, task: Task, trial: Trial) -> ClassTarget | NumberTarget:
    """Classes are the same for all trials, by name; numbers are scaled by the rows that teach."""
    column, kind = table.column(schema.target), schema.column(str(schema.target))
    return fit_target(column if task == "classification" else column.take(pa.array(trial.train)), kind, task)


def attempt(family: Any, encoded: Encoded, *, seed: int, keep: bool) -> Attempt:
    """Fit a rival and let it answer; an estimator that a user brought may fail, and then says why."""
    too_much = left_out(family, encoded.train)
    if too_much is not None:
        return Attempt(answers=np.empty(0), failed=too_much)
    _warm_up(family, encoded)
    began = time.process_time()
    try:
        learnt = family.fit(read_by(encoded.train), encoded.truth, classes=encoded.classes, seed=seed)
    except Exception as error:  # whatever an estimator raises, the others go on
        if not isinstance(own_family(family), Foreign):
            raise
        return Attempt(answers=np.empty(0), failed=getattr(error, "wrong", f"{type(error).__name__}: {error}")[:300])
    fitted = time.process_time()
    scores = learnt.scores(read_by(encoded.test)) if encoded.test.rows else np.empty((0, encoded.classes or 1))
    answers = answers_of(scores, encoded.target)
    answered = time.process_time()
    return Attempt(
        answers=answers,
        cpu_seconds=fitted - began,
        predict_seconds=answered - fitted,
        learnt=learnt if keep else None,
    )


def own_family(family: Any) -> Any:
    """What learns: the family itself, or the one to which images, texts and series are read out as numbers."""
    return family.family if isinstance(family, Read) else family


def _warm_up(family: Any, encoded: Encoded) -> None:
    """Let a family fit a few rows, once a process, so that no clock counts the libraries that it loads.

    What goes wrong with so few rows means nothing; what goes wrong with all of them is told by the attempt.
    """
    kind = (type(family).__name__, family.name, bool(encoded.classes))
    if kind in _WARM:
        return
    _WARM.add(kind)
    few = _first_rows(encoded)
    rows = read_by(encoded.train.take(few))
    with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
        family.fit(rows, encoded.truth[few], classes=encoded.classes, seed=0).scores(rows)


def _first_rows(encoded: Encoded) -> npt.NDArray[np.int64]:
    """The first few rows, of two classes at least if there are."""
    first = np.arange(min(WARM_ROWS, len(encoded.truth)))
    if not encoded.classes:
        return first
    return np.union1d(first, np.unique(encoded.truth, return_index=True)[1][:2])


def answers_of(scores: npt.NDArray[np.float64], target: ClassTarget | NumberTarget) -> Answers:
    """Chances from their logs, or numbers in their own unit."""
    if isinstance(target, ClassTarget):
        return np.asarray(np.exp(scores))
    return np.asarray(target.decode(scores)[:, 0])
