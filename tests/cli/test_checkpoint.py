"""``lamina fit --checkpoint``: a fit that is killed goes on, and what other fits have left is not taken for its own."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina
from quick import mixed_columns

FIT = ("--network", "8 tanh, dropout 0.2", "--epochs", "6", "--device", "cpu", "--contender", "none", "--quick")
KILLED = """
import os, signal, sys
from lamina.cli.app import main
from lamina.training import loop

loop.fit_fleet.__kwdefaults__["checkpoint_seconds"] = 0.0
keep, kept = loop.save_checkpoint, []

def save_checkpoint(*what):
    keep(*what)
    kept.append(what)
    if len(kept) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

loop.save_checkpoint = save_checkpoint
main(sys.argv[1:])
"""


def table_in(folder: Path, seed: int = 0) -> Path:
    """A small table as a file."""
    path, columns = folder / f"table-{seed}.csv", mixed_columns(seed=seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def killed_fit(table: Path, folder: Path) -> None:
    """A fit in a process of its own, which is killed after its third epoch."""
    words = ["fit", table, "grade", "--out", folder / "killed", "--checkpoint", folder / "kept", *FIT]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, words)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not (folder / "killed" / "model.lamina").exists()


def chances(folder: Path, table: Path) -> np.ndarray[Any, Any]:
    """What the network of a finished fit says about all rows."""
    return np.asarray(lamina.load(folder / "network.lamina").predict_proba(str(table)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_fit_goes_on_to_the_same_result(command: Callable[..., Any], tmp_path: Path) -> None:
    """The same command goes on after the epoch that was kept, says so, and ends with the undisturbed fit's weights."""
    table = table_in(tmp_path)
    killed_fit(table, tmp_path)
    kept = ("--checkpoint", tmp_path / "kept")
    resumed = command("fit", table, "grade", "--out", tmp_path / "resumed", *kept, *FIT)
    alone = command("fit", table, "grade", "--out", tmp_path / "alone", *FIT)
    assert (resumed.code, alone.code) == (0, 0)
    assert f"The networks go on after epoch 3, from their checkpoint in {tmp_path / 'kept'}." in resumed.out
    assert "epoch 1/6" not in resumed.out.split("go on after epoch 3")[1].split("epoch 6/6")[0]
    assert "checkpoint" not in alone.out
    assert np.array_equal(chances(tmp_path / "resumed", table), chances(tmp_path / "alone", table))


def test_a_checkpoint_of_other_data_is_passed_over_in_words(command: Callable[..., Any], tmp_path: Path) -> None:
    """A fit on another table begins anew, says so, leaves the old file, and ends as it would without it."""
    first, second, kept = table_in(tmp_path), table_in(tmp_path, seed=1), ("--checkpoint", tmp_path / "kept")
    assert command("fit", first, "grade", "--out", tmp_path / "first", *kept, *FIT).code == 0
    old = {path: path.read_bytes() for path in (tmp_path / "kept").iterdir()}
    beside = command("fit", second, "grade", "--out", tmp_path / "beside", *kept, *FIT)
    alone = command("fit", second, "grade", "--out", tmp_path / "alone", *FIT)
    assert (beside.code, alone.code) == (0, 0)
    assert "of these networks (same data, same settings): they begin anew." in beside.out
    assert "epoch 1/6" in beside.out
    assert all(path.read_bytes() == content for path, content in old.items())
    assert np.array_equal(chances(tmp_path / "beside", second), chances(tmp_path / "alone", second))
