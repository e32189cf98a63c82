"""What went wrong while a network learnt, in words, and what to try.

Every diagnosis is one small function that reads a `History` and either finds its sign or finds nothing. The
thresholds below are rules of thumb, wide enough that an ordinary healthy run passes none of them; the reference they
speak of is the loss of knowing nothing (`lamina.training.trends.reference_of`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from lamina.training.history import History, is_finite
from lamina.training.trends import end_norms, first_known, late_mean, loss_at, norm_of, reference_of, start_of, swing_of

Kind = Literal[
    "rate too high",
    "rate too low",
    "exploding gradients",
    "vanishing gradients",
    "dead units",
    "overfitting",
    "underfitting",
    "healthy",
    "unjudged",
]

SWING = 0.1  # mean change of the training loss between late epochs, as a share of the reference: it bounces
RISES = 0.25  # ... and share of those changes that go up
GROWTH = 1.2  # late training loss over the loss at the start: it grows
JUMP = 3.0  # largest training loss over the loss at the start: it was thrown back
LATE_FALL = 0.1  # share of the whole fall made in the last quarter of the walk (a straight line makes 0.25)
SOME_FALL = 0.005  # share of the first loss that must be gone for the rest to be more than noise
SMALL_FALL = 0.5  # share of the first loss that is gone at the end: less than this is little progress
RISE = 0.1  # rise of the validation loss above its best, as a share of that best
CLEAR_RISE = 0.03  # ... and as a share of the reference, so that 0.001 against 0.002 does not count
GAP = 0.3  # late validation loss minus training loss, as a share of the reference
NO_BETTER = 0.9  # late training loss over the reference: hardly better than guessing
VANISHED = 1e-3  # gradient norm of the first layer over that of the last
EXPLODED = 1e3  # gradient norm, or its growth over the run
DEAD = 0.3  # share of a layer's units that are zero for every row
FEW_EPOCHS = 4  # below this a trend cannot be seen


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """One finding: what it is called, what was seen, what to try, and the numbers behind it."""

    kind: Kind
    sentence: str
    advice: str
    evidence: Mapping[str, float] = field(default_factory=dict)


def diagnose(history: History) -> tuple[Diagnosis, ...]:
    """All that can be seen in a history, causes before symptoms; never empty.

    What a fault explains is not held against the network as well: where the steps were too long nothing is said about
    fit and vanishing, and underfitting is named only where no cause for it was found.

    >>> from lamina.training.history import Epoch
    >>> history = History(start_loss=1.1)
    >>> for i in range(8):
    ...     history = history.add(Epoch(epoch=i + 1, seconds=i, training_loss=0.5**i, validation_loss=0.5**i + 0.1))
    >>> diagnose(history)[0].kind
    'healthy'
    """
    if not history.epochs:
        return (_UNJUDGED,)
    broken = _found(history, rate_too_high)
    told = _found(history, vanishing_gradients) if not broken else []
    slow = _found(history, rate_too_low) if not broken and not told else []
    causes = [*broken, *_found(history, exploding_gradients), *told, *slow, *_found(history, dead_units)]
    symptoms = [] if broken else _found(history, overfitting) or ([] if causes else _found(history, underfitting))
    return (*causes, *symptoms) or (_HEALTHY,)


def rate_too_high(history: History) -> Diagnosis | None:
    """The training loss is no number any more, grows, or bounces."""
    losses = history.training_losses
    advice = "Try a learning rate 10 times smaller, a longer warm-up, or gradient clipping."
    if broken := [e.epoch for e in history.epochs if not math.isfinite(e.training_loss)]:
        return Diagnosis(
            kind="rate too high",
            sentence=f"The training loss stopped being a number in epoch {broken[0]}: the steps were too long.",
            advice=advice,
            evidence={"epoch": broken[0]},
        )
    start, late, largest = start_of(history), late_mean(losses), max(losses)
    if late > GROWTH * start or largest > JUMP * start:
        return Diagnosis(
            kind="rate too high",
            sentence=f"The training loss grew from {start:.3g} to {largest:.3g}: the steps overshoot.",
            advice=advice,
            evidence={"start": start, "largest": largest, "late": late},
        )
    swing, rises = swing_of(losses)
    if len(losses) > FEW_EPOCHS and swing > SWING * reference_of(history) and rises > RISES:
        return Diagnosis(
            kind="rate too high",
            sentence=f"The training loss bounces by {swing:.3g} from epoch to epoch and does not settle.",
            advice=advice,
            evidence={"swing": swing, "share of rises": rises},
        )
    return None


def rate_too_low(history: History) -> Diagnosis | None:
    """The training loss still falls along a straight line, and has not come far.

    The line is drawn over the sum of the learning rates so far, because a schedule that ends near zero bends any curve.
    """
    losses, start = history.training_losses, start_of(history)
    told = history.start_loss is not None or history.chance_loss is not None  # on many rows an epoch hides the fall
    if not told or len(losses) < FEW_EPOCHS or not all(map(math.isfinite, losses)):
        return None
    fall = start - losses[-1]
    late_fall = (loss_at(history, 0.75) - losses[-1]) / fall if fall > 0 else 0.0
    if not (SOME_FALL * start < fall < SMALL_FALL * start and late_fall > LATE_FALL):
        return None
    return Diagnosis(
        kind="rate too low",
        sentence=f"The training loss fell only from {start:.3g} to {losses[-1]:.3g} and was still falling at the end.",
        advice="Try a learning rate 3 to 10 times larger, or more epochs.",
        evidence={"start": start, "end": losses[-1], "share of the fall in the last quarter": late_fall},
    )


def exploding_gradients(history: History) -> Diagnosis | None:
    """Gradients beyond all measure, or growing without end."""
    norms = [norm_of(e) for e in history.epochs]
    measured = [n for n in norms if not math.isnan(n)]
    if not measured:
        return None
    largest, first = max(measured), measured[0]
    if largest <= EXPLODED and not (first > 0 and largest > EXPLODED * first and largest > 1):
        return None
    return Diagnosis(
        kind="exploding gradients",
        sentence=f"The gradient reached a length of {largest:.3g} (in the first epoch {first:.3g}).",
        advice="Try gradient clipping at 1, a smaller learning rate, normalisation between the layers, or inputs and "
        "targets on a common scale.",
        evidence={"largest": largest, "first": first},
    )


def vanishing_gradients(history: History) -> Diagnosis | None:
    """The first layer is told next to nothing. A gradient of exactly zero is the work of dead units, not this."""
    ends = [end_norms(e) for e in history.epochs]
    ratios = [first / last for first, last in ends if 0 < first < math.inf and 0 < last < math.inf]
    if not ratios or median(ratios) >= VANISHED:
        return None
    return Diagnosis(
        kind="vanishing gradients",
        sentence=f"The first layer's gradient is only {median(ratios):.2g} times the last layer's: it hardly learns.",
        advice="Try shortcuts (residual), normalisation between the layers, relu instead of a sigmoid, the weight "
        "initialisation that belongs to the activation, or fewer layers.",
        evidence={"first over last": median(ratios)},
    )


def dead_units(history: History) -> Diagnosis | None:
    """Many units of a layer are zero whatever comes in: they cannot learn any more."""
    looked = [e.dead_units for e in history.epochs if e.dead_units]
    dead = {layer: share for layer, share in looked[-1].items() if share > DEAD} if looked else {}
    if not dead:
        return None
    layer = max(dead, key=lambda name: dead[name])
    return Diagnosis(
        kind="dead units",
        sentence=f"{100 * dead[layer]:.0f} % of the units of layer {layer!r} are 0 for every row.",
        advice="Try a smaller learning rate, leaky relu, elu or silu instead of relu, or normalisation of the layers.",
        evidence=dead,
    )


def overfitting(history: History) -> Diagnosis | None:
    """The validation loss rises while the training loss falls, or stays far above it."""
    pairs = [(e.training_loss, e.validation_loss) for e in history.epochs if is_finite(e.validation_loss)]
    if len(pairs) < FEW_EPOCHS or not all(math.isfinite(t) for t, _ in pairs):
        return None
    training, validation = [t for t, _ in pairs], [v for _, v in pairs if v is not None]
    best, reference = min(range(len(validation)), key=validation.__getitem__), reference_of(history)
    late, late_training = late_mean(validation), late_mean(training)
    rise, gap = late - validation[best], late - late_training
    rises = rise > max(RISE * validation[best], CLEAR_RISE * reference) and late_training < training[best]
    if not rises and gap <= GAP * reference:
        return None
    epoch = history.best_epoch
    seen = (
        f"Since epoch {epoch} the validation loss has risen from {validation[best]:.3g} to {late:.3g} while the "
        f"training loss fell to {late_training:.3g}"
        if rises
        else f"The validation loss ({late:.3g}) stays far above the training loss ({late_training:.3g})"
    )
    return Diagnosis(
        kind="overfitting",
        sentence=f"{seen}: the network learns its training rows by heart.",
        advice="Try more rows, early stopping, dropout, more weight decay, or a smaller network.",
        evidence={"best epoch": float(epoch or 0), "rise": rise, "gap": gap},
    )


def underfitting(history: History) -> Diagnosis | None:
    """The training loss is hardly better than that of guessing; judged only where the history says what that is."""
    reference, late = first_known(history.chance_loss, history.start_loss), late_mean(history.training_losses)
    if not math.isfinite(late) or late <= NO_BETTER * reference:
        return None
    return Diagnosis(
        kind="underfitting",
        sentence=f"The training loss ({late:.3g}) is hardly below that of guessing ({reference:.3g}).",
        advice="Try a larger network, more epochs, a larger learning rate, less dropout and decay; if nothing helps, "
        "these inputs may say little about the target.",
        evidence={"late": late, "guessing": reference},
    )


_HEALTHY = Diagnosis(
    kind="healthy",
    sentence="Nothing wrong was seen: the losses fell and settled, and gradients and units look sound.",
    advice="Nothing needs to change.",
)
_UNJUDGED = Diagnosis(
    kind="unjudged",
    sentence="No epoch was finished, so there is nothing to judge.",
    advice="Train for an epoch or more.",
)


def _found(history: History, check: Callable[[History], Diagnosis | None]) -> list[Diagnosis]:
    finding = check(history)
    return [] if finding is None else [finding]
