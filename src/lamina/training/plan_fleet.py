r"""How many members of a fleet learn in one program: all, some at a time, or one after the other.

A step costs about 0.2 ms of calls, however many members share it, and for each member its arithmetic. Sharing saves
calls until the numbers of a step no longer lie in the processor's caches; from there on it saves little, and costs
waiting for memory. With P parameters, B rows a batch and U units (inputs included) a member holds about

    4 (5 P + 4 B U) bytes        parameters, gradient, step and two moments; units and their slopes, before and after

and as many members learn together as fit into `TOGETHER_BYTES`. That is a rule, not a race: what is chosen depends on
shapes alone, so a run that is repeated or resumed takes the same way everywhere. A member's result does not depend on
it beyond rounding. `benchmarks/fleets.py` holds the rule to account against every other way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from lamina.networks.layers import Affine

TOGETHER_BYTES = 8 << 20  # what the members of one program may hold: beyond a core's own cache, where waiting starts


@dataclass(frozen=True, kw_only=True)
class FleetPlan:
    """How many of a fleet's members learn in one program, and why.

    >>> plan = FleetPlan(members=50, together=16, because="16 of them hold 8 MiB.")
    >>> plan.groups
    (range(0, 13), range(13, 26), range(26, 38), range(38, 50))
    >>> print(plan)
    50 networks in 4 programs of up to 13: 16 of them hold 8 MiB.
    """

    members: int
    together: int  # members of one program at most
    because: str

    @property
    def groups(self) -> tuple[range, ...]:
        """The members of each program, as even as they can be."""
        programs = math.ceil(self.members / self.together)
        least, more = divmod(self.members, programs)
        ends = [i * least + min(i, more) for i in range(programs + 1)]
        return tuple(map(range, ends[:-1], ends[1:]))

    def __str__(self) -> str:
        programs, most = len(self.groups), len(self.groups[0])
        if programs == 1:
            way = "1 network" if self.members == 1 else f"{self.members} networks in one program"
        elif most == 1:
            way = f"{self.members} networks one after the other"
        else:
            way = f"{self.members} networks in {programs} programs of up to {most}"
        return f"{way}: {self.because}"


def plan_fleet(network: nn.Module, inputs: int, batch: int, members: int, device: torch.device) -> FleetPlan:
    """The way that costs least processor time.

    Args:
        network: one member's.
        inputs: numbers in one of its rows.
        batch: rows a step.

    >>> from lamina.networks import MLP
    >>> from lamina.foundation.signature import Signature
    >>> small = MLP(widths=(10, 10)).build(Signature(features=4, scores=3), seed=0)
    >>> print(plan_fleet(small, 4, 32, 50, torch.device("cpu")))
    50 networks in one program: together they hold 0.8 MiB in a step, which fits into 8 MiB.
    """
    if device.type != "cpu":
        because = "a graphics processor waits for calls more than for memory."
        return FleetPlan(members=members, together=members, because=because)
    held = member_bytes(network, inputs, batch)
    together = max(1, min(members, TOGETHER_BYTES // held))
    fits = held * members <= TOGETHER_BYTES
    whose = "together they hold" if fits and members > 1 else "each holds"
    size = (held * members if fits else held) / 2**20
    limit = f"{TOGETHER_BYTES >> 20} MiB"
    fit = "which fits into" if fits else f"so {together} may share" if together > 1 else "too much to share"
    return FleetPlan(members=members, together=together, because=f"{whose} {size:.1f} MiB in a step, {fit} {limit}.")


def together_because(members: int, because: str) -> FleetPlan:
    """The plan of a fleet that has to stay in one program."""
    return FleetPlan(members=members, together=members, because=because)


def member_bytes(network: nn.Module, inputs: int, batch: int) -> int:
    """About what one member holds in a step, in bytes of float32."""
    parameters = sum(parameter.numel() for parameter in network.parameters())
    units = inputs + sum(layer.weight.shape[-2] for layer in network.modules() if isinstance(layer, Affine))
    return 4 * (5 * parameters + 4 * batch * units)
