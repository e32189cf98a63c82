"""Who takes part: the network and its simpler rivals, by name, and estimators that a user brings along."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, get_args

from lamina.classical import FAMILIES, Constant, Foreign, Plain, Read, families_for, foreign_from
from lamina.foundation.errors import SpecError, nearest
from lamina.foundation.signature import FieldKind

NETWORK = "network"
NONE = "none"  # asked for alone: no rival but the constant


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One that takes part: a family of rivals, or the network, whose family is None."""

    name: str
    title: str
    family: Any = None
    source: str | None = None  # "package.module:Class", where that is how it was named


THE_NETWORK = Contender(name=NETWORK, title="Network")


def contenders_of(
    asked: Sequence[Any] | None, *, usual: Sequence[str] | None = None, kinds: Sequence[FieldKind] = ()
) -> tuple[Contender, ...]:
    """The rivals that were asked for, the cheap ones first and those of users behind them, and the network last.

    Names of families choose among the built-in ones; without any of them the ``usual`` ones take part, or all. Which
    there are depends on the ``kinds`` of whole arrays in the rows. Estimators, or their ``"package.module:Class"``, are
    added. The constant always takes part: without it nobody knows if there is anything to learn. An empty sequence or
    ``"none"`` leaves the network and the guests alone with it.

    Raises:
        SpecError: a name that is not known, or something that does not fit and predict.

    >>> [c.name for c in contenders_of(["linear"])]
    ['constant', 'linear', 'network']
    >>> [c.name for c in contenders_of(None)]
    ['constant', 'linear', 'neighbours', 'boosting', 'forest', 'svm', 'network']
    >>> [c.name for c in contenders_of(["kernels"], kinds=["series"])]
    ['constant', 'kernels', 'network']
    """
    families = families_for(kinds)
    usual = [name for name in families if usual is None or name in usual]
    asked = list(usual if asked is None else asked)
    alone = any(isinstance(one, str) and one == NONE for one in asked)
    asked = [one for one in asked if not (isinstance(one, str) and one == NONE)]
    names = [one for one in asked if isinstance(one, str) and ":" not in one]
    guests = [_guest(one, kinds) for one in asked if one not in names]
    unknown = next((name for name in names if name not in families), None)
    if unknown is not None:
        raise _unknown(unknown, families, f"{', '.join(families)},")
    chosen = names or (usual if guests and not alone else [])
    built_in = [_built_in(family) for name, family in families.items() if name in {Constant.name, *chosen}]
    return (*built_in, *_apart(guests, families), THE_NETWORK)


def check_names(asked: Sequence[Any] | None) -> None:
    """Refuse a name that no rows have a contender of, whatever they hold: before anything is read.

    Raises:
        SpecError: there is one.

    >>> check_names(["linear", "hog-linear", "kernels"])
    """
    tables = list(families_for(()))
    apart = {kind: [name for name in families_for((kind,)) if name not in tables] for kind in get_args(FieldKind)}
    families = [*tables, *chain(*apart.values())]
    for name in asked or ():
        if isinstance(name, str) and ":" not in name and name not in (NONE, *families):
            more = "; ".join(f"for {_several(kind)} {', '.join(names)}" for kind, names in apart.items() if names)
            raise _unknown(name, families, f"{', '.join(tables)}; {more};")


def _several(kind: FieldKind) -> str:
    return "series" if kind == "series" else f"{kind}s"


def _built_in(family: Any) -> Contender:
    return Contender(name=family.name, title=family.title, family=family)


def _guest(asked: Any, kinds: Sequence[FieldKind]) -> Contender:
    family = foreign_from(asked) if isinstance(asked, str) else asked
    if not isinstance(family, Foreign):
        if not (hasattr(asked, "fit") and hasattr(asked, "predict")):
            raise SpecError(
                wrong=f"the contender {asked!r} cannot take part.",
                expected=f"one of {', '.join(FAMILIES)}, 'package.module:Class', or an estimator with fit and predict.",
                remedy='try contenders=["linear", "forest"].',
            )
        name = type(asked).__name__
        family = Foreign(estimator=asked, name=name, title=name)
    source = asked if isinstance(asked, str) else None
    reading = Read(reading=Plain(), family=family) if kinds else family  # it takes numbers, whatever the rows hold
    return Contender(name=family.name, title=family.title, family=reading, source=source)


def _apart(guests: Sequence[Contender], families: Collection[str]) -> list[Contender]:
    """The guests under names of their own: a second one of a class gets a number."""
    taken = [*families, NETWORK]
    apart = []
    for guest in guests:
        count = sum(one.partition(" ")[0] == guest.name for one in taken)
        name = guest.name if not count else f"{guest.name} {count + 1}"
        taken.append(name)
        apart.append(replace(guest, name=name, title=name))
    return apart


def _unknown(name: str, families: Collection[str], listed: str) -> SpecError:
    return SpecError(
        wrong=f"there is no contender {name!r}.",
        expected=f"one of {listed} {NONE!r}, or 'package.module:Class' of an estimator.",
        remedy=nearest(name, families),
    )
