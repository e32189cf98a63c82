"""What a network attended to: how much each token of a text, or each step of a series, counted in its mean.

Attention is part of how the network reckons, and no proof of what matters: a word that counted much may have changed
nothing (Jain and Wallace, 2019, arXiv:1902.10186). Members are averaged; over a text the weights add up to 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.data import Batch
from lamina.explain.asking import Floats
from lamina.explain.network import member_module, predictor_of
from lamina.explain.opened import not_offered
from lamina.model import Model
from lamina.networks.additive import AdditivePool


def attention(model: Model, row: Batch, place: int) -> Floats:
    """How much each token or step of a field of one encoded row counted: float64 ``(token,)`` or ``(step,)``.

    Raises:
        LaminaError: the model is no network, or attends to nothing.
    """
    predictor = predictor_of(model, what="attention weights")
    field = torch.from_numpy(row.fields[place])
    total = np.zeros(field.shape[-1])
    for member in range(predictor.members):
        reader = member_module(predictor, member).get_submodule(f"encoders.{place}")
        with torch.inference_mode():
            weights = _weights(reader, field)
        if weights is None:
            raise not_offered(model, "attention weights", reader, "a network that attends, such as Hierarchical().")
        total[: weights.shape[-1]] += weights[0].double().numpy() / predictor.members
    return total


def _weights(reader: Any, field: Tensor) -> Tensor | None:
    """The weights ``(row, item)``; None if the network has none."""
    if hasattr(reader, "attended"):
        found: Tensor = reader.attended(field)
        return found
    if hasattr(reader, "with_weights"):
        weights: Tensor = reader.with_weights(field)[1]
        return weights
    return _pooled(reader, field)


def _pooled(reader: Any, field: Tensor) -> Tensor | None:
    pool = getattr(reader, "pool", None)
    if not isinstance(pool, AdditivePool):
        return None
    given: list[tuple[Tensor, ...]] = []
    hook = pool.register_forward_pre_hook(lambda _pool, inputs: given.append(inputs))
    try:
        reader(field)
    finally:
        hook.remove()
    return pool.with_weights(*given[0])[1]
