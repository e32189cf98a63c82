"""Which rows teach, are watched, and judge."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.data import MISSING_SPELLINGS
from lamina.evaluation import Protocol, number_of_folds
from lamina.evaluation.plan import judged_parts, parts_to_train
from lamina.evaluation.prepare import Prepared, prepare
from lamina.foundation.errors import SpecError
from quick import two_clouds


def prepared(rows: int, protocol: Protocol) -> Prepared:
    """Clouds with groups and times, prepared."""
    X, y = two_clouds(rows)
    data = {
        "a": X[:, 0].tolist(),
        "b": X[:, 1].tolist(),
        "farm": [f"farm {i % 50}" for i in range(rows)],
        "day": [str(np.datetime64("2020-01-01T00:00") + np.timedelta64(i, "h")) for i in range(rows)],
        "kind": [["no", "yes"][i] for i in y],
    }
    return prepare(data, "kind", task=None, protocol=protocol, kinds={}, missing=MISSING_SPELLINGS)


def test_every_fold_is_trained_and_the_whole_comes_last() -> None:
    """Each fold teaches by its rows and is watched by its others; the last part has every row and all seeds."""
    protocol = Protocol(folds=4)
    rows = prepared(60, protocol)
    judged = judged_parts(rows, protocol, seed=0)
    parts = parts_to_train(rows, judged, protocol, seeds=(0, 7))
    for pair, part in zip(judged, parts, strict=False):
        np.testing.assert_array_equal(part.train, pair.train)
        np.testing.assert_array_equal(part.watch, pair.test)
    assert len(parts) == 5
    assert parts[-1].train.tolist() == list(range(60))
    assert not len(parts[-1].watch)
    assert all(part.seeds == (0, 7) for part in parts)


@pytest.mark.parametrize(
    "protocol", [Protocol(folds=1), Protocol(folds=1, group="farm"), Protocol(folds=1, time="day")]
)
def test_watched_rows_keep_to_the_protocol(protocol) -> None:
    """Rows that find the best epoch are split from those that teach as strictly as those that judge."""
    rows = prepared(2600, protocol)
    judged = judged_parts(rows, protocol, seed=0)
    (part,) = parts_to_train(rows, judged, protocol, seeds=(0,))
    sides = [part.train, part.watch, judged[0].test]
    assert sorted(np.concatenate(sides)) == list(range(2600))
    assert len(part.watch) == pytest.approx(208, abs=60)
    if protocol.group is not None:
        assert sum(len(set(side % 50)) for side in sides) == 50
    if protocol.time is not None:
        assert sides[0].max() < sides[1].min() <= sides[1].max() < sides[2].min()


def test_small_hold_outs_watch_nothing() -> None:
    """Where rows are few, all of the training side teaches."""
    protocol = Protocol(folds=1)
    rows = prepared(60, protocol)
    judged = judged_parts(rows, protocol, seed=0)
    (part,) = parts_to_train(rows, judged, protocol, seeds=(0,))
    np.testing.assert_array_equal(part.train, judged[0].train)
    assert not len(part.watch)


def test_other_seeds_draw_other_folds() -> None:
    """Equal seeds give equal splits, other seeds other ones."""
    protocol = Protocol(folds=2)
    rows = prepared(60, protocol)
    first, again, other = (judged_parts(rows, protocol, seed=seed)[0].test.tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_the_number_of_rows_decides_unless_it_is_told() -> None:
    """Up to five thousand rows there are five folds, above one part is held out."""
    assert number_of_folds(5_000, Protocol()) == 5
    assert number_of_folds(5_001, Protocol()) == 1
    assert number_of_folds(1_000_000, Protocol(folds=3)) == 3


@pytest.mark.parametrize("wrong", [{"folds": 0}, {"repeats": 0}, {"held_out": 1.0}, {"held_out": 0}, {"group": 3}])
def test_senseless_protocols_are_refused(wrong) -> None:
    """A protocol checks itself."""
    with pytest.raises(SpecError, match=next(iter(wrong))):
        Protocol(**wrong)
