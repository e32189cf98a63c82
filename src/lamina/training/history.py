"""What one network went through while it learnt, epoch by epoch: plain numbers that can be written down as JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from lamina.foundation.specs import Json


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One pass over the training rows. Losses are means a row; what was not measured is None, NaN or empty.

    Layers are named as the network names them, in the order in which rows pass through them.
    """

    epoch: int  # 1 for the first
    seconds: float  # from the start of training to the end of this epoch
    training_loss: float
    validation_loss: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)  # on the validation rows
    learning_rate: float = math.nan  # of the epoch's first step
    gradient_norm: float = math.nan  # Euclidean, over all parameters, before clipping
    layer_norms: Mapping[str, float] = field(default_factory=dict)  # of the gradients of each layer's weights
    dead_units: Mapping[str, float] = field(default_factory=dict)  # share of a layer's units that are 0 for every row
    rows_per_second: float = math.nan

    def to_json(self) -> Json:
        """Plain JSON values; NaN and infinities, which JSON does not have, become null."""
        return _plain({f.name: getattr(self, f.name) for f in dataclasses.fields(self)})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Epoch:
        """What `to_json` wrote; null comes back as NaN, a missing validation loss as None."""
        return cls(**{name: _number(value, name) for name, value in data.items()})


@dataclass(frozen=True, kw_only=True)
class History:
    """The epochs of one network, in order. Adding an epoch makes a new history.

    >>> history = History(chance_loss=1.1).add(Epoch(epoch=1, seconds=0.5, training_loss=0.9, validation_loss=1.0))
    >>> history.training_losses, history.best_epoch, History.from_json(history.to_json()) == history
    ((0.9,), 1, True)
    """

    epochs: tuple[Epoch, ...] = ()
    start_loss: float | None = None  # training loss before the first step
    chance_loss: float | None = None  # training loss of the best answer that does not look at the inputs

    def add(self, epoch: Epoch) -> History:
        """This history and one more epoch."""
        return dataclasses.replace(self, epochs=(*self.epochs, epoch))

    @property
    def training_losses(self) -> tuple[float, ...]:
        """Training loss of each epoch."""
        return tuple(e.training_loss for e in self.epochs)

    @property
    def validation_losses(self) -> tuple[float, ...]:
        """Validation loss of each epoch that has one."""
        return tuple(e.validation_loss for e in self.epochs if e.validation_loss is not None)

    @property
    def best_epoch(self) -> int | None:
        """The first epoch with the lowest loss (validation where there is any); None if no loss is finite."""
        judged = [(e.validation_loss, e.epoch) for e in self.epochs if is_finite(e.validation_loss)]
        judged = judged or [(e.training_loss, e.epoch) for e in self.epochs if is_finite(e.training_loss)]
        return min(judged)[1] if judged else None

    @property
    def seconds(self) -> float:
        """How long the epochs took altogether."""
        return self.epochs[-1].seconds if self.epochs else 0.0

    def to_json(self) -> Json:
        """Plain JSON values."""
        return {
            "start_loss": _plain(self.start_loss),
            "chance_loss": _plain(self.chance_loss),
            "epochs": [e.to_json() for e in self.epochs],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> History:
        """What `to_json` wrote."""
        return cls(
            epochs=tuple(Epoch.from_json(e) for e in data["epochs"]),
            start_loss=data["start_loss"],
            chance_loss=data["chance_loss"],
        )


def is_finite(loss: float | None) -> TypeGuard[float]:
    """Whether a loss was measured and is a number."""
    return loss is not None and math.isfinite(loss)


def _plain(value: Any) -> Json:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _number(inner, key) for key, inner in value.items()}
    return math.nan if value is None and name != "validation_loss" else value
