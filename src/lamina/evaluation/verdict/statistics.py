"""Chances, p values and intervals by Student's distribution, and what follows from several p values.

A standard error of 0 is certainty: everything then follows from the difference alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

LEVEL = 0.05  # of every test; its complement is the chance from which contenders count as equivalent


def power(gap: float, region: float, error: float, degrees: int) -> float:
    """The chance that contenders a true ``gap`` apart get the word *better*.

    The mean difference is taken for normal round the gap with the standard ``error``, and the square of the measured
    error for chi-squared with so many ``degrees`` of freedom: exact but for a quadrature in 2,000 steps.

    >>> round(power(0.0, 0.0, 0.01, 49), 3), round(power(0.04, 0.01, 0.01, 49), 2)
    (0.025, 0.98)
    """
    if error == 0:
        return float(gap > region)
    from scipy.special import chdtri, ndtr, stdtrit

    steps = (np.arange(2000) + 0.5) / 2000
    measured = error * np.sqrt(chdtri(degrees, steps) / degrees)
    reached = np.maximum(region, stdtrit(degrees, 1 - LEVEL / 2) * measured)
    return float(ndtr((gap - reached) / error).mean())


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P values raised for their number: those below the level are all right together, but for one study in twenty.

    Source: Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    raised, highest = [0.0] * len(p_values), 0.0
    for done, i in enumerate(order):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - done)))
        raised[i] = highest
    return tuple(raised)


def chances(difference: float, error: float, degrees: int, region: float) -> tuple[float, float, float]:
    """The chances of a true difference above the region, within it, and below its negative."""
    if error == 0:
        above, below = float(difference > region), float(difference < -region)
    else:
        from scipy.special import stdtr

        above = float(stdtr(degrees, (difference - region) / error))
        below = float(stdtr(degrees, (-region - difference) / error))
    return above, max(0.0, 1 - above - below), below


def p_value(difference: float, error: float, degrees: int) -> float:
    """The two-sided p value of no difference.

    >>> round(p_value(0.04, 0.01, 10), 4)
    0.0025
    """
    if error == 0:
        return float(difference == 0)
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(difference) / error))


def interval(mean: float, error: float, degrees: int) -> tuple[float, float]:
    """The 95 % interval of a mean."""
    if error == 0:
        return mean, mean
    from scipy.special import stdtrit

    reach = float(stdtrit(degrees, 1 - LEVEL / 2)) * error
    return mean - reach, mean + reach


def wilson(share: float, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share of so many rows.

    Source: Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    z = quantile(1 - LEVEL / 2, 1)
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    reach = z * math.sqrt(share * (1 - share) / rows + (z / (2 * rows)) ** 2) / (1 + z * z / rows)
    return middle - reach, middle + reach


def quantile(chance: float, splits: int) -> float:
    """Student's for several splits, the normal one for a test set."""
    from scipy.special import ndtri, stdtrit

    return float(stdtrit(splits - 1, chance) if splits > 1 else ndtri(chance))
