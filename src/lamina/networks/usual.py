"""What a column of images, texts or series gets where nobody names an encoder, and the layers that usually follow.

Alone, a kind of field has a trunk of its own, and so have several texts, which are one text in parts; side by side with
others or with numbers, all of them are weighed by one hidden layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lamina.foundation.signature import Field, FieldKind
from lamina.networks.mlp import MLP
from lamina.networks.small_images import usual_image_encoder, usual_image_trunk
from lamina.networks.usual_series import usual_series_encoder, usual_series_trunk
from lamina.networks.words import Words

USUAL: Mapping[FieldKind, Callable[[Field, int], Any]] = {  # the encoder of a field, for so many training rows
    "image": usual_image_encoder,
    "text": lambda field, rows: Words(),
    "series": usual_series_encoder,
}
TRUNKS: Mapping[FieldKind, Callable[[Field], MLP]] = {  # what follows it where it stands alone
    "image": usual_image_trunk,
    "text": lambda field: MLP(widths=()),
    "series": usual_series_trunk,
}
JOINED = MLP(widths=(128,), dropout=0.3)


def usual_trunk(fields: Sequence[Field], features: int = 0) -> MLP:
    """What usually follows the encoders of these fields, with so many numbers and categories beside them.

    >>> usual_trunk([Field(holds="text", shape=(20,), codes=100)]).widths
    ()
    """
    alone = len(fields) == 1 or all(field.holds == "text" for field in fields)
    return TRUNKS[fields[0].holds](fields[0]) if alone and not features else JOINED
