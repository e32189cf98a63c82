"""Whether a search finds what beats the default, what it flatters by, keeps its budget, and survives kill -9.

    python benchmarks/tune.py                                  built-in sets, a minute each
    python benchmarks/tune.py adult.parquet income 600         a table, its target, seconds

A run is a process of its own, as `lamina tune` is. The budget is held against the time from the first line to the last,
and against the whole life of the process, which includes loading the libraries.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import write

from lamina.tuning.journal import Journal
from lamina.tuning.records import records_of

BUILT_IN = (("breast-cancer", "diagnosis", 60.0), ("digits", "digit", 60.0), ("diabetes", "progression", 60.0))
KILLED = ("penguins", "species", 60.0)  # a second into the first round


def start(data: str, target: str, folder: Path, seconds: float, *more: str) -> subprocess.Popen[str]:
    """A search in a process of its own."""
    words = ["tune", data, target, "--out", str(folder), "--budget", f"{seconds}s", *more]
    command = [sys.executable, "-c", "import sys; from lamina.cli.app import main; main(sys.argv[1:])", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def searched(data: str, target: str, seconds: float) -> dict[str, Any]:
    """What came of one search, and how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        process = start(data, target, Path(folder), seconds)
        said, _ = process.communicate()
        whole = time.monotonic() - began
        print(said)
        facts = json.loads((Path(folder) / "tune.json").read_text())
    kept = (
        "sentence",
        "metric",
        "beats_default",
        "kept",
        "found",
        "optimism",
        "seconds",
        "budget",
        "rows",
        "comparison",
    )
    scores = {name: {k: facts[name][k] for k in ("score", "interval", "inner_score", "settings")} for name in _WHO}
    reached = sum(one["finished"] for one in facts["trials"])
    counts = {"settings": len(facts["trials"]), "reached the last rung": reached, "process seconds": whole}
    searched = [name.split(".", 1)[-1] for name in facts["space"]]
    scores["comparison"] = facts["comparison"]
    return {**{name: facts[name] for name in kept}, **scores, **counts, "searched": searched}


def killed(data: str, target: str, seconds: float) -> dict[str, Any]:
    """A search that is ended by SIGKILL a second into its first round, and goes on by the same command."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        process = start(data, target, Path(folder), seconds)
        while process.poll() is None and '"round": 1' not in (path.read_text() if path.exists() else ""):
            time.sleep(0.1)
        time.sleep(1)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        before = path.read_bytes()
        began = time.monotonic()
        said, _ = start(data, target, Path(folder), seconds).communicate()
        print(said)
        entries = Journal(path).read()
        rounds = records_of(entries).rounds
        whole = before[: before.rfind(b"\n") + 1]
        return {
            "goes on where it was": "It goes on where it was" in said,
            "process seconds after the kill": time.monotonic() - began,
            "lines at the kill": whole.count(b"\n"),
            "lines at the end": len(entries),
            "nothing was lost": path.read_bytes().startswith(whole),
            "rounds left open": sum(one.due() is not None for one in rounds),
            "trials": sum(len(one.trials) for one in rounds),
        }


_WHO = ("default", "tuned", "ensemble")


def main(arguments: list[str]) -> None:
    """All searches, one after the other."""
    asked = [(arguments[0], arguments[1], float(arguments[2]))] if arguments else BUILT_IN
    found = {Path(data).stem: searched(data, target, seconds) for data, target, seconds in asked}
    name = f"tune-{Path(arguments[0]).stem}" if arguments else "tune"
    write(name, {"searches": found, "killed in its first round": killed(*KILLED)})


if __name__ == "__main__":
    main(sys.argv[1:])
