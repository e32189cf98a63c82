"""The default network for tables against gradient boosting with its defaults: score and CPU seconds of one fit.

Run: ``python benchmarks/table_defaults.py [NAME ...]``. Writes ``results/table_defaults.json`` and prints a line a set;
sets that are not named keep their last line. Both see the same folds, and the network is given nothing but the table.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import sys
from typing import Any

import numpy as np
import pyarrow as pa
from common import RESULTS, cpu_seconds, environment
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import KFold, StratifiedKFold
from verdicts import SETS

from lamina.data import fit_encoder, fit_target
from lamina.estimators import HELD_BACK_FROM, Part, fit_networks, member_seeds, to_model
from lamina.evaluation.prepare import Prepared, prepare
from lamina.evaluation.protocol import Protocol
from lamina.training import Training

FOLDS = 5  # the parts a set is cut into
TRIED = 3  # of them, each once for testing
WATCHED = 0.1  # share of the training rows that finds the best epoch, where there are `HELD_BACK_FROM` rows to spare
NAMES = (
    *("penguins", "iris", "wine", "breast-cancer", "digits", "diabetes", "two spirals", "titanic", "credit_g"),
    *("abalone", "wine_quality", "magic_gamma", "california_housing", "adult"),
)


def folds_of(prepared: Prepared) -> list[tuple[Any, Any]]:
    """Training and test rows of the folds that are tried."""
    rows, truth = prepared.table.num_rows, prepared.table.column(prepared.schema.target).to_pylist()
    cut = {"random_state": 0, "shuffle": True}
    if prepared.task == "classification":
        return list(StratifiedKFold(FOLDS, **cut).split(np.zeros(rows), [str(one) for one in truth]))[:TRIED]
    return list(KFold(FOLDS, **cut).split(np.zeros(rows)))[:TRIED]


def network_answers(prepared: Prepared, train: Any, test: Any) -> Any:
    """Chances ``(row, class)`` or numbers ``(row,)`` from the default network, learnt as `lamina.fit` does."""
    stream, watch, training = np.random.default_rng(0), np.arange(0), Training()
    if len(train) >= HELD_BACK_FROM:
        train, watch = np.split(stream.permutation(train), [round(len(train) * (1 - WATCHED))])
    seeds = member_seeds(0, None, None, rows=prepared.table.num_rows)
    part = Part(train=np.sort(train), watch=np.sort(watch), seeds=seeds)
    (fitted,) = fit_networks(
        prepared.table, prepared.schema, [part], network=None, training=training, task=prepared.task
    )
    model = to_model(fitted, prepared.schema, part, training, task=prepared.task, name=prepared.name)
    answers, chances = model.decide(prepared.table.take(pa.array(test)))
    return chances if prepared.task == "classification" else np.asarray(answers, np.float64)


def boosting_answers(prepared: Prepared, train: Any, test: Any) -> Any:
    """The same from scikit-learn's gradient boosting, categories told as such."""
    encoder = fit_encoder(prepared.table.take(pa.array(train)), prepared.schema, categories="codes", clipped=False)
    batch, truth = encoder.encode(prepared.table), truth_of(prepared)
    few = [batch.categories[:, i] for i in range(batch.categories.shape[1]) if batch.categories[:, i].max() < 255]
    many = [batch.categories[:, i] for i in range(batch.categories.shape[1]) if batch.categories[:, i].max() >= 255]
    rows = np.column_stack([batch.numbers, *many, *few])
    kind = HistGradientBoostingClassifier if prepared.task == "classification" else HistGradientBoostingRegressor
    marks = np.arange(rows.shape[1]) >= rows.shape[1] - len(few)
    learner = kind(random_state=0, categorical_features=marks).fit(rows[train], truth[train])
    return learner.predict_proba(rows[test]) if prepared.task == "classification" else learner.predict(rows[test])


def truth_of(prepared: Prepared) -> Any:
    """Class codes, or the numbers themselves, of all rows."""
    column = prepared.table.column(prepared.schema.target)
    if prepared.task == "regression":
        return np.asarray(column, np.float64)
    return fit_target(column, prepared.schema.column(str(prepared.schema.target)), prepared.task).encode(column)


def scores(prepared: Prepared, answers: Any, test: Any) -> dict[str, float]:
    """Accuracy and log loss, or the root of the mean squared error."""
    truth = truth_of(prepared)[test]
    if prepared.task == "regression":
        return {"rmse": float(np.sqrt(np.mean((answers - truth) ** 2)))}
    chances = answers[np.arange(len(truth)), truth]
    return {
        "accuracy": float(np.mean(answers.argmax(1) == truth)),
        "log_loss": float(-np.mean(np.log(np.maximum(chances, 1e-12)))),
    }


def line_of(name: str) -> dict[str, Any]:
    """One set: each contender's mean scores and CPU seconds of a fit with its answers."""
    source, target, asked = SETS[name]
    prepared = prepare(source(), target, task=asked.get("task"), protocol=Protocol(), kinds={}, missing=())
    found: dict[str, list[dict[str, float]]] = {"network": [], "boosting": []}
    for train, test in folds_of(prepared):
        for who, answer in (("network", network_answers), ("boosting", boosting_answers)):
            seconds, answers = cpu_seconds(lambda answer=answer, train=train, test=test: answer(prepared, train, test))
            found[who].append({**scores(prepared, answers, test), "cpu_seconds": seconds})
    means = {who: {key: float(np.mean([one[key] for one in all_])) for key in all_[0]} for who, all_ in found.items()}
    return {"rows": prepared.table.num_rows, **means}


def main() -> None:
    """Measure all sets, or those that are named, and keep the others' last lines."""
    place = RESULTS / "table_defaults.json"
    figures = json.loads(place.read_text()) if place.exists() else {"sets": {}}
    for name in sys.argv[1:] or NAMES:
        figures["sets"][name] = line_of(name)
        print(name, json.dumps(figures["sets"][name]), flush=True)
        figures |= {"environment": environment(), "folds": f"{TRIED} of {FOLDS}"}
        RESULTS.mkdir(exist_ok=True)
        place.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
