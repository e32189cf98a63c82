"""What a study ends with: the model, its scores on held-out rows, and everything noticed on the way."""

from __future__ import annotations

import json
import math
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina.data import Finding, Note
from lamina.foundation.errors import DataError
from lamina.foundation.specs import Json
from lamina.foundation.storage import atomic_write
from lamina.metrics import METRICS, Metric, format_metric
from lamina.model import Model
from lamina.training import Diagnosis, History, Stop


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric on held-out rows: its value in every fold."""

    name: str
    folds: tuple[float, ...]

    @property
    def metric(self) -> Metric:
        """What is measured."""
        return METRICS[self.name]

    @property
    def mean(self) -> float:
        """The mean over the folds."""
        return statistics.fmean(self.folds)

    @property
    def spread(self) -> float | None:
        """The standard deviation over the folds; None if there is only one, or no finite one."""
        finite = len(self.folds) > 1 and all(map(math.isfinite, self.folds))
        return statistics.stdev(self.folds) if finite else None

    def words(self) -> str:
        """The mean and the spread, as a person reads them.

        >>> Score(name="accuracy", folds=(0.97, 0.99)).words()
        '98.0 % ± 1.4 %'
        """
        mean = format_metric(self.metric, self.mean)
        return mean if self.spread is None else f"{mean} ± {format_metric(self.metric, self.spread)}"


def scores_of(measured: Sequence[Mapping[str, float]]) -> tuple[Score, ...]:
    """The measurements of all folds, metric by metric, in their order."""
    return tuple(Score(name=name, folds=tuple(fold[name] for fold in measured)) for name in measured[0])


def finite_or_none(value: float) -> float | None:
    """A number that JSON can hold, which has no infinity."""
    return value if math.isfinite(value) else None


@dataclass(frozen=True, kw_only=True)
class Study:
    """A finished study.

    Args:
        model: what was kept; it learnt from every row if the study was judged by folds.
        scores: the headline first.
        judged: training and test rows of every split.
        rows: rows with a known target.
        diagnoses: what the first member's training looked like, in words.
    """

    model: Model
    scores: tuple[Score, ...]
    judged: tuple[tuple[int, int], ...]
    rows: int
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    histories: tuple[History, ...]
    diagnoses: tuple[Diagnosis, ...]
    stopped: tuple[Stop, ...]
    seconds: float

    @property
    def headline(self) -> Score:
        """The score to look at first."""
        return self.scores[0]

    def facts(self) -> dict[str, Json]:
        """Everything the study found, as plain JSON values (``result.json``)."""
        return {
            "format": 1,
            "scores": {
                score.name: {
                    "mean": finite_or_none(score.mean),
                    "folds": [finite_or_none(value) for value in score.folds],
                }
                for score in self.scores
            },
            "splits": [{"train": train, "test": test} for train, test in self.judged],
            "rows": self.rows,
            "seconds": self.seconds,
            "stopped": list(self.stopped),
            "diagnoses": [{"kind": d.kind, "sentence": d.sentence, "advice": d.advice} for d in self.diagnoses],
            "findings": [
                {"kind": f.kind, "severity": f.severity, "column": f.column, "sentence": f.sentence, "count": f.count}
                for f in self.findings
            ],
            "notes": [note.sentence for note in self.notes],
            "model": self.model.facts(),
            "histories": [history.to_json() for history in self.histories],
        }

    def save(self, folder: str | os.PathLike[str]) -> tuple[Path, ...]:
        """Write ``model.lamina`` and ``result.json`` into a folder, which is made if need be.

        Raises:
            DataError: the folder cannot be made or written to.
            ModelFileError: the model cannot be written.
        """
        check_folder(folder)
        place = Path(folder)
        model, result = place / "model.lamina", place / "result.json"
        try:
            place.mkdir(parents=True, exist_ok=True)
            self.model.save(model)
            atomic_write(result, json.dumps(self.facts(), indent=1, allow_nan=False).encode())
        except OSError as error:
            raise _no_place(place, error.strerror or str(error)) from error
        return model, result


def check_folder(folder: str | os.PathLike[str]) -> None:
    """See before a long training that its results can be written into a folder, without making it.

    Raises:
        DataError: it cannot be made, or not be written to.
    """
    place = Path(folder)
    try:
        there = next(path for path in (place, *place.absolute().parents) if path.exists())
    except OSError as error:  # no right to look, or a name too long
        raise _no_place(place, error.strerror or str(error)) from error
    if not there.is_dir():
        raise _no_place(place, f"{str(there)!r} is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise _no_place(place, f"{str(there)!r} may not be written to")


def _no_place(folder: Path, why: str) -> DataError:
    return DataError(
        wrong=f"the results cannot be written to the folder {str(folder)!r}: {why}.",
        expected="a folder, old or new, on a disk with room, that this user may write to.",
        remedy="choose another place: --out somewhere-else.",
    )
