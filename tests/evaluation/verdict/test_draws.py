"""The bootstrap: its fast way is its slow way, and its draws are draws."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from lamina.evaluation.verdict import draws as module
from lamina.evaluation.verdict.draws import RowMetric, bootstrap, draw_counts, finite, middle
from lamina.foundation.errors import DataError
from lamina.metrics import accuracy, log_loss, mae, rmse, roc_auc


def answers_to(metric: RowMetric, rows: int = 40) -> tuple[np.ndarray, list[np.ndarray]]:
    """Truth and the answers of two contenders, of the kind a metric takes."""
    stream = np.random.default_rng(0)
    if metric in (mae, rmse):
        truth = stream.standard_normal(rows)
        return truth, [truth + stream.standard_normal(rows) for _ in range(2)]
    return stream.integers(3, size=rows), [stream.dirichlet([1, 1, 1], size=rows) for _ in range(2)]


@pytest.mark.parametrize("metric", [accuracy, log_loss, mae, rmse])
def test_means_over_rows_agree_with_their_metric(metric: RowMetric) -> None:
    """The product of matrices gives what the metric gives when it is called on every draw."""
    truth, answers = answers_to(metric)
    fast = bootstrap(truth, answers, metric, seed=3, draws=20)
    slow = bootstrap(truth, answers, partial(metric), seed=3, draws=20)
    assert fast.shape == (20, 2)
    np.testing.assert_allclose(fast, slow, rtol=1e-12)


def test_single_precision_surprise_is_clipped_like_its_metric() -> None:
    """A certain mistake in float32 costs 16 nats, on every way."""
    scores = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    drawn = bootstrap(np.array([1, 0]), [scores], log_loss, seed=0, draws=3)
    np.testing.assert_allclose(drawn, log_loss([1, 0], scores))


def test_draws_hold_as_many_rows_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line adds up to the rows, each row is drawn once on average, and a third of them is left out."""
    monkeypatch.setattr(module, "CELLS", 700)
    parts = list(draw_counts(100, draws=400, seed=0))
    assert {len(part) for part in parts} == {7, 400 % 7}
    counts = np.concatenate(parts)
    assert counts.shape == (400, 100)
    assert (counts.sum(axis=1) == 100).all()
    assert abs(counts.mean(axis=0) - 1).max() < 0.25
    assert (counts == 0).mean() == pytest.approx(0.99**100, abs=0.01)


def test_whole_groups_are_drawn() -> None:
    """Rows of one group are in a draw equally often, and as many groups are drawn as there are."""
    groups = np.array([0, 2, 1, 2, 0, 2])
    counts = np.concatenate(list(draw_counts(6, draws=50, seed=0, groups=groups)))
    assert counts.shape == (50, 6)
    for code in range(3):
        assert (np.ptp(counts[:, groups == code], axis=1) == 0).all()
    assert (counts[:, [0, 2, 1]].sum(axis=1) == 3).all()
    assert len(np.unique(counts, axis=0)) > 5


def test_the_seed_decides() -> None:
    """Equal seeds give equal draws, other seeds others."""
    truth, answers = answers_to(mae)
    one, same, other = (bootstrap(truth, answers, mae, seed=seed, draws=5) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_draws_without_a_class_say_nothing() -> None:
    """Such draws are NaN and are passed over; if all are, it is said in words."""
    truth, scores = np.array([0, 0, 0, 1]), np.eye(2)[[0, 1, 0, 1]]
    drawn = bootstrap(truth, [scores], roc_auc, seed=0, draws=50)[:, 0]
    assert 0 < np.isnan(drawn).sum() < 50
    assert np.isfinite(finite(drawn)).all()
    with pytest.raises(DataError, match="of 2 draws"):
        finite(np.array([np.nan, np.inf]))


def test_the_middle_leaves_a_fortieth_on_either_side() -> None:
    """Of 0 to 1000 it is 25 to 975."""
    assert middle(np.arange(1001.0)) == (25, 975)
