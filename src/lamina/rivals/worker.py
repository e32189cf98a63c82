"""A process of its own for rivals: it reads jobs as lines of JSON and answers in lines of JSON; arrays lie in a folder.

    {"id": 3, "family": {...}, "trial": 0, "seed": 7, "keep": false}   ->   {"id": 3, "cpu_seconds": 0.2, ...}

Nothing is pickled: a family is a spec or the name of a class, a table is Arrow, arrays are numpy's own format. The main
process may end this one at any time, which is how a budget is kept while a fit is under way.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa

from lamina.classical import LEARNT, SPECS, Foreign, Plain, Read, foreign_from
from lamina.data import Schema
from lamina.foundation import specs
from lamina.foundation.specs import Json
from lamina.rivals.attempt import Attempt, Encoded, NotKept, attempt, encode, own_family
from lamina.rivals.trial import Trial

TABLE, SCHEMA, ROWS = "table.arrow", "schema.json", "rows.npz"


def write_ground(folder: Path, table: pa.Table, schema: Schema, task: str, trials: Mapping[str, Trial]) -> None:
    """Everything that jobs refer to, into a folder."""
    with pa.OSFile(str(folder / TABLE), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    (folder / SCHEMA).write_text(json.dumps({"schema": schema.to_json(), "task": task}))
    sides = {f"{name}-{side}": getattr(trial, side) for name, trial in trials.items() for side in ("train", "test")}
    np.savez(folder / ROWS, **sides)


def family_json(family: Any, source: str | None) -> Json:
    """A family as plain values: its spec, or the ``"package.module:Class"`` it came from; None if it has neither.

    >>> from lamina.classical import Linear
    >>> family_of(family_json(Linear(), None)) == Linear()
    True
    """
    if isinstance(own_family(family), Foreign):
        return None if source is None else {"source": source, "reads": isinstance(family, Read)}
    return specs.to_json(family)


def family_of(data: Json) -> Any:
    """The family that `family_json` wrote."""
    if "source" not in data:
        return specs.from_json(data, SPECS)
    guest = foreign_from(data["source"])
    return Read(reading=Plain(), family=guest) if data["reads"] else guest


def write_attempt(folder: Path, name: str, done: Attempt) -> Json:
    """The arrays of an attempt into the folder, the rest as plain values."""
    np.save(folder / f"{name}.npy", done.answers, allow_pickle=False)
    learnt = done.learnt
    facts = {"cpu_seconds": done.cpu_seconds, "predict_seconds": done.predict_seconds, "failed": done.failed}
    if learnt is None:
        return facts
    kept = learnt.kind in LEARNT and learnt.keepable
    held = {"kind": learnt.kind if kept else NotKept.kind, "chosen": learnt.chosen, "remarks": learnt.remarks}
    held |= {"why": getattr(learnt, "why", None)}
    if kept:
        np.savez(folder / f"{name}.npz", **learnt.arrays())
    return facts | {"learnt": held}


class Ground:
    """What `write_ground` wrote, read back; the encoding of the last few trials is kept."""

    def __init__(self, folder: Path) -> None:
        # mapped, not read: all processes share the pages of one copy, and hold only those that they look at
        self.table = pa.ipc.open_file(pa.memory_map(str(folder / TABLE))).read_all()
        told = json.loads((folder / SCHEMA).read_text())
        self.schema, self.task = Schema.from_json(told["schema"]), told["task"]
        self.folder = folder
        self.encoded = lru_cache(maxsize=2)(self._encoded)

    def trial(self, name: str) -> Trial:
        """The rows of a trial; those of the others stay on disk."""
        with np.load(self.folder / ROWS, allow_pickle=False) as rows:
            return Trial(train=rows[f"{name}-train"], test=rows[f"{name}-test"])

    def _encoded(self, trial: str, clipped: bool) -> Encoded:
        return encode(self.table, self.schema, self.task, self.trial(trial), clipped=clipped)


def serve(folder: Path, jobs: TextIO, answers: TextIO) -> None:
    """Do jobs until there are no more."""
    ground = Ground(folder)
    for line in jobs:
        job = json.loads(line)
        try:
            family = family_of(job["family"])
            encoded = ground.encoded(job["trial"], family.clipped)
            done = attempt(family, encoded, seed=job["seed"], keep=job["keep"])
            said = write_attempt(folder, str(job["id"]), done) | {"features": len(encoded.encoder.feature_names)}
        except Exception:  # the main process raises it again, with these words
            said = {"defect": traceback.format_exc()}
        answers.write(json.dumps({"id": job["id"], **said}) + "\n")
        answers.flush()


def main() -> None:
    """Serve on the standard streams; whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # what matters is in the remarks
    serve(Path(sys.argv[1]), sys.stdin, answers)
    answers.flush()
    os._exit(0)  # see `lamina.cli.app.main`: threads of two libraries may meet while they are taken down


if __name__ == "__main__":
    main()
