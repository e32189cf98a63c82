"""Ensembles after the search: which of its candidates to ask together, and how often to count each.

Start with the best one; then add, again and again and with replacement, whichever candidate makes the mean of all
answers best; keep the best prefix. Done on the rows that chose, this learns them by heart, so it is done for several
random halves of the candidates and the counts are added up (bagged selection).

Source: Caruana, Niculescu-Mizil, Crew and Ksikes (2004), doi:10.1145/1015330.1015432. We differ: if the bagged ensemble
does worse on the rows that chose than the best candidate alone, that candidate is the answer; and the counts are
rounded to a few members, so that an ensemble can be kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.foundation.randomness import numpy_stream

Answers = NDArray[np.float64]  # (row, class) for classes, (row,) for numbers
Judge = Callable[[Answers], tuple[float, ...]]  # how good answers are; higher is better

PICKS = 12  # candidates that are added one after the other
BAGS = 10
HALF = 0.5  # share of the candidates in a bag
MOST_MEMBERS = 8  # that the counts are rounded to


def select(answers: Sequence[Answers], judge: Judge, *, seed: int, members: int = MOST_MEMBERS) -> dict[int, int]:
    """How often each candidate counts, by its place; those that do not count are left out.

    Args:
        answers: of each candidate to the rows that choose.
        judge: how good answers to these rows are.
        members: all counts together, at most.

    >>> truth = np.array([0.0, 1.0, 2.0])
    >>> select([truth + 1, truth - 1, truth + 9], lambda given: (-abs(given - truth).max(),), seed=0)
    {0: 1, 1: 1}
    """
    best = max(range(len(answers)), key=lambda one: (judge(answers[one]), -one))
    counts: Counter[int] = Counter()
    for bag in range(BAGS):
        counts.update(greedy({one: answers[one] for one in _bag(len(answers), bag, seed)}, judge))
    found = rounded(counts, members)
    return found if judge(mean_of(answers, found)) >= judge(answers[best]) else {best: 1}


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
    ({0: 4, 1: 2}, {0: 1, 1: 1}, {0: 1, 4: 1})
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


def _bag(candidates: int, bag: int, seed: int) -> NDArray[np.int64]:
    """A random half of the candidates, one at the least; all of them in the first bag."""
    if bag == 0:
        return np.arange(candidates)
    return np.sort(numpy_stream(seed, "bag", bag).permutation(candidates)[: max(1, round(HALF * candidates))])
