"""Makes the golden files of the newest format, once: models, rows, and what was answered on the day they were made.

    python tests/golden/make.py

A golden file is never made again: every later lamina must read it and answer the same. When a new format comes, this
script writes its files beside the old ones.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from lamina.classical import Forest, Linear  # noqa: E402
from lamina.model import FORMAT, Model  # noqa: E402
from lamina.networks import MLP, Table  # noqa: E402
from small_models import make_classic, make_model, some_calibration, some_data  # noqa: E402

TRUNK = MLP(widths=(8, 6), activation=("tanh", "relu"), dropout=0.1, norm="batch", shortcut="residual")
MODELS: dict[str, Callable[[], Model]] = {
    "network": lambda: make_model(
        "species", network=Table(trunk=TRUNK, one_hot=3), members=2, calibration=some_calibration("species")
    ),
    "linear": lambda: make_classic("price", Linear(), calibration=some_calibration("price")),
    "forest": lambda: make_classic("species", Forest(trees=50, tried=50)),
}
COVERAGE = 0.8  # of the intervals and sets that are written down where a model has a calibration


def main() -> None:
    """Write ``format2_NAME.lamina`` and the expected answers for each of `MODELS`, unless they are there."""
    for name, make in MODELS.items():
        path = FOLDER / f"format{FORMAT}_{name}.lamina"
        if path.exists():
            sys.exit(f"{path.name} is there already. Golden files are made once and never again.")
        model = make()
        model.save(path)
        path.with_suffix(".json").write_text(json.dumps(expected(model), indent=1) + "\n")


def expected(model: Model) -> dict[str, object]:
    """Rows that the model has not seen, with missing values among them, and what it answers."""
    rows = some_data(12, seed=11)
    for name in ("length", "island", "seen"):
        rows[name][5] = None
    coverage = None if model.calibration is None else COVERAGE
    return {"rows": rows, "coverage": coverage, "answers": model.answer(rows, coverage=coverage).to_pydict()}


if __name__ == "__main__":
    main()
