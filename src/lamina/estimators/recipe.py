"""What is taken where nothing was asked for: network, members and loss that suit a table of so many rows.

Chosen by experiment; what was tried, and how it did, is told in ``docs/decisions/0005-defaults.md`` and
``docs/decisions/0007-tables.md``. How long to train is `Training`'s own default, by the number of rows too.
"""

from __future__ import annotations

from typing import Literal

from lamina.networks import MLP, CrossEntropy, Loss, MeanSquaredError, Network, Piecewise, Table

Task = Literal["classification", "regression"]

SMALL, LARGE = 1_500, 10_000  # rows at which the recipe changes
SMOOTHING = 0.05  # for few rows: certainty that so little data cannot justify


def usual_network(rows: int) -> Network:
    """The network for a table of so many rows: the fewer, the smoother and the more hindered.

    Numbers bend in as many places as the rows can show (`lamina.networks.piecewise`).

    >>> usual_network(344).trunk
    MLP(widths=(128, 128), activation='tanh', dropout=0.3, norm='auto', shortcut='none', initialisation='auto')
    """
    if rows < SMALL:
        return Table(trunk=MLP(widths=(128, 128), activation="tanh", dropout=0.3), numbers=Piecewise(bins=48))
    if rows < LARGE:
        numbers = Piecewise(bins=48, width=4, rows=32)
        return Table(trunk=MLP(widths=(256, 256), activation="relu", dropout=0.3), numbers=numbers)
    return Table(trunk=MLP(widths=(256, 256), activation="silu", dropout=0.15), numbers=Piecewise(bins=96))


def usual_members(rows: int) -> int:
    """How many networks answer together: with few rows four cost little, and no single seed decides.

    >>> usual_members(344), usual_members(50_000)
    (4, 1)
    """
    return 4 if rows < SMALL else 1


def usual_loss(task: Task, rows: int) -> Loss:
    """The loss of a task on so many rows.

    >>> usual_loss("classification", 344), usual_loss("classification", 50_000)
    (CrossEntropy(smoothing=0.05), CrossEntropy(smoothing=0.0))
    """
    if task == "regression":
        return MeanSquaredError()
    return CrossEntropy(smoothing=SMOOTHING if rows < LARGE else 0.0)
