"""Which settings are searched, and how far from where it starts each may go.

`SEARCHED` says it for the specs that are known here. A network spec that is not among them is searched by its own
bounds alone (`usual_reach`): so a new family of networks is searched without a line being written.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lamina.foundation.specs import Bounds, settings
from lamina.networks import MLP, CrossEntropy, FTTransformer, Periodic, Piecewise, Table
from lamina.training import OPTIMISERS, Training
from lamina.tuning.recipe import Recipe

EDGE = 1e-6  # how far a setting stays from a bound that is not itself allowed
USUAL_FACTOR, USUAL_SPAN = 4.0, 0.3  # of numbers in unknown specs: factors where they walk so, else part of the range


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far a search goes from where a setting starts; with nothing said, as far as its bounds.

    ``factor`` is for settings that are walked in factors, ``span`` for those in steps. ``doubling`` keeps to the start
    times powers of two, so that many candidates have one shape and can train as one fleet. ``among`` are choices that
    the bounds do not list; the start is always one of them.
    """

    factor: float | None = None
    span: float | None = None
    doubling: bool = False
    among: tuple[Any, ...] = ()


DOUBLED, LAYERS = Reach(factor=2, doubling=True), Reach(span=1)
_BY_GRADIENT = {"learning_rate": Reach(factor=8), "decay": Reach(factor=30)}

SEARCHED: Mapping[type, Mapping[str, Reach]] = MappingProxyType(
    {
        Recipe: {"members": DOUBLED},
        FTTransformer: {},
        Table: {},  # what it is made of is searched; how wide an embedding is follows from the levels
        MLP: {
            "widths": DOUBLED,  # two axes: units, which scales all layers, and layers
            "activation": Reach(among=("relu", "silu", "tanh")),
            "dropout": Reach(span=0.3),
            "shortcut": Reach(among=("none", "residual")),
        },
        Piecewise: {"bins": DOUBLED, "width": DOUBLED, "rows": DOUBLED},
        Periodic: {"spread": Reach(factor=8), "width": DOUBLED},
        Training: {"batch": DOUBLED, "epochs": DOUBLED},
        CrossEntropy: {"smoothing": Reach(span=0.1)},
        **dict.fromkeys(OPTIMISERS, _BY_GRADIENT),
    }
)


def reaches_of(spec: Any, path: tuple[str, ...]) -> Mapping[str, Reach]:
    """The settings of a spec that are searched: those listed, or all that its bounds allow if it is an unknown network.

    >>> sorted(reaches_of(Piecewise(), ("network", "numbers")))
    ['bins', 'rows', 'width']
    >>> reaches_of(Bounds(low=1.0), ("network",))["low"].factor, reaches_of(Bounds(low=1.0), ("training", "schedule"))
    (4.0, {})
    """
    kind = type(spec)
    if kind in SEARCHED:
        return SEARCHED[kind]
    if path[:1] != ("network",):
        return {}
    hints = typing.get_type_hints(kind)
    return {
        name: reach
        for name, bounds in settings(kind).items()
        if (reach := usual_reach(getattr(spec, name), bounds, hints[name])) is not None
    }


def usual_reach(value: Any, bounds: Bounds, hint: Any) -> Reach | None:
    """How far a setting that nobody has thought of may go; None if it is no choice and no number.

    >>> usual_reach(64, Bounds(low=1, log=True), int).doubling, usual_reach(0.1, Bounds(low=0, below=1), float).span
    (True, 0.3)
    >>> usual_reach("pre", Bounds(), typing.Literal["pre", "post"]).among
    ('pre', 'post')
    """
    if typing.get_origin(hint) is typing.Literal:
        return Reach(among=typing.get_args(hint))
    if isinstance(value, bool):
        return Reach(among=(False, True))
    if isinstance(value, tuple):
        return DOUBLED if value and isinstance(value[0], int) else None
    if isinstance(value, int):
        return DOUBLED if bounds.log else Reach(span=max(1, value // 2))
    if isinstance(value, float):
        low, high = ends(bounds)
        wide = not math.isfinite(high - low)
        return Reach(factor=USUAL_FACTOR) if bounds.log or wide else Reach(span=round(USUAL_SPAN * (high - low), 6))
    return Reach() if bounds.choices else None


def ends(bounds: Bounds) -> tuple[float, float]:
    """The smallest and the largest value that the bounds allow; infinite where they are open."""
    lows = [v for v in (bounds.low, None if bounds.above is None else bounds.above + EDGE) if v is not None]
    highs = [v for v in (bounds.high, None if bounds.below is None else bounds.below - EDGE) if v is not None]
    return max(lows, default=-math.inf), min(highs, default=math.inf)
