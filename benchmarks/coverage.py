"""Whether intervals and sets hold the truth as often as they promise, and what calibration is worth, on real tables.

Run: ``python benchmarks/coverage.py [set ...]``. For each set, over 200 random splits into three quarters that are
known and one quarter that judges, a linear model (logistic or ridge) answers in two ways:

- split: it learns from two thirds of the known rows, and the others set the threshold;
- folds: five models on four fifths each set the threshold by the rows they held out, and one that learnt from all
  known rows answers, as the model that lamina keeps does.

Coverage is that of the promise: the score lies at or below the threshold. The sets of a Model always hold the likeliest
class as well; how often these hold the truth stands beside it, and is above nominal where the model errs more rarely.
For classes the folds also compare ways to calibrate: none, one temperature, and isotonic regression of each class
(fitted to the held-out answers, then scaled to add up to 1). Sets of more than 1,500 rows are drawn down to so many.
The files of ``../shared/data`` take part where they are present.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import write

from lamina.evaluation.honesty.calibrate import fit_temperature
from lamina.evaluation.honesty.coverage import conformity_of_classes, conformity_of_numbers
from lamina.metrics import calibration_error, log_loss
from lamina.model.calibration import calibrated, fit_conformity

SPLITS = 200
MOST_ROWS = 1_500
NOMINAL = (0.8, 0.9)
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
BUILTIN = {"iris": True, "wine": True, "breast_cancer": True, "digits": True, "diabetes": False}  # True: classes
FILES: dict[str, tuple[str, bool, tuple[str, ...]]] = {  # target, whether it is of classes, columns left out
    "adult": ("income", True, ("fnlwgt", "split")),
    "credit_g": ("class", True, ()),
    "titanic": ("Survived", True, ("PassengerId", "Name", "Ticket", "Cabin")),
    "horse_colic": (
        "surgical_lesion",
        True,
        ("lesion1", "lesion2", "lesion3", "cp_data", "hospital_number", "outcome"),
    ),
    "magic_gamma": ("hadron", True, ()),
    "mammography": ("y", True, ()),
    "oil_spill": ("y", True, ()),
    "california_housing": ("median_house_value", False, ()),
    "wine_quality": ("quality", False, ()),
    "abalone": ("rings", False, ()),
}

Rows = tuple[np.ndarray, np.ndarray]


def rows_of(name: str) -> Rows:
    """Features as standardised numbers, truth as codes of classes or as numbers; at most 1,500 rows."""
    X, y = _builtin(name) if name in BUILTIN else _file(name)
    chosen = np.random.default_rng(0).permutation(len(y))[:MOST_ROWS]
    X, y = X[chosen], y[chosen]
    X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-9)
    return X, (np.unique(y, return_inverse=True)[1] if _of_classes(name) else y.astype(np.float64))


def measure(name: str) -> dict[str, Any]:
    """Mean coverage and size over the splits, by way and nominal coverage, and for classes what calibration does."""
    X, y = rows_of(name)
    classes = int(y.max()) + 1 if _of_classes(name) else 0
    began = time.perf_counter()
    found = [one_split(X, y, classes, seed) for seed in range(SPLITS)]
    figures: dict[str, Any] = {"rows": len(y), "classes": classes, "splits": SPLITS}
    for key in found[0]:
        figures[key] = round(float(np.mean([one[key] for one in found])), 4)
    return {**figures, "seconds": round(time.perf_counter() - began, 1)}


def one_split(X: np.ndarray, y: np.ndarray, classes: int, seed: int) -> dict[str, float]:
    """What one split into known rows and rows that judge says."""
    order = np.random.default_rng(seed).permutation(len(y))
    known, judge = order[: 3 * len(y) // 4], order[3 * len(y) // 4 :]
    learn, hold = known[: 2 * len(known) // 3], known[2 * len(known) // 3 :]
    answer = fitted(X[learn], y[learn], classes)
    figures = _coverages("split", answer(X[hold]), y[hold], answer(X[judge]), y[judge])
    held, final = _held_out(X, y, known, classes), fitted(X[known], y[known], classes)(X[judge])
    figures |= _coverages("folds", held, y[known], final, y[judge])
    return figures | (_calibrations(held, y[known], final, y[judge]) if classes else {})


def fitted(X: np.ndarray, y: np.ndarray, classes: int) -> Callable[[np.ndarray], np.ndarray]:
    """A linear model as a function from features to probabilities ``(row, class)`` or to numbers ``(row,)``."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if not classes:
        return Ridge().fit(X, y).predict
    model = LogisticRegression(max_iter=200).fit(X, y)

    def chances(features: np.ndarray) -> np.ndarray:
        whole = np.zeros((len(features), classes))  # a rare class may be absent from the rows that taught
        whole[:, model.classes_] = model.predict_proba(features)
        return whole

    return chances


def _held_out(X: np.ndarray, y: np.ndarray, known: np.ndarray, classes: int) -> np.ndarray:
    """Answers to the known rows by models of five folds, each to the rows that it did not see."""
    folds = np.arange(len(known)) % 5
    parts = [fitted(X[known[folds != f]], y[known[folds != f]], classes)(X[known[folds == f]]) for f in range(5)]
    held = np.empty((len(known), *parts[0].shape[1:]))
    for fold, part in enumerate(parts):
        held[folds == fold] = part
    return held


def _coverages(way: str, held: np.ndarray, truth: np.ndarray, final: np.ndarray, judge: np.ndarray) -> dict[str, float]:
    figures = {}
    score = conformity_of_classes if final.ndim == 2 else conformity_of_numbers
    kept, scores = fit_conformity(score(held, truth)), score(final, judge)
    for nominal in NOMINAL:
        threshold = kept.threshold(nominal)
        figures[f"{way}: coverage at {nominal}"] = float((scores <= threshold).mean())
        if final.ndim == 1:
            figures[f"{way}: width at {nominal}"] = 2 * threshold
            continue
        members = (1 - final <= threshold) | (final == final.max(axis=1, keepdims=True))
        figures[f"{way}: size of sets at {nominal}"] = float(members.sum(axis=1).mean())
        figures[f"{way}: sets with the truth at {nominal}"] = float(members[np.arange(len(judge)), judge].mean())
    return figures


def _calibrations(held: np.ndarray, truth: np.ndarray, final: np.ndarray, judge: np.ndarray) -> dict[str, float]:
    ways = {
        "none": final,
        "temperature": calibrated(final, fit_temperature(held, truth)),
        "isotonic": _isotonic(held, truth, final),
    }
    return {f"log loss, {way}": log_loss(judge, np.clip(p, 1e-4, 1)) for way, p in ways.items()} | {
        f"calibration error, {way}": calibration_error(judge, p) for way, p in ways.items()
    }


def _isotonic(held: np.ndarray, truth: np.ndarray, final: np.ndarray) -> np.ndarray:
    from sklearn.isotonic import IsotonicRegression

    each = [
        IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(held[:, c], truth == c).predict(final[:, c])
        for c in range(final.shape[1])
    ]
    raised = np.stack(each, axis=1) + 1e-6
    return raised / raised.sum(axis=1, keepdims=True)


def _of_classes(name: str) -> bool:
    return BUILTIN[name] if name in BUILTIN else FILES[name][1]


def _builtin(name: str) -> Rows:
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return X, y


def _file(name: str) -> Rows:
    """Numbers with their median where missing, and one column for each category."""
    import pandas as pd

    target, _, dropped = FILES[name]
    frame = pd.read_parquet(SHARED / f"{name}.parquet").drop(columns=list(dropped)).dropna(subset=[target])
    y = frame.pop(target).to_numpy()
    numbers = frame.select_dtypes("number")
    names = [
        pd.get_dummies(frame[c].astype(str), dtype=float).to_numpy() for c in frame.columns.difference(numbers.columns)
    ]
    return np.hstack([numbers.fillna(numbers.median()).to_numpy(np.float64), *names]), y


def main() -> None:
    """Measure all sets that are here, or those that are named."""
    warnings.filterwarnings("ignore", module="sklearn")  # a logistic regression that stops early is as good for this
    here = [*BUILTIN, *(name for name in FILES if (SHARED / f"{name}.parquet").exists())]
    figures = {name: measure(name) for name in sys.argv[1:] or here}
    work = "coverage of conformal sets and intervals over 200 splits, and log loss by way of calibration"
    gaps = {
        f"largest gap from nominal, {way}": max(
            round(abs(f[f"{way}: coverage at {nominal}"] - nominal), 4) for f in figures.values() for nominal in NOMINAL
        )
        for way in ("split", "folds")
    }
    write("coverage", {"work": work, **gaps, **figures})


if __name__ == "__main__":
    main()
