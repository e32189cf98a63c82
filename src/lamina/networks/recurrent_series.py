r"""Recurrent networks that read a series: step after step, with a state that remembers.

    x = (series - mean) / spread        h = recurrent layers over x        answer = h after the last step

Mean and spread are those of each channel over the training rows (`lamina.networks.standardise`). A step at which no
channel has a value is passed over: the state stays as it was. Where some channels have none, they count as their mean.

With attention the answer is a mean over all steps by what each says: better where something short decides, whenever it
comes. The last state is better where a row must be added up.

Source: Hochreiter and Schmidhuber (1997), doi:10.1162/neco.1997.9.8.1735, whose adding problem this solves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting
from lamina.networks.additive import AdditivePool, fill_pool
from lamina.networks.reading import Layers, make_layers
from lamina.networks.recurrent import Cell
from lamina.networks.standardise import Standardise


@dataclass(frozen=True, kw_only=True)
class RecurrentSeries:
    """A series read step by step, and what is known after the last one.

    **Shape**: float32 ``(batch, channel, step)``, NaN where there is no value, in; ``(batch, width)`` out, ``width``
    being ``units``, or twice as many in both directions.

    >>> field = Field(holds="series", shape=(2, 30))
    >>> network = RecurrentSeries(units=8).build(field, stream=torch.Generator().manual_seed(0))
    >>> network(torch.zeros(5, 2, 30)).shape, network.width
    (torch.Size([5, 8]), 8)
    """

    kind: ClassVar[Literal["series"]] = "series"

    cell: Cell = setting("lstm", "what remembers")
    units: int = setting(64, "units of each direction", low=1, high=4096, log=True)
    layers: int = setting(1, "recurrent layers one after the other", low=1, high=16)
    both: bool = setting(False, "whether to read backwards too; the future must be known for it")
    pool: Literal["last", "attention"] = setting("last", "what of all steps makes the answer")
    dropout: float = setting(0.0, "chance to silence a unit at all steps while training", low=0, below=1)

    def __post_init__(self) -> None:
        check(self)

    def build(self, field: Field, *, stream: torch.Generator) -> RecurrentSeriesNetwork:
        """The network for a field of series, weights drawn from ``stream``.

        Raises:
            SpecError: the field is no series.
        """
        if field.holds != "series":
            raise SpecError(
                wrong=f"RecurrentSeries was asked to read {field!r}.",
                expected='a field of kind "series".',
                remedy='try Recurrent() for texts, or Field(holds="series", shape=(1, 100)).',
            )
        channels, _ = field.shape
        layers = make_layers(channels, self.units, self.layers, self.cell, both=self.both, stream=stream)
        stack = Layers(layers, dropout=self.dropout)
        pool = fill_pool(AdditivePool(stack.width, self.units), stream=stream) if self.pool == "attention" else None
        return RecurrentSeriesNetwork(channels, stack, pool)


class RecurrentSeriesNetwork(nn.Module):
    """Recurrent layers over the steps of a series (see `RecurrentSeries`).

    **Shape**: float32 ``(batch, channel, step)`` in, ``(batch, width)`` out, with ``member`` in front of both for a
    fleet.
    """

    def __init__(self, channels: int, layers: Layers, pool: AdditivePool | None) -> None:
        super().__init__()
        self.standardise = Standardise(channels)
        self.layers = layers
        self.pool = pool
        self.width = layers.width

    def forward(self, series: Tensor) -> Tensor:
        """What is known of the series."""
        x, present = self.standardise(series)
        y = self.layers(x.mT, present)
        answer: Tensor = self.layers.last(y, present) if self.pool is None else self.pool(y, present)
        return answer
