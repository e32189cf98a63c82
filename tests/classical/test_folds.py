"""Inner folds: every row held out once, every class in each fold as far as it reaches."""

import numpy as np
import pytest

from lamina.classical.folds import HOLD_OUT_ABOVE, deal, fold_count, inner_splits, some_rows

TRUTH = np.repeat([0, 1, 2], [50, 10, 1])


def test_every_row_is_held_out_once() -> None:
    """The held-out parts are all rows, and no row is on both sides."""
    splits = list(inner_splits(TRUTH, 3, folds=5, seed=0))
    assert sorted(np.concatenate([held for _, held in splits])) == list(range(61))
    assert all(sorted(np.append(kept, held)) == list(range(61)) for kept, held in splits)


def test_every_fold_has_its_share() -> None:
    """Ten rows of each class go to each of five folds, to the row."""
    fold = deal(TRUTH, 3, folds=5, seed=0)
    assert [np.bincount(TRUTH[fold == f], minlength=3)[:2].tolist() for f in range(5)] == [[10, 2]] * 5


def test_many_rare_classes_do_not_crowd_one_fold() -> None:
    """A hundred classes of one row each are dealt out evenly."""
    assert np.bincount(deal(np.arange(100), 100, folds=5, seed=0)).tolist() == [20] * 5


def test_seeds_decide_the_folds() -> None:
    """Equal seeds, equal folds; another seed, others."""
    assert np.array_equal(deal(TRUTH, 3, folds=5, seed=1), deal(TRUTH, 3, folds=5, seed=1))
    assert not np.array_equal(deal(TRUTH, 3, folds=5, seed=1), deal(TRUTH, 3, folds=5, seed=2))


def test_many_rows_are_held_out_once_only() -> None:
    """Above the limit a fifth of the rows is held out, once."""
    splits = list(inner_splits(np.zeros(HOLD_OUT_ABOVE + 5), 0, folds=3, seed=0))
    assert [(len(kept), len(held)) for kept, held in splits] == [(4004, 1001)]


@pytest.mark.parametrize(("truth", "folds"), [([0], 0), ([0, 0, 1], 0), ([0, 0, 1, 1], 4), ([0, 0, 0, 1, 1, 1, 1], 5)])
def test_few_rows_have_few_folds(truth: list[int], folds: int) -> None:
    """At most one a row; none where no two classes have two rows."""
    assert fold_count(np.array(truth), 3, 5) == folds


def test_a_sample_keeps_the_shares() -> None:
    """A fifth of the rows holds a fifth of each class, in the order of the rows."""
    rows = some_rows(np.repeat([0, 1], [100, 20]), 2, 24, seed=0)
    assert len(rows) == 24
    assert abs((rows >= 100).sum() - 4) <= 1
    assert (np.diff(rows) > 0).all()
