"""Other people's convolutional network: the side of `benchmarks/images.py` that runs in an environment of its own.

Run: ``PYTHON peers/images.py FOLDER WHO EPOCHS``, a process for each. Needs keras with tensorflow, jax and torch, and
fastai, skorch and lightning, and nothing of lamina. Each is written as its own documentation writes it. ``FOLDER``
holds ``images.npz`` (uint8 ``x_train``, ``x_test`` ``(row, height, width)``, int64 ``y_train``, ``y_test``). The last
line printed is JSON: CPU and wall-clock seconds of the epochs, of a first call before them (a whole batch and one of
the size of the last, so that all compiling lies there), and the accuracy on the test rows.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SEED = 0
BATCH = 128
RATE = 0.001
CLASSES = 10
Fit = Callable[[Any, Any, int], None]
Chances = Callable[[Any], Any]


def keras_on(backend: str, policy: str = "float32") -> tuple[Fit, Chances]:
    """The convnet of keras.io's "Simple MNIST convnet", with these sizes, by ``model.fit``."""
    os.environ["KERAS_BACKEND"], os.environ["TF_CPP_MIN_LOG_LEVEL"] = backend, "3"
    import keras
    from keras import layers

    keras.utils.set_random_seed(SEED)
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(CLASSES, activation="softmax", dtype="float32"),
        ]
    )
    adam = keras.optimizers.Adam(RATE)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=adam, metrics=["accuracy"])

    def fit(x: Any, y: Any, epochs: int) -> None:
        model.fit(x[..., None], y, batch_size=BATCH, epochs=epochs, verbose=0)

    return fit, lambda x: model.predict(x[..., None], batch_size=BATCH, verbose=0)


def module() -> Any:
    """The network of all who use torch."""
    import torch
    from torch import nn

    torch.manual_seed(SEED)
    front = (nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(*front, nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, CLASSES))


def tensors(x: Any, y: Any) -> tuple[Any, Any]:
    """Images with a channel, and their classes."""
    import torch

    return torch.from_numpy(x).unsqueeze(1), torch.from_numpy(y)


def chances_of(network: Any) -> Chances:
    """What a module of torch says of images."""
    import torch

    def chances(x: Any) -> Any:
        with torch.no_grad():
            return torch.cat([network.eval()(part) for part in torch.from_numpy(x).unsqueeze(1).split(1024)]).numpy()

    return chances


def by_fastai() -> tuple[Fit, Chances]:
    """fastai: ``DataLoaders`` and ``Learner.fit`` as in the fourth chapter of its book."""
    import fastai.callback.progress  # noqa: F401  # gives a Learner no_bar and no_logging
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.learner import Learner
    from fastai.losses import CrossEntropyLossFlat
    from fastai.metrics import accuracy
    from fastai.optimizer import Adam

    network = module()

    def fit(x: Any, y: Any, epochs: int) -> None:
        images, truth = tensors(x, y)
        learn = DataLoader(list(zip(images, truth, strict=True)), batch_size=BATCH, shuffle=True, num_workers=0)
        watch = DataLoader(list(zip(images[:2], truth[:2], strict=True)), batch_size=BATCH, num_workers=0)
        parts = {"opt_func": Adam, "loss_func": CrossEntropyLossFlat(), "metrics": accuracy}
        learner = Learner(DataLoaders(learn, watch), network, **parts)
        with learner.no_bar(), learner.no_logging():
            learner.fit(epochs, RATE)

    return fit, chances_of(network)


def by_skorch() -> tuple[Fit, Chances]:
    """skorch: ``NeuralNetClassifier``; ``partial_fit`` is its ``fit`` without new weights."""
    import torch
    from skorch import NeuralNetClassifier

    told = {"criterion": torch.nn.CrossEntropyLoss, "optimizer": torch.optim.Adam, "lr": RATE, "batch_size": BATCH}
    learner = NeuralNetClassifier(module(), **told, train_split=None, iterator_train__shuffle=True, verbose=0)
    learner.initialize()

    def fit(x: Any, y: Any, epochs: int) -> None:
        learner.set_params(max_epochs=epochs)
        learner.partial_fit(x[:, None], y)

    return fit, chances_of(learner.module_)


def by_lightning(precision: Any = "32-true") -> tuple[Fit, Chances]:
    """Lightning: a ``LightningModule`` and ``Trainer.fit`` with a ``DataLoader``."""
    import lightning
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    class Learner(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = module()

        def training_step(self, batch: Any, batch_index: int) -> Any:
            images, truth = batch
            loss = torch.nn.functional.cross_entropy(self.network(images), truth)
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=RATE)

    learner = Learner()
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)

    def fit(x: Any, y: Any, epochs: int) -> None:
        trainer = lightning.Trainer(max_epochs=epochs, accelerator="cpu", precision=precision, **quiet)
        trainer.fit(learner, DataLoader(TensorDataset(*tensors(x, y)), batch_size=BATCH, shuffle=True))

    return fit, chances_of(learner.network)


WHO: dict[str, Callable[[], tuple[Fit, Chances]]] = {
    "Keras (TensorFlow)": lambda: keras_on("tensorflow"),
    "Keras (JAX)": lambda: keras_on("jax"),
    "Keras (torch)": lambda: keras_on("torch"),
    "fastai": by_fastai,
    "skorch": by_skorch,
    "Lightning": by_lightning,
    "Keras (TensorFlow), mixed_bfloat16": lambda: keras_on("tensorflow", "mixed_bfloat16"),
    "Lightning, bf16-mixed": lambda: by_lightning("bf16-mixed"),
}


@contextlib.contextmanager
def timed(into: dict[str, float], name: str) -> Iterator[None]:
    """CPU and wall-clock seconds of what is done inside."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    into |= {f"{name}cpu_seconds": time.process_time() - cpu, f"{name}wall_seconds": time.perf_counter() - wall}


def main() -> None:
    """One learner, in a process of its own."""
    folder, who, epochs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    warnings.filterwarnings("ignore")
    data = np.load(folder / "images.npz")
    x, x_test = (data[name].astype(np.float32) / 255 for name in ("x_train", "x_test"))
    y, y_test = data["y_train"], data["y_test"]
    found: dict[str, float] = {}
    first = BATCH + len(x) % BATCH
    with timed(found, "first_"):
        fit, chances = WHO[who]()
        fit(x[:first], y[:first], 1)
    with timed(found, ""):
        fit(x, y, epochs)
    found["accuracy"] = float(np.mean(np.asarray(chances(x_test)).argmax(1) == y_test))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
