"""The loop: limits, best weights, averages, determinism, divergence, checkpoints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import torch
from tests.training.conftest import member

from lamina.foundation.errors import TrainingError
from lamina.foundation.signature import Signature
from lamina.networks import MLP, CrossEntropy
from lamina.training import (
    SGD,
    AdamW,
    Constant,
    GradientDescent,
    Member,
    Monitor,
    Training,
    accuracy,
    find_learning_rate,
    fit_fleet,
)
from lamina.training.fleet import clip_members
from lamina.training.order import Shuffler, side_by_side


def same_weights(a, b) -> bool:
    """Whether two trained fleets are equal bit by bit."""
    return all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)


def test_learns_the_clouds(train, pool):
    """Forty epochs take the loss far below where it began, which is near that of guessing."""
    trained = train([member()], epochs=40, batch=16, optimiser=AdamW(learning_rate=0.01))
    last = trained.histories[0].epochs[-1]
    assert last.training_loss < 0.3
    assert trained.histories[0].start_loss == pytest.approx(1.0986, rel=0.1)
    assert trained.histories[0].chance_loss == pytest.approx(1.0986, abs=1e-3)


def test_same_seed_same_bytes(train):
    """Equal seeds give equal bits, other seeds other weights, and no global random state is touched."""
    before = torch.get_rng_state()
    members = [member(seed=5), member(seed=6)]
    network = MLP(widths=(8,), dropout=0.2)
    first, again = train(members, network), train(members, network)
    assert same_weights(first, again)
    assert not torch.equal(first.weights["0.weight"][0], first.weights["0.weight"][1])
    assert torch.equal(before, torch.get_rng_state())


def test_best_weights_are_restored(train, pool):
    """With a rate that overshoots later on, the kept weights are those of the best validation loss."""
    trained = train([member()], epochs=30, optimiser=SGD(learning_rate=5.0), schedule=Constant(), clip=None)
    history = trained.histories[0]
    losses = history.validation_losses
    spec = MLP(widths=(8,), activation="tanh").build(Signature(features=4, scores=3), seed=0).double()
    spec.load_state_dict({name: weights[0] for name, weights in trained.weights.items()})
    kept = CrossEntropy()(spec(pool.inputs[0][90:]), pool.truth[90:]).mean().item()
    assert kept == pytest.approx(min(losses), rel=1e-9)
    assert losses[-1] > min(losses)


def test_last_weights_without_restoring(train, pool):
    """With ``restore_best=False`` the weights are the last ones."""
    last = train([member()], epochs=6, restore_best=False)
    shorter = train([member()], epochs=6)
    nothing_to_judge = train([Member(train=torch.arange(90), validation=torch.arange(0))], epochs=6)
    assert same_weights(last, nothing_to_judge)
    assert len(shorter.histories[0].epochs) == 6
    assert nothing_to_judge.histories[0].epochs[0].validation_loss is None


def test_patience_stops_members_one_by_one(train):
    """A member without progress stops, the others go on to the end."""
    members = [member(seed=1), member(seed=2, learning_rate=1e-30, patience=2)]
    trained = train(members, epochs=12, optimiser=AdamW(learning_rate=0.01), schedule=Constant())
    assert trained.stopped == ("epochs", "patience")
    assert len(trained.histories[0].epochs) == 12
    assert len(trained.histories[1].epochs) < 12


def test_seconds_are_a_hard_limit(train):
    """A run of a million epochs ends at its limit with the best so far."""
    began = time.monotonic()
    trained = train([member()], epochs=1_000_000, seconds=0.5)
    assert trained.stopped == ("seconds",)
    assert time.monotonic() - began < 20  # generous: it must end at all, long before the epochs do
    assert all(torch.isfinite(weights).all() for weights in trained.weights.values())


def test_diverging_run_stops_with_advice(train):
    """A learning rate that breaks everything ends in an error that names a smaller one."""
    with pytest.raises(TrainingError, match=r"AdamW\(learning_rate=1e\+29"):
        train([member()], optimiser=AdamW(learning_rate=1e30))


def test_loss_that_explodes_but_stays_finite_is_divergence(train):
    """A finite loss far above the starting one is no result either."""
    with pytest.raises(TrainingError, match="diverged"):
        train([member()], optimiser=SGD(learning_rate=1e4), clip=None)


def test_averaging_is_a_running_mean(train, pool):
    """The kept average equals the recursion over the weights after every step."""
    average, decay = None, 0.9
    spec = MLP(widths=(8,), activation="tanh")
    for steps in range(1, 5):
        run = train([member(0, 90)], spec, epochs=steps, batch="all", schedule=Constant(), restore_best=False)
        if average is None:
            average = {
                n: p.detach().double()
                for n, p in spec.build(Signature(features=4, scores=3), seed=0).named_parameters()
            }
        average = {n: decay * average[n] + (1 - decay) * run.weights[n][0] for n in average}
    averaged = train(
        [member(0, 90)], spec, epochs=4, batch="all", schedule=Constant(), averaging=decay, restore_best=False
    )
    for name, expected in average.items():
        torch.testing.assert_close(averaged.weights[name][0], expected, rtol=0, atol=1e-12)


def test_gradient_descent_uses_the_whole_set(train):
    """Gradient descent takes one step an epoch, whatever the batch."""
    small = train([member()], optimiser=GradientDescent(), batch=4)
    whole = train([member()], optimiser=GradientDescent(), batch="all")
    for name in small.weights:
        torch.testing.assert_close(small.weights[name], whole.weights[name], rtol=0, atol=1e-12)


def test_batch_larger_than_the_data(train):
    """A batch of more rows than there are is a batch of all rows."""
    assert same_weights(train([member()], batch=10_000), train([member()], batch=90))


def test_clipping_is_per_member():
    """A member with a large gradient is scaled to the limit; another is left alone; NaN stays at home."""
    gradient = torch.tensor([[3.0, 4.0], [0.3, 0.4], [float("nan"), 1.0]])
    clip_members(gradient, 1.0)
    torch.testing.assert_close(gradient[0], torch.tensor([0.6, 0.8]), rtol=1e-5, atol=0)
    assert torch.equal(gradient[1], torch.tensor([0.3, 0.4]))


def test_every_row_once_an_epoch():
    """Each member meets each of its rows exactly once an epoch, padding has no weight."""
    members = [member(0, 50), member(10, 43)]
    streams = [torch.Generator().manual_seed(i) for i in range(2)]
    steps = Shuffler(members, streams, 16).epoch()
    for position, one in enumerate(members):
        met = []
        for step in steps:
            count = step.index.shape[1] if step.counts is None else step.counts[position]
            met += step.index[position, :count].tolist()
        assert sorted(met) == one.train.tolist()
    padded = side_by_side([torch.arange(3), torch.arange(5)])
    assert padded.present().tolist() == [[1, 1, 1, 0, 0], [1] * 5]


def test_finder_leaves_the_later_run_unchanged(train, pool):
    """Looking for a learning rate changes no bit of the training that follows, and finds one that learns."""
    before = train([member()])
    spec = MLP(widths=(8,), activation="tanh")
    build = lambda seed: spec.build(Signature(features=4, scores=3), seed=seed)  # noqa: E731
    training = Training(batch=16, precision="float64", device="cpu")
    curve = find_learning_rate(build, pool, member(), training, loss=CrossEntropy())
    assert same_weights(before, train([member()]))
    assert 1e-4 < curve.best < 1
    assert curve.losses[curve.rates.index(min(curve.rates))] > min(curve.losses)


def test_history_tells_what_happened(train, pool):
    """Losses, rate, norms, dead units, speed: for every epoch; the monitor's metric too."""
    spec = MLP(widths=(8,))
    signature = Signature(features=4, scores=3)
    trained = fit_fleet(
        lambda seed: spec.build(signature, seed=seed),
        pool,
        [member()],
        Training(epochs=3, device="cpu"),
        loss=CrossEntropy(),
        monitor=Monitor("accuracy", "higher", accuracy),
    )
    for epoch in trained.histories[0].epochs:
        assert set(epoch.metrics) == {"accuracy"}
        assert epoch.gradient_norm > 0
        assert set(epoch.layer_norms) == {"0.weight", "2.weight"}
        assert set(epoch.dead_units) == {"1"}
        assert epoch.rows_per_second > 0


def test_dead_units_are_counted(pool):
    """Units pushed below zero for every row are counted as dead."""
    from lamina.training.fleet import Fleet
    from lamina.training.watch import dead_units

    network = MLP(widths=(8,)).build(Signature(features=4, scores=3), seed=0).double()
    with torch.no_grad():
        network[0].bias[:2] = -1e6
        network[0].bias[2:] = 1e6
    fleet = Fleet([network], [member()], Training(precision="float64"), CrossEntropy(), torch.device("cpu"))
    assert dead_units(fleet, pool)["1"].tolist() == [0.25]


def test_checkpoint_of_another_run_is_refused(train, tmp_path):
    """A checkpoint belongs to one run: other settings are refused by a clear sentence."""
    path = tmp_path / "run.checkpoint"
    train([member()], checkpoint=path, checkpoint_seconds=0.0)
    with pytest.raises(TrainingError, match="another run"):
        train([member(seed=9)], checkpoint=path)


def test_damaged_checkpoint_is_refused(train, tmp_path):
    """A flipped bit in a checkpoint is noticed."""
    path = tmp_path / "run.checkpoint"
    train([member()], checkpoint=path, checkpoint_seconds=0.0)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(TrainingError, match="damaged"):
        train([member()], checkpoint=path)


RUN = textwrap.dedent(
    """
    import sys, time, torch
    from lamina.foundation.signature import Signature
    from lamina.networks import MLP, CrossEntropy
    from lamina.training import Member, Rows, Training, fit_fleet
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    truth = torch.arange(120) % 3
    pool = Rows(inputs=(torch.randn(120, 4, generator=random) + truth[:, None],), truth=truth)
    spec = MLP(widths=(8,), dropout=0.2, norm="batch")
    members = [Member(train=torch.arange(0, 90), validation=torch.arange(90, 120), seed=s, patience=p)
               for s, p in ((0, None), (1, None), (2, 1))]
    def slow(progress):
        print(progress.epoch, flush=True)
        time.sleep(float(sys.argv[2]))
    trained = fit_fleet(lambda seed: spec.build(Signature(features=4, scores=3), seed=seed), pool, members,
                        Training(epochs=25, batch=16, averaging=0.9, device="cpu"), loss=CrossEntropy(), on_epoch=slow,
                        checkpoint=sys.argv[1] if sys.argv[1] != "none" else None, checkpoint_seconds=0.0)
    import hashlib
    print(hashlib.sha256(b"".join(w.numpy().tobytes() for w in trained.weights.values())).hexdigest())
    """
)


def test_killed_run_resumes_to_identical_bits(tmp_path):
    """A run killed by SIGKILL again and again ends with the very bits of a run left alone."""
    path = str(tmp_path / "run.checkpoint")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(where: str, pause: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", RUN, where, pause], stdout=subprocess.PIPE, text=True, env=environment
        )

    alone = start("none", "0").communicate()[0].split()[-1]
    for stop_at in ("4", "11"):
        process = start(path, "0.05")
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == stop_at:
                process.send_signal(signal.SIGKILL)
                break
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    output = start(path, "0").communicate()[0].split()
    assert output[0] not in ("1", "4")  # it did go on, not begin again
    assert output[-1] == alone
