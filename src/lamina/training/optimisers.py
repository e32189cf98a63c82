"""All the optimisers, and the names by which people look for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lamina.foundation.errors import SpecError, nearest
from lamina.training.adaptive import AdaGrad, Adam, AdamW, RMSProp
from lamina.training.descent import SGD, GradientDescent
from lamina.training.muon import Muon
from lamina.training.rules import Optimiser

OPTIMISERS = (GradientDescent, SGD, AdaGrad, RMSProp, Adam, AdamW, Muon)

NAMED_OPTIMISERS: Mapping[str, Optimiser] = MappingProxyType(
    {
        "gradient-descent": GradientDescent(),
        "sgd": SGD(),
        "momentum": SGD(learning_rate=0.01, momentum=0.9),
        "nesterov": SGD(learning_rate=0.01, momentum=0.9, nesterov=True),
        "adagrad": AdaGrad(),
        "rmsprop": RMSProp(),
        "adam": Adam(),
        "adamw": AdamW(),
        "muon": Muon(),
    }
)


def named_optimiser(name: str) -> Optimiser:
    """The optimiser a person means by a name; capitals, spaces and underscores do not matter.

    >>> named_optimiser("Gradient descent")
    GradientDescent(learning_rate=0.1, decay=0.0)

    Raises:
        SpecError: no optimiser has this name; the nearest names are offered.
    """
    plain = name.strip().lower().replace(" ", "-").replace("_", "-")
    if plain not in NAMED_OPTIMISERS:
        raise SpecError(
            wrong=f"there is no optimiser called {name!r}.",
            expected=f"one of {', '.join(NAMED_OPTIMISERS)}.",
            remedy=nearest(plain, NAMED_OPTIMISERS),
        )
    return NAMED_OPTIMISERS[plain]
