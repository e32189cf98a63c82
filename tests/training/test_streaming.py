"""Rows that come in blocks: made ahead, in even sizes, and learnt from as rows in memory are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch

from lamina.foundation.errors import TrainingError
from lamina.foundation.signature import Signature
from lamina.networks import MLP, CrossEntropy
from lamina.training import Member, Rows, Trained, Training, fit_fleet
from lamina.training.order import epoch_steps
from lamina.training.streaming import ahead, block_steps, even


@dataclass
class Pieces:
    """The first rows of a pool in pieces of one size, told as so many."""

    pool: Rows
    rows: int
    piece: int = 7
    block: int = 1_000
    lacking: int = 0

    def epoch(self, number: int) -> Iterator[Rows]:
        """The pieces in order, whatever the epoch."""
        for start in range(0, self.rows - self.lacking, self.piece):
            stop = min(start + self.piece, self.rows - self.lacking)
            yield Rows(inputs=tuple(t[start:stop] for t in self.pool.inputs), truth=self.pool.truth[start:stop])


def fit(pool: Rows, members: list[Member], blocks: Pieces | None, **settings: object) -> Trained:
    """A small fleet on the clouds, streamed or not."""
    spec, signature = MLP(widths=(8,), activation="tanh"), Signature(features=4, scores=3)
    training = Training(**{"epochs": 4, "batch": 16, "precision": "float64", "device": "cpu", **settings})
    return fit_fleet(
        lambda seed: spec.build(signature, seed=seed), pool, members, training, loss=CrossEntropy(), blocks=blocks
    )


def member(rows: int = 90, seed: int = 0, **own: object) -> Member:
    """A member that is judged on the last thirty rows of the clouds."""
    return Member(train=torch.arange(rows), validation=torch.arange(90, 120), seed=seed, **own)


def steps(pool: Rows, *, block: int, piece: int, seed: int = 0, asked: int = 8) -> list[list[int]]:
    """The first coordinate's place in the pool of each row of each step of one epoch."""
    blocks = Pieces(pool, rows=90, block=block, piece=piece)
    streams = [torch.Generator().manual_seed(seed)]
    place = {value: i for i, value in enumerate(pool.inputs[0][:, 0].tolist())}
    dealt = block_steps(blocks, 1, streams, asked, torch.device("cpu"), torch.float64)
    return [[place[value] for value in rows.inputs[0][0, :, 0].tolist()] for rows, _ in dealt]


@pytest.mark.parametrize("block", [8, 30, 89, 90, 500])
def test_an_epoch_has_every_row_once_in_full_steps(pool: Rows, block: int) -> None:
    """Only the last step may be short, so the schedule knows the number of steps beforehand."""
    found = steps(pool, block=block, piece=7)
    assert sorted(row for step in found for row in step) == list(range(90))
    assert len(found) == epoch_steps(8, 90)
    assert {len(step) for step in found[:-1]} == {8}


def test_order_hangs_on_the_seed_and_not_on_the_pieces(pool: Rows) -> None:
    """However the rows arrive, blocks of one size are dealt out alike; another seed deals them out otherwise."""
    assert steps(pool, block=32, piece=7) == steps(pool, block=32, piece=90) == steps(pool, block=35, piece=1)
    assert steps(pool, block=32, piece=7) != steps(pool, block=32, piece=7, seed=1)


@pytest.mark.parametrize("seeds", [(0,), (3, 4)])
def test_one_block_trains_as_rows_in_memory_do(pool: Rows, seeds: tuple[int, ...]) -> None:
    """Weights and losses are those of today's training to the last bit, for one member and for two."""
    members = [member(seed=seed) for seed in seeds]
    memory, stream = fit(pool, members, None), fit(pool, members, Pieces(pool, rows=90))
    for name, weight in memory.weights.items():
        assert torch.equal(stream.weights[name], weight)
    for one, other in zip(memory.histories, stream.histories, strict=True):
        assert [e.training_loss for e in one.epochs] == [e.training_loss for e in other.epochs]
        assert [e.validation_loss for e in one.epochs] == [e.validation_loss for e in other.epochs]


def test_blocks_learn_where_the_pool_has_few_of_the_rows(pool: Rows) -> None:
    """What the pool holds is only looked at: all ninety rows are learnt from, in blocks of thirty."""
    trained = fit(pool, [member(rows=5)], Pieces(pool, rows=90, block=30), epochs=30)
    last = trained.histories[0].epochs[-1]
    assert last.validation_loss is not None
    assert last.validation_loss < 0.9
    other = fit(pool, [member(rows=50)], Pieces(pool, rows=90, block=30), epochs=30)
    assert all(torch.equal(trained.weights[name], weight) for name, weight in other.weights.items())


def test_a_member_that_stops_leaves_the_others_as_they_were(pool: Rows) -> None:
    """Streams, too, deal to each member by its own seed."""
    blocks = Pieces(pool, rows=90, block=30)
    both = fit(pool, [member(seed=1, epochs=2), member(seed=2)], blocks)
    alone = fit(pool, [member(seed=2)], blocks)
    for name, weight in alone.weights.items():
        torch.testing.assert_close(both.weights[name][1], weight[0], rtol=0, atol=1e-12)
    assert len(both.histories[0].epochs) == 2


def test_a_run_goes_on_from_its_checkpoint(pool: Rows, tmp_path: object) -> None:
    """Stopped after two epochs and started again, a stream ends with the weights of an unbroken run."""
    spec, signature = MLP(widths=(8,), activation="tanh"), Signature(features=4, scores=3)
    blocks = Pieces(pool, rows=90, block=30)
    training = Training(epochs=4, batch=16, precision="float64", device="cpu")

    def run(file: str, **more: object) -> Trained:
        return fit_fleet(
            lambda seed: spec.build(signature, seed=seed), pool, [member()], training, loss=CrossEntropy(),
            blocks=blocks, checkpoint=f"{tmp_path}/{file}", checkpoint_seconds=0.0, **more,
        )  # fmt: skip

    def stop(progress: object) -> None:
        if progress.epoch == 3:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    whole = run("a")
    with pytest.raises(KeyboardInterrupt):
        run("b", on_epoch=stop)
    again = run("b")
    assert all(torch.equal(again.weights[name], weight) for name, weight in whole.weights.items())


def test_a_source_that_shrinks_is_told(pool: Rows) -> None:
    """Fewer rows than were counted are an error, not a shorter epoch."""
    with pytest.raises(TrainingError, match="epoch 1 had 80 rows, but 90 were counted before"):
        fit(pool, [member()], Pieces(pool, rows=90, lacking=10))


def test_a_late_run_ends_its_thread(pool: Rows) -> None:
    """When the time is up in the middle of an epoch nothing goes on in the background."""
    trained = fit(pool, [member()], Pieces(pool, rows=90, block=16, piece=1), seconds=1e-9)
    assert trained.stopped == ("seconds",)
    assert "blocks" not in {thread.name for thread in threading.enumerate()}


def test_even_blocks_keep_the_order_and_the_weights() -> None:
    """Inputs, truth and weights are cut at the same places."""
    pieces = [
        Rows(inputs=(rows.float(), -rows), truth=rows, weights=torch.full((len(rows),), float(start)))
        for start, rows in [(a, torch.arange(a, b)) for a, b in [(0, 3), (3, 3), (3, 14), (14, 15)]]
    ]
    blocks = list(even(pieces, 4))
    assert [len(block) for block in blocks] == [4, 4, 4, 3]
    assert torch.cat([block.truth for block in blocks]).tolist() == list(range(15))
    for block in blocks:
        assert torch.equal(block.inputs[0].long(), block.truth)
        assert torch.equal(block.inputs[1], -block.truth)
    assert torch.cat([block.weights for block in blocks if block.weights is not None]).tolist() == [0.0] * 3 + [
        3.0
    ] * 11 + [14.0]


class Held:
    """A thing that counts how many of its kind are held."""

    now = most = 0
    lock = threading.Lock()

    def __init__(self) -> None:
        with Held.lock:
            Held.now += 1
            Held.most = max(Held.most, Held.now)

    def __del__(self) -> None:
        with Held.lock:
            Held.now -= 1


def test_at_most_two_blocks_are_held_at_once() -> None:
    """One is used and one is made; the thread waits for room before it makes another."""
    Held.now = Held.most = 0
    for thing in ahead(Held() for _ in range(50)):
        assert Held.now <= 2
        del thing
    assert Held.most <= 2
    assert Held.now == 0


def test_what_goes_wrong_in_the_thread_is_raised_where_it_is_waited_for() -> None:
    """Things made before are still given, in order."""

    def things() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("the third")

    made = ahead(things())
    assert [next(made), next(made)] == [1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(made)


def test_who_stops_early_closes_the_source_and_the_thread() -> None:
    """A file that is read ahead is closed when nobody wants more of it."""
    closed = []

    def things() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(True)

    made = ahead(things())
    assert next(made) == 0
    made.close()
    assert closed == [True]
    assert "blocks" not in {thread.name for thread in threading.enumerate()}
