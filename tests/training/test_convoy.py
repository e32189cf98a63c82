"""A fleet in several programs is the fleet in one: same members, one progress, one checkpoint, one result."""

from __future__ import annotations

import sys

import pytest
import torch
from tests.training.conftest import member

from lamina.foundation.errors import TrainingError
from lamina.networks import MLP

NETWORK = MLP(widths=(8,), dropout=0.2)


@pytest.fixture
def split(monkeypatch):
    """Make every plan one of two members a program."""
    monkeypatch.setattr(sys.modules["lamina.training.plan_fleet"], "TOGETHER_BYTES", 2 * 12_000)


def members():
    """Five members of different rows and lengths."""
    return [member(0, 90 - 5 * i, seed=i, epochs=2 + i) for i in range(5)]


def worst(one, other) -> float:
    """Largest difference of any weight."""
    return max(float((one.weights[name] - other.weights[name]).abs().max()) for name in one.weights)


def test_programs_change_nothing_but_rounding(train, monkeypatch):
    """Weights, histories and stops are those of one program (float64, 1e-12)."""
    whole = train(members(), NETWORK)
    monkeypatch.setattr(sys.modules["lamina.training.plan_fleet"], "TOGETHER_BYTES", 2 * 12_000)
    parts = train(members(), NETWORK)
    assert len(whole.plan.groups) == 1
    assert len(parts.plan.groups) > 1
    assert worst(whole, parts) <= 1e-12
    assert whole.stopped == parts.stopped
    for a, b in zip(whole.histories, parts.histories, strict=True):
        assert a.training_losses == pytest.approx(b.training_losses, abs=1e-12)


def test_progress_is_told_once_an_epoch(train, split):
    """Whoever watches sees all members in one figure."""
    seen = []
    train(members(), NETWORK, on_epoch=seen.append)
    assert [one.epoch for one in seen] == list(range(1, 7))
    assert [one.members for one in seen] == [5, 5, 4, 3, 2, 1]


def test_a_convoy_goes_on_from_its_checkpoint(train, split, tmp_path):
    """Stopped after three epochs and started again, it ends bit for bit where it would have."""
    straight, path = train(members(), NETWORK), tmp_path / "run.checkpoint"

    def stop(progress):
        if progress.epoch == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(members(), NETWORK, checkpoint=path, checkpoint_seconds=0.0, on_epoch=stop)
    resumed = train(members(), NETWORK, checkpoint=path, checkpoint_seconds=0.0)
    for name, weights in straight.weights.items():
        assert torch.equal(weights, resumed.weights[name])


def test_only_if_all_programs_diverge_is_it_an_error(train, split):
    """A program whose members all broke is reported; if all did, there is nothing to give."""
    mad = [member(seed=i, learning_rate=1e30) for i in range(4)]
    assert train([*mad, member(seed=9)], NETWORK).sound == (4,)
    with pytest.raises(TrainingError, match="diverged"):
        train(mad, NETWORK)


def test_a_limit_of_time_keeps_members_together(train, split):
    """Else the first program could take all of it."""
    trained = train(members(), NETWORK, seconds=100.0)
    assert len(trained.plan.groups) == 1
    assert "limit of time" in str(trained.plan)
