"""What was asked for, checked before anything is learnt: the network, the training, how many members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina.estimators.recipe import usual_members
from lamina.foundation.errors import SpecError
from lamina.foundation.randomness import derive_seed
from lamina.foundation.signature import FieldKind
from lamina.networks import NETWORKS, Network, parse_network
from lamina.training import Training


def as_network(network: Network | str | None) -> Network | None:
    """The spec that was asked for: itself, or what a string describes; None leaves the choice to the recipe.

    Raises:
        SpecError: it is no network, or one that is not trained by gradients.

    >>> as_network("10 relu, 10 tanh").widths
    (10, 10)
    """
    spec: Any = parse_network(network) if isinstance(network, str) else network
    if spec is None:
        return None
    if not isinstance(spec, NETWORKS):
        raise SpecError(
            wrong=f"network is {spec!r}.",
            expected="a spec such as MLP(widths=(64, 64)), a string such as '64 relu, 64 relu', or None.",
            remedy="leave it out for the default.",
        )
    if not spec.by_gradient:
        raise SpecError(
            wrong=f"{type(spec).__name__} is not trained by gradients.",
            expected="a network such as MLP(widths=(64, 64)) or Table().",
            remedy='for a smooth threshold unit try network="1 logistic".',
        )
    return spec


def as_training(training: Training | None) -> Training:
    """The training that was asked for, or the default.

    Raises:
        SpecError: it is something else.
    """
    if training is None:
        return Training()
    if not isinstance(training, Training):
        raise SpecError(
            wrong=f"training is {training!r}.",
            expected="a Training spec, or None for the default.",
            remedy="try training=Training(epochs=50).",
        )
    return training


def member_seeds(
    seed: int, members: int | None, network: Network | None, *, rows: int, kinds: Sequence[FieldKind] = ()
) -> tuple[int, ...]:
    """A seed for each member; the first has the one that was given. None takes one of a network that
    was asked for, and the usual number of the usual one.

    Raises:
        SpecError: fewer than one member.

    >>> member_seeds(7, 1, None, rows=344), len(set(member_seeds(7, None, None, rows=344)))
    ((7,), 4)
    """
    if members is None:
        members = usual_members(rows, kinds) if network is None else 1
    if isinstance(members, bool) or not isinstance(members, int) or members < 1:
        raise SpecError(
            wrong=f"members is {members!r}.",
            expected="how many networks answer together: at least 1.",
            remedy="try members=5, or leave it out.",
        )
    return tuple(seed if not i else derive_seed(seed, "member", i) for i in range(members))
