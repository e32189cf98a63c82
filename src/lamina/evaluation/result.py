"""What a study ends with: the verdict, the models, their scores on held-out rows, and everything noticed on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lamina.data import Finding, Note
from lamina.evaluation.report import report_html
from lamina.evaluation.score import Score
from lamina.evaluation.tally import Tally
from lamina.evaluation.verdict import Verdict
from lamina.foundation.errors import DataError
from lamina.foundation.specs import Json
from lamina.foundation.storage import atomic_write
from lamina.model import Model
from lamina.training import Diagnosis, History, Stop

NETWORK_FILE = "network.lamina"
LONG = ("histories",)  # parts of the facts that the report does not show


@dataclass(frozen=True, kw_only=True, repr=False)
class Study:
    """A finished study.

    Args:
        verdict: which contender to use and why; None if the network ran alone.
        model: the one to use; it learnt from every row but those set aside, if the study was judged by folds.
        network: the network's model, whatever the verdict; None if it did not take part.
        tallies: every contender that was done, the best first.
        judged: training and test rows of every split.
        rows: rows with a known target.
        histories: how the networks that were kept learnt; none where there is no network.
        diagnoses: what the first fold's training looked like, in words.
        parts: the other parts of ``result.json``, by name.
    """

    verdict: Verdict | None
    model: Model
    network: Model | None
    tallies: tuple[Tally, ...]
    judged: tuple[tuple[int, int], ...]
    rows: int
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    histories: tuple[History, ...]
    diagnoses: tuple[Diagnosis, ...]
    stopped: tuple[Stop, ...]
    seconds: float
    chosen: str
    parts: Mapping[str, Json] = field(default_factory=dict)

    @property
    def scores(self) -> tuple[Score, ...]:
        """The scores of the contender that is kept, the headline first."""
        return self.contender(self.chosen).scores

    @property
    def headline(self) -> Score:
        """The score to look at first."""
        return self.scores[0]

    def contender(self, name: str) -> Tally:
        """What a contender is worth.

        Raises:
            KeyError: it did not take part, or was left out.
        """
        found = {tally.contender.name: tally for tally in self.tallies}
        return found[name]

    def __repr__(self) -> str:
        """One line; everything else is in `facts`."""
        said = self.verdict.sentence if self.verdict is not None else f"{self.headline.name} {self.headline.words()}"
        return f"<Study of {self.model.card.target!r}: {said}>"

    def facts(self) -> dict[str, Json]:
        """Everything the study found, as plain JSON values (``result.json``)."""
        return {
            "format": 2,
            "verdict": None if self.verdict is None else self.verdict.to_json(),
            "chosen": self.chosen,
            "splits": [{"train": train, "test": test} for train, test in self.judged],
            "rows": self.rows,
            "seconds": self.seconds,
            "stopped": list(self.stopped),
            "findings": [
                {"kind": f.kind, "severity": f.severity, "column": f.column, "sentence": f.sentence, "count": f.count}
                for f in self.findings
            ],
            "notes": [note.sentence for note in self.notes],
            "model": self.model.facts(),
            **self.parts,
        }

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report: one HTML file that needs nothing else. Beside it the same facts, as ``NAME.json``.

        Raises:
            DataError: the file cannot be written.
        """
        place = Path(path)
        facts = self.facts()
        try:
            atomic_write(place, report_html(facts).encode())
            atomic_write(place.with_suffix(".json"), as_json({k: v for k, v in facts.items() if k not in LONG}))
        except OSError as error:
            raise _no_place(place.parent, error.strerror or str(error)) from error
        return place

    def save(self, folder: str | os.PathLike[str]) -> tuple[Path, ...]:
        """Write the models, ``result.json`` and ``report.html`` into a folder, which is made if need be.

        ``network.lamina`` is there if another contender was chosen; one of an earlier run goes away otherwise.

        Raises:
            DataError: the folder cannot be made or written to.
            ModelFileError: a model cannot be written.
        """
        check_folder(folder)
        place = Path(folder)
        models = {"model.lamina": self.model}
        if self.network is not None and self.network is not self.model:
            models[NETWORK_FILE] = self.network
        try:
            place.mkdir(parents=True, exist_ok=True)
            for name, model in models.items():
                model.save(place / name)
            atomic_write(place / "result.json", as_json(self.facts()))
            if NETWORK_FILE not in models:
                (place / NETWORK_FILE).unlink(missing_ok=True)  # it would be taken for this run's
        except OSError as error:
            raise _no_place(place, error.strerror or str(error)) from error
        return (*(place / name for name in models), self.report(place / "report.html"), place / "result.json")


def as_json(facts: Mapping[str, Json]) -> bytes:
    """Plain values as bytes; a number that is not finite is a mistake of ours."""
    return json.dumps(facts, indent=1, allow_nan=False).encode()


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
