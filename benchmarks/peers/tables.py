"""Other people's learners on one table: the side of `benchmarks/tables.py` that runs in an environment of its own.

Run: ``PYTHON peers/tables.py FOLDER WHO FOLD``. Needs pytabkit with pandas 2, lightgbm, catboost and scikit-learn,
and nothing of lamina. ``FOLDER`` holds ``table.parquet`` (features, and the truth as the last column ``y``), and
``folds.npz`` with the rows ``train_0``, ``test_0`` and so on. Answers go to ``FOLDER/WHO_FOLD.npz``: chances
``(row, class)`` or numbers ``(row,)``, and the CPU seconds of fit and answers together.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SEED = 0
ALONE = {"n_jobs": 1, "random_state": SEED}


def realmlp(classes: int) -> Any:
    """RealMLP with its tuned defaults (Holzmüller, Grinsztajn and Steinwart 2024)."""
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    return (RealMLP_TD_Classifier if classes else RealMLP_TD_Regressor)(device="cpu", random_state=SEED, n_threads=1)


def tabm(classes: int) -> Any:
    """TabM with its defaults (Gorishniy, Kotelnikov and Babenko 2024)."""
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    return (TabM_D_Classifier if classes else TabM_D_Regressor)(device="cpu", random_state=SEED, n_threads=1)


def lightgbm(classes: int) -> Any:
    """LightGBM with its defaults."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    return (LGBMClassifier if classes else LGBMRegressor)(**ALONE, verbose=-1)


def catboost(classes: int) -> Any:
    """CatBoost with its defaults."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    settings = {"thread_count": 1, "random_seed": SEED, "verbose": 0, "allow_writing_files": False}
    return (CatBoostClassifier if classes else CatBoostRegressor)(**settings)


def forest(classes: int) -> Any:
    """scikit-learn's random forest with its defaults."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    return (RandomForestClassifier if classes else RandomForestRegressor)(**ALONE)


def mlp(classes: int) -> Any:
    """scikit-learn's network with its defaults, the numbers standardised; the truth too, if it is one."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    if classes:
        return MLPClassifier(random_state=SEED)
    return TransformedTargetRegressor(MLPRegressor(random_state=SEED), transformer=StandardScaler())


def linear(classes: int) -> Any:
    """Logistic or ridge regression with scikit-learn's defaults, the numbers standardised."""
    from sklearn.linear_model import LogisticRegression, Ridge

    return LogisticRegression(max_iter=1000) if classes else Ridge()


WHO: dict[str, Callable[[int], Any]] = {
    "RealMLP-TD": realmlp,
    "TabM-D": tabm,
    "LightGBM": lightgbm,
    "CatBoost": catboost,
    "forest": forest,
    "MLP": mlp,
    "linear": linear,
}
TAKE_GAPS = ("LightGBM", "CatBoost")  # the others get the training rows' median, and a column that says so
TAKE_WORDS = ("RealMLP-TD", "TabM-D", "LightGBM", "CatBoost")  # forests get codes, the rest one-hot columns


def laid_out(who: str, frame: pd.DataFrame, train: Any, classes: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The features as this learner wants them, learnt from the training rows, and what its ``fit`` must be told."""
    words = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    frame = frame.copy()
    if who not in TAKE_GAPS:
        for name in [name for name in frame if name not in words and frame[name].isna().any()]:
            frame[f"{name} is missing"] = frame[name].isna().astype(np.float32)
            frame[name] = frame[name].fillna(frame[name].iloc[train].median())
    for name in words:
        frame[name] = frame[name].fillna("is missing").astype(str)
    if who == "CatBoost":
        return frame, {"cat_features": words}
    if who in TAKE_WORDS:
        codes = {name: frame[name].astype("category").cat.codes for name in words}  # pytabkit wants codes
        return frame.assign(**codes).astype(dict.fromkeys(words, "category")), {}
    if who == "forest":
        return frame.assign(**{name: frame[name].astype("category").cat.codes for name in words}), {}
    numbers = [name for name in frame if name not in words]
    middle, spread = frame[numbers].iloc[train].mean(), frame[numbers].iloc[train].std(ddof=0).replace(0, 1)
    return pd.get_dummies(frame.assign(**((frame[numbers] - middle) / spread)), columns=words, dtype=np.float32), {}


def answers(who: str, frame: pd.DataFrame, truth: Any, train: Any, test: Any, classes: int) -> tuple[Any, float]:
    """Chances or numbers for the test rows, and the CPU seconds of fit and answers."""
    features, told = laid_out(who, frame, train, classes)
    learner = WHO[who](classes)
    began = time.process_time()
    learner.fit(features.iloc[train], truth[train], **told)
    given = learner.predict_proba(features.iloc[test]) if classes else learner.predict(features.iloc[test])
    given = np.asarray(given, np.float64).reshape((len(test), -1) if classes else len(test))
    return given, time.process_time() - began


def main() -> None:
    """One learner, one fold."""
    folder, who, fold = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    warnings.filterwarnings("ignore")
    frame, folds = pd.read_parquet(folder / "table.parquet"), np.load(folder / "folds.npz")
    truth = frame.pop("y").to_numpy()
    classes = int(truth.max()) + 1 if truth.dtype.kind == "i" else 0
    given, seconds = answers(who, frame, truth, folds[f"train_{fold}"], folds[f"test_{fold}"], classes)
    np.savez(folder / f"{who}_{fold}.npz", given=given, seconds=seconds)


if __name__ == "__main__":
    main()
