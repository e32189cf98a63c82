"""Lots: a number for every row that depends on its place and a seed alone, so that a draw needs no memory.

Whether a row is watched, or is one of a sample, is decided when it comes by, in whatever pieces the rows arrive.

Source: Steele, Lea and Flood (2014), "Fast Splittable Pseudorandom Number Generators", doi:10.1145/2660193.2660195
(the finaliser of SplitMix64, by which the hash of a counter is as good as a random draw).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lamina.foundation.randomness import derive_seed

Lots = npt.NDArray[np.uint64]
_GOLDEN, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def scatter(values: Lots) -> Lots:
    """Any 64 bits as 64 others that look random: one to one, equal for equal values. **Shape**: uint64 ``(value,)``."""
    mixed = values + _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    scattered: Lots = mixed ^ (mixed >> np.uint64(31))
    return scattered


def drawn(start: int, stop: int, share: float, seed: int, purpose: str) -> npt.NDArray[np.bool_]:
    """Which of the rows ``start`` to ``stop`` are drawn, each with the chance ``share`` and by its own lot.

    **Shape**: bool ``(row,)``. Other purposes draw independently.

    >>> drawn(0, 1000, 0.1, 0, "watch").sum(), (drawn(0, 9, 0.5, 0, "x")[4:] == drawn(4, 9, 0.5, 0, "x")).all()
    (np.int64(95), np.True_)
    """
    if share >= 1:
        return np.ones(stop - start, bool)
    own = np.uint64(derive_seed(seed, purpose))
    lots = scatter(scatter(np.arange(start, stop, dtype=np.uint64)) ^ own)
    below: npt.NDArray[np.bool_] = lots < np.uint64(int(share * 2**64))
    return below
