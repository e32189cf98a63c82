"""A crew of processes that do the rivals' jobs while the networks train in this one.

What a job gives depends on the job alone, so results do not depend on how many processes there are, nor on the order in
which they end. A budget ends the processes; jobs that were not done are not in the results.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lamina.classical import LEARNT
from lamina.data import Schema
from lamina.foundation.errors import TrainingError
from lamina.foundation.specs import Json
from lamina.rivals.attempt import Attempt, attempt, encode
from lamina.rivals.trial import Trial
from lamina.rivals.worker import family_json, write_ground

Key = tuple[str, str]  # contender, trial


@dataclass(frozen=True, kw_only=True)
class Job:
    """One contender, one trial."""

    contender: str
    family: Any
    trial: str
    seed: int
    keep: bool = False
    source: str | None = None  # from where another process can import the family, if it is no spec

    @property
    def key(self) -> Key:
        """By what its result is found."""
        return self.contender, self.trial


def usual_workers() -> int:
    """As many processes as there are cores for this one, eight at most."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, cores)


class Crew:
    """Processes that work on jobs from the moment it is entered until it is left.

    ``workers`` 0 does the jobs in this process, when their results are asked for. So are estimators that a user handed
    over as objects: another process could not have them without pickle.
    """

    def __init__(
        self,
        table: Any,
        schema: Schema,
        task: Any,
        trials: Mapping[str, Trial],
        jobs: Sequence[Job],
        *,
        workers: int,
    ) -> None:
        self.table, self.schema, self.task, self.trials = table, schema, task, trials
        away = [job for job in jobs if workers and family_json(job.family, job.source) is not None]
        self.here = [job for job in jobs if job not in away]
        self.away = away
        self.workers = min(workers, len(away))

    def __enter__(self) -> Crew:
        self.closing = contextlib.ExitStack()
        self.waiting: queue.SimpleQueue[tuple[int, Job]] = queue.SimpleQueue()
        self.finished: queue.SimpleQueue[tuple[Key, Attempt] | Exception] = queue.SimpleQueue()
        self.processes: list[subprocess.Popen[str]] = []
        if self.workers:
            self._start()
        return self

    def __exit__(self, *why: object) -> None:
        self.stop()
        self.closing.close()

    def stop(self) -> None:
        """End every process at once; what was done so far is kept."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()

    @property
    def done(self) -> int:
        """How many jobs have ended and wait to be asked for."""
        return self.finished.qsize()

    def results(
        self, *, until: float | None = None, on_done: Callable[[int], None] = lambda done: None
    ) -> dict[Key, Attempt]:
        """What all jobs gave, or those that were done when the clock (`time.monotonic`) showed ``until``.

        Raises:
            TrainingError: a process ended by itself, as it does where memory runs out.
        """
        done: dict[Key, Attempt] = {}
        for key, one in self._arriving(until):
            done[key] = one
            on_done(len(done))
        return done

    def _arriving(self, until: float | None) -> Iterator[tuple[Key, Attempt]]:
        for job in self.here:
            if until is None or time.monotonic() < until:
                yield job.key, self._do(job)
        for _ in self.away:
            left = None if until is None else max(0.0, until - time.monotonic())
            try:
                found = self.finished.get(timeout=left)
            except queue.Empty:
                self.stop()
                return
            if isinstance(found, Exception):
                raise found
            yield found

    def _do(self, job: Job) -> Attempt:
        encoded = encode(self.table, self.schema, self.task, self.trials[job.trial], clipped=job.family.clipped)
        return attempt(job.family, encoded, seed=job.seed, keep=job.keep)

    def _start(self) -> None:
        self.folder = Path(self.closing.enter_context(tempfile.TemporaryDirectory(prefix="lamina-")))
        write_ground(self.folder, self.table, self.schema, self.task, self.trials)
        for numbered in enumerate(self.away):
            self.waiting.put(numbered)
        for number in range(self.workers):
            log = self.folder / f"worker-{number}.log"
            process = self._process(log)
            self.processes.append(process)
            threading.Thread(target=self._hand_out, args=(process, log), daemon=True).start()

    def _process(self, log: Path) -> subprocess.Popen[str]:
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", "lamina.rivals.worker", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.closing.enter_context(log.open("w")),
            text=True,
            env={**os.environ, **one_thread, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )

    def _hand_out(self, process: subprocess.Popen[str], log: Path) -> None:
        """Give a process one job after the other, until there are none or it has ended."""
        assert process.stdin is not None
        assert process.stdout is not None
        while True:
            try:
                number, job = self.waiting.get_nowait()
            except queue.Empty:
                process.stdin.close()
                return
            try:
                process.stdin.write(json.dumps(self._as_json(number, job)) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except (OSError, ValueError):
                line = ""
            self.finished.put(self._heard(number, job, line) if line else _ended(job, process, log))
            if not line:
                return

    def _as_json(self, number: int, job: Job) -> Json:
        told = {"id": number, "family": family_json(job.family, job.source), "trial": job.trial}
        return told | {"seed": job.seed, "keep": job.keep}

    def _heard(self, number: int, job: Job, line: str) -> tuple[Key, Attempt] | Exception:
        try:
            said = json.loads(line)
            if "defect" in said:
                return RuntimeError(f"the contender {job.contender!r} broke:\n{said['defect']}")
            return job.key, self._read(number, job, said)
        except Exception as error:
            return error

    def _read(self, number: int, job: Job, said: Json) -> Attempt:
        answers = np.load(self.folder / f"{number}.npy", allow_pickle=False)
        done = Attempt(answers=answers, **{name: said[name] for name in ("cpu_seconds", "predict_seconds", "failed")})
        held = said.get("learnt")
        if held is None or held["kind"] not in LEARNT:
            return done
        with np.load(self.folder / f"{number}.npz", allow_pickle=False) as arrays:
            scores = answers.shape[1] if answers.ndim == 2 else 1
            learnt: Any = LEARNT[held["kind"]].from_arrays(dict(arrays), features=said["features"], scores=scores)
        return replace(done, learnt=replace(learnt, chosen=held["chosen"], remarks=held["remarks"]))


def _ended(job: Job, process: subprocess.Popen[str], log: Path) -> Exception:
    process.wait()
    last = ""
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").strip().splitlines()
        last = f": {lines[-1][:300]}" if lines else ""
    return TrainingError(
        wrong=f"the process of the contender {job.contender!r} ended by itself (code {process.returncode}){last}.",
        expected="memory enough for the contender and the rows.",
        remedy="leave the contender out, for example: --contender linear --contender forest.",
    )
