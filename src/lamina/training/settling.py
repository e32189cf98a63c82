"""What layers learn of the training rows before the first step: means, spreads, edges of bins."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lamina.networks import encoders_of, settle
from lamina.training.rows import Member, Rows

FIELD_ROWS = 4096  # training rows of a field that its encoder sees at least, evenly from all
FIELD_NUMBERS = 1 << 23  # and as many more as hold so many pixels, tokens or steps


def settled(network: nn.Module, pool: Rows, member: Member) -> nn.Module:
    """The network, its layers having seen the member's training rows: where any of them wants to."""
    if not any(hasattr(module, "settle") for module in network.modules()):
        return network  # nobody looks at rows, so none are taken
    fields = pool.inputs[len(pool.inputs) - len(encoders_of(network)) :]
    return settle(network, pool.inputs[0][member.train], *(_some(field, member.train) for field in fields))


def _some(field: Tensor, train: Tensor) -> Tensor:
    rows = min(len(train), max(FIELD_ROWS, FIELD_NUMBERS // max(1, field[:1].numel())))
    return field[train[torch.arange(rows, device=train.device) * len(train) // rows]]
