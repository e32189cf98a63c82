"""Candidates that train side by side: those whose networks have equal shapes are members of one fleet.

What a `lamina.training.Member` may have of its own (learning rate, decay, the dropout of a network that has one kind of
it) may differ inside a fleet; any other difference makes another fleet, and fleets train one after the other. A member
learns the same whoever trains beside it, so what a candidate reaches does not depend on who else was drawn.
"""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from lamina.estimators import Fitted, usual_precision
from lamina.estimators.encoding import Encoded, end_to_end
from lamina.estimators.fitting import learnt_by
from lamina.estimators.truth import monitor_for
from lamina.foundation.errors import TrainingError
from lamina.foundation.signature import Signature
from lamina.networks import Network
from lamina.training import Member, Muon, Rows, Trained, fit_fleet
from lamina.tuning.paths import changed, value_at, walk
from lamina.tuning.recipe import Recipe

LEAST_SECONDS = 0.01  # of a fleet whose time was up before it began: one step, so that there is a network at all
_SILENT = 0.5  # dropout of a fleet's template; each member has its own


@dataclass(frozen=True, kw_only=True)
class Order:
    """One candidate to train on one split: ``seeds`` has one for each of its networks."""

    recipe: Recipe
    side: Encoded
    seeds: tuple[int, ...]


OnFleet = Callable[[Mapping[int, Fitted | None], float], None]  # what came of some orders, and in how many seconds


def train(
    orders: Sequence[Order],
    *,
    until: float | None,
    fair: bool = False,
    on_fleet: OnFleet = lambda done, seconds: None,
) -> None:
    """Train the orders, as few fleets as possible, in the order of the first of each.

    Args:
        orders: the loss stands in the training of each recipe.
        until: when (`time.monotonic`) training must have ended, with the best so far.
        fair: every fleet gets its share of the time, be it ever so little. Otherwise each may use all that is left, and
            those for which there is none are left out, but for the first.
        on_fleet: called after each fleet with what became of its orders, by their place; None is one that diverged.
    """
    waiting = len(orders)
    for places in _fleets(orders):
        began = time.monotonic()
        if until is not None and began >= until and not fair and waiting < len(orders):
            return
        share = len(places) / waiting if fair else 1.0
        waiting -= len(places)
        seconds = None if until is None else max(LEAST_SECONDS, (until - began) * share)
        done = _train_fleet([orders[place] for place in places], seconds)
        on_fleet(dict(zip(places, done, strict=True)), time.monotonic() - began)


def fleet_of(recipe: Recipe) -> tuple[Recipe, Mapping[str, float]]:
    """The recipe that a fleet shares with everyone in it, and what this one has of its own; any number may be members.

    >>> from lamina.networks import MLP
    >>> from lamina.training import AdamW, Training
    >>> one = Recipe(network=MLP(dropout=0.1), training=Training(optimiser=AdamW(learning_rate=0.01)))
    >>> other = Recipe(network=MLP(dropout=0.3), training=Training(optimiser=AdamW(learning_rate=0.02)))
    >>> fleet_of(one)[0] == fleet_of(other)[0], fleet_of(one)[1]
    (True, {'learning_rate': 0.01, 'decay': 0.01, 'dropout': 0.1})
    """
    optimiser: Any = recipe.training.chosen_optimiser
    own = {"learning_rate": optimiser.learning_rate, "decay": optimiser.decay}
    alike = dataclasses.replace(optimiser, learning_rate=1.0, decay=0.0)
    if isinstance(optimiser, Muon):  # the ratio of its two rates is the fleet's, so that other rates make other fleets
        alike = dataclasses.replace(alike, other_rate=optimiser.other_rate / optimiser.learning_rate)
    training = dataclasses.replace(recipe.training, optimiser=alike)
    shared = dataclasses.replace(recipe, training=training, members=1)
    paths = list(_dropouts(recipe.network))
    if len(paths) == 1 and isinstance(chance := value_at(recipe.network, paths[0]), float) and chance > 0:
        own["dropout"] = chance
        shared = dataclasses.replace(shared, network=changed(recipe.network, paths[0], _SILENT))
    return shared, own


def _fleets(orders: Sequence[Order]) -> list[list[int]]:
    """The places of the orders that are one fleet, in order of first appearance."""
    alike: dict[tuple[Recipe, Signature], list[int]] = defaultdict(list)
    for place, order in enumerate(orders):
        alike[fleet_of(order.recipe)[0], order.side.signature].append(place)
    return list(alike.values())


def _train_fleet(orders: Sequence[Order], seconds: float | None) -> list[Fitted | None]:
    shared, signature = fleet_of(orders[0].recipe)[0], orders[0].side.signature
    members, pool = _members(orders)
    loss = shared.training.loss
    assert loss is not None  # whoever orders says what is made small
    try:
        trained = fit_fleet(
            partial(_build, shared.network, signature),
            pool,
            members,
            dataclasses.replace(usual_precision(shared.training, shared.network, signature), seconds=seconds),
            loss=loss,
            monitor=monitor_for(loss),
        )
    except TrainingError:  # every one of them diverged
        return [None] * len(orders)
    return _share_out(orders, trained)


def _build(network: Network, signature: Signature, seed: int) -> nn.Module:
    return network.build(signature, seed=seed)


def _members(orders: Sequence[Order]) -> tuple[list[Member], Rows]:
    """One pool with the rows of every split once, end to end, and for each network its stretch of the pool."""
    sides = list({id(order.side): order.side for order in orders}.values())
    starts, start = {}, 0
    for side in sides:
        starts[id(side)] = start
        start += len(side.rows)
    members = []
    for order in orders:
        begin, side = starts[id(order.side)], order.side
        middle, end = begin + side.learning, begin + len(side.rows)
        own = fleet_of(order.recipe)[1]
        rows = {"train": torch.arange(begin, middle), "validation": torch.arange(middle, end)}
        members += [Member(**rows, seed=seed, **own) for seed in order.seeds]  # type: ignore[arg-type]
    return members, end_to_end([side.rows for side in sides])


def _share_out(orders: Sequence[Order], trained: Trained) -> list[Fitted | None]:
    fitted, start = [], 0
    for order in orders:
        own = range(start, start + len(order.seeds))
        start = own.stop
        fitted.append(learnt_by(order.side, order.recipe.network, trained, own))
    return fitted


def _dropouts(spec: Any) -> Iterator[tuple[str, ...]]:
    """The path to every setting of a network that is some dropout."""
    for path, inner in walk(spec):
        for field in dataclasses.fields(inner):
            if "dropout" in field.name:
                yield *path, field.name
