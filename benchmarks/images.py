"""An epoch of a small convolutional network: lamina against Keras, fastai, skorch and Lightning, a process for each.

conv 32 3x3 relu, pool 2, conv 64 3x3 relu, pool 2, dense 128 relu, 10 classes; batches of 128, Adam at 0.001, images of
28 x 28. The images are scikit-learn's digits, enlarged, shifted and with some noise; held-out images come from other
digits. lamina learns by `lamina.training.fit_fleet` from tensors in memory, in float32 and in bfloat16.

Run: ``python benchmarks/images.py --peers PYTHON [--core 1] [--small]``. ``PYTHON`` is an interpreter of an environment
with keras, tensorflow, jax, torch, fastai, skorch and lightning; without it only lamina runs. Every process is bound to
one core and one thread. Times are of one epoch of `IMAGES` images, ours and the fastest of the others `ROUNDS` times in
turn, the rest once; what is compiled or settled on a first call is counted apart. With ``--small`` accuracies after 1
and 3 epochs of `FEW` images are measured instead. Writes ``results/images.json`` and ``results/images.md``; what is not
measured again keeps its figures.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, environment
from peers.images import BATCH, CLASSES, RATE, WHO, timed

WORDS = "conv 32 3x3 relu, pool 2, conv 64 3x3 relu, pool 2, 128 relu"
IMAGES = 60_000
FEW = 6_000
HELD_OUT = 4_000
ROUNDS = 3
OURS = ("float32", "bfloat16")
FASTEST = ("Keras (TensorFlow)", "Keras (TensorFlow), mixed_bfloat16")  # as last seen: measured as often as ours
HALVES = "bfloat16 against the fastest in bfloat16"
NOISE = 20.0  # shades
VERSIONS = ("keras", "tensorflow", "jax", "torch", "fastai", "skorch", "lightning")


def drawn_images(digits: Any, truth: Any, count: int, random: np.random.Generator) -> tuple[Any, Any]:
    """So many images uint8 ``(row, 28, 28)`` of digits ``(row, 24, 24)``, moved by up to 2 pixels, and classes."""
    chosen, corners = random.integers(0, len(digits), count), random.integers(0, 5, (count, 2))
    shades = random.normal(0, NOISE, (count, 28, 28)).astype(np.float32)
    for image, source, (down, right) in zip(shades, chosen, corners, strict=True):
        image[down : down + 24, right : right + 24] += digits[source]
    return shades.clip(0, 255).astype(np.uint8), truth[chosen].astype(np.int64)


def write_images(place: Path, count: int) -> None:
    """Images to learn from and held-out ones, made of different digits."""
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    random, (digits, truth) = np.random.default_rng(0), load_digits(return_X_y=True)
    large = zoom(digits.reshape(-1, 8, 8) * (255 / 16), (1, 3, 3), order=1).astype(np.float32)
    order = random.permutation(len(large))
    learn, hold = order[:1400], order[1400:]
    x_train, y_train = drawn_images(large[learn], truth[learn], count, random)
    x_test, y_test = drawn_images(large[hold], truth[hold], HELD_OUT, random)
    np.savez(place / "images.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def ours(folder: Path, precision: Any, epochs: int) -> dict[str, float]:
    """The seconds and the accuracy of lamina, as `peers.images` tells those of the others."""
    import torch

    from lamina.data import Batch
    from lamina.foundation.signature import Field, Signature
    from lamina.model import Predictor
    from lamina.networks import CrossEntropy, parse_network
    from lamina.training import Adam, Constant, Member, Rows, Trained, Training, fit_fleet

    data = np.load(folder / "images.npz")
    images, truth = torch.from_numpy(data["x_train"]).unsqueeze(1), torch.from_numpy(data["y_train"])
    spec = parse_network(WORDS)
    signature = Signature(features=0, scores=CLASSES, fields=(Field(holds="image", shape=(1, 28, 28)),))

    def fit(rows: int, epochs: int) -> Trained:
        pool = Rows(inputs=(torch.zeros(rows, 0), images[:rows]), truth=truth[:rows])
        rule = {"optimiser": Adam(learning_rate=RATE), "schedule": Constant(), "clip": None}
        training = Training(epochs=epochs, batch=BATCH, precision=precision, device="cpu", **rule)
        member = Member(train=torch.arange(rows), validation=torch.arange(0))
        return fit_fleet(lambda seed: spec.build(signature, seed=seed), pool, [member], training, loss=CrossEntropy())

    found: dict[str, float] = {}
    with timed(found, "first_"):
        fit(BATCH + len(images) % BATCH, 1)
    with timed(found, ""):
        trained = fit(len(images), epochs)
    held = np.zeros((HELD_OUT, 0), np.float32), np.zeros((HELD_OUT, 0), np.int64), (data["x_test"][:, None],)
    batch = Batch(numbers=held[0], categories=held[1], fields=held[2])
    scores = Predictor(spec=spec, signature=signature, weights=trained.weights).scores(batch)[0]
    return {**found, "accuracy": float(np.mean(scores.argmax(1) == data["y_test"]))}


def one_process(who: str, folder: Path, epochs: int, peers: str | None, core: int) -> dict[str, float]:
    """What one contender found, alone on one core."""
    if who in OURS:
        command = [sys.executable, __file__, "--ours", who, str(folder), str(epochs)]
    else:
        command = [str(peers), str(Path(__file__).parent / "peers" / "images.py"), str(folder), who, str(epochs)]
    told = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["taskset", "-c", str(core), *command], check=True, capture_output=True, text=True, env=told, cwd=folder
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(who, f"{epochs} epochs", {name: round(value, 3) for name, value in found.items()}, flush=True)
    return found


def accuracies(who: list[str], peers: str | None, core: int) -> dict[str, dict[str, float]]:
    """After 1 and 3 epochs of a few images, on held-out ones."""
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder), FEW)
        return {
            one: {str(n): one_process(one, Path(folder), n, peers, core)["accuracy"] for n in (1, 3)} for one in who
        }


def epochs(who: list[str], peers: str | None, core: int) -> dict[str, list[dict[str, float]]]:
    """One epoch of all images: ours and the fastest of the others several times in turn, the rest once in between."""
    often = [one for one in who if one in (*OURS, *FASTEST)]
    rest = [one for one in who if one not in often]
    found: dict[str, list[dict[str, float]]] = {one: [] for one in who}
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder), IMAGES)
        for turn in range(ROUNDS):
            for one in [*often, *rest[turn::ROUNDS]]:
                found[one].append(one_process(one, Path(folder), 1, peers, core))
    return found


def ratios(found: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """How many times as fast as the fastest of the others in float32 ours are, by CPU time."""
    cpu = {one: statistics.median(run["cpu_seconds"] for run in runs) for one, runs in found.items()}
    plain = {one: seconds for one, seconds in cpu.items() if one not in OURS and "bf" not in one}
    if not plain:
        return {}
    fastest = min(plain, key=lambda one: plain[one])
    halves = [seconds for one, seconds in cpu.items() if one not in OURS and "bf" in one]
    times = {one: round(plain[fastest] / cpu[one], 2) for one in OURS}
    against = {HALVES: round(min(halves) / cpu["bfloat16"], 2)} if halves else {}
    return {"fastest of the others": fastest, "times as fast": times, **against}


def versions(peers: str | None) -> dict[str, str]:
    """Of the others."""
    if peers is None:
        return {}
    asked = (
        "import json, importlib.metadata as known; made_by = known.packages_distributions(); "
        f"print(json.dumps({{name: known.version(made_by[name][0]) for name in {VERSIONS!r}}}))"
    )
    return dict(json.loads(subprocess.run([peers, "-c", asked], check=True, capture_output=True, text=True).stdout))


def page(figures: dict[str, Any]) -> str:
    """The figures as a table for a reader."""
    where, told = figures["environment"], figures["ratios"]
    lines = [
        f"{where['date']}, {where['processor']}, one core and one thread of a machine that did other work too. Python",
        f"{where['python']}, torch {where['torch']}; {', '.join(f'{n} {v}' for n, v in figures['peers'].items())}.",
        "",
        f"Seconds of one epoch of {IMAGES:,} images (median where it ran several times); a first call is counted",
        f"apart. Accuracies on {HELD_OUT:,} images of other digits: after that epoch, and after 1 and 3 epochs of",
        f"{FEW:,} images. Processor time is what is compared: wall-clock time says as much about who else was running.",
        "",
        "| | CPU s | wall s | first call, CPU s | accuracy | 1 epoch of few | 3 epochs of few |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one, runs in sorted(figures["epochs"].items(), key=lambda pair: _median(pair[1], "cpu_seconds")):
        seconds = [f"{_median(runs, key):.1f}" for key in ("cpu_seconds", "wall_seconds", "first_cpu_seconds")]
        few = figures["accuracies"].get(one, {})
        shares = [_median(runs, "accuracy"), few.get("1"), few.get("3")]
        cells = [*seconds, *("" if share is None else f"{share:.2%}" for share in shares)]
        lines.append(f"| {f'lamina, {one}' if one in OURS else one} | {' | '.join(cells)} |")
    if told:
        plain = ", ".join(f"{times:.2f} times as fast in {one}" for one, times in told["times as fast"].items())
        lines += ["", f"By processor time lamina is {plain}, both against {told['fastest of the others']} in float32."]
    if told.get(HALVES):
        lines += [f"In bfloat16 against the fastest of the others in bfloat16: {told[HALVES]:.2f} times as fast."]
    return "\n".join(lines) + "\n"


def _median(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def main() -> None:
    """Measure and write, or be one of the processes that are measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--ours", nargs=3)
    asked = parser.parse_args()
    if asked.ours:
        precision, folder, count = asked.ours
        print(json.dumps(ours(Path(folder), precision, int(count))))
        return
    who = [*OURS, *(WHO if asked.peers else ())]
    place = RESULTS / "images.json"
    figures = json.loads(place.read_text()) if place.exists() else {"accuracies": {}, "epochs": {}, "ratios": {}}
    if asked.small:
        figures["accuracies"] = accuracies(who, asked.peers, asked.core)
    else:
        figures["epochs"] = epochs(who, asked.peers, asked.core)
        figures["ratios"] = ratios(figures["epochs"])
    figures |= {"environment": environment(), "peers": versions(asked.peers)}
    place.write_text(json.dumps(figures, indent=1) + "\n")
    (RESULTS / "images.md").write_text(page(figures))


if __name__ == "__main__":
    main()
