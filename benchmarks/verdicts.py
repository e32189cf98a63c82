"""The verdict on many tables, as `lamina.fit` gives it without being told anything but the target.

Run: ``python benchmarks/verdicts.py [NAME ...]``. Writes ``results/verdicts.json`` and the table in
``docs/verdict.md``; sets that are not named keep their last line. Sets under ``../shared/data`` are passed over where
that folder is missing.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from common import RESULTS, environment

import lamina
import lamina.data
import lamina.metrics

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
PAGE = ROOT / "docs" / "verdict.md"
MARK = "<!-- made by benchmarks/verdicts.py -->"
HORSE_COLIC_ANSWERS = ["lesion1", "lesion2", "lesion3", "cp_data", "hospital_number"]  # known after the surgery only


def two_spirals(rows: int = 600) -> dict[str, Any]:
    """Two arms wound round each other one and a half times: no line tells them apart."""
    stream = np.random.default_rng(0)
    turn = np.sqrt(stream.uniform(0.05, 1, rows)) * 3 * np.pi
    arm = np.arange(rows) % 2
    x, y = (turn * f(turn + np.pi * arm) + stream.normal(0, 0.3, rows) for f in (np.cos, np.sin))
    return {"x": x, "y": y, "arm": [f"arm {i}" for i in arm]}


def straight_law(rows: int = 600) -> dict[str, Any]:
    """A sum of five inputs, with as much noise as a fifth of its spread."""
    stream = np.random.default_rng(0)
    inputs = stream.normal(size=(rows, 5))
    law = inputs @ np.array([3.0, -2.0, 1.0, 0.5, 0.0])
    names = {f"input {i}": inputs[:, i] for i in range(5)}
    return {**names, "sum": law + stream.normal(0, 0.2 * law.std(), rows)}


def permuted_penguins() -> dict[str, Any]:
    """Penguins whose species were dealt out anew: nothing can be learnt."""
    frame = lamina.data.load_builtin("penguins").to_pandas()
    frame["species"] = np.random.default_rng(0).permutation(frame["species"].to_numpy())
    return {name: frame[name].tolist() for name in frame}


def leaking_penguins() -> dict[str, Any]:
    """Penguins with a column that says the species in other words."""
    frame = lamina.data.load_builtin("penguins").to_pandas()
    frame["ring colour"] = frame["species"].map({"Adelie": "red", "Chinstrap": "blue", "Gentoo": "green"})
    return {name: frame[name].tolist() for name in frame}


def shared(name: str, drop: tuple[str, ...] = ()) -> Callable[[], Any]:
    """A set under shared data, less some columns."""
    return lambda: pq.read_table(SHARED / f"{name}.parquet").drop_columns(list(drop))


SETS: dict[str, tuple[Callable[[], Any], str | None, dict[str, Any]]] = {
    "penguins": (lambda: "penguins", None, {}),
    "iris": (lambda: "iris", None, {}),
    "wine": (lambda: "wine", None, {}),
    "breast-cancer": (lambda: "breast-cancer", None, {}),
    "diabetes": (lambda: "diabetes", None, {}),
    "digits": (lambda: "digits", None, {}),
    "digits, linear rival": (lambda: "digits", None, {"contenders": ["linear"]}),
    "two spirals": (two_spirals, "arm", {}),
    "two spirals, linear rival": (two_spirals, "arm", {"contenders": ["linear"]}),
    "straight law": (straight_law, "sum", {}),
    "penguins, permuted": (permuted_penguins, "species", {}),
    "penguins, leaking": (leaking_penguins, "species", {}),
    "credit_g": (shared("credit_g"), "class", {}),
    "titanic": (shared("titanic"), "Survived", {}),
    "horse_colic": (shared("horse_colic", (*HORSE_COLIC_ANSWERS,)), "surgical_lesion", {}),
    "magic_gamma": (shared("magic_gamma"), "hadron", {}),
    "adult": (shared("adult", ("split",)), "income", {}),
    "california_housing": (shared("california_housing"), "median_house_value", {}),
    "wine_quality": (shared("wine_quality"), "quality", {"task": "regression"}),
    "abalone": (shared("abalone"), "rings", {"task": "regression"}),
    "mammography": (shared("mammography"), "y", {}),
    "oil_spill": (shared("oil_spill"), "y", {}),
}


def line_of(name: str) -> dict[str, Any]:
    """One set's verdict with its figures."""
    source, target, asked = SETS[name]
    began = time.monotonic()
    study = lamina.fit(source(), target, **asked)
    facts = study.facts()
    said = facts["verdict"]
    scores = {one["name"]: one["scores"][said["metric"]]["mean"] for one in facts["contenders"] if not one["left_out"]}
    leaks = [f["column"] for f in facts["findings"] if f["kind"] == "leak"]
    keys = ("word", "metric", "rival", "chosen", "sentence", "chance_better", "chance_equivalent", "nothing_to_learn")
    return {
        "rows": facts["rows"],
        **{key: said[key] for key in keys},
        "scores": scores,
        "leaks": leaks,
        "more data": (facts["learning_curve"] or {}).get("sentence"),
        "test": facts["test"]["sentence"],
        "seconds": round(time.monotonic() - began, 1),
    }


def page(lines: dict[str, dict[str, Any]]) -> str:
    """The table for the docs."""
    head = [
        "| set | rows | network | rival | verdict | kept | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *(_row(name, one) for name, one in lines.items())])


def _row(name: str, one: dict[str, Any]) -> str:
    network, rival = one["scores"]["network"], one["scores"][one["rival"]]
    show = (lambda v: f"{100 * v:.1f} %") if one["metric"] == "accuracy" else (lambda v: f"{v:.4g}")
    word = "nothing to learn" if one["nothing_to_learn"] else one["word"]
    metric = "" if one["metric"] == "accuracy" else f" {lamina.metrics.METRICS[one['metric']].label}"
    cells = (name, f"{one['rows']:,}", f"{show(network)}{metric}", f"{one['rival']} {show(rival)}", f"*{word}*")
    return f"| {' | '.join([*cells, one['chosen'], format(one['seconds'], '.0f')])} |"


def keep(known: dict[str, dict[str, Any]]) -> None:
    """Write what is known into the results and into the page."""
    lines = {name: known[name] for name in SETS if name in known}
    content = {"work": "lamina.fit with default settings, seed 0", "sets": lines, "environment": environment()}
    (RESULTS / "verdicts.json").write_text(json.dumps(content, indent=1) + "\n")
    before, _, after = PAGE.read_text().partition(MARK)
    PAGE.write_text(f"{before}{MARK}\n\n{page(lines)}\n\n{MARK}{after.partition(MARK)[2]}")


def main() -> None:
    """Judge all sets, or those that are named, and keep the others' last lines."""
    place = RESULTS / "verdicts.json"
    known = json.loads(place.read_text()).get("sets", {}) if place.exists() else {}
    for name in sys.argv[1:] or SETS:
        try:
            known[name] = line_of(name)
        except FileNotFoundError:
            print(f"{name}: passed over, for ../shared/data is not here")
            continue
        print(f"{name}: {known[name]['sentence']} ({known[name]['seconds']} s)", flush=True)
        keep(known)  # after each: a run of them all takes long


if __name__ == "__main__":
    main()
