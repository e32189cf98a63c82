"""What every benchmark states: where and with what it was measured, and ratios taken in one run."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def cpu_seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor time of one call, all threads together, and what it returned."""
    began = time.process_time()
    answer = work()
    return time.process_time() - began, answer


def in_turn(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each piece of work, all of them in turn, round after round: drift hits all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            seconds[name].append(cpu_seconds(work)[0])
    return seconds


def median_ratio(a: list[float], b: list[float]) -> float:
    """The median of the ratios a / b, round by round."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True))


def environment() -> dict[str, Any]:
    """Date, hardware and versions."""
    import numpy
    import sklearn
    import torch

    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": numpy.__version__,
        "scikit-learn": sklearn.__version__,
    }


def write(name: str, figures: dict[str, Any]) -> None:
    """Print the figures and keep them as ``results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    content = json.dumps({**figures, "environment": environment()}, indent=1)
    (RESULTS / f"{name}.json").write_text(content + "\n")
    print(content)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
