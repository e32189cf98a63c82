"""How long a person waits: `import lamina`, `lamina --help`, the fit of `make demo`, and that of pictures of digits.

Wall-clock seconds of whole processes, medians; the fits use all cores. Run: ``python benchmarks/start.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import write

LAMINA = str(Path(sys.executable).with_name("lamina"))


def seconds(command: list[str], rounds: int) -> float:
    """The median wall-clock time of a command, after one round that is not counted."""
    times = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main() -> None:
    """Measure, print, keep."""
    python = seconds([sys.executable, "-c", "pass"], 9)
    imported = seconds([sys.executable, "-c", "import lamina"], 9)
    with tempfile.TemporaryDirectory() as folder:
        digits = ["fit", "digit-images", "digit", "--quick", "--contender", "none", "--folds", "1"]
        figures = {
            "work": "whole processes, wall-clock seconds, medians",
            "python alone": python,
            "import lamina, without python itself": imported - python,
            "lamina --help": seconds([LAMINA, "--help"], 9),
            "lamina fit penguins species": seconds([LAMINA, "fit", "penguins", "species", "--out", folder], 3),
            " ".join(["lamina", *digits]): seconds([LAMINA, *digits, "--out", folder], 1),
        }
    write("start", figures)


if __name__ == "__main__":
    main()
