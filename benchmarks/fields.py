"""The default networks for images, texts and series, and one for long documents.

Run: ``python benchmarks/fields.py [SET ...]``. Each set is learnt by `lamina.estimators.fit_networks` with no network
(but for one line) and no training named, on the split that came with it or on five folds, and judged by rows that it
has not seen. Beside networks of texts stands the linear rival of the verdict, on the same rows (``--linear`` measures
it alone). Writes ``results/fields.json`` and ``results/fields.md`` after each set. Sets lie under
``../shared/data``; where that folder is missing they are passed over.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from common import RESULTS, environment
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from verdicts import SHARED

from lamina.classical import Read, SparseLinear, TfIdf
from lamina.data import conform, given_split, infer_schema, read
from lamina.estimators import Part, fit_networks, member_seeds, to_model
from lamina.networks import MLP, Hierarchical, Network, Table
from lamina.rivals.attempt import attempt, encode
from lamina.rivals.trial import Trial
from lamina.training import Training


@dataclass(frozen=True)
class Task:
    """A set, what is asked of it, and what it must reach."""

    source: str
    target: str
    wanted: float | None
    measure: str = "accuracy"
    folds: int | None = None  # None: the split that came with it
    seeds: int = 1
    drop: tuple[str, ...] = ()
    fold: str | None = None  # a column with the number of each row's fold
    network: Network | None = None


IN_LEVELS = Table(text=Hierarchical(), trunk=MLP(widths=()))
TASKS = {
    "digits": Task("digit-images", "digit", 0.99, folds=5),
    "cifar10": Task("cifar10", "label", 0.88),
    "sign_language_digits": Task("sign_language_digits_96.parquet", "digit", 0.95, folds=5),
    "pneumoniamnist": Task("pneumoniamnist.npz", "labels", 0.945, measure="auc"),
    "olivetti_faces": Task("olivetti_faces.npz", "person", 0.97, folds=5),
    "gunpoint": Task("ucr_gunpoint.npz", "y", 0.98, seeds=5),
    "italy_power_demand": Task("ucr_italy_power_demand.npz", "y", 0.96, seeds=5),
    "basic_motions": Task("uea_basic_motions.npz", "y", 1.0, seeds=5),
    "ecg200": Task("ucr_ecg200.npz", "y", 0.88, seeds=5),
    "trec_questions": Task("trec_questions.parquet", "label", None, drop=("fine_label",)),
    "sst2": Task("sst2.parquet", "label", None),
    "sms_spam": Task("sms_spam.parquet", "label", None, folds=5),
    "ag_news_7600": Task("ag_news_7600.parquet", "label", None, folds=5),
    "movie_reviews": Task("movie_reviews_long.parquet", "label", 0.877, fold="fold"),
    "movie_reviews, Hierarchical()": Task("movie_reviews_long.parquet", "label", 0.877, fold="fold", network=IN_LEVELS),
}


def table_of(task: Task) -> tuple[pa.Table, Any, list[tuple[Any, Any]]]:
    """The conformed table, its schema, and the rows to learn from and to judge by, split by split."""
    raw, parts = _source(task)
    kinds = dict.fromkeys([*task.drop, *([task.fold] if task.fold else [])], "identifier")
    schema = infer_schema(raw, target=task.target, kinds=kinds, task="classification")
    table, _ = conform(raw, schema, need_target=True)
    if task.fold is not None:
        places = np.array(raw.table.column(task.fold).to_pylist())
        parts = [(np.flatnonzero(places != one), np.flatnonzero(places == one)) for one in np.unique(places)]
    if parts is None and task.folds is None:
        given = given_split(table, schema)
        parts = [(np.concatenate((given["train"], given.get("val", np.arange(0)))), given["test"])]
    if parts is None:
        labels = table.column(task.target).to_pylist()
        cut = StratifiedKFold(task.folds, shuffle=True, random_state=0)
        parts = list(cut.split(np.zeros(len(labels)), labels))
    return table, schema, parts


def _source(task: Task) -> tuple[Any, Any]:
    if task.source == "cifar10":  # its two parts are files of their own
        both = [read(str(SHARED / f"cifar10_{part}.parquet")).table for part in ("train", "test")]
        train, test = (table.num_rows for table in both)
        return read(pa.concat_tables(both)), [(np.arange(train), np.arange(train, train + test))]
    return read(task.source if "." not in task.source else str(SHARED / task.source)), None


def measured(task: Task) -> list[dict[str, float]]:
    """The score of each split and seed, with processor and wall-clock seconds of learning."""
    table, schema, splits = table_of(task)
    found = []
    for place, (train, test) in enumerate(splits):
        for seed in range(task.seeds):
            seeds = member_seeds(seed + place, None, task.network, rows=len(train), kinds=schema.field_kinds)
            taught, judged = (table.take(pa.array(rows)) for rows in (train, test))
            part = Part(train=np.arange(len(train)), watch=np.arange(0), seeds=seeds)
            cpu, wall = time.process_time(), time.perf_counter()
            (fitted,) = fit_networks(
                taught, schema, [part], network=task.network, training=Training(), task="classification"
            )
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            model = to_model(fitted, schema, part, Training(), task="classification", name="benchmark")
            truth, chances = model.target.encode(judged.column(task.target)), model.decide(judged)[1]
            score = {
                "accuracy": float(np.mean(chances.argmax(1) == truth)),
                "auc": float(roc_auc_score(truth, chances[:, 1])) if chances.shape[1] == 2 else float("nan"),
            }
            mirrors = fitted.mirrors is not None and fitted.mirrors.flip
            seconds = {"cpu_seconds": cpu, "wall_seconds": wall, "threads": torch.get_num_threads()}
            found.append({"score": score[task.measure], **seconds, "mirrored": mirrors})
            print(task.source, place, seed, found[-1], flush=True)
    return found


def linear(task: Task) -> list[float] | None:
    """The accuracy of the verdict's linear rival, TF-IDF of words and pairs, on each split; None of other sets."""
    table, schema, splits = table_of(task)
    if "text" not in schema.field_kinds:
        return None
    family, scores = Read(reading=TfIdf(), family=SparseLinear()), []
    for train, test in splits:
        encoded = encode(table, schema, "classification", Trial(train=train, test=test), clipped=False)
        chances = attempt(family, encoded, seed=0, keep=False).answers
        truth = encoded.target.encode(table.take(pa.array(test)).column(task.target))
        scores.append(float(np.mean(chances.argmax(1) == truth)))
        print(task.source, "linear", scores[-1], flush=True)
    return scores


def page(figures: dict[str, Any]) -> str:
    """The figures as a table for a reader."""
    where = figures["environment"]
    lines = [
        f"{where['date']}, {where['processor']}, Python {where['python']}, torch {where['torch']}.",
        "The machine did other work too, so that seconds are too high; wall-clock seconds with so many threads. A",
        "spread beside one split and one seed is of runs with other threads. Nothing was asked for, but where a line",
        "names a network. While the defaults were chosen, rows that judge here were seen of digits, pneumoniamnist,",
        "olivetti_faces, cifar10 and all sets of texts (docs/decisions/0012, 0013, 0015): these figures flatter a",
        "little. The linear rival, TF-IDF of words and pairs, has learnt from the same rows.",
        "",
        "| set | judged by | reached | linear rival | wanted | CPU s a fit | wall s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        _line(name, task, figures["sets"].get(name), figures.get("linear", {}).get(name))
        for name, task in TASKS.items()
    ]
    return "\n".join(lines) + "\n"


def _line(name: str, task: Task, runs: list[dict[str, float]] | None, rival: list[float] | None) -> str:
    how = f"{task.folds} folds" if task.folds else "given split" if task.fold is None else "its own folds"
    how += f", {task.seeds} seeds" if task.seeds > 1 else ""
    wanted = "" if task.wanted is None else f"{task.wanted:g}"
    if runs is None:
        return f"| {name} | {how} | not measured | | {wanted} | | |"
    scores = [run["score"] for run in runs]
    spread = f" ± {np.std(scores, ddof=1):.4f}" if len(scores) > 1 else ""
    missed = ", missed" if task.wanted is not None and np.mean(scores) < task.wanted else ""
    seconds = np.mean([run["cpu_seconds"] for run in runs])
    what = "AUC " if task.measure == "auc" else ""
    wall = ", ".join(
        f"{np.mean([run['wall_seconds'] for run in runs if run.get('threads', 1) == one]):.0f} with {one}"
        for one in sorted({run.get("threads", 1) for run in runs})
    )
    reached, beside = f"{what}{np.mean(scores):.4f}{spread}{missed}", "" if rival is None else f"{np.mean(rival):.4f}"
    return f"| {name} | {how} | {reached} | {beside} | {wanted} | {seconds:.0f} | {wall} |"


def main() -> None:
    """Measure, and write after each set."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", default=list(TASKS))
    parser.add_argument("--linear", action="store_true", help="only the linear rival of texts")
    place, asked = RESULTS / "fields.json", parser.parse_args()
    for name in asked.sets:
        if not SHARED.exists() and name != "digits":
            continue
        task = TASKS[name]
        found = None if asked.linear else measured(task)
        rival = linear(task) if task.network is None else None
        figures = json.loads(place.read_text()) if place.exists() else {}
        for kind, new in (("sets", found), ("linear", rival)):
            if new is not None:
                figures.setdefault(kind, {})[name] = new
        figures["environment"] = environment()
        place.write_text(json.dumps(figures, indent=1) + "\n")
        (RESULTS / "fields.md").write_text(page(figures))


if __name__ == "__main__":
    main()
