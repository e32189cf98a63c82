"""The planner: a rule of shapes alone, told in a sentence."""

from __future__ import annotations

import pytest
import torch

from lamina.foundation.signature import Signature
from lamina.networks import MLP
from lamina.training.plan_fleet import TOGETHER_BYTES, FleetPlan, member_bytes, plan_fleet, together_because

CPU = torch.device("cpu")


def plan(features: int, widths: tuple[int, ...], batch: int, members: int, device: torch.device = CPU) -> FleetPlan:
    """The plan for networks of one shape."""
    network = MLP(widths=widths).build(Signature(features=features, scores=2), seed=0)
    return plan_fleet(network, features, batch, members, device)


@pytest.mark.parametrize(
    ("features", "widths", "batch", "programs"),
    [(4, (10, 10), 32, 1), (30, (64, 64), 64, 2), (100, (256, 256), 256, 50), (500, (512, 512), 512, 50)],
)
def test_small_networks_share_and_large_ones_do_not(features, widths, batch, programs) -> None:
    """Fifty tiny networks are one program, fifty large ones are trained one after the other."""
    assert len(plan(features, widths, batch, 50).groups) == programs


def test_a_program_holds_what_the_caches_hold() -> None:
    """No program of several members holds more than it may, and one more member would be too many."""
    network = MLP(widths=(64, 64)).build(Signature(features=30, scores=2), seed=0)
    held = member_bytes(network, 30, 64)
    together = plan(30, (64, 64), 64, 1000).together
    assert together * held <= TOGETHER_BYTES < (together + 1) * held


def test_bytes_of_a_member_by_hand() -> None:
    """A 3-5-2 network on 7 rows: five copies of 32 parameters, four of 10 units a row, four bytes each."""
    network = MLP(widths=(5,)).build(Signature(features=3, scores=2), seed=0)
    assert member_bytes(network, 3, 7) == 4 * (5 * (3 * 5 + 5 + 5 * 2 + 2) + 4 * 7 * (3 + 5 + 2))


@pytest.mark.parametrize(("members", "together"), [(1, 1), (7, 3), (50, 16), (50, 50), (5, 1), (6, 4)])
def test_every_member_is_in_one_group(members: int, together: int) -> None:
    """Groups follow each other, cover all members, and differ by one at most."""
    groups = FleetPlan(members=members, together=together, because="").groups
    assert [i for group in groups for i in group] == list(range(members))
    assert max(map(len, groups)) <= together
    assert max(map(len, groups)) - min(map(len, groups)) <= 1


def test_a_graphics_processor_takes_all_at_once() -> None:
    """There calls cost more than memory, whatever the size."""
    assert len(plan(100, (256, 256), 256, 50, torch.device("cuda")).groups) == 1


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (plan(4, (10, 10), 32, 8), "8 networks in one program: together they hold 0.1 MiB in a step"),
        (plan(100, (256, 256), 256, 8), "8 networks one after the other: each holds"),
        (plan(30, (64, 64), 64, 50), "50 networks in 2 programs of up to 25: each holds"),
        (together_because(3, "for a reason."), "3 networks in one program: for a reason."),
        (together_because(1, "it is alone."), "1 network: it is alone."),
    ],
)
def test_it_says_what_it_chose(made: FleetPlan, said: str) -> None:
    """One sentence names the way and the reason."""
    assert said in str(made)
