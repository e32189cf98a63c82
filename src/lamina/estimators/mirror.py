"""May a network learn from mirror images too? Asked of the rows, because no rule can know: cats yes, digits no.

A small network learns from some of the training rows as they are. If it then understands the mirror images of others
as well as these themselves, left and right mean nothing here, and every image may be learnt from both ways:

    flip    where mean(loss of the mirror image - loss of the image) + 2 standard errors <= a tenth of the mean loss

Rows that judge have no part in it. With few rows the answer would be chance, so nothing is mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from lamina.data import Batch
from lamina.foundation.randomness import numpy_stream
from lamina.foundation.signature import Signature
from lamina.model import Predictor
from lamina.networks import Augment, Loss, Table, is_tiny
from lamina.training import Member, Rows, Training, fit_fleet

FEWEST_ROWS = 2_000  # training rows from which it is asked
LOOKED_AT = 4_000  # of them, at most
JUDGED = 0.25  # share of these whose mirror images are looked at
EPOCHS = 6
WORSE = 0.1  # of the loss: what a mirror image may cost at most


@dataclass(frozen=True, kw_only=True)
class Mirrors:
    """What mirror images cost a network that has seen none: mean losses, and whether they may be learnt from."""

    plain: float
    mirrored: float
    flip: bool

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        losses = f"loss {self.mirrored:.3g} against {self.plain:.3g}"
        if self.flip:
            return f"mirror images are understood as well as the images ({losses}), so they are learnt from too."
        return f"mirror images are not understood as well as the images ({losses}), so they are not learnt from."


def ask_mirrors(
    rows: Rows, learning: int, network: Table, signature: Signature, *, loss: Loss, training: Training, seed: int
) -> Mirrors | None:
    """What the first ``learning`` rows say; None where there are too few, or no image that may be mirrored.

    Args:
        rows: encoded, those that teach first.
        network: the spec that is to learn from them, its image encoder one that can flip.
        training: what is asked for; its loss, device and precision are used.
        seed: of what is drawn.
    """
    images = [place for place, field in enumerate(signature.fields) if field.holds == "image" and not is_tiny(field)]
    if learning < FEWEST_ROWS or not images:
        return None
    drawn = torch.from_numpy(numpy_stream(seed, "mirror").permutation(learning)[:LOOKED_AT])
    watched = round(len(drawn) * JUDGED)
    trained = fit_fleet(
        lambda seed: network.build(signature, seed=seed),
        rows,
        [Member(train=drawn[watched:], validation=drawn[:0], seed=seed)],
        replace(training, epochs=EPOCHS, batch="auto", patience=None, seconds=None),
        loss=loss,
    )
    predictor = Predictor(spec=network, signature=signature, weights=trained.weights)
    first = len(rows.inputs) - len(signature.fields)
    seen = Rows(inputs=tuple(one[drawn[:watched]] for one in rows.inputs), truth=rows.truth[drawn[:watched]])
    turned = [one.flip(-1) if place - first in images else one for place, one in enumerate(seen.inputs)]
    plain = _losses(predictor, seen, loss)
    mirrored = _losses(predictor, Rows(inputs=tuple(turned), truth=seen.truth), loss)
    return decided(plain, mirrored)


def decided(plain: np.ndarray, mirrored: np.ndarray) -> Mirrors:
    """What two losses of each image say. **Shape**: float64 ``(row,)`` each.

    >>> decided(np.ones(100), np.full(100, 1.05)).flip, decided(np.ones(100), np.full(100, 1.2)).flip
    (True, False)
    """
    more = mirrored - plain
    highest = more.mean() + 2 * more.std(ddof=1) / np.sqrt(len(more))
    flip = bool(highest <= WORSE * plain.mean())  # as well where there is no loss at all
    return Mirrors(plain=float(plain.mean()), mirrored=float(mirrored.mean()), flip=flip)


def mirroring(network: Table) -> Table:
    """The spec, its images mirrored half of the time while it learns."""
    image: Any = network.image
    return replace(network, image=replace(image, augment=replace(image.augment or Augment(), flip=True)))


def _losses(predictor: Predictor, rows: Rows, loss: Loss) -> np.ndarray:
    """The loss of each row ``(row,)``."""
    coded = bool(predictor.signature.categories)
    fields = tuple(one.numpy() for one in rows.inputs[1 + coded :])
    codes = rows.inputs[1].numpy() if coded else np.zeros((len(rows), 0), np.int64)
    batch = Batch(numbers=rows.inputs[0].numpy(), categories=codes, fields=fields)
    scores = torch.from_numpy(predictor.scores(batch))[0]
    found: np.ndarray = loss(scores, rows.truth).double().numpy()
    return found
