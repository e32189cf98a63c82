"""How scikit-learn is asked: with a seed it can take, a bounded number of threads, and no advice on the side."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from lamina.foundation.randomness import derive_seed


def small_seed(seed: int, *purpose: str | int) -> int:
    """A seed below 2**31, which is what ``random_state`` takes.

    >>> 0 <= small_seed(2**70, "forest") < 2**31
    True
    """
    return derive_seed(seed, *purpose) >> 32


@contextmanager
def few_threads(jobs: int) -> Iterator[None]:
    """Inside, OpenMP takes at most ``jobs`` threads, and many classes on few rows raise no warning.

    scikit-learn takes such a target for numbers by mistake; here somebody has already said that they are classes.
    """
    import sklearn.ensemble  # noqa: F401  # its threads can only be bounded once they are loaded
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=max(1, jobs), user_api="openmp"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of unique classes is greater", category=UserWarning)
        yield
