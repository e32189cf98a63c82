"""Fifty networks 4-10-10-3 on penguins (5 folds x 10 seeds, 100 epochs, batch 32): a fleet against a loop.

The rival is scikit-learn's MLPClassifier, fitted one after the other on the same folds, scaled alike, with the same
sizes, activation, optimiser, learning rate, epochs and batch. One thread. Run: ``python benchmarks/fleet.py``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import warnings

import numpy as np
import torch
from common import cpu_seconds, in_turn, median_ratio, write
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from lamina.data import Category, Number, Schema, fit_encoder, folds, load_builtin
from lamina.foundation.signature import Signature
from lamina.networks import MLP, CrossEntropy
from lamina.training import Adam, Constant, Member, Rows, Training, fit_fleet

MEASUREMENTS = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
SEEDS, EPOCHS, BATCH, ROUNDS = 10, 100, 32, 5


def penguins():
    """The encoded rows of every fold, and the folds: numbers ``(fold, row, feature)``, truth ``(row,)``, splits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = load_builtin("penguins").select(["species", *MEASUREMENTS])
    table = table.filter(pc.field(MEASUREMENTS[0]) != "NA")
    table = pa.table({"species": table["species"], **{m: pc.cast(table[m], pa.float64()) for m in MEASUREMENTS}})
    truth = np.unique(table["species"].to_pylist(), return_inverse=True)[1].astype(np.int64)
    schema = Schema(columns=(Category(name="species"), *(Number(name=m) for m in MEASUREMENTS)), target="species")
    splits = folds(len(truth), folds=5, seed=0, labels=truth)
    numbers = [fit_encoder(table.take(a), schema, categories="onehot").encode(table).numbers for a, _ in splits]
    return np.stack(numbers), truth, splits


NUMBERS, TRUTH, SPLITS = penguins()


def lamina_fleet() -> float:
    """Mean accuracy on the held-out rows of fifty networks trained as one."""
    rows = len(TRUTH)
    pool = Rows(inputs=(torch.from_numpy(NUMBERS.reshape(-1, 4)),), truth=torch.from_numpy(np.tile(TRUTH, 5)))
    none = torch.arange(0)
    members = [
        Member(train=torch.from_numpy(train) + fold * rows, validation=none, seed=seed)
        for fold, (train, _) in enumerate(SPLITS)
        for seed in range(SEEDS)
    ]
    spec, signature = MLP(widths=(10, 10)), Signature(features=4, scores=3)
    training = Training(
        epochs=EPOCHS, batch=BATCH, optimiser=Adam(learning_rate=0.001), schedule=Constant(), clip=None, device="cpu"
    )
    trained = fit_fleet(lambda seed: spec.build(signature, seed=seed), pool, members, training, loss=CrossEntropy())
    network = spec.build(signature, seed=0)
    accuracies = []
    for i in range(len(members)):
        _, test = SPLITS[i // SEEDS]
        network.load_state_dict({name: weights[i] for name, weights in trained.weights.items()})
        scores = network(torch.from_numpy(NUMBERS[i // SEEDS][test])).detach()
        accuracies.append(float((scores.argmax(-1).numpy() == TRUTH[test]).mean()))
    return statistics.fmean(accuracies)


def sklearn_loop() -> float:
    """The same by fifty fits of scikit-learn."""
    accuracies = []
    for fold, (train, test) in enumerate(SPLITS):
        for seed in range(SEEDS):
            rival = MLPClassifier(
                (10, 10), batch_size=BATCH, max_iter=EPOCHS, alpha=0.0, n_iter_no_change=EPOCHS + 1, random_state=seed
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # exactly EPOCHS epochs are wanted
                rival.fit(NUMBERS[fold][train], TRUTH[train])
            accuracies.append(rival.score(NUMBERS[fold][test], TRUTH[test]))
    return statistics.fmean(accuracies)


def main() -> None:
    """Measure in turn, print, keep."""
    torch.set_num_threads(1)
    _, ours = cpu_seconds(lamina_fleet)
    _, theirs = cpu_seconds(sklearn_loop)
    seconds = in_turn({"lamina": lamina_fleet, "scikit-learn": sklearn_loop}, ROUNDS)
    write(
        "fleet",
        {
            "work": "50 networks 4-10-10-3 on penguins, 100 epochs, batch 32, one thread",
            "cpu_seconds_median": {name: statistics.median(values) for name, values in seconds.items()},
            "scikit-learn / lamina, median of ratios": median_ratio(seconds["scikit-learn"], seconds["lamina"]),
            "accuracy": {"lamina": ours, "scikit-learn": theirs},
        },
    )


if __name__ == "__main__":
    main()
