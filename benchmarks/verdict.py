"""Whether the verdict's tests keep their word: many simulated studies in which the truth is known.

Two nearest-centroid learners see one half of the features each. Where the halves are exchangeable the learners are
equal, and a test at the 5 % level may call them different in one study of twenty; where one half tells more, there is a
true gap, and `power` says how often it should be found. Run: ``python benchmarks/verdict.py``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataclasses import dataclass

import numpy as np
from common import write

from lamina.evaluation.verdict.foldwise import compare_folds, mean_interval, naive_t
from lamina.evaluation.verdict.rowwise import choice_optimism, compare_rows
from lamina.evaluation.verdict.statistics import power
from lamina.metrics import accuracy

STUDIES = 400
FEATURES = 10  # of each half
REGION = 0.01


@dataclass(frozen=True, kw_only=True)
class Design:
    """What every study of one simulation looks like; ``shift`` is half the distance of the classes in each feature."""

    rows: int = 100
    repeats: int = 10
    folds: int = 5
    shift_a: float = 0.25
    shift_b: float = 0.25

    @property
    def test_share(self) -> float:
        """Test rows over training rows."""
        return 1 / (self.folds - 1)


def draw_rows(rows: int, design: Design, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features ``(row, feature)``, those of a before those of b, and truth ``(row,)``."""
    truth = np.arange(rows) % 2
    shifts = np.repeat([design.shift_a, design.shift_b], FEATURES)
    return stream.standard_normal((rows, 2 * FEATURES)) + np.outer(2 * truth - 1, shifts), truth


def test_masks(design: Design, stream: np.random.Generator) -> np.ndarray:
    """Which rows judge in each split: bool ``(split, row)``."""
    folds = [stream.permutation(np.arange(design.rows) % design.folds) for _ in range(design.repeats)]
    return np.concatenate([np.arange(design.folds)[:, None] == fold for fold in folds])


def margins(train: np.ndarray, truth: np.ndarray, learns: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """How much nearer each judged row is to the centroid of class 1 after learning from each set: ``(set, row)``."""
    ones, zeros = learns * truth, learns * (1 - truth)
    one = ones @ train / ones.sum(axis=1, keepdims=True)
    zero = zeros @ train / zeros.sum(axis=1, keepdims=True)
    return (one - zero) @ judged.T - ((one**2 - zero**2).sum(axis=1) / 2)[:, None]


def study(design: Design, stream: np.random.Generator) -> np.ndarray:
    """The fold scores of learners a and b in one study: ``(2, split)``."""
    features, truth = draw_rows(design.rows, design, stream)
    tests = test_masks(design, stream)
    scores = []
    for half in (features[:, :FEATURES], features[:, FEATURES:]):
        right = (margins(half, truth, ~tests, half) > 0) == truth
        scores.append((right & tests).sum(axis=1) / tests.sum(axis=1))
    return np.array(scores)


def equal_learners(studies: int, design: Design, seed: int = 0) -> dict[str, float]:
    """How often two equal learners are called different by the corrected and by the naive test."""
    stream = np.random.default_rng(seed)
    corrected = naive = wrong = 0
    for _ in range(studies):
        a, b = study(design, stream)
        found = compare_folds(a, b, better="higher", region=REGION, test_share=design.test_share, rows=design.rows)
        corrected += found.p_value < 0.05
        wrong += found.word in ("better", "worse")
        naive += naive_t(a, b) < 0.05
    return {"corrected": corrected / studies, "naive": naive / studies, "called better or worse": wrong / studies}


def true_gap(studies: int, design: Design, seed: int = 0) -> dict[str, float]:
    """The gap between two unequal learners, how often it should be found and how often it is."""
    stream = np.random.default_rng(seed)
    found = []
    for _ in range(studies):
        a, b = study(design, stream)
        found.append(
            compare_folds(a, b, better="higher", region=REGION, test_share=design.test_share, rows=design.rows)
        )
    gap = float(np.mean([f.difference for f in found]))
    error = float(np.sqrt(np.mean([f.error**2 for f in found])))
    return {
        "gap": gap,
        "error, corrected": error,
        "error, true": float(np.std([f.difference for f in found])),
        "power": power(gap, REGION, error, found[0].splits - 1),
        "found": float(np.mean([f.word == "better" for f in found])),
    }


def fixed_test_set(studies: int, design: Design, seed: int = 0) -> dict[str, float]:
    """How often two equal learners are called different by their answers to 1,000 fresh rows."""
    stream = np.random.default_rng(seed)
    different = 0
    for i in range(studies):
        train, truth = draw_rows(1000, design, stream)
        fresh, real = draw_rows(1000, design, stream)
        learns = np.ones((1, 1000))
        answers = [
            np.stack([-m, m], axis=1)
            for half in (slice(0, FEATURES), slice(FEATURES, None))
            for m in margins(train[:, half], truth, learns, fresh[:, half])
        ]
        found = compare_rows(real, *answers, metric=accuracy, better="higher", region=REGION, seed=i, draws=500)
        different += found.p_value < 0.05
    return {"McNemar": different / studies}


def best_of_noise(studies: int, contenders: int = 20, rows: int = 100, seed: int = 0) -> dict[str, float]:
    """What the best of many contenders that only guess scores, naively and corrected; the truth is 0.5."""
    stream = np.random.default_rng(seed)
    corrected, naive = [], []
    for i in range(studies):
        truth = np.arange(rows) % 2
        answers = {str(c): np.eye(2)[stream.integers(2, size=rows)] for c in range(contenders)}
        found = choice_optimism(truth, answers, metric=accuracy, better="higher", seed=i, draws=500)
        corrected.append(found.score)
        naive.append(found.score + found.optimism)
    return {"naive": float(np.mean(naive)), "corrected": float(np.mean(corrected))}


def coverage(studies: int, design: Design, seed: int = 0) -> dict[str, float]:
    """How often the 95 % interval of one learner's mean score holds its true score."""
    stream = np.random.default_rng(seed)
    scores = [study(design, stream)[0] for _ in range(studies)]
    truth = float(np.mean(scores))
    ends = [mean_interval(s, design.test_share, share=True) for s in scores]
    return {"true score": truth, "covered": float(np.mean([low <= truth <= high for low, high in ends]))}


def main() -> None:
    """All simulations in full."""
    protocols = [Design(repeats=1, folds=10), Design(), Design(folds=10), Design(rows=500)]
    gaps = [Design(rows=300, shift_a=0.25 + more) for more in (0.02, 0.04, 0.08, 0.12, 0.16, 0.20)]
    write(
        "verdict",
        {
            "work": f"nearest centroids on halves of {2 * FEATURES} features, {STUDIES} data sets, region {REGION}",
            "equal learners called different": {
                f"{d.rows} rows, {d.repeats}x{d.folds} folds": equal_learners(STUDIES, d) for d in protocols
            },
            "true gaps, 300 rows, 10x5 folds": [true_gap(STUDIES, design) for design in gaps],
            "equal learners on a fixed test set called different": fixed_test_set(STUDIES, Design()),
            "best of 20 that guess, 100 rows": best_of_noise(STUDIES),
            "intervals of a mean, 10x5 folds": {
                f"{d.rows} rows": coverage(STUDIES, d) for d in (Design(), Design(rows=500))
            },
        },
    )


if __name__ == "__main__":
    main()
