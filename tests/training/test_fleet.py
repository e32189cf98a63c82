"""A fleet is many single runs in one program: nothing a member computes depends on the others."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from tests.training.conftest import member

from lamina.networks import MLP, Periodic, Piecewise, Table
from lamina.training import OPTIMISERS, Rows

NETWORKS = {
    "plain": MLP(widths=(8, 6), activation=("tanh", "relu")),
    "dropout": MLP(widths=(8,), dropout=0.3),
    "layer norm": MLP(widths=(8, 8), norm="layer", dropout=0.2),
    "batch norm": MLP(widths=(8,), norm="batch"),
    "residual": MLP(widths=(8, 8), shortcut="residual"),
    "concat": MLP(widths=(8, 8), shortcut="concat"),
    "ramps": Table(numbers=Piecewise(bins=6, width=3, rows=2), trunk=MLP(widths=(8,), dropout=0.2)),
    "waves": Table(numbers=Periodic(waves=4, width=2), trunk=MLP(widths=(8,))),
}


def fleet_of_odd_members(rows: int = 90):
    """Members that differ in everything they can differ in."""
    return [
        member(0, rows, seed=1),
        member(3, rows, seed=2, learning_rate=0.01),
        member(0, rows - 25, seed=3, decay=0.1),
        member(10, rows - 9, seed=4, dropout=0.5, epochs=3),
        member(0, rows - 10, seed=1, learning_rate=0.1, patience=1),
    ]


def worst_difference(fleet, solo, position: int) -> float:
    """Largest difference of any weight between a fleet's member and its run alone."""
    return max(float((fleet.weights[name][position] - solo.weights[name][0]).abs().max()) for name in solo.weights)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "batch norm"])
def test_member_equals_solo_run(train, name):
    """A member with its own rows, rate, decay, dropout and stop ends where it would alone (float64, 1e-12)."""
    members = fleet_of_odd_members()
    fleet = train(members, NETWORKS[name])
    for position, one in enumerate(members):
        solo = train([one], NETWORKS[name])
        assert worst_difference(fleet, solo, position) <= 1e-12
        assert fleet.stopped[position] == solo.stopped[0]
        assert len(fleet.histories[position].epochs) == len(solo.histories[0].epochs)


def test_batch_norm_member_equals_solo_run(train):
    """Batch statistics are each member's own (float64, 1e-12)."""
    members = [member(0, 60, seed=1), member(20, 80, seed=2, learning_rate=0.01)]
    fleet = train(members, NETWORKS["batch norm"])
    for position, one in enumerate(members):
        assert worst_difference(fleet, train([one], NETWORKS["batch norm"]), position) <= 1e-12


def test_batch_norm_passes_over_padding(train):
    """Padding enters no statistics; it only changes the order of the sums, which batch norm amplifies (1e-10)."""
    members = fleet_of_odd_members()
    fleet = train(members, NETWORKS["batch norm"])
    for position, one in enumerate(members):
        assert worst_difference(fleet, train([one], NETWORKS["batch norm"]), position) <= 1e-10


@pytest.mark.parametrize("kind", OPTIMISERS, ids=lambda kind: kind.__name__)
def test_every_optimiser_keeps_members_apart(train, kind):
    """With every optimiser a member's result is free of its place and of its neighbours."""
    members = [member(0, 90, seed=1), member(0, 70, seed=2), member(5, 90, seed=3)]
    network = MLP(widths=(8,), dropout=0.2)
    fleet = train(members, network, optimiser=kind())
    turned = train(members[::-1], network, optimiser=kind())
    for position, one in enumerate(members):
        assert worst_difference(fleet, train([one], network, optimiser=kind()), position) <= 1e-12
        for name, weights in fleet.weights.items():
            torch.testing.assert_close(weights[position], turned.weights[name][2 - position], rtol=0, atol=1e-12)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS.keys())
@pytest.mark.parametrize("poison", ["rate", "row"])
def test_poisoned_member_leaves_others_bitwise_unchanged(train, pool, network, poison):
    """A member that meets NaN or a mad learning rate changes no bit of its neighbours, and is reported."""
    healthy = [member(0, 80, seed=1), member(0, 80, seed=2), member(0, 80, seed=3)]
    if poison == "rate":
        sick = dataclasses.replace(healthy[1], learning_rate=1e30)
        rows = pool
    else:
        sick = dataclasses.replace(healthy[1], train=torch.arange(40, 120))
        points = pool.inputs[0].clone()
        points[100] = float("nan")
        rows = Rows(inputs=(points,), truth=pool.truth)
        healthy = [dataclasses.replace(one, validation=torch.arange(0, 9)) for one in healthy]
        sick = dataclasses.replace(sick, validation=torch.arange(0, 9))
    well = train(healthy, network, rows)
    mixed = train([healthy[0], sick, healthy[2]], network, rows)
    assert mixed.stopped[1] == "diverged"
    assert mixed.sound == (0, 2)
    for position in (0, 2):
        for name, weights in well.weights.items():
            assert torch.equal(weights[position], mixed.weights[name][position])


def test_float32_fleet_is_close_to_solo(train):
    """In float32 a member stays within rounding of its run alone."""
    members = fleet_of_odd_members()
    fleet = train(members, precision="float32")
    for position, one in enumerate(members):
        assert worst_difference(fleet, train([one], precision="float32"), position) <= 1e-4


def test_zero_weight_rows_do_not_exist(train, pool):
    """Rows of weight 0 leave the weights as if their content were another, even where it is not finite."""
    weights = torch.ones(120, dtype=torch.float64)
    weights[10:20] = 0
    wild = pool.inputs[0].clone()
    wild[10:20] = 1e3
    plain = train([member()], rows=Rows(inputs=pool.inputs, truth=pool.truth, weights=weights))
    changed = train([member()], rows=Rows(inputs=(wild,), truth=pool.truth, weights=weights))
    for name in plain.weights:
        torch.testing.assert_close(plain.weights[name], changed.weights[name], rtol=0, atol=1e-12)


def test_scaling_all_weights_changes_nothing(train, pool):
    """Only the ratio of row weights counts."""
    weights = torch.linspace(0.5, 2.0, 120, dtype=torch.float64)
    one = train([member()], rows=Rows(inputs=pool.inputs, truth=pool.truth, weights=weights))
    ten = train([member()], rows=Rows(inputs=pool.inputs, truth=pool.truth, weights=10 * weights))
    for name in one.weights:
        torch.testing.assert_close(one.weights[name], ten.weights[name], rtol=0, atol=1e-10)
