"""A crew: the same results whoever does the work, and nothing left behind, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from lamina.classical import FAMILIES, Foreign, foreign_from
from lamina.foundation.errors import TrainingError
from lamina.rivals import Crew, Job, usual_workers
from rival_ground import HERE, Dier, Polite, Refuser, Talker, ground, two_trials


def rivals(*names: str) -> list[Job]:
    """A job for each family and trial; the second trial's is kept."""
    return [
        Job(contender=name, family=FAMILIES[name](), trial=trial, seed=3, keep=trial == "1")
        for name in names
        for trial in ("0", "1")
    ]


def guest(kind: type, *, by_name: bool = True) -> list[Job]:
    """A job for one of the estimators of `rival_ground`, which another process can import, or an object."""
    source = f"rival_ground:{kind.__name__}" if by_name else None
    family = foreign_from(source) if source else Foreign(estimator=kind(), name=kind.__name__, title=kind.__name__)
    return [Job(contender=kind.__name__, family=family, trial="0", seed=0, source=source)]


def crew(jobs: list[Job], workers: int) -> Crew:
    """A crew on the small table."""
    table, schema, task = ground()
    return Crew(table, schema, task, two_trials(), jobs, workers=workers)


@pytest.fixture
def nothing_left(tmp_path, monkeypatch):
    """Watches that no process runs on, and that the folder for temporary files is empty afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path, HERE])
    crews: list[Crew] = []
    enter = Crew.__enter__
    monkeypatch.setattr(Crew, "__enter__", lambda self: crews.append(self) or enter(self))
    yield
    assert list(tmp_path.iterdir()) == []
    for one in crews:
        for process in one.processes:
            with pytest.raises(ProcessLookupError):
                os.kill(process.pid, 0)
            assert process.stdin.closed
            assert process.stdout.closed
        assert not any(thread.is_alive() for thread in one.threads)


@pytest.mark.usefixtures("nothing_left")
def test_results_do_not_depend_on_who_works() -> None:
    """In this process, in one or in two others: answers and what was learnt are the same, bit for bit."""
    tree = "sklearn.tree:ExtraTreeClassifier"  # draws numbers, and is quick
    drawing = [Job(contender=str(s), family=foreign_from(tree), trial="0", seed=s, source=tree) for s in (1, 2)]
    jobs = [*rivals("constant", "linear", "neighbours"), *guest(Polite), *guest(Refuser), *drawing]
    found = []
    for workers in (0, 1, 2):
        with crew(jobs, workers) as working:
            found.append(working.results())
    assert np.abs(found[0]["1", "0"].answers - found[0]["2", "0"].answers).max() > 0
    for other in found[1:]:
        assert set(other) == set(found[0]) == {job.key for job in jobs}
        for key, one in found[0].items():
            np.testing.assert_array_equal(one.answers, other[key].answers)
            assert one.failed == other[key].failed
            assert (one.learnt is None) == (other[key].learnt is None)
            if one.learnt is not None:
                assert one.learnt.chosen == other[key].learnt.chosen
                for name, array in one.learnt.arrays().items():
                    np.testing.assert_array_equal(array, other[key].learnt.arrays()[name])
    assert "Monday" in found[0]["Refuser", "0"].failed


@pytest.mark.usefixtures("nothing_left")
def test_stray_prints_do_not_break_the_protocol() -> None:
    """What an estimator prints, in Python or past it, is no answer."""
    with crew([*guest(Talker), *rivals("constant")], 1) as working:
        found = working.results()
    assert len(found) == 3
    assert found["Talker", "0"].answers.shape == (24, 2)


@pytest.mark.usefixtures("nothing_left")
def test_a_process_that_dies_is_said() -> None:
    """An error in three parts names the contender, the code and the last words; the other process is ended."""
    with crew([*guest(Dier), *rivals("linear", "constant")], 2) as working, pytest.raises(TrainingError) as caught:
        working.results()
    assert "'Dier' ended by itself (code 9): out of memory, or so it says." in caught.value.wrong
    assert "--contender" in caught.value.remedy


@pytest.mark.usefixtures("nothing_left")
def test_a_defect_in_a_family_of_ours_is_raised_here() -> None:
    """With the traceback of the other process."""
    broken = Job(contender="linear", family=FAMILIES["linear"](), trial="no such", seed=0)
    with crew([broken], 1) as working, pytest.raises(RuntimeError, match=r"(?s)'linear' broke.*Traceback"):
        working.results()


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("workers", [0, 1])
def test_a_budget_that_is_over_ends_the_work(workers) -> None:
    """What was not done by then is not in the results, and its processes are gone."""
    with crew(rivals("forest", "boosting"), workers) as working:
        assert working.results(until=time.monotonic() - 1) == {}
        assert all(process.poll() is not None for process in working.processes)


@pytest.mark.usefixtures("nothing_left")
def test_what_was_done_in_time_is_kept() -> None:
    """Jobs of this process that were done before the time was up are in the results."""
    with crew(rivals("constant"), 0) as working:
        working.work()
        assert working.done == 2
        assert set(working.results(until=time.monotonic() - 1)) == {("constant", "0"), ("constant", "1")}


@pytest.mark.usefixtures("nothing_left")
def test_leaving_early_leaves_nothing() -> None:
    """An error or Control-C in the middle, while the others work, ends them."""
    with contextlib.suppress(KeyboardInterrupt), crew(rivals("forest", "boosting"), 2):
        raise KeyboardInterrupt


@pytest.mark.usefixtures("nothing_left")
def test_objects_stay_in_this_process() -> None:
    """An estimator that was handed over as an object is fitted here, whatever the number of workers."""
    with crew([*guest(Polite, by_name=False), *rivals("constant")], 1) as working:
        assert [job.contender for job in working.here] == ["Polite"]
        assert set(working.results()) == {("Polite", "0"), ("constant", "0"), ("constant", "1")}


@pytest.mark.usefixtures("nothing_left")
def test_progress_counts_what_is_done() -> None:
    """The listener hears every job that ends, one by one."""
    heard: list[int] = []
    with crew(rivals("constant"), 1) as working:
        working.results(on_done=heard.append)
    assert heard == [1, 2]


def test_a_disk_without_room_is_said(monkeypatch, tmp_path) -> None:
    """Where the rows cannot be written for other processes, none is started, and the error has three parts."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(*parts) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lamina.rivals.crew.write_ground", full)
    with pytest.raises(TrainingError, match="No space left on device") as caught, crew(rivals("linear"), 1):
        pytest.fail("it began")
    assert "TMPDIR" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_no_more_processes_than_jobs_or_cores() -> None:
    """A process that has nothing to do is never started; the usual number knows the cores."""
    with crew(rivals("constant")[:1], 8) as working:
        assert len(working.processes) == 1
    assert 1 <= usual_workers() <= 8


def test_the_folder_of_the_tests_is_where_it_should_be() -> None:
    """Other processes import the misbehaving estimators from here."""
    assert (Path(HERE) / "rival_ground.py").exists()
