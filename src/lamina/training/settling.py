"""What layers learn of the training rows before the first step: means, spreads, edges of bins."""

from __future__ import annotations

import torch
from torch import nn

from lamina.networks import encoders_of, settle
from lamina.training.rows import Member, Rows

FIELD_ROWS = 4096  # training rows of a field that its encoder sees, evenly from all


def settled(network: nn.Module, pool: Rows, member: Member) -> nn.Module:
    """The network, its layers having seen the member's training rows: where any of them wants to."""
    if not any(hasattr(module, "settle") for module in network.modules()):
        return network  # nobody looks at rows, so none are taken
    fields = pool.inputs[len(pool.inputs) - len(encoders_of(network)) :]
    looked_at = min(len(member.train), FIELD_ROWS)
    some = member.train[torch.arange(looked_at, device=member.train.device) * len(member.train) // looked_at]
    return settle(network, pool.inputs[0][member.train], *(field[some] for field in fields))
