r"""From scores to answers: chances and labels for classes, numbers in their own unit; the members' mean in both.

    softmax   chance of class c = mean over members of exp(s_c) / sum_k exp(s_k)
    sigmoid   of one score: chances (1 - p, p) with p = mean over members of 1 / (1 + exp(-s))
    identity  number = mean over members of decode(s), where decode undoes the standardisation of the target
    exp       number = mean over members of decode(exp(s)), a rate

Chances are averaged, not scores: members that disagree should leave doubt in the answer (Lakshminarayanan, Pritzel and
Blundell (2017), arXiv:1612.01474). Everything is reckoned in float64, so that chances add up to 1 closely.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from lamina.data import NumberTarget

Link = Literal["softmax", "sigmoid", "identity", "exp"]
Scores = npt.NDArray[np.float32] | npt.NDArray[np.float64]  # of networks, and of classical learners
Numbers = npt.NDArray[np.float64]

LARGEST_EXPONENT = 700.0  # exp(710) is no longer a float64


def probabilities(scores: Scores, link: Link) -> Numbers:
    """The chance of each class.

    **Shape**: scores ``(member, row, score)`` in, ``(row, class)`` out, each row adding up to 1; the sigmoid takes
    one score and gives two classes.

    >>> probabilities(np.zeros((1, 1, 4), np.float32), "softmax")
    array([[0.25, 0.25, 0.25, 0.25]])
    """
    wide = scores.astype(np.float64)
    if link == "sigmoid":
        wide = np.concatenate((np.zeros_like(wide), wide), axis=-1)  # a softmax over 0 and s is the sigmoid of s
    each = np.exp(wide - wide.max(axis=-1, keepdims=True))  # the largest exponent is 0, so nothing overflows
    chances: Numbers = (each / each.sum(axis=-1, keepdims=True)).mean(axis=0)
    return chances


def numbers(scores: Scores, link: Link, target: NumberTarget) -> Numbers:
    """The numbers in their own unit.

    **Shape**: scores ``(member, row, score)`` in, ``(row, score)`` out. Several scores are quantiles of one number,
    which no loss keeps in order: they come out rising.

    >>> target = NumberTarget(mean=100.0, scale=10.0, low=80.0, high=130.0)
    >>> numbers(np.array([[[1.0]], [[3.0]]], np.float32), "identity", target)
    array([[120.]])
    """
    wide = scores.astype(np.float64)
    each = target.decode(np.exp(np.minimum(wide, LARGEST_EXPONENT)) if link == "exp" else wide)
    answers: Numbers = np.sort(each.mean(axis=0), axis=-1)
    return answers
