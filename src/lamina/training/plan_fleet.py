r"""How many members of a fleet learn in one program: all, some at a time, or one after the other.

A step costs about 0.2 ms of calls, however many members share it, and for each member its arithmetic. Sharing saves
calls until the numbers of a step no longer lie in the processor's caches; from there on it saves little, and costs
waiting for memory. With P parameters, B rows a batch and U units a row a member holds about

    4 (5 P + 4 B U) bytes        parameters, gradient, step and two moments; units and their slopes, before and after

Units are the inputs and whatever a layer with parameters puts out: once for each token, place or step that it is laid
on, so a convolution of 8 channels has 8 on one pixel and 2,048 on 16 x 16. They are counted in a forward pass of two
made-up rows. As many members learn together as fit into `TOGETHER_BYTES`. That is a rule, not a race: what is chosen
depends on shapes alone, so a run that is repeated or resumed takes the same way everywhere. A member's result does not
depend on it beyond rounding. `benchmarks/fleets.py` holds the rule to account against every other way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

TOGETHER_BYTES = 8 << 20  # what the members of one program may hold: beyond a core's own cache, where waiting starts
ROWS = 2  # of the pass that counts units: torch's own batch norm refuses a single one


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


def plan_fleet(
    network: nn.Module, inputs: Sequence[Tensor], batch: int, members: int, device: torch.device
) -> FleetPlan:
    """The way that costs least processor time.

    Args:
        network: one member's.
        inputs: what it takes, each ``(row, ...)``; only their shapes and types are looked at.
        batch: rows a step.

    >>> from lamina.networks import MLP
    >>> from lamina.foundation.signature import Signature
    >>> small = MLP(widths=(10, 10)).build(Signature(features=4, scores=3), seed=0)
    >>> print(plan_fleet(small, [torch.zeros(1, 4)], 32, 50, torch.device("cpu")))
    50 networks in one program: together they hold 0.8 MiB in a step, which fits into 8 MiB.
    """
    if device.type != "cpu":
        because = "a graphics processor waits for calls more than for memory."
        return FleetPlan(members=members, together=members, because=because)
    held = member_bytes(network, inputs, batch)
    together = max(1, min(members, TOGETHER_BYTES // held))
    return FleetPlan(members=members, together=together, because=_because(held, members, together))


def together_because(members: int, because: str) -> FleetPlan:
    """The plan of a fleet that has to stay in one program."""
    return FleetPlan(members=members, together=members, because=because)


def member_bytes(network: nn.Module, inputs: Sequence[Tensor], batch: int) -> int:
    """About what one member holds in a step, in bytes of float32."""
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return 4 * (5 * parameters + 4 * batch * units_of(network, inputs))


def units_of(network: nn.Module, inputs: Sequence[Tensor]) -> int:
    """Numbers of a row that go in, and that layers with parameters of their own put out.

    The network, its running averages and torch's random state are left as they are.

    >>> from lamina.networks.convolution import Convolve
    >>> units_of(Convolve(1, 8, (3, 3), padding="same"), [torch.zeros(5, 1, 16, 16)])
    2304
    """
    own = {name: _copied(tensor) for name, tensor in (*network.named_parameters(), *network.named_buffers())}
    rows = tuple(map(_made_up, inputs))
    units = [sum(tensor.numel() for tensor in rows)]
    layers = [module for module in network.modules() if next(module.parameters(recurse=False), None) is not None]
    hooks = [layer.register_forward_hook(lambda _, __, made: units.append(_numbers(made))) for layer in layers]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            functional_call(network, own, rows)
    finally:
        for hook in hooks:
            hook.remove()
    return sum(units) // ROWS


def _because(held: int, members: int, together: int) -> str:
    fits = held * members <= TOGETHER_BYTES
    whose = ("together they hold" if fits else "each holds") if members > 1 else "it holds"
    size = (held * members if fits else held) / 2**20
    fit = "which fits into" if fits else f"so {together} may share" if together > 1 else "too much to share"
    if members == 1 and not fits:
        fit = "which is more than"
    return f"{whose} {size:.1f} MiB in a step, {fit} {TOGETHER_BYTES >> 20} MiB."


def _copied(tensor: Tensor) -> Tensor:
    """What a network has, in the type of the loop's usual tensors: a pass may write into running averages."""
    return tensor.detach().to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)


def _made_up(rows: Tensor) -> Tensor:
    """Rows of the same shape and no gaps: zeros, but ones for tokens, where 0 is padding and would be cut off."""
    dtype = torch.float32 if rows.is_floating_point() else rows.dtype
    return torch.full((ROWS, *rows.shape[1:]), int(dtype == torch.int32), dtype=dtype)


def _numbers(made: Any) -> int:
    """How many numbers a layer has put out: a tensor, or several."""
    if isinstance(made, Tensor):
        return made.numel()
    return sum(map(_numbers, made)) if isinstance(made, tuple | list) else 0
