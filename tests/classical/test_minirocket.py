"""MiniRocket: a slow loop agrees on kernels, padding and shares; the plan is the paper's."""

import numpy as np
import pytest

from lamina.classical.kernels import Convolutions, fit_convolutions
from lamina.classical.minirocket import KERNELS, Plan, draw_channels, plan, shares_above

STREAM = np.random.default_rng(0)


def slow_answer(series: np.ndarray, twos: np.ndarray, dilation: int) -> list[float]:
    """One kernel over one series (step,), weight by weight, zeros beyond the ends."""
    weights = [-1.0] * 9
    for place in twos:
        weights[place] = 2.0
    answers = []
    for step in range(len(series)):
        places = [step + (j - 4) * dilation for j in range(9)]
        inside = [0 <= place < len(series) for place in places]
        answers.append(sum(w * series[p] for w, p, fine in zip(weights, places, inside, strict=True) if fine))
    return answers


def slow_features(series: np.ndarray, found: Plan, channels: np.ndarray, biases: np.ndarray) -> list[float]:
    """One row (channel, step), feature by feature."""
    out: list[float] = []
    for number, (dilation, count) in enumerate(zip(found.dilations, found.features, strict=True)):
        for kernel, twos in enumerate(KERNELS):
            chosen = channels[number * 84 + kernel]
            answers = slow_answer(series[chosen].sum(axis=0), twos, dilation)
            if (number + kernel) % 2 == 1 and len(answers) > 8 * dilation:
                answers = answers[4 * dilation : len(answers) - 4 * dilation]
            for _ in range(count):
                bias = biases[len(out)]
                out.append(sum(answer > bias for answer in answers) / len(answers))
    return out


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("steps", [5, 9, 33])
def test_a_slow_loop_agrees(channels: int, steps: int) -> None:
    """Every share is that of a loop over steps and weights. Whole numbers, so that no comparison hangs on rounding."""
    series = STREAM.integers(-5, 6, (3, channels, steps)).astype(np.float32)
    found = plan(steps, 84 * 6)
    chosen = draw_channels(channels, 84 * len(found.dilations), seed=1)
    biases = (STREAM.integers(-20, 20, 84 * int(found.features.sum())) + 0.5).astype(np.float32)
    ours = shares_above(np.ascontiguousarray(series.transpose(2, 1, 0)), found, chosen, biases)
    wanted = [slow_features(row, found, chosen, biases) for row in series]
    np.testing.assert_allclose(ours, wanted, atol=1e-6)


def test_there_are_84_kernels_that_sum_to_zero() -> None:
    """Three twos among nine places, each choice once: a constant added to a series changes no answer inside."""
    assert len({tuple(kernel) for kernel in KERNELS.tolist()}) == 84
    assert 3 * 2 + 6 * -1 == 0


@pytest.mark.parametrize("steps", [1, 8, 9, 24, 150, 1000, 1024])
def test_the_plan_gives_all_features(steps: int) -> None:
    """119 features a kernel in all; dilations rise from 1, and let a kernel lie inside."""
    found = plan(steps, 9_996)
    assert found.features.sum() * 84 == 9_996
    assert found.dilations[0] == 1
    assert (np.diff(found.dilations) > 0).all()
    assert found.dilations[-1] <= max(1, (steps - 1) / 8)


def test_channels_are_a_few_of_all() -> None:
    """At least one, at most nine, and every channel has its turn; a single channel is always itself."""
    chosen = draw_channels(20, 84 * 10, seed=0)
    assert chosen.any(axis=0).all()
    assert (chosen.sum(axis=1).min(), chosen.sum(axis=1).max()) == (1, 9)
    assert draw_channels(1, 84, seed=0).all()


def test_biases_are_quantiles_of_what_kernels_answer() -> None:
    """So features of training rows are spread over 0 to 1: few of them are the same for all rows."""
    series = STREAM.normal(size=(30, 2, 60)).astype(np.float32)
    features = fit_convolutions(series, most=1024, features=84 * 10, seed=0).read(series)
    assert features.min() >= 0
    assert features.max() <= 1
    assert 0.45 < features.mean() < 0.55
    assert (features.std(axis=0) > 0).mean() > 0.95


def test_gaps_are_the_mean_of_the_channel() -> None:
    """A missing value reads as the training mean, and no values at all are read too."""
    series = STREAM.normal(size=(20, 1, 30)).astype(np.float32)
    part = fit_convolutions(series, most=1024, features=84 * 4, seed=0)
    gap, filled = series[:1].copy(), series[:1].copy()
    gap[0, 0, 10:15] = np.nan
    filled[0, 0, 10:15] = part.scale.mean[0]
    np.testing.assert_allclose(part.read(gap), part.read(filled), atol=0.05)
    assert np.isfinite(part.read(np.full((1, 1, 30), np.nan, np.float32))).all()


def test_a_row_is_read_free_of_the_others() -> None:
    """Alone or among others, bit by bit the same; long series as well, whose shares are counted in pieces."""
    series = STREAM.normal(size=(40, 2, 700)).astype(np.float32)
    part = fit_convolutions(series, most=1024, features=84 * 2, seed=0)
    assert np.array_equal(part.read(series)[7:8], part.read(series[7:8]))


def test_it_comes_back_from_its_arrays() -> None:
    """Bit by bit."""
    series = STREAM.normal(size=(20, 2, 30)).astype(np.float32)
    part = fit_convolutions(series, most=16, features=84 * 4, seed=0)
    assert np.array_equal(Convolutions.from_arrays(part.arrays()).read(series), part.read(series))


def test_long_series_are_counted_whole() -> None:
    """Above every bias at 700 steps is a share of 1, though a byte counts to 255 only."""
    series = STREAM.normal(size=(700, 1, 3)).astype(np.float32)
    found = plan(700, 84)
    biases = np.full(84, -1e9, np.float32)
    assert (shares_above(series, found, draw_channels(1, 84, seed=0), biases) == 1).all()


@pytest.mark.parametrize("name", ["features", "dilations", "channels"])
def test_a_plan_that_contradicts_itself_is_refused(name: str) -> None:
    """Other counts than there are biases, dilations in another order, pairs without a channel: ValueError in words."""
    arrays = fit_convolutions(STREAM.normal(size=(5, 2, 60)).astype(np.float32), most=99, features=840, seed=0).arrays()
    changed = {
        "features": arrays["features"] + 1,
        "dilations": arrays["dilations"][::-1].copy(),
        "channels": np.zeros_like(arrays["channels"]),
    }
    with pytest.raises(ValueError, match=r"biases for|do not rise|no channel"):
        Convolutions.from_arrays(arrays | {name: changed[name]})


def test_absurdly_long_series_are_refused_on_reading() -> None:
    """A file that would keep the reader waiting is refused in words before anything is reckoned."""
    part = fit_convolutions(STREAM.normal(size=(4, 1, 40)).astype(np.float32), most=40, features=84 * 13, seed=0)
    with pytest.raises(ValueError, match="comparisons"):
        Convolutions.from_arrays(part.arrays() | {"shape": np.array([1, 2**20])})
