"""Random inputs that several tests share."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st


class Rows(NamedTuple):
    """Truth, scores and weights of some rows, as a metric takes them."""

    truth: np.ndarray
    scores: np.ndarray
    weights: np.ndarray

    def repeated(self, times: int) -> "Rows":
        """Every row so many times, each at its share of the weight."""
        return Rows(*(np.repeat(a, times, axis=0) for a in (self.truth, self.scores, self.weights / times)))

    def shuffled(self, seed: int) -> "Rows":
        """The same rows in another order."""
        order = np.random.default_rng(seed).permutation(len(self.truth))
        return Rows(self.truth[order], self.scores[order], self.weights[order])


def weights(rows: int) -> st.SearchStrategy[list[float]]:
    """Weights far from equal, none of them 0."""
    return st.lists(st.floats(0.05, 20), min_size=rows, max_size=rows)


@st.composite
def class_rows(draw: st.DrawFn, *, classes: int | None = None) -> Rows:
    """Rows of a classification in which every class occurs; coarse probabilities, so that many are tied."""
    classes = classes or draw(st.integers(2, 5))
    rows = draw(st.integers(classes, 30))
    more = draw(st.lists(st.integers(0, classes - 1), min_size=rows - classes, max_size=rows - classes))
    truth = draw(st.permutations([*range(classes), *more]))
    parts = np.array(draw(st.lists(st.integers(0, 3), min_size=rows * classes, max_size=rows * classes)), dtype=float)
    parts = parts.reshape(rows, classes) + (parts.reshape(rows, classes).sum(axis=1, keepdims=True) == 0)
    return Rows(np.array(truth), parts / parts.sum(axis=1, keepdims=True), np.array(draw(weights(rows))))


@st.composite
def number_rows(draw: st.DrawFn) -> Rows:
    """Rows of a regression: truth and predictions of mixed size and sign."""
    rows = draw(st.integers(2, 30))
    numbers = st.lists(st.floats(-1e4, 1e4).map(lambda x: round(x, 3)), min_size=rows, max_size=rows)
    return Rows(*(np.array(draw(values)) for values in (numbers, numbers, weights(rows))))
