"""May a network learn from mirror images too? Asked of the rows, because no rule can know: cats yes, digits no.

A small network learns from some of the training rows as they are. If it then understands the mirror images of others
as well as these themselves, left and right mean nothing here, and every image may be learnt from both ways:

    flip    where mean(loss of the mirror image - loss of the image) + 2 standard errors <= a tenth of the mean loss

and where that loss is well below that of knowing only how common each class is: who has learnt nothing understands
everything equally well. Rows that judge have no part in it, but for a search by folds: it asks the rows that teach in
the first of them. With few rows the answer would be chance, so nothing is mirrored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.data import Batch
from lamina.estimators.recipe import suited, usual_precision
from lamina.foundation.randomness import numpy_stream
from lamina.foundation.signature import Signature
from lamina.model import Predictor
from lamina.networks import Augment, Loss, Network, Table, is_tiny
from lamina.training import Member, Rows, Training, fit_fleet

FEWEST_ROWS = 2_000  # training rows from which it is asked
LOOKED_AT = 4_000  # of them, at most
JUDGED = 0.25  # share of these whose mirror images are looked at
EPOCHS = 6
WORSE = 0.1  # of the loss: what a mirror image may cost at most
LEARNT = 0.8  # of the loss of a constant answer: what is above has learnt too little to be asked
LEAST_SECONDS, SHARE = 5.0, 0.1  # of a time limit: what an answer needs, and may take


@dataclass(frozen=True, kw_only=True)
class Mirrors:
    """What mirror images cost a network that has seen none: mean losses, and whether they may be learnt from."""

    plain: float
    mirrored: float
    constant: float
    flip: bool

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        losses = f"loss {self.mirrored:.3g} against {self.plain:.3g}"
        if self.flip:
            return f"mirror images are understood as well as the images ({losses}), so they are learnt from too."
        if self.plain > LEARNT * self.constant:
            return f"a short look taught too little to ask about mirror images ({losses}), so they are not learnt from."
        return f"mirror images are not understood as well as the images ({losses}), so they are not learnt from."


def mirrors_for(
    rows: Rows,
    learning: int,
    network: Network | None,
    signature: Signature,
    *,
    many: int,
    loss: Loss,
    training: Training,
    seed: int,
) -> Mirrors | None:
    """What the rows say to the usual network of so ``many``; nobody asks where one names its own encoder of images.

    The other arguments are those of `ask_mirrors`, and ``network`` is what was asked for.
    """
    small = suited(network, min(many, LOOKED_AT), signature)
    if not isinstance(small, Table) or getattr(network, "image", None) is not None:
        return None
    training = usual_precision(training, small, signature)
    return ask_mirrors(rows, learning, small, signature, loss=loss, training=training, seed=seed)


def question_rows(learning: int, network: Network | None, signature: Signature) -> int:
    """How many rows are met in all to ask so many; 0 where nobody asks."""
    if learning < FEWEST_ROWS or not _images(signature) or getattr(network, "image", None) is not None:
        return 0
    return EPOCHS * round(min(learning, LOOKED_AT) * (1 - JUDGED))


def ask_mirrors(
    rows: Rows, learning: int, network: Table, signature: Signature, *, loss: Loss, training: Training, seed: int
) -> Mirrors | None:
    """What the first ``learning`` rows say; None where rows or time are too few, no image may be mirrored, or a
    loss is no number.

    Args:
        rows: encoded, those that teach first.
        network: the spec that is to learn from them, its image encoder one that can flip.
        training: what is asked for; its loss, device and precision are used, and a share of its seconds.
        seed: of what is drawn.
    """
    images = _images(signature)
    seconds = None if training.seconds is None else training.seconds * SHARE
    if learning < FEWEST_ROWS or not images or (seconds is not None and seconds < LEAST_SECONDS):
        return None
    drawn = torch.from_numpy(numpy_stream(seed, "mirror").permutation(learning)[:LOOKED_AT])
    watched = round(len(drawn) * JUDGED)
    trained = fit_fleet(
        lambda seed: network.build(signature, seed=seed),
        rows,
        [Member(train=drawn[watched:], validation=drawn[:0], seed=seed)],
        replace(training, epochs=EPOCHS, batch="auto", patience=None, seconds=seconds),
        loss=loss,
    )
    predictor = Predictor(spec=network, signature=signature, weights=trained.weights)
    first = len(rows.inputs) - len(signature.fields)
    seen = Rows(inputs=tuple(one[drawn[:watched]] for one in rows.inputs), truth=rows.truth[drawn[:watched]])
    turned = [one.flip(-1) if place - first in images else one for place, one in enumerate(seen.inputs)]
    plain = _losses(predictor, seen, loss)
    mirrored = _losses(predictor, Rows(inputs=tuple(turned), truth=seen.truth), loss)
    constant = loss(_constant(rows.truth[drawn[watched:]], signature.scores, loss, len(plain)), seen.truth)
    found = decided(plain, mirrored, constant.double().numpy())
    return found if math.isfinite(found.plain + found.mirrored) else None


def decided(plain: np.ndarray, mirrored: np.ndarray, constant: np.ndarray) -> Mirrors:
    """What three losses of each image say: its own, its mirror image's, and a constant answer's.

    **Shape**: ``(row,)`` each.

    >>> ones, twos = np.ones(100), np.full(100, 2.0)
    >>> [decided(ones, 1.05 * ones, twos).flip, decided(ones, 1.2 * ones, twos).flip, decided(ones, ones, ones).flip]
    [True, False, False]
    """
    more = mirrored - plain
    highest = more.mean() + 2 * more.std(ddof=1) / np.sqrt(len(more))
    flip = bool(highest <= WORSE * plain.mean())  # as well where there is no loss at all
    means = {"plain": plain, "mirrored": mirrored, "constant": constant}
    losses = {name: float(each.mean()) for name, each in means.items()}
    return Mirrors(**losses, flip=flip and losses["plain"] <= LEARNT * losses["constant"])


def mirroring(network: Network, mirrors: Mirrors | None) -> Network:
    """The spec, its images mirrored half of the time while it learns if the rows allow it."""
    if mirrors is None or not mirrors.flip or not isinstance(network, Table):
        return network
    image: Any = network.image
    return replace(network, image=replace(image, augment=replace(image.augment or Augment(), flip=True)))


def _images(signature: Signature) -> list[int]:
    """The places of the fields that could be mirrored."""
    return [place for place, field in enumerate(signature.fields) if field.holds == "image" and not is_tiny(field)]


def _constant(truth: Tensor, scores: int, loss: Loss, rows: int) -> Tensor:
    """Scores of always the same answer ``(rows, score)``: how common each class is, or the mean of numbers."""
    if loss.needs != "classes" or loss.link != "softmax":
        return torch.zeros(rows, scores)
    counts = torch.bincount(truth, minlength=scores)
    return ((counts + 1) / (len(truth) + scores)).log().expand(rows, scores)


def _losses(predictor: Predictor, rows: Rows, loss: Loss) -> np.ndarray:
    """The loss of each row ``(row,)``."""
    coded = bool(predictor.signature.categories)
    fields = tuple(one.numpy() for one in rows.inputs[1 + coded :])
    codes = rows.inputs[1].numpy() if coded else np.zeros((len(rows), 0), np.int64)
    batch = Batch(numbers=rows.inputs[0].numpy(), categories=codes, fields=fields)
    scores = torch.from_numpy(predictor.scores(batch))[0]
    found: np.ndarray = loss(scores, rows.truth).double().numpy()
    return found
