"""What is taken where nothing was asked for: network, members and loss that suit a table of so many rows.

Chosen by experiment; what was tried, and how it did, is told in ``docs/decisions/0005-defaults.md`` and
``docs/decisions/0007-tables.md``. How long to train is `Training`'s own default, by the number of rows too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from lamina.foundation.devices import pick_device, reckons_halves
from lamina.foundation.signature import Field, FieldKind, Signature
from lamina.networks import (
    FCN,
    MLP,
    ConvNet,
    CrossEntropy,
    InceptionTime,
    Loss,
    MeanSquaredError,
    Network,
    Piecewise,
    ResNet,
    Table,
    is_tiny,
    usual_encoders,
    usual_trunk,
)
from lamina.training import Muon, Training
from lamina.training.order import epoch_steps

Task = Literal["classification", "regression"]

CONVOLVED = (ConvNet, ResNet, FCN, InceptionTime)  # encoders that were seen to learn as well in bfloat16
SMALL, LARGE = 1_500, 10_000  # rows at which the recipe changes
IMAGE_EPOCHS, FEW = 20, 1_000  # passes, and rows from which on they are counted
TEXT_STEPS, TEXT_EPOCHS = 300, 5  # steps after which texts are known by heart, and passes at least
MANY_IMAGES = Muon(learning_rate=0.05, other_rate=3e-3)  # the optimiser where there are LARGE images or more
SMOOTHING = 0.05  # for few rows: certainty that so little data cannot justify


def usual_network(rows: int, fields: Sequence[Field] = (), *, features: int = 0) -> Table:
    """The network for a table of so many rows: the fewer, the smoother and the more hindered.

    Numbers bend in as many places as the rows can show (`lamina.networks.piecewise`). Images, texts and series have an
    encoder each, and the trunk that goes with it; ``features`` counts the numbers and categories beside them.

    >>> usual_network(344).trunk
    MLP(widths=(128, 128), activation='tanh', dropout=0.3, norm='auto', shortcut='none', initialisation='auto')
    >>> usual_network(1797, [Field(holds="image", shape=(1, 8, 8))]).image.kind
    'image'
    """
    if fields:
        return usual_encoders(replace(_for_numbers(rows), trunk=usual_trunk(fields, features)), fields, rows=rows)
    return _for_numbers(rows)


def suited(network: Network | None, rows: int, signature: Signature) -> Network:
    """The network that was asked for, with the usual encoder of a field that it names none for; or the usual one."""
    if network is None:
        features = signature.features + len(signature.categories)
        return usual_network(rows, signature.fields, features=features)
    return usual_encoders(network, signature.fields, rows=rows) if isinstance(network, Table) else network


def _for_numbers(rows: int) -> Table:
    if rows < SMALL:
        return Table(trunk=MLP(widths=(128, 128), activation="tanh", dropout=0.3), numbers=Piecewise(bins=48))
    if rows < LARGE:
        numbers = Piecewise(bins=48, width=4, rows=32)
        return Table(trunk=MLP(widths=(256, 256), activation="relu", dropout=0.3), numbers=numbers)
    return Table(trunk=MLP(widths=(256, 256), activation="silu", dropout=0.15), numbers=Piecewise(bins=96))


def usual_training(training: Training, network: Network, signature: Signature, rows: int) -> Training:
    """The training with what suits the network where nothing was asked for: Muon where it convolves many images and
    no texts or series, and bfloat16 as in `usual_precision`.
    """
    settled = usual_precision(training, network, signature)
    if settled.optimiser != "auto":
        return settled
    images = [field.holds == "image" and not is_tiny(field) for field in signature.fields]
    convolved = isinstance(getattr(network, "image", None), CONVOLVED)
    many = rows >= LARGE and bool(images) and all(images) and convolved
    return replace(settled, optimiser=MANY_IMAGES if many else settled.chosen_optimiser)


def usual_precision(training: Training, network: Network, signature: Signature) -> Training:
    """The training with bfloat16 where all fields are convolved, nothing was asked for, and the device is made for it.

    Tiny images stay in float32, for they take no time; so do texts and what stands beside them.
    """
    convolved = [isinstance(getattr(network, field.holds, None), CONVOLVED) for field in signature.fields]
    tiny = any(field.holds == "image" and is_tiny(field) for field in signature.fields)
    fit = convolved and all(convolved) and not tiny
    if training.precision != "auto" or not fit or not reckons_halves(pick_device(training.device)):
        return training
    return replace(training, precision="bfloat16")


def usual_passes(training: Training, signature: Signature, rows: int) -> int | None:
    """As many passes as networks of images or texts need over so many rows; None leaves it to the training.

    Texts are learnt by heart after so many steps; images that are moved about are never quite the same twice. With few
    rows steps count too, as for tables (`lamina.training.order.epoch_count`).
    """
    kinds = {field.holds for field in signature.fields if field.holds != "image" or not is_tiny(field)}
    if training.epochs != "auto" or rows < FEW or not kinds & {"image", "text"}:
        return None
    if "image" in kinds:
        return IMAGE_EPOCHS
    return max(TEXT_EPOCHS, math.ceil(TEXT_STEPS / epoch_steps(training.rows_a_step, rows)))


def usual_members(rows: int, kinds: Sequence[FieldKind] = ()) -> int:
    """How many networks answer together: with few rows four cost little, and no single seed decides.

    Encoders of images and texts cost as much as all else together, and have only one.

    >>> usual_members(344), usual_members(50_000)
    (4, 1)
    """
    return 4 if rows < SMALL and not {"image", "text"} & set(kinds) else 1


def usual_loss(task: Task, rows: int) -> Loss:
    """The loss of a task on so many rows.

    >>> usual_loss("classification", 344), usual_loss("classification", 50_000)
    (CrossEntropy(smoothing=0.05), CrossEntropy(smoothing=0.0))
    """
    if task == "regression":
        return MeanSquaredError()
    return CrossEntropy(smoothing=SMOOTHING if rows < LARGE else 0.0)
