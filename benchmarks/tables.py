"""The default network for tables against the strongest networks and forests of others, on the same folds.

Run: ``python benchmarks/tables.py --peers PYTHON [--keep FOLDER] [--who NAME,NAME] [SET ...]``. ``PYTHON`` is an
interpreter of an environment with pytabkit, lightgbm, catboost and scikit-learn; without it only the network runs.
Everyone is taken with the defaults, on one thread. Of larger sets `MOST_ROWS` rows are drawn, the same for all: a fold
of adult as a whole takes the strongest of the others many minutes. Writes ``results/tables.json`` and
``results/tables.md`` after each set; what is not run again keeps its figures. ``--keep`` is a folder where the others'
answers stay, with a digest of the table and the folds that they are about: a run on others is refused. Sets under
``../shared/data`` are passed over where that folder is missing.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from common import RESULTS, cpu_seconds, environment
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from table_defaults import network_answers, truth_of
from verdicts import SETS, SHARED, shared

from lamina.evaluation.prepare import Prepared, prepare
from lamina.evaluation.protocol import Protocol

FOLDS = 5
MOST_ROWS = 10_000  # of a set, drawn at random
PEERS = ("linear", "forest", "LightGBM", "CatBoost", "MLP", "RealMLP-TD", "TabM-D")
PEER_VERSIONS = "pytabkit 1.7.3, LightGBM 4.7.0, CatBoost 1.2.10"  # of the runs that are kept
OTHERS = {"elec2": (shared("elec2"), "class", {})}
NAMES = (
    *("penguins", "iris", "wine", "diabetes", "breast-cancer", "horse_colic", "titanic", "oil_spill", "credit_g"),
    *("digits", "abalone", "wine_quality", "mammography", "magic_gamma", "california_housing", "elec2", "adult"),
)


def prepared_set(name: str) -> Prepared:
    """A set as `lamina.fit` takes it: the columns that carry something."""
    source, target, asked = {**SETS, **OTHERS}[name]
    table = source()
    if isinstance(table, pa.Table) and table.num_rows > MOST_ROWS:
        table = table.take(np.sort(np.random.default_rng(0).permutation(table.num_rows)[:MOST_ROWS]))
    return prepare(table, target, task=asked.get("task"), protocol=Protocol(), kinds={}, missing=())


def folds_of(prepared: Prepared) -> list[tuple[Any, Any]]:
    """Five folds, shuffled; classes in their shares."""
    rows, cut = np.zeros(prepared.table.num_rows), {"random_state": 0, "shuffle": True}
    if prepared.task == "regression":
        return list(KFold(FOLDS, **cut).split(rows))
    return list(StratifiedKFold(FOLDS, **cut).split(rows, truth_of(prepared)))


def scores(prepared: Prepared, truth: Any, given: Any) -> dict[str, float]:
    """What is held against a contender, the smaller the better: the first is its error."""
    if prepared.task == "regression":
        return {"rmse": float(np.sqrt(np.mean((given - truth) ** 2)))}
    chances = np.maximum(given[np.arange(len(truth)), truth], 1e-12)
    area = roc_auc_score(truth, given[:, 1] if given.shape[1] == 2 else given, multi_class="ovr")
    return {
        "error": float(np.mean(given.argmax(1) != truth)),
        "log_loss": float(-np.mean(np.log(chances))),
        "1-auc": float(1 - area),
    }


def exported(prepared: Prepared, folds: list[tuple[Any, Any]], folder: Path) -> None:
    """The features that the network sees, the truth and the folds, as files that the peers read."""
    names = [column.name for column in prepared.schema.features]
    table = prepared.table.select(names).append_column("y", pa.array(truth_of(prepared)))
    pq.write_table(table, folder / "table.parquet")
    rows = {f"{kind}_{i}": cut[j] for i, cut in enumerate(folds) for j, kind in enumerate(("train", "test"))}
    np.savez(folder / "folds.npz", **rows)


def digest_of(folder: Path) -> str:
    """A digest of the table and the folds that `exported` wrote: of what they hold, not of how files hold it."""
    table, folds = pq.read_table(folder / "table.parquet"), np.load(folder / "folds.npz")
    total = hashlib.sha256()
    for name in table.column_names:
        total.update(f"{name} {table[name].to_pylist()}".encode())
    for name in sorted(folds):
        total.update(f"{name} {folds[name].tolist()}".encode())
    return total.hexdigest()


def settle(folder: Path, fresh: Path) -> None:
    """Make ``folder`` one about what ``fresh`` holds; answers that it keeps about anything else are refused."""
    now, said, files = digest_of(fresh), folder / "digest.txt", ("table.parquet", "folds.npz")
    there = {said.read_text().strip()} if said.exists() else set()
    if all((folder / name).exists() for name in files):
        there.add(digest_of(folder))
    answers = sorted(path.name for path in folder.glob("*_[0-9].npz"))
    if answers and there != {now}:
        raise SystemExit(
            f"{folder} keeps answers about another table or other folds ({answers[0]} and {len(answers) - 1} more): "
            "pass another folder to --keep, or delete this one."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        if not answers or not (folder / name).exists():
            shutil.copyfile(fresh / name, folder / name)
    said.write_text(now + "\n")


def peer_answers(peers: str, folder: Path, who: str, fold: int) -> tuple[float, Any]:
    """CPU seconds and answers of one of the others; a fold that an earlier run kept is not run again."""
    script, kept = Path(__file__).parent / "peers" / "tables.py", folder / f"{who}_{fold}.npz"
    if not kept.exists():
        subprocess.run([peers, str(script), str(folder), who, str(fold)], check=True, cwd=folder)
    found = np.load(kept)
    return float(found["seconds"]), found["given"]


def measured(name: str, who: list[str], peers: str | None, keep: Path | None) -> dict[str, list[dict[str, float]]]:
    """Each contender's scores and CPU seconds, fold by fold; ``keep`` is where the others' answers stay."""
    prepared = prepared_set(name)
    folds, truth = folds_of(prepared), truth_of(prepared)
    found: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as passing:
        exported(prepared, folds, Path(passing))
        folder = Path(passing) if keep is None else keep / name
        if keep is not None:
            settle(folder, Path(passing))
        for one in who:
            for i, (train, test) in enumerate(folds):
                if one == "network":
                    seconds, given = cpu_seconds(lambda cut=(train, test): network_answers(prepared, *cut))
                else:
                    seconds, given = peer_answers(str(peers), folder, one, i)
                found.setdefault(one, []).append({**scores(prepared, truth[test], given), "cpu_seconds": seconds})
            print(name, one, {key: f"{mean_of(found[one], key):.4f}" for key in found[one][0]}, flush=True)
    return found


def mean_of(folds: list[dict[str, float]], key: str) -> float:
    """The mean over folds."""
    return float(np.mean([fold[key] for fold in folds]))


def summary(
    sets: dict[str, dict[str, list[dict[str, float]]]], key: str, who: tuple[str, ...] = ("network", *PEERS)
) -> dict[str, dict[str, float]]:
    """Mean rank and mean normalised score (0 the best, 1 the worst of a set) over the sets that all have run on."""
    whole = {name: found for name, found in sets.items() if set(who) <= set(found)}
    told = {n: [mean_of(f[w], key if key in f[w][0] else "rmse") for w in who] for n, f in whole.items()}
    means = np.array(list(told.values())).reshape(-1, len(who))
    seconds = np.array([[mean_of(found[one], "cpu_seconds") for one in who] for found in whole.values()])
    ranks = (means[:, :, None] > means[:, None, :]).sum(2) + 0.5 * (means[:, :, None] == means[:, None, :]).sum(2) + 0.5
    spread, above = np.ptp(means, axis=1, keepdims=True), means.min(1, initial=np.inf) > 0
    normalised = (means - means.min(1, keepdims=True)) / np.where(spread == 0, 1, spread)
    return {
        one: {
            "rank": float(ranks[:, i].mean()),
            "normalised": float(normalised[:, i].mean()),
            "above the best": float(np.mean(means[above, i] / means[above].min(1)) - 1),
            "cpu_seconds": float(seconds[:, i].sum()),
        }
        for i, one in enumerate(who)
        if len(whole)
    }


def page(figures: dict[str, Any]) -> str:
    """The figures as tables for a reader."""
    who = ("network", *PEERS)
    whole = [name for name, found in figures["sets"].items() if set(who) <= set(found)]
    where = figures["environment"]
    lines = [
        f"{where['date']}, {where['processor']}, one thread, Python {where['python']}, torch {where['torch']},",
        f"scikit-learn {where['scikit-learn']}, {PEER_VERSIONS}. Five folds, the same for all;",
        f"of sets of more than {MOST_ROWS:,} rows so many are drawn. CPU seconds are of one fit with its answers, on a",
        "machine that did other work too.",
        "",
        f"Means over the {len(whole)} sets that all have run on. Normalised: 0 is the best of a set, 1 the worst. The",
        "defaults of the network were chosen on some of these sets, on three of five folds (docs/decisions/0007).",
        "",
    ]
    lines += _ranked(figures["summary"]["error"])
    more = [name for name, found in figures["sets"].items() if set(who) - {"TabM-D"} <= set(found)]
    lines += ["", f"The same without TabM-D, which was not run on the larger ones, over {len(more)} sets:", ""]
    lines += _ranked(figures["summary"]["error, without TabM-D"])
    lines += ["", "| set | " + " | ".join(who) + " |", "| --- |" + " --- |" * len(who)]
    for name, found in figures["sets"].items():
        cells = [_cell(found.get(one)) for one in who]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _ranked(rows: dict[str, dict[str, float]]) -> list[str]:
    lines = ["| | mean rank | normalised error | above the best | CPU seconds |", "| --- | --- | --- | --- | --- |"]
    for one, row in sorted(rows.items(), key=lambda pair: pair[1]["rank"]):
        cells = (f"{row['rank']:.2f}", f"{row['normalised']:.3f}", f"{row['above the best']:.1%}")
        lines.append(f"| {one} | {' | '.join(cells)} | {row['cpu_seconds']:.0f} |")
    return lines


def _cell(folds: list[dict[str, float]] | None) -> str:
    if folds is None:
        return ""
    error = f"{mean_of(folds, 'rmse'):.4g}" if "rmse" in folds[0] else f"{100 * mean_of(folds, 'error'):.2f} %"
    return f"{error} ({mean_of(folds, 'cpu_seconds'):.1f} s)"


def main() -> None:
    """Measure, and write after each set."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--who", type=lambda names: names.split(","))
    parser.add_argument("sets", nargs="*", default=NAMES)
    asked = parser.parse_args()
    who = asked.who or ["network", *(PEERS if asked.peers else ())]
    place = RESULTS / "tables.json"
    for name in asked.sets:
        if name not in ("penguins", "iris", "wine", "diabetes", "breast-cancer", "digits") and not SHARED.exists():
            continue
        found = measured(name, who, asked.peers, asked.keep)
        figures = json.loads(place.read_text()) if place.exists() else {"sets": {}}
        figures["sets"][name] = {**figures["sets"].get(name, {}), **found}
        figures["summary"] = {key: summary(figures["sets"], key) for key in ("error", "log_loss", "1-auc")}
        fewer = tuple(one for one in ("network", *PEERS) if one != "TabM-D")
        figures["summary"]["error, without TabM-D"] = summary(figures["sets"], "error", fewer)
        figures["environment"] = {**environment(), "peers": PEER_VERSIONS}
        place.write_text(json.dumps(figures, indent=1) + "\n")
        (RESULTS / "tables.md").write_text(page(figures))


if __name__ == "__main__":
    main()
