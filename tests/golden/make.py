"""Makes the golden files of the newest format, once: models, rows, and what was answered on the day they were made.

    python tests/golden/make.py

A golden file is never made again: every later lamina must read it and answer the same to 1e-6. When a new format comes,
this script writes its files beside the old ones.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from lamina.model import FORMAT, Model  # noqa: E402
from lamina.networks import MLP, Table  # noqa: E402
from small_models import make_model, some_data  # noqa: E402

NETWORKS = {
    "species": Table(
        trunk=MLP(widths=(8, 6), activation=("tanh", "relu"), dropout=0.1, norm="batch", shortcut="residual"), one_hot=3
    ),
    "price": MLP(widths=(7,), activation="silu", norm="layer", shortcut="concat"),
}


def main() -> None:
    """Write ``format1_species.lamina``, ``format1_price.lamina`` and their expected answers, unless they are there."""
    for target, network in NETWORKS.items():
        path = FOLDER / f"format{FORMAT}_{target}.lamina"
        if path.exists():
            sys.exit(f"{path.name} is there already. Golden files are made once and never again.")
        model = make_model(target, network=network, members=2)
        model.save(path)
        path.with_suffix(".json").write_text(json.dumps(expected(model), indent=1) + "\n")


def expected(model: Model) -> dict[str, object]:
    """Rows that the model has not seen, with missing values among them, and what it answers."""
    rows = some_data(12, seed=11)
    for name in ("length", "island", "seen"):
        rows[name][5] = None
    return {"rows": rows, "answers": model.answer(rows).to_pydict()}


if __name__ == "__main__":
    main()
