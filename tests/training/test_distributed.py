"""Several processes that share a run: real ones, on this machine, against one process that does all."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from lamina.foundation.errors import LaminaError
from lamina.foundation.processes import Place, refuse_several
from lamina.training.distributed import Ranks
from lamina.training.order import Step
from shared_runs import RUNS, interrupted, tensors_of

PROGRAM = Path(__file__).parents[1] / "shared_runs.py"
TOLERANCE = 1e-10  # in float64; what was seen is 1e-15, and 1e-11 with batch normalisation
SINGLE = 1e-5  # in float32, after 20 steps
SECONDS = 120  # after which a process that waits for another one for ever is ended
LAUNCHER = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def launched(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """What became of a program that torchrun started twice."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *LAUNCHER, *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * SECONDS,
        check=False,
    )


def accuracies(facts: dict[str, Any]) -> dict[str, float]:
    """What each contender of a study reached."""
    return {one["name"]: one["scores"]["accuracy"]["mean"] for one in facts["contenders"]}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what each of two processes says of the runs that they shared."""
    folder, port = tmp_path_factory.mktemp("two"), free_port()
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, PROGRAM, folder],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=SECONDS)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    return folder


@pytest.mark.parametrize("name", RUNS)
def test_two_processes_learn_what_one_does(two: Path, name: str) -> None:
    """Weights, running statistics and the losses of every epoch, dropout included, for members of unequal size."""
    one = tensors_of(RUNS[name]())
    shared = safetensors.torch.load_file(two / "rank-0" / name)
    assert shared.keys() == one.keys()
    for label, tensor in one.items():
        torch.testing.assert_close(shared[label], tensor, rtol=0, atol=SINGLE if "single" in name else TOLERANCE)


@pytest.mark.parametrize("name", [*RUNS, "timed"])
def test_both_processes_end_with_the_same_bits(two: Path, name: str) -> None:
    """Decisions too: where patience or time ends a run, no process goes on alone."""
    first, second = (safetensors.torch.load_file(two / f"rank-{rank}" / name) for rank in (0, 1))
    assert first.keys() == second.keys()
    assert [label for label, tensor in first.items() if not torch.equal(tensor, second[label])] == []


def test_only_the_first_process_writes(two: Path) -> None:
    """Each was given a checkpoint file of its own; there is one."""
    assert (two / "rank-0" / "checkpoint").exists()
    assert not (two / "rank-1" / "checkpoint").exists()


def test_what_cannot_be_shared_is_refused(two: Path) -> None:
    """A loss that is no mean, batch statistics of torch's own, and processes that do not agree on what to do."""
    said = json.loads((two / "rank-1" / "refused.json").read_text())
    assert "RootMeanSquaredError cannot be shared among 2 processes" in said["loss"]
    assert "layer '0' (BatchNorm1d) takes statistics of a batch" in said["layer"]
    assert "rank 1 of 2 has other rows or settings than rank 0" in said["seed"]
    assert all("\nExpected: " in text and "\nTo fix it: " in text for text in said.values())


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("width", [1, 2, 4, 7])
def test_every_row_of_a_step_is_one_rank_s(size: int, width: int) -> None:
    """Each member's own rows are dealt out once each, padding to nobody, whoever has none of them."""
    counts = (width, width // 2, 0)
    step = Step(torch.arange(3 * width).view(3, width), counts)
    met: list[list[int]] = [[], [], []]
    for rank in range(size):
        own = Ranks(Place(rank=rank, size=size)).share(step).step
        for rows, index, count in zip(met, own.index.tolist(), own.counts or (), strict=True):
            rows += index[:count]
    assert [sorted(rows) for rows in met] == [step.index[i, :count].tolist() for i, count in enumerate(counts)]


def test_other_commands_say_that_they_are_for_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under torchrun each process would do all of the work; that is said before any of it is done."""
    refuse_several("lamina tune", remedy="type it without torchrun.")
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LaminaError, match="lamina tune was started as process 2 of 2"):
        refuse_several("lamina tune", remedy="type it without torchrun.")


@pytest.mark.slow  # two lives of two processes, and the launcher: 15 s
def test_a_killed_process_goes_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    """All of them start again, no epoch is learnt twice, and the weights are those of an undisturbed run."""
    ended = launched("--max-restarts", "1", PROGRAM, tmp_path, "interrupted")
    assert ended.returncode == 0, ended.stderr
    assert "Signal 9" in ended.stderr or "exitcode: -9" in ended.stderr
    epochs = [int(line) for line in (tmp_path / "epochs").read_text().split()]
    assert epochs == [1, 2, 3, 4, 5, 6]
    (tmp_path / "alone").mkdir()
    alone = interrupted(tmp_path / "alone", deadly=False).weights
    first, second = (safetensors.torch.load_file(tmp_path / f"rank-{rank}" / "interrupted") for rank in (0, 1))
    for label, tensor in alone.items():
        assert torch.equal(first[label], second[label])
        torch.testing.assert_close(first[label], tensor, rtol=0, atol=TOLERANCE)


@pytest.mark.slow  # a study in two processes, and again in one: 40 s
def test_a_study_in_two_processes_is_told_once(tmp_path: Path) -> None:
    """One JSON object, one folder of results, and the same figures as from one process."""
    words = ["-m", "lamina", "fit", "iris", "--network", "8 tanh, dropout 0.2", "--epochs", "5", "--device", "cpu"]
    words += ["--quick", "--contender", "linear", "--json"]
    shared = launched(*words, "--out", tmp_path / "shared", "--checkpoint", tmp_path / "kept")
    assert shared.returncode == 0, shared.stderr
    facts = json.loads(shared.stdout)
    alone = subprocess.run(
        [sys.executable, *words, "--out", str(tmp_path / "alone")], capture_output=True, text=True, check=True
    )
    wanted = json.loads(alone.stdout)
    assert accuracies(facts) == pytest.approx(accuracies(wanted))
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == sorted(
        path.name for path in (tmp_path / "alone").iterdir()
    )
    assert list((tmp_path / "kept").glob("*.checkpoint"))
