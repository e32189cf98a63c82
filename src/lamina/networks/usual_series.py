"""The usual encoder of series: what a column of them gets where nobody names one.

A fully convolutional network, narrower than its paper has it and with kernels twice as long, and nothing behind it but
the scores. From 750 steps on
its first convolution takes several steps at a time, so that about 500 places are left of a series of any length. What
was tried is told in ``docs/decisions/0014-series.md``.
"""

from __future__ import annotations

from lamina.foundation.signature import Field
from lamina.networks.fcn import FCN
from lamina.networks.mlp import MLP

LEFT = 500  # places, about, that are left of a longer series
SIZES = (15, 9, 5)  # steps that kernels look at; the first at least at twice the stride


def usual_series_encoder(field: Field, rows: int) -> FCN:
    """What usually reads series of this shape well.

    Args:
        field: the series.
        rows: training rows; nothing follows from them yet.

    >>> usual_series_encoder(Field(holds="series", shape=(1, 150)), 50)
    FCN(widths=(64, 64, 64), sizes=(15, 9, 5), stride=1)
    >>> usual_series_encoder(Field(holds="series", shape=(1, 10_000)), 50)
    FCN(widths=(64, 64, 64), sizes=(41, 9, 5), stride=20)
    """
    stride = max(1, round(field.shape[-1] / LEFT))
    first, *others = SIZES
    return FCN(widths=(64, 64, 64), sizes=(max(first, 2 * stride + 1), *others), stride=stride)


def usual_series_trunk(field: Field) -> MLP:
    """What usually follows it: only the scores.

    >>> usual_series_trunk(Field(holds="series", shape=(1, 150))).widths
    ()
    """
    return MLP(widths=())
