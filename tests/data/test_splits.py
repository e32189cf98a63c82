from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lamina.data.splits import folds, hold_out
from lamina.foundation.errors import DataError, SpecError

labels_of_any_balance = st.lists(st.sampled_from("aaaaabbbc"), min_size=5, max_size=80)
seeds = st.integers(0, 1000)
fractions = st.floats(0.1, 0.9)


def together(split):
    """All rows of both sides, in order."""
    return np.sort(np.concatenate(split)).tolist()


def ascending(rows):
    """Whether row indices are int64 and strictly ascending."""
    return rows.dtype == np.int64 and bool((np.diff(rows) > 0).all())


@given(rows=st.integers(5, 200), fraction=fractions, seed=seeds)
def test_hold_out_is_a_partition(rows, fraction, seed):
    """Every row stands on exactly one side, and the test side has the share that was asked for."""
    assume(0 < round(rows * fraction) < rows)
    train, test = hold_out(rows, fraction=fraction, seed=seed)
    assert together((train, test)) == list(range(rows))
    assert len(test) == round(rows * fraction)
    assert ascending(train)
    assert ascending(test)


@given(labels=labels_of_any_balance, fraction=fractions, seed=seeds)
def test_hold_out_is_stratified_to_within_one_row(labels, fraction, seed):
    """Each class is tested in proportion, to within one row, and none is tested that was not learnt."""
    rows, classes = len(labels), np.array(labels)
    able = sum(labels.count(name) > 1 for name in labels)
    assume(0 < round(rows * fraction) < rows and round(able * fraction) > 0)
    train, test = hold_out(rows, fraction=fraction, seed=seed, labels=labels)
    share = round(able * fraction) / able
    for name in set(labels):
        tested = (classes[test] == name).sum()
        assert abs(tested - share * (classes == name).sum()) < 1 + 1e-9
        assert name in classes[train]
    assert together((train, test)) == list(range(rows))


@given(labels=labels_of_any_balance, count=st.integers(2, 5), repeats=st.integers(1, 3), seed=seeds)
def test_folds_test_every_row_once_a_repeat_and_share_out_each_class(labels, count, repeats, seed):
    """In each repeat the test sides are a partition, and classes and sizes differ between folds by one row at most."""
    made = folds(len(labels), folds=count, repeats=repeats, seed=seed, labels=labels)
    assert len(made) == count * repeats
    classes = np.array(labels)
    for start in range(0, len(made), count):
        repeat = made[start : start + count]
        assert together([test for _, test in repeat]) == list(range(len(labels)))
        assert np.ptp([len(test) for _, test in repeat]) <= 1
        for name in set(labels):
            assert np.ptp([(classes[test] == name).sum() for _, test in repeat]) <= 1
    assert all(together(split) == list(range(len(labels))) for split in made)


@given(seed=seeds)
def test_a_single_row_is_never_drawn_for_the_test(seed):
    """Whether a class with one row is there or not never empties the test side, whatever the seed."""
    assert len(hold_out(5, fraction=0.25, seed=seed, labels=list("aaaab"))[1]) == 1


def test_a_class_smaller_than_the_folds_is_dealt_one_row_a_fold():
    """A class with fewer rows than folds stands in as many test sides as it has rows, and breaks nothing."""
    labels = np.array(["common"] * 18 + ["rare"] * 2)
    for seed in range(20):
        tested = [(labels[test] == "rare").sum() for _, test in folds(20, folds=5, seed=seed, labels=labels)]
        assert sorted(tested) == [0, 0, 0, 1, 1]


@given(
    groups=st.lists(st.sampled_from(["u", "v", "w", "x", "y", "z", None]), min_size=6, max_size=60),
    fraction=fractions,
    count=st.integers(2, 3),
    seed=seeds,
    labelled=st.booleans(),
)
def test_groups_never_cross(groups, fraction, count, seed, labelled):
    """No group stands on both sides of any split, rows without a group included, and no side is empty."""
    assume(len(set(groups)) >= count)
    rows = len(groups)
    labels = [i % 2 for i in range(rows)] if labelled else None
    splits = [*folds(rows, folds=count, groups=groups, seed=seed, labels=labels)]
    if 0 < round(rows * fraction) < rows:
        splits.append(hold_out(rows, fraction=fraction, groups=groups, seed=seed, labels=labels))
    for train, test in splits:
        assert len(train)
        assert len(test)
        assert not {groups[i] for i in train} & {groups[i] for i in test}
        assert together((train, test)) == list(range(rows))


def test_groups_are_balanced_in_size_and_in_class():
    """With many small groups, folds by group are nearly equal in rows and in classes."""
    groups = np.repeat(np.arange(100), 5)
    labels = np.repeat(np.arange(100) < 30, 5)
    for _, test in folds(500, folds=5, groups=groups, labels=labels):
        assert abs(len(test) - 100) <= 10
        assert abs(labels[test].sum() - 30) <= 5
    _, test = hold_out(500, fraction=0.2, groups=groups, labels=labels)
    assert abs(len(test) - 100) <= 10
    assert abs(labels[test].sum() - 30) <= 5


def test_groups_with_nothing_in_common_are_dealt_evenly():
    """Groups that each bring a class of their own still make folds of equal size."""
    assert [len(test) for _, test in folds(12, folds=3, groups=range(12), labels=range(12))] == [4, 4, 4]


def test_missing_groups_are_one_group_however_they_are_written():
    """None and NaN among names both mean no group, and rows without one stay together."""
    groups = np.array(["u", None, "v", np.nan, "w", None], dtype=object)
    sides = [set(test.tolist()) for _, test in folds(6, folds=3, groups=groups)]
    assert sum({1, 3, 5} <= side for side in sides) == 1


def test_a_huge_group_does_not_empty_a_fold():
    """One group with nearly all rows leaves the other folds something to test."""
    groups = np.array([0] * 95 + [1, 2, 3, 4, 5])
    assert sorted(len(test) for _, test in folds(100, folds=3, groups=groups))[0] >= 2


@given(
    time=st.lists(st.integers(0, 30), min_size=8, max_size=60),
    fraction=fractions,
    count=st.integers(2, 4),
)
def test_the_future_is_hidden(time, fraction, count):
    """Every training time is earlier than every test time, so equal times are never parted."""
    assume(len(set(time)) > count)
    times, rows = np.array(time), len(time)
    splits = [*folds(rows, folds=count, time=times)]
    if 0 < round(rows * fraction) < rows:
        splits.append(hold_out(rows, fraction=fraction, time=times))
        assert together(splits[-1]) == list(range(rows))
    for train, test in splits:
        assert times[train].max() < times[test].min()
        assert ascending(train)
        assert ascending(test)


def test_windows_expand_over_the_folds():
    """By time, each fold trains on all that the fold before it trained and tested on."""
    time = np.random.default_rng(0).permutation(40)
    made = folds(40, folds=4, time=time)
    for (train, test), (later, _) in pairwise(made):
        assert together((train, test)) == later.tolist()
    assert [len(test) for _, test in made] == [8, 8, 8, 8]


def test_moments_of_arrow_and_numpy_split_alike():
    """Dates from an Arrow column and from numpy give the same split."""
    days = np.array(["2024-03-01", "2024-01-01", "2024-02-01", "2024-04-01"], "datetime64[us]")
    column = pa.chunked_array([pa.array(days[:2]), pa.array(days[2:])])
    assert (
        hold_out(4, fraction=0.25, time=column)[1].tolist() == hold_out(4, fraction=0.25, time=days)[1].tolist() == [3]
    )


def test_equal_seeds_give_equal_splits_and_other_seeds_others():
    """A split is a function of its arguments: the seed decides it, and repeats differ from each other."""
    labels = ["a", "b"] * 30
    one, same, other = (hold_out(60, seed=seed, labels=labels)[1].tolist() for seed in (1, 1, 2))
    assert one == same != other
    first, second = (folds(60, folds=3, repeats=2, seed=5, labels=labels)[i][1].tolist() for i in (0, 3))
    assert first != second
    assert folds(60, folds=3, repeats=1, seed=5, labels=labels)[0][1].tolist() == first
    groups = np.arange(60) // 3
    assert hold_out(60, seed=1, groups=groups)[1].tolist() != hold_out(60, seed=2, groups=groups)[1].tolist()


def test_every_row_is_tested_equally_often_over_many_seeds():
    """Holding out favours no row: over 400 seeds each of 20 rows is tested about as often as any other."""
    tested = np.zeros(20)
    for seed in range(400):
        tested[hold_out(20, fraction=0.25, seed=seed, labels=[0] * 13 + [1] * 7)[1]] += 1
    assert tested.sum() == 400 * 5
    assert tested.min() > 60
    assert tested.max() < 140


@pytest.mark.parametrize(
    ("split", "error", "words"),
    [
        (lambda: hold_out(1), DataError, "of 1 rows"),
        (lambda: hold_out(4, fraction=0.05), DataError, "side of the split empty"),
        (lambda: hold_out(4, fraction=0.95), DataError, "side of the split empty"),
        (lambda: hold_out(4, fraction=0.05, groups=[1, 2, 3, 4]), DataError, "side of the split empty"),
        (lambda: hold_out(3, fraction=0.3, labels=["a", "b", "c"]), DataError, "side of the split empty"),
        (lambda: hold_out(9, fraction=1.0), SpecError, "fraction=1.0"),
        (lambda: hold_out(9, fraction=float("nan")), SpecError, "fraction=nan"),
        (lambda: hold_out(9, groups=[1] * 9), DataError, "only 1 group."),
        (lambda: hold_out(9, time=[3] * 9), DataError, "only 1 different time"),
        (lambda: hold_out(3, fraction=0.4, time=[1.0, np.nan, 2.0]), DataError, "first in row 2"),
        (lambda: hold_out(2, fraction=0.5, time=["x", "y"]), DataError, "'x'"),
        (lambda: hold_out(4, groups=[1, 2, 3, 4], time=[1, 2, 3, 4]), SpecError, "by group and by time"),
        (lambda: hold_out(4, labels=[1, 2, 3]), DataError, "3 values for 4 rows"),
        (lambda: folds(3, folds=5), DataError, "3 rows cannot make 5 folds"),
        (lambda: folds(9, folds=1), SpecError, "folds=1"),
        (lambda: folds(9, repeats=0), SpecError, "repeats=0"),
        (lambda: folds(9, folds=3, repeats=2, time=range(9)), SpecError, "repeats=2"),
        (lambda: folds(9, folds=3, groups=[0, 1] * 4 + [0]), DataError, "only 2 groups"),
        (lambda: folds(9, folds=3, time=[0, 1, 2] * 3), DataError, "only 3 different times"),
    ],
)
def test_a_split_that_cannot_be_made_is_refused_in_words(split, error, words):
    """What cannot be split ends in a three-part error that names the value."""
    with pytest.raises(error) as caught:
        split()
    assert words in caught.value.wrong
    assert caught.value.remedy
