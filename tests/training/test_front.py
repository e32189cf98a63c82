"""What stands in front of a chain, written out: units and gradients are those of autograd through the layers."""

from __future__ import annotations

import pytest
import torch

from lamina.foundation.signature import Signature
from lamina.networks import MLP, MeanSquaredError, Periodic, Piecewise, Table, settle
from lamina.training.dense import Dense, is_dense
from lamina.training.gradients import Stacked, gradients_for
from lamina.training.layout import Layout
from lamina.training.noise import Noise
from lamina.training.rows import Rows

MEMBERS, BATCH, FEATURES = 3, 40, 4
LOSS = MeanSquaredError()
TRUNK = MLP(widths=(6, 5), activation=("silu", "tanh"), dropout=0.25)
RAMPS = Piecewise(bins=7, width=3, rows=2)
TABLES = {
    "ramps": (Table(numbers=RAMPS, trunk=TRUNK), ()),
    "ramps alone": (Table(numbers=RAMPS, trunk=MLP(widths=())), ()),
    "categories": (Table(trunk=TRUNK, one_hot=3), (3, 9, 4, 12)),
    "one-hot only": (Table(trunk=TRUNK), (3, 4)),
    "ramps and categories": (Table(numbers=RAMPS, trunk=TRUNK, one_hot=3), (3, 9, 4, 12)),
}


def some_rows(categories: tuple[int, ...], seed: int = 0) -> Rows:
    """Rows ``(member, batch)``; the third number has two values and so no ramps, some numbers lie beyond all edges."""
    random = torch.Generator().manual_seed(seed)
    numbers = torch.randn(MEMBERS, BATCH, FEATURES, generator=random).double()  # as encoders give them: float32
    numbers[..., 2] = (numbers[..., 2] > 0).double()
    codes = [torch.randint(0, size, (MEMBERS, BATCH), generator=random) for size in categories]
    truth = torch.randn(MEMBERS, BATCH, 1, generator=random, dtype=torch.float64)
    return Rows(inputs=(numbers, torch.stack(codes, -1)) if codes else (numbers,), truth=truth)


def engine(way: type, table: Table, categories: tuple[int, ...]):
    """A fleet's way to gradients over flat float64 parameters, and the flat gradient that it fills."""
    signature = Signature(features=FEATURES, scores=1, categories=categories)
    seen = some_rows(categories).inputs[0]
    networks = [settle(table.build(signature, seed=seed), seen[seed]).double() for seed in range(MEMBERS)]
    layout = Layout.of(dict(networks[0].named_parameters()))
    flat = layout.flatten({k: torch.stack([n.state_dict()[k] for n in networks]) for k in layout.names})
    flat += 0.3 * torch.randn(flat.shape, dtype=flat.dtype, generator=torch.Generator().manual_seed(1))
    buffers = {k: torch.stack([dict(n.named_buffers())[k] for n in networks]) for k, _ in networks[0].named_buffers()}
    gradient = torch.zeros_like(flat)
    noise = Noise([torch.Generator().manual_seed(k) for k in range(MEMBERS)])
    made = way(networks[0], layout.views(flat), layout.views(gradient), buffers, LOSS, noise)
    return made, gradient


@pytest.mark.parametrize("name", TABLES)
def test_written_out_equals_autograd(name: str) -> None:
    """Losses, gradients and scores are autograd's to 1e-12 in float64, on rows that laid the edges and on others."""
    (hand, by_hand), (auto, by_autograd) = (engine(way, *TABLES[name]) for way in (Dense, Stacked))
    for seed in (0, 1):
        rows = some_rows(TABLES[name][1], seed)
        torch.testing.assert_close(hand(rows), auto(rows), rtol=0, atol=1e-12)
        torch.testing.assert_close(by_hand, by_autograd, rtol=0, atol=1e-12)
        torch.testing.assert_close(hand.scores(rows), auto.scores(rows), rtol=0, atol=1e-12)
        assert (by_hand != 0).float().mean() > 0.5


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_written_out(name: str) -> None:
    """Each of these networks takes the written-out way on a CPU."""
    table, categories = TABLES[name]
    assert is_dense(table.build(Signature(features=FEATURES, scores=1, categories=categories), seed=0))


def test_waves_and_shortcuts_are_left_to_autograd() -> None:
    """What is not written out is not taken for it."""
    signature = Signature(features=FEATURES, scores=1, categories=(3,))
    for table in (Table(numbers=Periodic()), Table(trunk=MLP(widths=(4, 4), shortcut="residual"))):
        assert not is_dense(table.build(signature, seed=0))


def test_an_edge_belongs_to_both_of_its_ramps() -> None:
    """Numbers that are edges themselves, and the next ones beside them, give what the layer gives."""
    table, _ = TABLES["ramps alone"]
    hand, auto = (engine(way, table, ())[0] for way in (Dense, Stacked))
    start = hand.front.parts[0].start[:, 1]  # (member, bin) of the second number
    for numbers in (start, start + 1e-3, start - 1e-3):
        inputs = torch.zeros(MEMBERS, start.shape[1], FEATURES, dtype=torch.float64)
        inputs[..., 1] = numbers
        rows = Rows(inputs=(inputs,), truth=torch.zeros(MEMBERS, start.shape[1], 1))
        torch.testing.assert_close(hand.scores(rows), auto.scores(rows), rtol=0, atol=1e-12)


def test_a_ramp_that_no_number_reached_learns_nothing(monkeypatch) -> None:
    """Where all numbers lie below a ramp its gradient is exactly 0, not what rounding leaves."""
    monkeypatch.setitem(some_rows.__globals__, "BATCH", 4000)
    hand, _ = engine(Dense, Table(numbers=Piecewise(bins=200, width=3, rows=2), trunk=TRUNK), ())
    rows, ramps = some_rows(()), hand.front.parts[0]
    rows.inputs[0][..., 1].clamp_(max=ramps.start[:, 1, 100].min().item())
    hand(rows)
    unreached = ramps.start[:, 1] > rows.inputs[0][..., 1].amax(-1, keepdim=True)
    assert unreached.any()
    assert not ramps.gradient[:, 1][unreached].any()
    assert ramps.gradient[:, 1][~unreached].any()


def test_bfloat16_and_other_devices_go_through_autograd() -> None:
    """Half precision products are autocast's business; on a GPU a front's sums would come in any order."""
    table, categories = TABLES["ramps"]
    network = table.build(Signature(features=FEATURES, scores=1, categories=categories), seed=0)
    layout = Layout.of(dict(network.named_parameters()))
    buffers = {name: buffer[None] for name, buffer in network.named_buffers()}
    for device, precision, wanted in (
        ("cpu", torch.float32, Dense),
        ("cpu", torch.bfloat16, Stacked),
        ("meta", torch.float32, Stacked),
    ):
        flat = torch.zeros(1, layout.size, device=device)
        made = gradients_for(network, layout, flat, flat.clone(), buffers, LOSS, Noise([]), precision)
        assert type(made) is wanted
