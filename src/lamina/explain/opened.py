"""What reads one field inside a network, opened up: where all methods that look inside begin."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from lamina.data import Batch
from lamina.explain.network import Body, body_of, predictor_of
from lamina.foundation.errors import LaminaError
from lamina.model import Model

Inputs = tuple[Tensor, ...]


class Opened(NamedTuple):
    """All members of a model as one function, and the part of it that reads one field."""

    body: Body
    reader: nn.Module
    inputs: Inputs  # of one row: numbers, codes if the network takes any, and fields
    place: int  # of the field in ``inputs``

    def with_field(self, field: Tensor) -> Inputs:
        """The row as often as ``field`` ``(row, ...)`` has rows, with these in the place of its own."""
        every = [one.expand(len(field), *one.shape[1:]) for one in self.inputs]
        every[self.place] = field
        return tuple(every)


def opened(model: Model, row: Batch, place: int, *, what: str) -> Opened:
    """The networks of a model with what reads the field at ``place``, and one encoded row as they take it.

    Raises:
        LaminaError: the model is no network.
    """
    body = body_of(predictor_of(model, what=what))
    parts = [row.numbers, *([row.categories] if row.categories.shape[1] else []), *row.fields]
    reader: nn.Module = body.module.get_submodule(f"encoders.{place}")
    return Opened(body, reader, tuple(torch.from_numpy(part) for part in parts), len(parts) - len(row.fields) + place)


def not_offered(model: Model, what: str, reader: nn.Module, instead: str) -> LaminaError:
    """That this network has nothing of the kind."""
    kind = type(reader).__name__.removesuffix("Network")
    return LaminaError(
        wrong=f"{what} were asked of {model.card.name!r}, whose {kind} has none to show.",
        expected=instead,
        remedy='use method="occlusion", which suits every model.',
    )
