"""`Training`: everything about how a network learns that is not the network."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from lamina.foundation.errors import SpecError
from lamina.foundation.specs import check, setting
from lamina.networks import Loss
from lamina.training.adaptive import AdamW
from lamina.training.rules import Optimiser
from lamina.training.schedules import Cosine, Schedule, WarmUp

USUAL_OPTIMISER = AdamW(learning_rate=3e-3, decay=0.2)


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a fleet of networks is trained; a single network is a fleet of one.

    >>> Training(epochs=20, batch=64).epochs
    20
    """

    epochs: int | Literal["auto"] = setting(
        "auto", "passes over the training rows; auto: fewer the more rows there are", low=1, high=1_000_000, log=True
    )
    batch: int | Literal["auto", "all"] = setting("auto", "rows a step, or 'all' for the whole set", low=1, log=True)
    optimiser: Optimiser | Literal["auto"] = setting(
        "auto", "the rule that turns gradients into steps; auto: what suits the network, mostly AdamW"
    )
    schedule: Schedule = setting(WarmUp(fraction=0.05, then=Cosine()), "how the learning rate changes during the run")
    loss: Loss | None = setting(None, "what is made small; None picks it by the task")
    clip: float | None = setting(1.0, "largest gradient norm of a member", above=0, log=True)
    averaging: float | None = setting(None, "weight of the past in a moving average of the weights", above=0, below=1)
    patience: int | None = setting(None, "epochs without a better validation loss before stopping", low=1)
    restore_best: bool = setting(True, "end with the weights of the best validation loss, where there is validation")
    seconds: float | None = setting(None, "wall-clock limit of the training in seconds", above=0)
    device: str = setting("auto", "'auto', 'cpu', 'cuda', 'cuda:0' or 'mps'")
    precision: Literal["auto", "float32", "float64", "bfloat16"] = setting(
        "auto", "numbers of the arithmetic; bfloat16 keeps the weights in float32"
    )

    def __post_init__(self) -> None:
        check(self)
        if self.optimiser != "auto" and not hasattr(self.optimiser, "rule"):
            raise _no_optimiser(self.optimiser)

    @property
    def rows_a_step(self) -> int | Literal["auto", "all"]:
        """``batch``, unless the optimiser is one that always takes the whole set."""
        return "all" if self.chosen_optimiser.whole else self.batch

    @property
    def chosen_optimiser(self) -> Optimiser:
        """``optimiser``, or `USUAL_OPTIMISER` where nobody chose one."""
        return USUAL_OPTIMISER if isinstance(self.optimiser, str) else self.optimiser  # the one string is "auto"


def training_with(*, epochs: int | None = None, learning_rate: float | None = None, device: str = "auto") -> Training:
    """The default training with a few things changed; None leaves a thing as it is. A learning rate is AdamW's.

    >>> training_with(epochs=3).epochs, training_with(learning_rate=0.1).optimiser.learning_rate
    (3, 0.1)
    """
    return Training(
        device=device,
        epochs="auto" if epochs is None else epochs,
        optimiser="auto"
        if learning_rate is None
        else dataclasses.replace(USUAL_OPTIMISER, learning_rate=learning_rate),
    )


def _no_optimiser(asked: object) -> SpecError:
    return SpecError(
        wrong=f"optimiser is {asked!r}.",
        expected='a spec such as AdamW(learning_rate=0.003), or "auto".',
        remedy='a name is looked up by named_optimiser("adam"); leave it out for what suits the network.',
    )
