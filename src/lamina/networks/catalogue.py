"""What families of networks there are, read from their specs: for lists, forms and documentation."""

from __future__ import annotations

import dataclasses
import inspect

from lamina.foundation.specs import Json, code, settings
from lamina.networks.parse import NETWORKS


def catalogue() -> list[dict[str, Json]]:
    """Each family: its name, its first sentence, and each setting with default, meaning and bounds.

    >>> [family["name"] for family in catalogue()]
    ['Table', 'MLP', 'FTTransformer', 'Perceptron']
    """
    order = {"Table": 0, "MLP": 1}
    return [_family(kind) for kind in sorted(NETWORKS, key=lambda kind: order.get(kind.__name__, 2))]


def _family(kind: type) -> dict[str, Json]:
    bounds = settings(kind)
    return {
        "name": kind.__name__,
        "sentence": (inspect.getdoc(kind) or "").split("\n")[0],
        "settings": {
            field.name: {
                "default": code(field.default) if dataclasses.is_dataclass(field.default) else repr(field.default),
                "meaning": bounds[field.name].meaning,
                "bounds": bounds[field.name].words(),
            }
            for field in dataclasses.fields(kind)
        },
    }
