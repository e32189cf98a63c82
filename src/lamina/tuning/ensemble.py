"""Ensembles after the search: which of its candidates to ask together, and how often to count each.

Start with the best one; then add, again and again and with replacement, whichever candidate makes the mean of all
answers best; keep the best prefix. Done once this learns the rows that choose by heart, so it is done on several draws
of the rows with replacement, and the counts are added up.

Source: Caruana, Niculescu-Mizil, Crew and Ksikes (2004), doi:10.1145/1015330.1015432. We differ: the bags are of rows,
not of candidates, for after a search there are few of these and a bag without the good ones helps nobody; an ensemble
that does worse on the rows that chose than the best candidate alone gives way to that one; and the counts are rounded
to a few members, so that an ensemble can be kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.foundation.randomness import numpy_stream

Answers = NDArray[np.float64]  # (row, class) for classes, (row,) for numbers
Judge = Callable[[Answers], tuple[float, ...]]  # how good answers are; higher is better
Worth = Callable[[NDArray[Any], Answers], tuple[float, ...]]  # the same, of truth and answers

PICKS = 12  # candidates that are added one after the other
BAGS = 10
BAG_ROWS = 5_000  # of a bag at most: drawing more would take long and change little
MOST_MEMBERS = 8  # that the counts are rounded to


def select(
    answers: Sequence[Answers], truth: NDArray[Any], worth: Worth, *, seed: int, members: int = MOST_MEMBERS
) -> dict[int, int]:
    """How often each candidate counts, by its place; those that do not count are left out.

    Args:
        answers: of each candidate to the rows that choose.
        truth: about these rows.
        worth: how good answers are.
        members: all counts together, at most.

    >>> truth = np.arange(50.0)
    >>> def nearness(truth, given): return (-abs(given - truth).max(),)
    >>> select([truth + 1, truth - 1, truth + 9], truth, nearness, seed=0)
    {0: 1, 1: 1}
    """
    alone = [worth(truth, given) for given in answers]
    best = max(range(len(answers)), key=lambda one: (alone[one], -one))
    counts: Counter[int] = Counter()
    for bag in range(BAGS):
        rows = numpy_stream(seed, "bag", bag).integers(len(truth), size=min(len(truth), BAG_ROWS))
        counts.update(greedy({i: a[rows] for i, a in enumerate(answers)}, partial(worth, truth[rows])))
    found = rounded(counts, members)
    return found if worth(truth, mean_of(answers, found)) >= alone[best] else {best: 1}


def greedy(answers: Mapping[int, Answers], judge: Judge, *, picks: int = PICKS) -> Counter[int]:
    """Forward selection with replacement, from the best candidate on; the best prefix counts, of equals the shortest.

    Never worse than the best candidate on the rows that choose.
    """
    chosen: list[int] = []
    steps: list[tuple[float, ...]] = []
    total: Answers | float = 0.0
    for _ in range(picks):
        worth = {one: judge((total + given) / (len(chosen) + 1)) for one, given in answers.items()}
        one = max(worth, key=lambda name: (worth[name], -name))
        chosen.append(one)
        steps.append(worth[one])
        total = total + answers[one]
    length = max(range(picks), key=lambda place: (steps[place], -place)) + 1
    return Counter(chosen[:length])


def rounded(counts: Mapping[int, int], members: int) -> dict[int, int]:
    """The same shares with at most so many members in all; what is left over goes to the largest remainders.

    >>> rounded({0: 60, 1: 30, 2: 1}, 6), rounded({0: 2, 1: 2}, 8), rounded({0: 7, 4: 7}, 8)
    ({0: 2, 1: 1}, {0: 1, 1: 1}, {0: 1, 4: 1})
    """
    total = sum(counts.values())
    exact = {one: count * members / total for one, count in counts.items()}
    whole = {one: int(share) for one, share in exact.items()}
    for one in sorted(exact, key=lambda name: (whole[name] - exact[name], name))[: members - sum(whole.values())]:
        whole[one] += 1
    kept = {one: whole[one] for one in sorted(whole) if whole[one]}
    common = int(np.gcd.reduce(list(kept.values())))
    return {one: count // common for one, count in kept.items()}


def mean_of(answers: Mapping[int, Answers] | Sequence[Answers], counts: Mapping[int, int]) -> Answers:
    """The mean of all members' answers."""
    total: Answers = sum((answers[one] * count for one, count in counts.items()), np.zeros(()))
    return total / sum(counts.values())
