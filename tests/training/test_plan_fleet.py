"""The planner: a rule of shapes alone, told in a sentence."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lamina.foundation.signature import Field, Signature
from lamina.networks import MLP, Table
from lamina.networks.convnet import Conv, ConvNet
from lamina.networks.ft_transformer import FTTransformer
from lamina.networks.recurrent_series import RecurrentSeries
from lamina.networks.transformer import Transformer
from lamina.networks.words import Words
from lamina.training.plan_fleet import (
    TOGETHER_BYTES,
    FleetPlan,
    member_bytes,
    plan_fleet,
    together_because,
    units_of,
)

CPU = torch.device("cpu")
TYPES = {"image": torch.uint8, "text": torch.int32, "series": torch.float32}


def plan(features: int, widths: tuple[int, ...], batch: int, members: int, device: torch.device = CPU) -> FleetPlan:
    """The plan for networks of one shape."""
    network = MLP(widths=widths).build(Signature(features=features, scores=2), seed=0)
    return plan_fleet(network, [torch.zeros(1, features)], batch, members, device)


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
    held = member_bytes(network, [torch.zeros(1, 30)], 64)
    together = plan(30, (64, 64), 64, 1000).together
    assert together * held <= TOGETHER_BYTES < (together + 1) * held


def test_bytes_of_a_member_by_hand() -> None:
    """A 3-5-2 network on 7 rows: five copies of 32 parameters, four of 10 units a row, four bytes each."""
    network = MLP(widths=(5,)).build(Signature(features=3, scores=2), seed=0)
    assert member_bytes(network, [torch.zeros(1, 3)], 7) == 4 * (5 * (3 * 5 + 5 + 5 * 2 + 2) + 4 * 7 * (3 + 5 + 2))


def reader_of(holds: str, shape: tuple[int, ...], **encoder: object) -> tuple[nn.Module, list[torch.Tensor]]:
    """One number and one field before two scores, and a row of them."""
    field = Field(holds=holds, shape=shape, codes=200 if holds == "text" else 0)
    network = Table(**encoder, trunk=MLP(widths=())).build(Signature(features=1, scores=2, fields=(field,)), seed=0)
    return network, [torch.zeros(1, 1), torch.zeros(1, *shape, dtype=TYPES[holds])]


def convolution(side: int) -> tuple[nn.Module, list[torch.Tensor]]:
    """A convolution of 8 channels on square images."""
    layers = (Conv(channels=8, padding="same"),)
    return reader_of("image", (1, side, side), image=ConvNet(layers=layers, head="mean"))


@pytest.mark.parametrize(
    ("made", "units"),
    [
        (convolution(8), 1 + 8 * 8 + 8 * 8 * 8 + 2),
        (convolution(32), 1 + 32 * 32 + 8 * 32 * 32 + 2),
        (reader_of("text", (20,), text=Words(units=8)), 1 + 20 + 2),  # rows of words are summed as they are looked up
        (reader_of("series", (1, 50), series=RecurrentSeries(units=8, layers=1)), 1 + 50 + 50 * 8 + 2),
    ],
    ids=("8 x 8", "32 x 32", "words", "steps"),
)
def test_a_layer_counts_wherever_it_is_laid_on(made: tuple[nn.Module, list[torch.Tensor]], units: int) -> None:
    """Once for each pixel, token or step of a row."""
    assert units_of(*made) == units


def test_units_of_a_transformer_by_hand() -> None:
    """Keys and values of all 4 tokens, everything else of the last block for the answer's alone."""
    spec = FTTransformer(trunk=Transformer(blocks=1, units=8, heads=2), numbers=None)
    tokens, memory, answer = 4 * 8, 4 * 16, 8 + 8 + 8 + 20 + 8 + 8
    network = spec.build(Signature(features=3, scores=2), seed=0)
    assert units_of(network, [torch.zeros(5, 3)]) == 3 + tokens + memory + answer + 2


def test_what_is_laid_on_everywhere_is_not_shared_unless_it_is_tiny() -> None:
    """Of one convolution five members share a program on 8 x 8 pixels, and none do on 64 x 64."""
    small, large = (plan_fleet(*convolution(side), 64, 5, CPU) for side in (8, 64))
    assert (len(small.groups), len(large.groups)) == (1, 5)


def test_counting_leaves_everything_as_it_was() -> None:
    """Weights, running averages, hooks, mode and random state, though the network draws and keeps averages."""
    network = MLP(widths=(5,), dropout=0.5, norm="batch").build(Signature(features=3, scores=2), seed=0).double()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = torch.get_rng_state()
    assert units_of(network, [torch.ones(9, 3, dtype=torch.float64)]) == 3 + 5 + 5 + 2  # a norm's are its own
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())


def test_layers_of_torch_s_own_are_counted_too() -> None:
    """Tuples of outputs as well, and a norm that refuses a single row."""
    assert units_of(nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8)), [torch.zeros(1, 4)]) == 4 + 8 + 8
    assert units_of(nn.GRU(4, 3, batch_first=True), [torch.zeros(1, 5, 4)]) == 5 * 4 + 5 * 3 + 3


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
        (plan(4, (10, 10), 32, 1), "1 network: it holds 0.0 MiB in a step, which fits into 8 MiB."),
        (plan(500, (512, 512), 512, 1), "1 network: it holds 21.8 MiB in a step, which is more than 8 MiB."),
        (together_because(3, "for a reason."), "3 networks in one program: for a reason."),
        (together_because(1, "it is alone."), "1 network: it is alone."),
    ],
)
def test_it_says_what_it_chose(made: FleetPlan, said: str) -> None:
    """One sentence names the way and the reason."""
    assert said in str(made)
