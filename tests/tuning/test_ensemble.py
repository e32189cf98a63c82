"""Greedy selection of an ensemble."""

from __future__ import annotations

from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lamina.tuning.ensemble import greedy, mean_of, rounded, select

TRUTH = np.array([0, 1, 0, 1])


def worth(truth, answers):
    """The share of right answers."""
    return (float((answers.argmax(axis=1) == truth).mean()),)


def right(answers):
    """The share of the four rows that is answered rightly."""
    return worth(TRUTH, answers)


def chances(*first):
    """Answers by the chance of class 0."""
    return np.array([[p, 1 - p] for p in first])


def test_three_that_err_on_different_rows_are_all_right_together() -> None:
    """By hand: each is wrong, and unsure, on one row of its own; their mean is right on all four."""
    three = [chances(0.45, 0.1, 0.9, 0.1), chances(0.9, 0.55, 0.9, 0.1), chances(0.9, 0.1, 0.45, 0.1)]
    assert [right(one) for one in three] == [(0.75,)] * 3
    counts = greedy(dict(enumerate(three)), right)
    assert right(mean_of(three, counts)) == (1.0,)
    assert right(mean_of(three, select(three, TRUTH, worth, seed=0))) == (1.0,)


def test_the_best_alone_stays_alone() -> None:
    """Nobody can help one who is always right."""
    perfect = chances(1, 0, 1, 0)
    assert select([chances(0, 1, 0, 1), perfect, chances(0.4, 0.6, 0.4, 0.6)], TRUTH, worth, seed=0) == {1: 1}


@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_never_worse_than_the_best_alone_on_the_rows_that_choose(seed, candidates) -> None:
    """Neither the greedy selection nor the bagged and rounded one, whatever the candidates answer."""
    stream = np.random.default_rng(seed)
    truth = stream.normal(size=20)
    answers = [truth + stream.normal(scale=stream.uniform(0.1, 2), size=20) for _ in range(candidates)]

    def nearness(truth, given):
        return (-float(np.square(given - truth).mean()),)

    judge = partial(nearness, truth)
    (best,) = max(judge(one) for one in answers)
    best -= 1e-12  # a sum may be rounded otherwise where it lies elsewhere in memory
    assert judge(mean_of(answers, greedy(dict(enumerate(answers)), judge)))[0] >= best
    assert judge(mean_of(answers, select(answers, truth, nearness, seed=seed)))[0] >= best


def test_equal_seeds_select_equally() -> None:
    """The bags are drawn by the seed alone."""
    stream = np.random.default_rng(0)
    answers = [chances(*stream.random(4)) for _ in range(9)]
    assert select(answers, TRUTH, worth, seed=3) == select(answers, TRUTH, worth, seed=3)


def test_counts_are_rounded_to_few_members() -> None:
    """So that an ensemble fits into a file; the shares stay as near as they can."""
    counts = rounded({0: 33, 1: 33, 2: 34, 3: 1}, 6)
    assert counts == {0: 1, 1: 1, 2: 1}
    assert sum(rounded({i: i + 1 for i in range(9)}, 8).values()) <= 8
