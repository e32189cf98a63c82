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
from typing import IO, Any

import numpy as np

from lamina.classical import LEARNT
from lamina.data import Schema
from lamina.foundation.errors import TrainingError
from lamina.foundation.processes import on_its_own
from lamina.foundation.specs import Json
from lamina.rivals.attempt import Attempt, NotKept, attempt, encode
from lamina.rivals.trial import Trial
from lamina.rivals.worker import family_json, write_ground

Key = tuple[str, str]  # contender, trial
PATIENCE_SECONDS = 5.0  # for what a process that was ended still has to say


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

    ``workers`` 0 does the jobs in this process, when they are asked for. So are those of estimators that a user handed
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
        """Start the processes.

        Raises:
            TrainingError: the rows cannot be written down for them.
        """
        self.waiting: queue.SimpleQueue[tuple[int, Job]] = queue.SimpleQueue()
        self.finished: queue.SimpleQueue[tuple[Key, Attempt] | Exception] = queue.SimpleQueue()
        self.own: dict[Key, Attempt] = {}  # of the jobs that are done in this process
        self.processes: list[subprocess.Popen[str]] = []
        self.threads: list[threading.Thread] = []
        with contextlib.ExitStack() as opening:  # what was begun is ended, should anything fail
            if self.workers:
                self._start(opening)
            self.closing = opening.pop_all()
        return self

    def __exit__(self, *why: object) -> None:
        self.closing.close()

    def stop(self) -> None:
        """End every process at once; what was done so far is kept."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        for thread in self.threads:  # not for ever: a process of a process may hold its end of a pipe
            thread.join(timeout=PATIENCE_SECONDS)

    @property
    def done(self) -> int:
        """How many jobs have ended and wait to be asked for."""
        return len(self.own) + self.finished.qsize()

    def work(self, *, until: float | None = None) -> None:
        """Do the jobs that are for this process; none is begun when the clock (`time.monotonic`) shows ``until``."""
        for job in self.here:
            if job.key not in self.own and (until is None or time.monotonic() < until):
                self.own[job.key] = self._do(job)

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
        self.work(until=until)
        yield from self.own.items()
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

    def _start(self, opening: contextlib.ExitStack) -> None:
        try:
            self.folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="lamina-")))
            write_ground(self.folder, self.table, self.schema, self.task, self.trials)
        except OSError as error:
            raise _no_ground(error) from error
        opening.callback(self.stop)
        for numbered in enumerate(self.away):
            self.waiting.put(numbered)
        for number in range(self.workers):
            log = self.folder / f"worker-{number}.log"
            process = self._process(log)
            self.processes.append(process)
            self.threads.append(threading.Thread(target=self._hand_out, args=(process, log), daemon=True))
            self.threads[-1].start()

    def _process(self, log: Path) -> subprocess.Popen[str]:
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        with log.open("w") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "lamina.rivals.worker", str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={
                    **on_its_own(os.environ),
                    **one_thread,
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                },
            )

    def _hand_out(self, process: subprocess.Popen[str], log: Path) -> None:
        """Give a process one job after the other, until there are none or it has ended."""
        jobs, answers = process.stdin, process.stdout
        assert jobs is not None
        assert answers is not None
        with answers, contextlib.suppress(OSError), jobs:  # a pipe to a process that has ended cannot be flushed
            while not self.waiting.empty():
                try:
                    number, job = self.waiting.get_nowait()
                except queue.Empty:  # another thread was faster
                    return
                line = self._asked(number, job, jobs, answers)
                self.finished.put(self._heard(number, job, line) if line else _ended(job, process, log))
                if not line:
                    return

    def _asked(self, number: int, job: Job, jobs: IO[str], answers: IO[str]) -> str:
        """What a process said of a job; nothing if it has ended."""
        try:
            jobs.write(json.dumps(self._as_json(number, job)) + "\n")
            jobs.flush()
            return answers.readline()
        except OSError:
            return ""

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
        if held is None:
            return done
        if held["kind"] not in LEARNT:
            return replace(done, learnt=NotKept(why=held["why"], chosen=held["chosen"], remarks=held["remarks"]))
        with np.load(self.folder / f"{number}.npz", allow_pickle=False) as arrays:
            scores = answers.shape[1] if answers.ndim == 2 else 1
            learnt: Any = LEARNT[held["kind"]].from_arrays(dict(arrays), features=said["features"], scores=scores)
        return replace(done, learnt=replace(learnt, chosen=held["chosen"], remarks=held["remarks"]))


def _no_ground(error: OSError) -> TrainingError:
    return TrainingError(
        wrong=f"the rows cannot be written to a temporary folder for other processes: {error.strerror or error}.",
        expected="a folder for temporary files, on a disk with room.",
        remedy="make room, or name another one: export TMPDIR=/somewhere/else.",
    )


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
